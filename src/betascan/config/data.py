"""Data sets: where they come from and how much of them is used."""

from typing import Literal

from pydantic import Field

from betascan.config.base import ConfigModel

BUNDLED = "scikit-learn:"
"""Prefix of the name of a table that comes with scikit-learn."""


class Standin(ConfigModel):
    """The made-up planet that replaces WorldClim in a demo."""

    rows: int = Field(ge=36, description="grid rows from pole to pole")
    cols: int = Field(ge=72, description="grid columns around the globe")
    seed: int = Field(ge=0, description="seed of continents and weather")


class Climate(ConfigModel):
    """Where the 19 bioclimatic layers come from."""

    source: Literal["worldclim", "standin"] = Field(
        description="worldclim: downloaded; standin: a made-up planet"
    )
    urls: tuple[str, ...] = Field(
        min_length=1, description="download addresses, tried in this order"
    )
    standin: Standin


class ImageSet(ConfigModel):
    """A data set of images: how much of it."""

    images: int = Field(
        ge=1, description="number of images, drawn at random; all if the data set has no more"
    )
    seed: int = Field(ge=0, description="seed of the draw")


class Sprites(ImageSet):
    """dSprites, which needs no download."""

    source: Literal["rendered", "official"] = Field(
        description="rendered: computed here, one pixel off in 20,000 images compared; "
        "official: the published file"
    )


class Scenes(ImageSet):
    """Shapes3D and MPI3D, which have stand-ins."""

    source: Literal["official", "standin"] = Field(
        description="official: the published file; standin: similar scenes, rendered here"
    )


class Data(ConfigModel):
    """Data sets and where to look for them before downloading."""

    root: str | None = Field(
        description="folder with your own copies in worldclim/, ...; BETASCAN_DATA overrides it"
    )
    climate: Climate
    dsprites: Sprites
    shapes3d: Scenes
    mpi3d_real: Scenes
    mpi3d_real_complex: Scenes
