"""allen2024: what diagonal posteriors do to the decoder's Jacobian, and what beta scales."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel
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
EXPERIMENTS = ("e1", "e2", "e3", "e4", "n1", "n2", "n3", "q1")
NEEDED = {"mig", "spectroscopy"}

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Cell(ConfigModel):
    """One kind of model, by what can differ between two of them."""

    beta: float
    variance: float = Field(description="sigma^2 of a pixel; 1 for a Bernoulli pixel")
    likelihood: Literal["bernoulli", "gaussian", "laplace"] = "gaussian"
    decoder: Literal["convolutional", "linear"] = "convolutional"
    activation: Activation = "silu"
    posterior: Posterior = "diagonal"
    prior: Prior = "gaussian"
    penalty: float = Field(default=0, description="weight of the off-diagonal mass of J^T J")
    expanded: bool = Field(default=False, description="the deterministic ELBO, Gauss-Newton")
    share: float = Field(default=1, description="of the steps after which it stands")

    def named(self, reference: "Cell") -> str:
        """Return what it changes of the reference, as the name of a folder."""
        own, usual = self.model_dump(), reference.model_dump()
        changed = [
            f"{key}_{value:g}" if isinstance(value, int | float) else f"{key}_{value}"
            for key, value in own.items()
            if value != usual[key]
        ]
        return "+".join(changed) or "reference"


class Linear(ConfigModel):
    """The linear-Gaussian truth: S = U diag(variances, 0, ...) U^T + noise."""

    observed: int = Field(ge=3)
    variances: tuple[Positive, ...] = Field(min_length=2, description="of the factors")
    noise: float = Field(gt=0, description="variance of every pixel beside them")
    price: float = Field(gt=0, description="beta sigma^2 where angles are measured")
    prices: tuple[Positive, ...] = Field(min_length=2, description="beta sigma^2 of the scan")
    starts: int = Field(ge=2, description="seeds at `price`: data axes and initial weights")
    scan_starts: int = Field(ge=1, description="of them, in the scan")

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if len(set(self.variances)) < len(self.variances):
            raise ValueError("axes of equal variances are not identified: let all differ")
        if self.observed <= len(self.variances) or self.price >= min(self.variances):
            raise ValueError("every factor must be seen: more observed, or a lower price")
        if self.scan_starts > self.starts:
            raise ValueError("scan_starts are some of the starts")
        return self


class Measures(ConfigModel):
    """From how many images and samples Jacobians and expansions are measured."""

    points: int = Field(ge=2, description="images")
    samples: int = Field(ge=2, description="of z an image, in pairs mean +- noise")


class Runaway(ConfigModel):
    """The exact deterministic ELBO, trained until it leaves a bound."""

    activations: tuple[Activation, ...] = Field(min_length=1)
    batch_size: int = Field(ge=2)
    steps: int = Field(ge=1, description="at most")
    bound: float = Field(lt=0, description="nats an image below which a loss has run away")


class Images(ConfigModel):
    """A reference model, and what the experiments change of it."""

    variance: float = Field(gt=0, description="sigma^2 of the reference")
    betas: tuple[Positive, ...] = Field(min_length=2, description="E1, E2, at that variance")
    scan: tuple[Positive, ...] = Field(min_length=2, description="N2: beta at sigma^2 = 1")
    twins: tuple[Positive, ...] = Field(min_length=1, description="N2: trained as (1, beta) too")
    activations: tuple[Activation, ...] = Field(min_length=2, description="E3")
    expanded: tuple[Activation, ...] = Field(min_length=1, description="E4, of the decoder")
    penalties: tuple[Positive, ...] = Field(min_length=1, description="N1")
    shares: tuple[Share, ...] = Field(description="N1, E4: of the steps, looked at on the way")
    priors: tuple[Prior, ...] = Field(min_length=2, description="N3")
    likelihoods: tuple[Literal["bernoulli", "laplace"], ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    points_per_job: Literal[1, "all"] = Field(
        description="1: one (GPU) job a model; all: all models of a data set and seed in one"
    )
    model: Model = Field(description="of the reference")
    batch_size: int = Field(ge=2)
    steps: int = Field(ge=1)
    training: TrainingDefaults
    evaluation: Evaluation
    measures: Measures
    runaway: Runaway

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        model, usual = self.model, Cell(beta=1, variance=1)
        same = ("decoder", "activation", "posterior", "prior")
        if any(getattr(model, key) != getattr(usual, key) for key in same):
            raise ValueError(
                f"the reference has {', '.join(f'{key} {getattr(usual, key)}' for key in same)}"
            )
        if 1 not in self.betas or "silu" not in self.activations or "silu" not in self.expanded:
            raise ValueError("the reference must be compared: betas need 1, activations silu")
        if not set(self.twins) <= set(self.scan):
            raise ValueError("twins are some of the scan's betas")
        if "gaussian" not in self.priors:
            raise ValueError("priors need gaussian, the reference's")
        missing = NEEDED - set(self.evaluation.wanted)
        if missing:
            raise ValueError(f"the tables need {', '.join(sorted(missing))}: add to wanted")
        return self

    @property
    def reference(self) -> Cell:
        """The model that all others are compared with."""
        return Cell(beta=1, variance=self.variance)

    def experiment(self, name: str) -> list[Cell]:
        """Return the cells of an experiment, in order; several share some."""
        of = self.reference.model_dump()

        def cell(**changes: object) -> Cell:
            return Cell.model_validate(of | changes)

        match name:
            case "e1":
                tradeoff = [cell(beta=beta) for beta in self.betas]
                return tradeoff + [cell(beta=beta, variance=1.0) for beta in self.scan]
            case "e2":
                kinds = product(self.betas, ("diagonal", "full"))
                return [cell(beta=beta, posterior=kind) for beta, kind in kinds]
            case "e3":
                smooth = [cell(activation=activation) for activation in self.activations]
                return [*smooth, cell(decoder="linear")]
            case "e4":
                forms = product(self.expanded, (False, True))
                ends = [cell(activation=a, expanded=expanded) for a, expanded in forms]
                ways = product((False, True), self.shares)
                return ends + [cell(expanded=expanded, share=share) for expanded, share in ways]
            case "n1":
                shares = (*self.shares, 1.0)
                weights = product((0.0, *self.penalties), shares)
                whole = [cell(penalty=weight, share=share) for weight, share in weights]
                return whole + [cell(posterior="full", share=share) for share in shares]
            case "n2":
                scan = [cell(beta=beta, variance=1.0) for beta in self.scan]
                return scan + [cell(variance=beta) for beta in self.twins]
            case "n3":
                return [cell(prior=prior) for prior in self.priors]
            case "q1":
                variances = {"bernoulli": 1.0}  # which has no other
                pairs = product(("gaussian", *self.likelihoods), ("diagonal", "full"))
                return [
                    cell(
                        likelihood=kind,
                        variance=variances.get(kind, self.variance),
                        posterior=posterior,
                    )
                    for kind, posterior in pairs
                ]
        raise ValueError(name)

    def cells(self) -> dict[str, Cell]:
        """Return every cell once, by name."""
        found = [cell for name in EXPERIMENTS for cell in self.experiment(name)]
        return {cell.named(self.reference): cell for cell in found}

    def run(self, name: str, seed: int) -> Run:
        """Return the run of a cell."""
        cell = self.cells()[name]
        kept = {"decoder", "activation", "posterior", "prior"}
        objective: Objective = BetaVae(beta=cell.beta)
        if cell.penalty:
            objective = Orthogonal(beta=cell.beta, weight=cell.penalty)
        if cell.expanded:
            objective = Deterministic(beta=cell.beta, curvature="gauss_newton")
        return Run(
            model=self.model.model_copy(update=cell.model_dump(include=kept)),
            likelihood=Likelihood(kind=cell.likelihood, variance=cell.variance),
            objective=objective,
            training=self.training.training(
                self.batch_size, steps=max(1, round(cell.share * self.steps))
            ),
            seed=seed,
        )

    def runaways(self) -> list[Run]:
        """Return the short trainings of the deterministic ELBO, exact and Gauss-Newton."""
        runs, short = [], self.runaway
        for activation, exact in product(short.activations, (True, False)):
            run = self.run(self.reference.named(self.reference), self.seeds[0])
            curvature: Literal["hessian", "gauss_newton"] = "hessian" if exact else "gauss_newton"
            changed = {
                "model": self.model.model_copy(update={"activation": activation}),
                "objective": Deterministic(beta=1, curvature=curvature),
                "training": self.training.training(short.batch_size, steps=short.steps),
            }
            runs.append(run.model_copy(update=changed))
        return runs

    def trainings(self) -> Iterator[tuple[str, Run]]:
        """Yield data set and run of every training."""
        for dataset, seed, name in product(DATASETS, self.seeds, self.cells()):
            yield dataset, self.run(name, seed)


class Allen2024(ConfigModel):
    """Unpicking Data at the Seams."""

    linear: Linear
    images: Images


SECTION = Allen2024
