"""hirn2026: linear VAEs on climate, a scan of beta."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from betascan.config.base import ConfigModel


class Split(ConfigModel):
    """Spatial blocks (hirn2026, appendix A)."""

    side_km: float = Field(gt=0, description="side of a block on the equal-area map")
    train: float = Field(gt=0, lt=1, description="share of the cells; the rest is halved")
    min_cells: int = Field(ge=1, description="blocks with fewer cells are dropped")
    seed: int = Field(ge=0, description="of the draw of blocks")


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

    estimators: tuple[Literal["sampled", "analytic"], ...] = Field(
        min_length=1,
        description="of the loss: sampled, one draw of z, as in the document; analytic, the "
        "expectation over z. Figures 1, 2 and 4 show the first of them",
    )
    temperatures: Temperatures
    latents: int = Field(ge=1, description="dimensions of z")
    updates: int = Field(ge=1, description="Adam updates of a point, at most")
    batch_size: int = Field(ge=1, description="cells per update")
    lr: float = Field(gt=0, description="learning rate of Adam")
    patience: float = Field(
        gt=0, le=1, description="share of the updates without a better validation loss"
    )
    seed: int = Field(ge=0, description="of initial weights, minibatches and noise")
    device: Literal["auto", "cpu", "cuda"] = Field(
        description="auto: a GPU if there is one, else the compiled kernel"
    )
    points_per_job: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        description="1: one job a point of the scan"
    )

    @property
    def threads(self) -> int:
        """Threads of a job, of which Snakemake grants what ``--cores`` allows."""
        return 16 if self.points_per_job == "all" else 1

    def protocol(self) -> dict[str, Any]:
        """Return the arguments of `betascan.linear_vae.scan` that all jobs share."""
        return self.model_dump(exclude={"estimators", "temperatures", "points_per_job"})


class Hirn2026(ConfigModel):
    """Posterior collapse as automatic spectral pruning."""

    split: Split
    scan: Scan
    fit_floor: float = Field(ge=0, lt=1, description="thresholds are fitted where M^2 exceeds it")

    def parts(self) -> list[list[float]]:
        """Return the temperatures of each training job."""
        grid = self.scan.temperatures.grid()
        size = len(grid) if self.scan.points_per_job == "all" else self.scan.points_per_job
        return [grid[i : i + size] for i in range(0, len(grid), size)]


SECTION = Hirn2026
