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
        min_length=1,
        description="columns used; null: all. Columns of an array are called 0, 1, ...",
    )
    drop_columns: tuple[str, ...] = Field(description="columns not used")
    drop_rows: str | None = Field(description="condition for leaving out rows, such as `depth < 0`")
    groups: str | None = Field(
        description="column whose equal values are not split between training and test",
    )
    array: str | None = Field(
        description="name of the array in an NPZ or HDF5 file that has several"
    )
    block: int | None = Field(
        ge=1,
        description="cells per side of the squares of a raster that are not split; null: a "
        "sixteenth of the longer side",
    )
    standardise: bool = Field(
        description="whether columns are scaled to a variance of 1; false: they keep their units"
    )
    T: float = Field(
        gt=0,
        description="temperature asked for: latents that save a smaller share of the variance "
        "collapse",
    )
    distortion: float | None = Field(
        gt=0,
        description="distortion asked for in place of T: the highest T whose distortion is at most "
        "this share of the variance",
    )
    nonlinear: bool = Field(description="whether perceptrons are trained, too")
    temperatures: Temperatures
    latents: int = Field(ge=1, description="dimensions of z, at most as many as columns")
    updates: int = Field(ge=1, description="largest number of Adam updates of a T")
    seed: int = Field(ge=0, description="seed of the split and of the trainings")


SECTION = Own
