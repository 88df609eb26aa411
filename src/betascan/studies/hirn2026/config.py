"""hirn2026: linear VAEs on climate, a scan of beta."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from betascan.config.base import ConfigModel

Fraction = Field(gt=0, lt=1)


class Split(ConfigModel):
    """Spatial blocks (hirn2026, appendix A)."""

    side_km: float = Field(gt=0)
    train: float = Fraction
    min_cells: int = Field(ge=1)
    seed: int = Field(ge=0)


class Temperatures(ConfigModel):
    """The grid of T = beta sigma_dec^2 / V, evenly spaced in log T."""

    lowest: float = Field(gt=0)
    highest: float = Field(gt=0)
    per_decade: int = Field(ge=1)

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

    estimators: tuple[Literal["sampled", "analytic"], ...] = Field(min_length=1)
    temperatures: Temperatures
    latents: int = Field(ge=1)
    updates: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    lr: float = Field(gt=0)
    patience: float = Field(gt=0, le=1, description="share of the updates")
    seed: int = Field(ge=0)
    device: Literal["auto", "cpu", "cuda"]
    points_per_job: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        description="1: one job a point of the scan"
    )


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
