"""own: a table or raster of the user's own."""

from pydantic import Field

from betascan.config.base import ConfigModel
from betascan.studies.hirn2026.config import Temperatures


class Own(ConfigModel):
    """Your own table or raster: which beta keeps which of its latents."""

    file: str = Field(
        min_length=1,
        description="CSV, Parquet, NPZ, HDF5, a folder of GeoTIFFs on one grid, or "
        "scikit-learn:NAME; `--config own=my.csv` is short for it",
    )
    columns: tuple[str, ...] | None = Field(
        min_length=1, description="those used; null: all. Of an array: 0, 1, ..."
    )
    drop_columns: tuple[str, ...] = Field(description="those not used")
    drop_rows: str | None = Field(
        description="rows for which it holds are left out, such as `depth < 0`"
    )
    groups: str | None = Field(
        description="column whose equal values are not split between training and test",
    )
    array: str | None = Field(
        description="which array of an NPZ or HDF5 file, where it has several"
    )
    block: int | None = Field(
        ge=1,
        description="rasters: cells a side of the squares that are not split; null: a sixteenth "
        "of the longer side",
    )
    standardise: bool = Field(description="columns to a variance of 1; false: in their own units")
    T: float = Field(gt=0, description="asked for: latents that save a smaller share collapse")
    distortion: float | None = Field(
        gt=0,
        description="asked for in place of T: the highest T whose distortion is at most this share",
    )
    nonlinear: bool = Field(description="train perceptrons, too")
    temperatures: Temperatures
    latents: int = Field(ge=1, description="dimensions of z, at most as many as columns")
    updates: int = Field(ge=1, description="Adam updates of a T, at most")
    seed: int = Field(ge=0, description="of the split and of the trainings")


SECTION = Own
