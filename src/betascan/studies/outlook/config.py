"""outlook: nonlinear VAEs on climate and dSprites, coarser grids and less data."""

from typing import Annotated, Any, Literal

from pydantic import Field

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import TrainingDefaults
from betascan.config.vae import BetaVae, Likelihood, Model, Run
from betascan.studies.hirn2026.config import Blocks, Temperatures


class OneSplit(Blocks):
    """The split by spatial blocks, as in hirn2026."""

    seed: int = Field(ge=0, description="seed of the draw of blocks")


class Nonlinear(ConfigModel):
    """A scan of VAEs whose encoder and decoder are perceptrons with SiLU."""

    layers: int = Field(
        ge=1, description="number of hidden layers of the encoder, and of the decoder"
    )
    width: int = Field(ge=1, description="units in each hidden layer")
    latents: int = Field(ge=1, description="dimensions of z")
    temperatures: Temperatures
    updates: int = Field(ge=1, description="largest number of Adam updates of a point")
    batch_size: int = Field(ge=1, description="number of cells per update")
    lr: float = Field(gt=0, description="Adam's learning rate")
    patience: float = Field(
        gt=0,
        le=1,
        description="share of the updates without a better validation loss after which a point "
        "stops",
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds of initial weights, minibatches and noise; one scan each"
    )
    samples: int = Field(ge=2, description="largest number of cells of a split to measure")
    device: Literal["auto", "cpu", "cuda"] = Field(description="auto: CUDA where there is one")
    threads: int = Field(
        ge=1,
        description="number of torch threads of a training on a CPU; determines the rounding of "
        "its results",
    )

    def protocol(self) -> dict[str, Any]:
        """Return the arguments of `betascan.nonlinear_vae.scan` that all seeds share."""
        shared = {"latents", "updates", "batch_size", "lr", "patience", "device"}
        return {"hidden": [self.width] * self.layers, **self.model_dump(include=shared)}


class Scaling(ConfigModel):
    """Linear scans on coarser grids and on less data."""

    grids: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        description="sides, in cells, of the squares that are averaged to one cell"
    )
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        description="shares of the training blocks that are used"
    )
    temperatures: Temperatures
    latents: int = Field(ge=1, description="dimensions of z")
    updates: int = Field(ge=1, description="largest number of Adam updates of a point")
    batch_size: int = Field(ge=1, description="number of cells per update")
    lr: float = Field(gt=0, description="Adam's learning rate")
    patience: float = Field(
        gt=0,
        le=1,
        description="share of the updates without a better validation loss after which a point "
        "stops",
    )
    seed: int = Field(ge=0, description="seed of initial weights and minibatches")
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
    anneal_above: float = Field(
        ge=0,
        description="models of larger beta are also trained from the model of the next lower beta; "
        "one that carries information replaces a model on a plateau",
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds of initial weights, minibatches and samples"
    )
    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job per model; 10: one for ten models of a data set"
    )
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="number of images per update")
    steps: int = Field(ge=1, description="number of training steps")
    training: TrainingDefaults
    samples: int = Field(ge=20, description="largest number of images to measure latents on")

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

    split: OneSplit
    fit_floor: float = Field(
        ge=0, lt=1, description="M^2 above which points enter the fit of thresholds"
    )
    nonlinear: Nonlinear
    scaling: Scaling
    dsprites: Sprites


SECTION = Outlook
