"""vu2026, images: the lambda-beta-VAE on dSprites, Shapes3D and MPI3D-real."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import Evaluation, TrainingDefaults
from betascan.config.vae import BetaVae, LambdaBetaVae, Likelihood, Model, Run
from betascan.data.catalog import IMAGE_SETS

DOCUMENT = {"dsprites": "dSprites", "shapes3d": "Shapes3D", "mpi3d_real": "MPI3D"}
"""Names of the data sets in the document's tables, by their key in data."""
NEEDED = {"mig", "sap", "matched_information", "spectroscopy"}

Weight = Annotated[float, Field(ge=0)]


def document_name(dataset: str) -> str:
    """Return what tables call a data set: the document's name for it, or else its key."""
    return DOCUMENT.get(dataset, dataset)


class Vu2026Images(ConfigModel):
    """A beta-VAE of each beta, continued with each lambda."""

    datasets: tuple[str, ...] = Field(
        min_length=1,
        description="data sets by their keys in data; the document has dsprites, shapes3d, "
        "mpi3d_real",
    )
    betas: tuple[Weight, ...] = Field(min_length=2, description="weights of the KL term")
    lambdas: tuple[Weight, ...] = Field(min_length=2, description="weights of the squared error")
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds of initial weights, minibatches and samples"
    )
    standin_seeds: int | None = Field(
        ge=1, description="number of seeds for models of a stand-in; null: all"
    )
    anneal_above: float = Field(
        ge=0, description="betas above it are also trained from the model of the next lower one"
    )
    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job per model; 10: one for ten models of a data set"
    )
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="number of images per update")
    base_steps: int = Field(ge=1, description="number of training steps of the beta-VAE")
    continuation_steps: int = Field(
        ge=1,
        description="number of training steps with lambda; the NLL is that of the last interval",
    )
    training: TrainingDefaults
    evaluation: Evaluation

    @field_validator("datasets")
    @classmethod
    def _known(cls, datasets: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(datasets) - set(IMAGE_SETS)):
            raise ValueError(f"no such data set: {unknown[0]}; there are {', '.join(IMAGE_SETS)}")
        return datasets

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if 1 not in self.betas or 0 not in self.lambdas:
            raise ValueError("changes are against beta 1 and lambda 0: betas and lambdas need them")
        interval = self.training.interval
        if interval is None or self.continuation_steps % interval:
            raise ValueError("the last interval is the NLL's: let it divide continuation_steps")
        missing = NEEDED - set(self.evaluation.wanted)
        if missing:
            raise ValueError(f"the tables need {', '.join(sorted(missing))}: add to wanted")
        return self

    def base(self, seed: int, beta: float) -> Run:
        """Return the run that trains a beta-VAE."""
        return self._run(seed, BetaVae(beta=beta), self.base_steps)

    def continuation(self, seed: int, beta: float, lam: float) -> Run:
        """Return the run that continues a beta-VAE with lambda."""
        return self._run(seed, LambdaBetaVae(beta=beta, lam=lam), self.continuation_steps)

    def _run(self, seed: int, objective: BetaVae | LambdaBetaVae, steps: int) -> Run:
        return Run(
            model=self.model,
            likelihood=self.likelihood,
            objective=objective,
            training=self.training.training(self.batch_size, steps=steps),
            seed=seed,
        )
