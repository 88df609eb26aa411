"""outlook: nonlinear VAEs on climate and dSprites, coarser grids and fewer data."""

from typing import Annotated, Any, Literal

from pydantic import Field

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import TrainingDefaults
from betascan.config.vae import BetaVae, Likelihood, Model, Run
from betascan.studies.hirn2026.config import Temperatures


class Blocks(ConfigModel):
    """The split by spatial blocks, as in hirn2026."""

    side_km: float = Field(gt=0, description="side of a block on the equal-area map")
    train: float = Field(gt=0, lt=1, description="share of the cells; the rest is halved")
    min_cells: int = Field(ge=1, description="blocks with fewer cells are dropped")
    seed: int = Field(ge=0, description="of the draw of blocks")


class Nonlinear(ConfigModel):
    """A scan of VAEs whose encoder and decoder are perceptrons with SiLU."""

    layers: int = Field(ge=1, description="hidden ones of the encoder, and of the decoder")
    width: int = Field(ge=1, description="of a hidden layer")
    latents: int = Field(ge=1, description="dimensions of z")
    temperatures: Temperatures
    updates: int = Field(ge=1, description="Adam updates of a point, at most")
    batch_size: int = Field(ge=1, description="cells per update")
    lr: float = Field(gt=0, description="learning rate of Adam")
    patience: float = Field(
        gt=0, le=1, description="share of the updates without a better validation loss"
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="of initial weights, minibatches and noise; one scan each"
    )
    samples: int = Field(ge=2, description="cells of a split that are measured, at most")
    device: Literal["auto", "cpu", "cuda"] = Field(description="auto: CUDA where there is one")
    threads: int = Field(
        ge=1, description="of a training on a CPU; decides the rounding of its results"
    )

    def protocol(self) -> dict[str, Any]:
        """Return the arguments of `betascan.nonlinear_vae.scan` that all seeds share."""
        shared = {"latents", "updates", "batch_size", "lr", "patience", "device"}
        return {"hidden": [self.width] * self.layers, **self.model_dump(include=shared)}


class Scaling(ConfigModel):
    """Linear scans of coarser grids and of fewer data."""

    grids: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        description="cells a side that are averaged to one"
    )
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        description="of the blocks of training"
    )
    temperatures: Temperatures
    latents: int = Field(ge=1, description="dimensions of z")
    updates: int = Field(ge=1, description="Adam updates of a point, at most")
    batch_size: int = Field(ge=1, description="cells per update")
    lr: float = Field(gt=0, description="learning rate of Adam")
    patience: float = Field(
        gt=0, le=1, description="share of the updates without a better validation loss"
    )
    seed: int = Field(ge=0, description="of initial weights and minibatches")
    device: Literal["auto", "cpu", "cuda"] = Field(
        description="auto: a GPU if there is one, else the compiled kernel"
    )

    def conditions(self) -> list[dict[str, int | float]]:
        """Return grid and share of each scan; the first has all data as they are."""
        return [
            {"grid": 1, "share": 1.0},
            *({"grid": grid, "share": 1.0} for grid in self.grids),
            *({"grid": 1, "share": share} for share in self.shares),
        ]

    def protocol(self) -> dict[str, Any]:
        """Return the arguments of `betascan.linear_vae.scan` that all scans share."""
        return self.model_dump(exclude={"grids", "shares", "temperatures"})


class Sprites(ConfigModel):
    """A scan of beta on dSprites, with vu2026's networks and training."""

    betas: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        min_length=2, description="weights of the KL term"
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="of initial weights, minibatches and samples"
    )
    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job a model; 10: one for ten models of a data set"
    )
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="images of an update")
    steps: int = Field(ge=1, description="of a training")
    training: TrainingDefaults
    samples: int = Field(ge=20, description="images that latents are measured on, at most")

    def run(self, seed: int, beta: float) -> Run:
        """Return the run that trains a beta-VAE."""
        return Run(
            model=self.model,
            likelihood=self.likelihood,
            objective=BetaVae(beta=beta),
            training=self.training.training(self.batch_size, steps=self.steps),
            seed=seed,
        )


class Outlook(ConfigModel):
    """The outlook of hirn2026 (section VII): the collapse spectrum of nonlinear VAEs."""

    split: Blocks
    fit_floor: float = Field(ge=0, lt=1, description="thresholds are fitted where M^2 exceeds it")
    nonlinear: Nonlinear
    scaling: Scaling
    dsprites: Sprites


SECTION = Outlook
