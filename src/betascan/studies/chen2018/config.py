"""chen2018: beta-VAE, beta-TCVAE and FactorVAE on dSprites and Shapes3D."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import Evaluation, TrainingDefaults
from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    FactorVae,
    Likelihood,
    Model,
    Objective,
    Run,
)

DATASETS = ("dsprites", "shapes3d")
MODELS = ("beta_vae", "tcvae_mws", "tcvae_mss", "factor_vae")
VARIANTS = ("tcvae_alpha", "tcvae_gamma", "beta_vae_laplace")
"""Trained with one beta only: on the information or the dimension-wise KL instead of the total
correlation, and with a Laplace prior."""
REPEATED = ("beta_vae", "tcvae_mws")  # whose scores are taken again
INDEPENDENT = "A"  # the data set as it is
DEPENDENT = ("B", "C", "D")
CHOSEN = {"dsprites": (1, 2, 3, 4), "shapes3d": (0, 1, 2, 3, 4, 5)}
"""Factors of `mig_chen`: the authors leave out the shape of dSprites."""

Sprite = Literal["shape", "scale", "orientation", "posX", "posY"]
Contrast = Annotated[float, Field(ge=1)]


class Protocol(ConfigModel):
    """How the models of one data set are trained."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="one model of each kind and beta a seed"
    )
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="images")
    epochs: float | None = Field(gt=0, description="at most; null: steps counts")
    steps: int | None = Field(ge=1, description="at most; null: epochs counts")
    training: TrainingDefaults
    discriminator_lr: float = Field(gt=0, description="of Adam, for the discriminator")
    discriminator_width: int = Field(ge=1, description="of its hidden layers")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give one of epochs and steps, and null for the other")
        if self.steps and self.training.interval and self.steps % self.training.interval:
            raise ValueError("the last interval is the ELBO's: let it divide steps")
        return self

    def run(self, model: str, seed: int, beta: float) -> Run:
        """Return the run of one of MODELS or VARIANTS."""
        objectives: dict[str, Objective] = {
            "beta_vae": BetaVae(beta=beta),
            "tcvae_mws": BetaTcVae(beta=beta, alpha=1, gamma=1, sampling="mws"),
            "tcvae_mss": BetaTcVae(beta=beta, alpha=1, gamma=1, sampling="mss"),
            "tcvae_alpha": BetaTcVae(beta=1, alpha=beta, gamma=1, sampling="mws"),
            "tcvae_gamma": BetaTcVae(beta=1, alpha=1, gamma=beta, sampling="mws"),
            "beta_vae_laplace": BetaVae(beta=beta),
            "factor_vae": FactorVae(
                gamma=beta - 1,  # the rate holds the total correlation once already
                discriminator_lr=self.discriminator_lr,
                discriminator_width=self.discriminator_width,
            ),
        }
        prior = "laplace" if model == "beta_vae_laplace" else self.model.prior
        return Run(
            model=self.model.model_copy(update={"prior": prior}),
            likelihood=self.likelihood,
            objective=objectives[model],
            training=self.training.training(self.batch_size, epochs=self.epochs, steps=self.steps),
            seed=seed,
        )


class Joint(ConfigModel):
    """Two factors of dSprites that depend on each other (research question 4)."""

    factors: tuple[Sprite, Sprite] = Field(description="the two that depend on each other")
    contrasts: tuple[Contrast, ...] = Field(
        min_length=1,
        max_length=len(DEPENDENT),
        description="of B, C, D: how many times as likely the most likely combination is",
    )
    beta: float = Field(
        ge=1, description="one of betas: of these models, of variants, and of those rotated"
    )

    def named(self) -> dict[str, float]:
        """Return the contrast of each joint distribution by its name."""
        return dict(zip(DEPENDENT, self.contrasts, strict=False))


class Stability(ConfigModel):
    """Scores of the same models from other samples and settings (research question 3)."""

    betas: tuple[float, ...] = Field(min_length=1, description="of the models, some of betas")
    samples: tuple[Annotated[int, Field(ge=10)], ...] = Field(
        min_length=2, description="images, votes or points a score is made from; half for its test"
    )
    repeats: int = Field(ge=2, description="samples drawn anew for each score")


class Chen2018(ConfigModel):
    """Isolating sources of disentanglement in VAEs: beta-TCVAE and MIG."""

    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job a model; 10: one for ten models of a data set"
    )
    betas: tuple[Annotated[float, Field(ge=1)], ...] = Field(
        min_length=2, description="weight of the total correlation; FactorVAE's gamma is beta - 1"
    )
    dsprites: Protocol
    shapes3d: Protocol
    joint: Joint
    exact: int = Field(
        ge=20, description="images of mig_chen's samples and of the exact ELBO terms, at most"
    )
    stability: Stability
    evaluation: Evaluation

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if 1 not in self.betas:
            raise ValueError("changes are against beta 1: betas need it")
        if strangers := {self.joint.beta, *self.stability.betas} - set(self.betas):
            raise ValueError(f"joint and stability are of models with other betas: {strangers}")
        if missing := {"mig", "spectroscopy"} - set(self.evaluation.wanted):
            raise ValueError(f"the tables need {', '.join(sorted(missing))}: add to wanted")
        return self

    def run(self, dataset: str, model: str, seed: int, beta: float) -> Run:
        """Return the run of a data set and a model, under whichever joint distribution."""
        protocol: Protocol = getattr(self, dataset)
        return protocol.run(model, seed, beta)


SECTION = Chen2018
