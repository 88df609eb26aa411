"""The configuration: typed, every key explained, unknown keys refused.

`config.yaml` holds the papers' own protocols; an overlay in workflow/scales shrinks them.
`python -m betascan.config` writes workflow/schemas/config.schema.json from these classes.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator

from betascan.errors import ConfigError
from betascan.protocols import Section
from betascan.sections.allen2024 import Allen2024
from betascan.sections.chen2018 import Chen2018
from betascan.sections.denardin2025 import Denardin2025
from betascan.sections.vu2026_images import Vu2026Images
from betascan.sections.vu2026_linear import Vu2026Linear

Fraction = Field(gt=0, lt=1)


class Standin(Section):
    """The made-up planet that replaces WorldClim in a demo."""

    rows: int = Field(ge=36, description="grid rows from pole to pole")
    cols: int = Field(ge=72, description="grid columns around the globe")
    seed: int = Field(ge=0)


class Climate(Section):
    """Where the 19 bioclimatic layers come from."""

    source: Literal["worldclim", "standin"]
    urls: tuple[str, ...] = Field(min_length=1, description="addresses, tried in this order")
    standin: Standin


class ImageSet(Section):
    """A data set of images: how much of it."""

    images: int = Field(ge=1, description="drawn at random, or all if there are no more")
    seed: int = Field(ge=0, description="of the draw")


class Sprites(ImageSet):
    """dSprites, which needs no download."""

    source: Literal["rendered", "official"]


class Scenes(ImageSet):
    """Shapes3D and MPI3D, which have stand-ins."""

    source: Literal["official", "standin"]


class Data(Section):
    """Data sets and where to look for them before downloading."""

    root: str | None = Field(description="folder with worldclim/, ...; BETASCAN_DATA overrules it")
    climate: Climate
    dsprites: Sprites
    shapes3d: Scenes
    mpi3d_real: Scenes
    mpi3d_real_complex: Scenes


class Split(Section):
    """Spatial blocks (hirn2026, appendix A)."""

    side_km: float = Field(gt=0)
    train: float = Fraction
    min_cells: int = Field(ge=1)
    seed: int = Field(ge=0)


class Temperatures(Section):
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


class Scan(Section):
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


class Hirn2026(Section):
    """Posterior collapse as automatic spectral pruning."""

    split: Split
    scan: Scan
    fit_floor: float = Field(ge=0, lt=1, description="thresholds are fitted where M^2 exceeds it")

    def parts(self) -> list[list[float]]:
        """Return the temperatures of each training job."""
        grid = self.scan.temperatures.grid()
        size = len(grid) if self.scan.points_per_job == "all" else self.scan.points_per_job
        return [grid[i : i + size] for i in range(0, len(grid), size)]


class Vu2026(Section):
    """Mutual information collapse and the lambda-beta-VAE."""

    linear: Vu2026Linear
    images: Vu2026Images


class Config(Section):
    """Everything that a run depends on."""

    scale: str = Field(description="printed on every figure and in every provenance record")
    output: str = Field(description="folder that data/, runs/, results/ and figures/ are made in")
    data: Data
    hirn2026: Hirn2026
    denardin2025: Denardin2025
    chen2018: Chen2018
    vu2026: Vu2026
    allen2024: Allen2024


def _key(path: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """Return the key that an error's path names, and the keys known beside it.

    Behind the key the path may name the alternatives of its type, which are not the user's.
    """
    section: Any = Config
    key, known = [], list(Config.model_fields)
    for name in path:
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            break
        known = list(section.model_fields)
        key.append(str(name))
        field = section.model_fields.get(str(name))
        section = field.annotation if field else None
    return ".".join(key), known


def _explain(errors: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line what is wrong with one key, of which there may be several errors."""
    error = errors[0]
    key, known = _key(error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{key}'; the nearest valid one is '{near[0]}'"
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    deepest = max(len(e["loc"]) for e in errors)  # a bad item also makes its list too short
    told = [e["msg"] for e in errors if len(e["loc"]) == deepest]
    wanted = " or ".join(m.removeprefix("Input ").removeprefix("Value error, ") for m in told)
    return f"key '{key}': {wanted[:1].lower()}{wanted[1:]}, not {error['input']!r}"


def load(raw: Mapping[str, Any]) -> Config:
    """Check a configuration as Snakemake hands it over.

    Raises ConfigError with one line: each key that is wrong, and what would be right.
    """
    try:  # as JSON, in which a list is a tuple but true is no number
        return Config.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        by_key: dict[str, list[Any]] = {}
        for one in error.errors():
            by_key.setdefault(_key(one["loc"])[0], []).append(one)
        told = "; ".join(_explain(errors) for errors in by_key.values())
        raise ConfigError(f"config: {told}") from None


def schema() -> str:
    """Return the JSON schema of the configuration, as text."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
