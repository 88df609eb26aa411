"""allen2024: what diagonal posteriors do to the decoder's Jacobian, and what beta scales."""

from itertools import product
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import Evaluation, TrainingDefaults
from betascan.config.vae import (
    Activation,
    BetaVae,
    Deterministic,
    Likelihood,
    Model,
    Objective,
    Orthogonal,
    Posterior,
    Prior,
    Run,
)

DATASETS = ("dsprites", "shapes3d")
EXPERIMENTS = (  # in brackets their numbers in the document
    "tradeoff",  # (E1)
    "posterior_covariance",  # (E2)
    "decoders",  # (E3)
    "deterministic_elbo",  # (E4)
    "orthogonality_penalty",  # (N1)
    "likelihood_variance",  # (N2)
    "priors",  # (N3)
    "likelihoods",  # (open question 1)
)
REQUIRED_SCORES = {"mig", "spectroscopy"}

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Variant(ConfigModel):
    """What can differ between two models; tables have a column for each field."""

    beta: float
    variance: float = Field(description="sigma^2 of a pixel; 1 for a Bernoulli pixel")
    likelihood: Literal["bernoulli", "gaussian", "laplace"] = "gaussian"
    decoder: Literal["convolutional", "mlp", "linear"] = "convolutional"
    activation: Activation = "silu"
    posterior: Posterior = "diagonal"
    prior: Prior = "gaussian"
    penalty: float = Field(default=0.0, description="weight of the off-diagonal mass of J^T J")
    second_order: bool = Field(
        default=False,
        serialization_alias="expanded",
        description="deterministic ELBO: D expanded to second order, Gauss-Newton",
    )
    step_fraction: float = Field(
        default=1.0,
        serialization_alias="share",
        description="share of the steps after which training stops",
    )

    def columns(self) -> dict[str, Any]:
        """Return the fields as columns of a table."""
        return self.model_dump(by_alias=True)


_OF_MODEL = {"decoder", "activation", "posterior", "prior"}
"""Fields of `Variant` that are fields of `Model`."""


class Linear(ConfigModel):
    """The linear-Gaussian truth: S = U diag(variances, 0, ...) U^T + noise."""

    observed: int = Field(ge=3, description="number of observed variables")
    variances: tuple[Positive, ...] = Field(min_length=2, description="variances of the factors")
    noise: float = Field(gt=0, description="variance added to every observed variable")
    beta_sigma2: float = Field(gt=0, description="beta sigma^2 at which angles are measured")
    beta_sigma2_scan: tuple[Positive, ...] = Field(
        min_length=2, description="values of beta sigma^2 in the scan"
    )
    starts: int = Field(ge=2, description="number of seeds for the data axes and initial weights")
    scan_starts: int = Field(ge=1, description="number of these seeds that the scan uses")

    @model_validator(mode="after")
    def _identifiable(self) -> Self:
        if self.observed <= len(self.variances):
            raise ValueError("there must be more observed variables than factors")
        if self.beta_sigma2 >= min(self.variances):
            raise ValueError("every factor must be encoded: lower beta_sigma2")
        if self.scan_starts > self.starts:
            raise ValueError("scan_starts are some of the starts")
        return self


class Measures(ConfigModel):
    """Numbers of images and samples from which Jacobians and expansions are measured."""

    points: int = Field(
        ge=4,
        description="number of images around whose codes models are measured, and of codes drawn "
        "from the prior",
    )
    samples: int = Field(
        ge=2, description="number of samples of z for each image, in pairs mean +- noise"
    )


class Runaway(ConfigModel):
    """The deterministic ELBO with the exact Hessian, trained until it falls below a bound."""

    activations: tuple[Activation, ...] = Field(
        min_length=1, description="activation functions of the decoder"
    )
    batch_size: int = Field(ge=2, description="number of images per step")
    steps: int = Field(ge=1, description="largest number of training steps")
    bound: float = Field(lt=0, description="loss in nats per image below which it has run away")


class ImageModels(ConfigModel):
    """A reference model, and what the experiments change in it."""

    variance: float = Field(gt=0, description="sigma^2 of the reference")
    betas: tuple[Positive, ...] = Field(
        min_length=2,
        description="beta at the reference's sigma^2 (experiments tradeoff, posterior_covariance)",
    )
    scan: tuple[Positive, ...] = Field(
        min_length=2,
        description="values of beta at sigma^2 = 1 (experiments tradeoff, likelihood_variance)",
    )
    rescaled_pairs: tuple[Positive, ...] = Field(
        min_length=1,
        description="betas of the scan that are also trained as (1, sigma^2 = beta) (experiment "
        "likelihood_variance)",
    )
    activations: tuple[Activation, ...] = Field(
        min_length=2,
        description="activation functions of the convolutional decoder (experiment decoders)",
    )
    second_order: tuple[Activation, ...] = Field(
        min_length=1,
        description="activation functions of the decoder (experiment deterministic_elbo)",
    )
    penalties: tuple[Positive, ...] = Field(
        min_length=1, description="weights of the penalty (experiment orthogonality_penalty)"
    )
    step_fractions: tuple[Fraction, ...] = Field(
        description="shares of the steps, for models that stop earlier (experiments "
        "orthogonality_penalty, deterministic_elbo)"
    )
    priors: tuple[Prior, ...] = Field(
        min_length=2, description="priors of unit variance (experiment priors)"
    )
    likelihoods: tuple[Literal["bernoulli", "laplace"], ...] = Field(
        min_length=1, description="likelihoods besides the reference's (experiment likelihoods)"
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds; every model is trained with each of them"
    )
    standin_seeds: int | None = Field(
        ge=1, description="number of seeds used for models of a stand-in; null: all"
    )
    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job per model; 10: one for ten models of a data set"
    )
    model: Model = Field(description="networks of the reference")
    batch_size: int = Field(ge=2, description="number of images per step")
    steps: int = Field(ge=1, description="number of training steps")
    training: TrainingDefaults = Field(description="settings of the optimisation")
    evaluation: Evaluation = Field(description="which scores, from how many images")
    measures: Measures = Field(description="numbers of images and samples for Jacobians")
    runaway: Runaway = Field(description="the deterministic ELBO with the exact Hessian")

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        default = Variant(beta=1, variance=1).model_dump(include=_OF_MODEL)
        if self.model.model_dump(include=_OF_MODEL) != default:
            wanted = ", ".join(f"{key} {value}" for key, value in default.items())
            raise ValueError(f"the reference has {wanted}")
        if 1 not in self.betas or "silu" not in self.activations or "silu" not in self.second_order:
            raise ValueError(
                "the reference must be compared: betas need 1, activations and second_order silu"
            )
        if not set(self.rescaled_pairs) <= set(self.scan):
            raise ValueError("rescaled_pairs are some of the scan's betas")
        if "gaussian" not in self.priors:
            raise ValueError("priors need gaussian, the reference's")
        missing = REQUIRED_SCORES - set(self.evaluation.wanted)
        if missing:
            raise ValueError(f"the tables need {', '.join(sorted(missing))}: add to wanted")
        return self

    def variant(self, **changes: Any) -> Variant:
        """Return the reference with some fields changed."""
        return Variant(**{"beta": 1, "variance": self.variance, **changes})

    def name(self, variant: Variant) -> str:
        """Return what a variant changes in the reference, for example ``beta_5+posterior_full``."""
        reference = self.variant().columns()
        changed = [
            f"{key}_{value:g}" if isinstance(value, int | float) else f"{key}_{value}"
            for key, value in variant.columns().items()
            if value != reference[key]
        ]
        return "+".join(changed) or "reference"

    def experiment(self, name: str) -> dict[str, Variant]:
        """Return the variants of an experiment by name; experiments share some.

        Parameters
        ----------
        name : str
            One of `EXPERIMENTS`.

        Raises
        ------
        ValueError
            If there is no such experiment.
        """
        variant = self.variant
        match name:
            case "tradeoff":
                variants = [variant(beta=beta) for beta in self.betas]
                variants += [variant(beta=beta, variance=1.0) for beta in self.scan]
            case "posterior_covariance":
                kinds = product(self.betas, ("diagonal", "full"))
                variants = [variant(beta=beta, posterior=kind) for beta, kind in kinds]
            case "decoders":
                variants = [variant(activation=activation) for activation in self.activations]
                variants += [variant(decoder="linear")]
                variants += [variant(decoder="mlp", posterior=p) for p in ("diagonal", "full")]
            case "deterministic_elbo":
                forms = product(self.second_order, (False, True))
                variants = [variant(activation=a, second_order=second) for a, second in forms]
                earlier = product((False, True), self.step_fractions)
                variants += [variant(second_order=s, step_fraction=f) for s, f in earlier]
            case "orthogonality_penalty":
                fractions = (*self.step_fractions, 1.0)
                weights = product((0.0, *self.penalties), fractions)
                variants = [variant(penalty=weight, step_fraction=f) for weight, f in weights]
                variants += [variant(posterior="full", step_fraction=f) for f in fractions]
            case "likelihood_variance":
                variants = [variant(beta=beta, variance=1.0) for beta in self.scan]
                variants += [variant(variance=beta) for beta in self.rescaled_pairs]
            case "priors":
                variants = [variant(prior=prior) for prior in self.priors]
            case "likelihoods":
                variance = {"bernoulli": 1.0}  # which has no other
                pairs = product(("gaussian", *self.likelihoods), ("diagonal", "full"))
                variants = [
                    variant(
                        likelihood=likelihood,
                        variance=variance.get(likelihood, self.variance),
                        posterior=posterior,
                    )
                    for likelihood, posterior in pairs
                ]
            case _:
                raise ValueError(f"there is no experiment {name}")
        return {self.name(one): one for one in variants}

    def variants(self) -> dict[str, Variant]:
        """Return the variants of all experiments by name."""
        return {k: v for name in EXPERIMENTS for k, v in self.experiment(name).items()}

    def pushed_forward(self) -> list[str]:
        """Return the names of the variants whose push-forward of the prior is measured."""
        names = [self.name(self.variant(penalty=max(self.penalties)))]
        for experiment in ("posterior_covariance", "decoders", "priors"):
            names += self.experiment(experiment)
        return list(dict.fromkeys(names))

    def run(self, variant: Variant, seed: int) -> Run:
        """Return the training of a variant."""
        objective: Objective = BetaVae(beta=variant.beta)
        if variant.penalty:
            objective = Orthogonal(beta=variant.beta, weight=variant.penalty)
        if variant.second_order:
            objective = Deterministic(beta=variant.beta, curvature="gauss_newton")
        return Run(
            model=self.model.model_copy(update=variant.model_dump(include=_OF_MODEL)),
            likelihood=Likelihood(kind=variant.likelihood, variance=variant.variance),
            objective=objective,
            training=self.training.training(
                self.batch_size, steps=max(1, round(variant.step_fraction * self.steps))
            ),
            seed=seed,
        )

    def runaway_runs(self) -> list[Run]:
        """Return short trainings of the deterministic ELBO, with the exact H and Gauss-Newton."""
        reference, short = self.run(self.variant(), self.seeds[0]), self.runaway
        forms: tuple[Literal["hessian", "gauss_newton"], ...] = ("hessian", "gauss_newton")
        return [
            reference.model_copy(
                update={
                    "model": self.model.model_copy(update={"activation": activation}),
                    "objective": Deterministic(beta=1, curvature=curvature),
                    "training": self.training.training(short.batch_size, steps=short.steps),
                }
            )
            for activation, curvature in product(short.activations, forms)
        ]


class Allen2024(ConfigModel):
    """Unpicking Data at the Seams."""

    linear: Linear = Field(description="the linear-Gaussian truth")
    images: ImageModels = Field(description="VAEs of images")


SECTION = Allen2024
