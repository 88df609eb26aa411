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
"""Trained at one beta only: with beta on the information or the dimension-wise KL instead of the
total correlation, and with a Laplace prior."""
REPEATED = ("beta_vae", "tcvae_mws")  # whose scores are repeated
INDEPENDENT = "A"  # the data set as it is
DEPENDENT = ("B", "C", "D")
CHOSEN = {"dsprites": (1, 2, 3, 4), "shapes3d": (0, 1, 2, 3, 4, 5)}
"""Factors of `mig_chen`: the authors leave out the shape of dSprites."""

Sprite = Literal["shape", "scale", "orientation", "posX", "posY"]
Contrast = Annotated[float, Field(ge=1)]


class Protocol(ConfigModel):
    """How the models of one data set are trained."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds; each gets one model of each kind and beta"
    )
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="number of images per step")
    epochs: float | None = Field(
        gt=0, description="largest number of epochs; null where steps are given"
    )
    steps: int | None = Field(
        ge=1, description="largest number of steps; null where epochs are given"
    )
    training: TrainingDefaults
    discriminator_lr: float = Field(gt=0, description="Adam's learning rate for the discriminator")
    discriminator_width: int = Field(
        ge=1, description="units in each of the discriminator's hidden layers"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give one of epochs and steps, and null for the other")
        if self.steps and self.training.interval and self.steps % self.training.interval:
            raise ValueError("the last interval is the ELBO's: let it divide steps")
        return self

    def run(self, model: str, seed: int, beta: float) -> Run:
        """Return the run for one of MODELS or VARIANTS."""
        objectives: dict[str, Objective] = {
            "beta_vae": BetaVae(beta=beta),
            "tcvae_mws": BetaTcVae(beta=beta, alpha=1, gamma=1, sampling="mws"),
            "tcvae_mss": BetaTcVae(beta=beta, alpha=1, gamma=1, sampling="mss"),
            "tcvae_alpha": BetaTcVae(beta=1, alpha=beta, gamma=1, sampling="mws"),
            "tcvae_gamma": BetaTcVae(beta=1, alpha=1, gamma=beta, sampling="mws"),
            "beta_vae_laplace": BetaVae(beta=beta),
            "factor_vae": FactorVae(
                gamma=beta - 1,  # the rate already contains the total correlation once
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

    factors: tuple[Sprite, Sprite] = Field(description="two factors that depend on each other")
    contrasts: tuple[Contrast, ...] = Field(
        min_length=1,
        max_length=len(DEPENDENT),
        description="contrasts of the joint distributions B, C, D: ratio of the most to the least "
        "likely combination",
    )
    betas: tuple[Annotated[float, Field(ge=1)], ...] = Field(
        min_length=1, description="betas of these models, a subset of betas"
    )

    def named(self) -> dict[str, float]:
        """Return the contrast of each joint distribution by its name."""
        return dict(zip(DEPENDENT, self.contrasts, strict=False))


class Stability(ConfigModel):
    """Scores of the same models from other samples and settings (research question 3)."""

    betas: tuple[float, ...] = Field(
        min_length=1, description="betas of the models, a subset of the study's"
    )
    samples: tuple[Annotated[int, Field(ge=10)], ...] = Field(
        min_length=2,
        description="numbers of images, votes or points from which a score is computed; half as "
        "many test it",
    )
    repeats: int = Field(ge=2, description="number of fresh samples drawn for each score")


class Chen2018(ConfigModel):
    """Isolating sources of disentanglement in VAEs: beta-TCVAE and MIG."""

    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job per model; 10: one for ten models of a data set"
    )
    betas: tuple[Annotated[float, Field(ge=1)], ...] = Field(
        min_length=2, description="weights of the total correlation; FactorVAE's gamma is beta - 1"
    )
    dsprites: Protocol
    shapes3d: Protocol
    joint: Joint
    variant_beta: float = Field(
        ge=1, description="beta of the variants and of the rotated models, one of betas"
    )
    exact: int = Field(
        ge=20,
        description="largest number of images for mig_chen's samples and for the exact ELBO terms",
    )
    stability: Stability
    evaluation: Evaluation

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if 1 not in self.betas:
            raise ValueError("changes are against beta 1: betas need it")
        named = {self.variant_beta, *self.joint.betas, *self.stability.betas}
        if strangers := named - set(self.betas):
            raise ValueError(
                f"joint, stability and variant_beta are of models with other betas: {strangers}"
            )
        if missing := {"mig", "spectroscopy"} - set(self.evaluation.wanted):
            raise ValueError(f"the tables need {', '.join(sorted(missing))}: add to wanted")
        return self

    def run(self, dataset: str, model: str, seed: int, beta: float) -> Run:
        """Return the run for a data set and a model, whatever the joint distribution."""
        protocol: Protocol = getattr(self, dataset)
        return protocol.run(model, seed, beta)


SECTION = Chen2018
