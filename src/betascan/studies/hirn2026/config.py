"""hirn2026: linear VAEs on climate, a scan of beta."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import Field, model_validator

from betascan.config.base import ConfigModel, Name, PointsPerJob

Seed = Annotated[int, Field(ge=0)]
Estimator = Literal["sampled", "analytic"]


class Blocks(ConfigModel):
    """Spatial blocks (hirn2026, appendix A)."""

    side_km: float = Field(gt=0, description="side of a block on the equal-area map")
    train: float = Field(
        gt=0,
        lt=1,
        description="share of the cells for training; the rest is halved for validation and test",
    )
    min_cells: int = Field(
        ge=1, description="smallest number of cells in a block; blocks with fewer are dropped"
    )


class Split(Blocks):
    """Several splits by spatial blocks."""

    seeds: tuple[Seed, ...] = Field(
        min_length=1, description="seeds of the draws of blocks; tables and figures show the first"
    )


class Temperatures(ConfigModel):
    """The grid of T = beta sigma_dec^2 / V, evenly spaced in log T."""

    lowest: float = Field(gt=0, description="first point of the grid")
    highest: float = Field(gt=0, description="last point of the grid")
    per_decade: int = Field(ge=1, description="points per factor of ten in T")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError("lowest must not exceed highest")
        return self

    def grid(self) -> list[float]:
        """Return the points, ends included."""
        decades = np.log10(self.highest / self.lowest)
        points = round(decades * self.per_decade) + 1
        exponents = np.linspace(np.log10(self.lowest), np.log10(self.highest), points)
        return [float(f"{10**e:.6g}") for e in exponents]


class Scan(ConfigModel):
    """The protocol of a scan of linear VAEs (hirn2026, appendix A)."""

    estimators: tuple[Estimator, ...] = Field(
        min_length=1,
        description="estimators of the loss: sampled (one draw of z, as in the document) or "
        "analytic (the expectation over z). Figures 1, 2 and 4 show the first of them",
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
    seeds: tuple[Seed, ...] = Field(
        min_length=1,
        description="seeds of initial weights, minibatches and noise. The first estimator is "
        "trained with each of them on the first split, and with the first of them on every split",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        description="auto: a GPU if there is one, else the compiled kernel"
    )
    points_per_job: PointsPerJob = Field(description="1: one job per point of the scan")

    @property
    def threads(self) -> int:
        """Threads of a job; Snakemake grants as many of them as ``--cores`` allows."""
        return 16 if self.points_per_job == "all" else 1

    def protocol(self) -> dict[str, Any]:
        """Return the arguments of `betascan.linear_vae.scan` that all scans share."""
        return self.model_dump(exclude={"estimators", "temperatures", "seeds", "points_per_job"})


class Remedy(ConfigModel):
    """What is changed in the protocol."""

    updates: int = Field(ge=1, description="largest number of Adam updates of a point")
    batch_size: int = Field(ge=1, description="number of cells per update")
    lr: float = Field(gt=0, description="Adam's learning rate")
    epsilon: float = Field(gt=0, description="Adam's epsilon")
    annealed: float = Field(
        ge=0, lt=1, description="share of the updates over which the rate's weight grows from 0"
    )


class Remedies(ConfigModel):
    """Scans of the lowest T, where the weakest modes' thresholds depart from the law."""

    highest: float = Field(gt=0, description="highest T of the points that are trained")
    scans: dict[Name, Remedy] = Field(
        description="remedies by name; each is trained on the first split and seed"
    )

    @model_validator(mode="after")
    def _no_estimators(self) -> Self:
        if taken := self.scans.keys() & set(get_args(Estimator)):
            raise ValueError(f"{min(taken)} is the name of an estimator: name the remedy otherwise")
        return self


@dataclass(frozen=True)
class ScanOf:
    """One scan that is trained.

    Attributes
    ----------
    split : int
        Seed of the draw of blocks.
    name : str
        The estimator, or the remedy.
    seed : int
        Seed of initial weights, minibatches and noise.
    temperatures : list of float
        Temperatures T of its points.
    protocol : Mapping
        Further arguments of `betascan.linear_vae.scan`.
    """

    split: int
    name: str
    seed: int
    temperatures: list[float]
    protocol: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The protocol, completed with the defaults of `betascan.linear_vae.scan`."""
        return {"epsilon": 1e-8, "annealed": 0.0, **self.protocol}

    @property
    def folder(self) -> str:
        """Where it is stored, below the folder of the study."""
        return f"{self.split}/{self.name}-{self.seed}"


class Hirn2026(ConfigModel):
    """Posterior collapse as automatic spectral pruning."""

    split: Split
    scan: Scan
    remedies: Remedies
    fit_floor: float = Field(
        ge=0, lt=1, description="M^2 above which points enter the fit of thresholds"
    )

    def scans(self) -> dict[str, ScanOf]:
        """Return all scans by folder.

        Every estimator on the first split with the first seed; the first estimator also with the
        other seeds, on the other splits, and with each remedy.
        """
        grid, (split, *other_splits) = self.scan.temperatures.grid(), self.split.seeds
        first, (seed, *other_seeds) = self.scan.estimators[0], self.scan.seeds
        low = [point for point in grid if point <= self.remedies.highest]
        scans = [
            *(self._scan(split, estimator, seed, grid) for estimator in self.scan.estimators),
            *(self._scan(split, first, other, grid) for other in other_seeds),
            *(self._scan(other, first, seed, grid) for other in other_splits),
            *(
                replace(self._scan(split, first, seed, low, **remedy.model_dump()), name=name)
                for name, remedy in self.remedies.scans.items()
                if low
            ),
        ]
        return {scan.folder: scan for scan in scans}

    def replicates(self) -> list[ScanOf]:
        """Return the scans of the first estimator with the protocol, first the one shown."""
        return [scan for scan in self.scans().values() if scan.name == self.scan.estimators[0]]

    def jobs(self, scan: ScanOf) -> list[list[float]]:
        """Return the temperatures of each training job."""
        grid, size = scan.temperatures, self.scan.points_per_job
        step = len(grid) if size == "all" else size
        return [grid[i : i + step] for i in range(0, len(grid), step)]

    def _scan(
        self, split: int, estimator: str, seed: int, temperatures: list[float], **changes: Any
    ) -> ScanOf:
        protocol = {**self.scan.protocol(), "estimator": estimator, "seed": seed, **changes}
        return ScanOf(split, estimator, seed, temperatures, protocol)


SECTION = Hirn2026
