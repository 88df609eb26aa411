"""PROJ's tables of coordinate systems, whatever the environment variables are."""

import os
from functools import cache
from pathlib import Path

import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError

from betascan.core.errors import BetascanError

_VARIABLES = ("PROJ_DATA", "PROJ_LIB")
_BUNDLED = Path(rasterio.__file__).parent / "proj_data"
"""The tables in rasterio's wheels. Conda's rasterio has none: conda points PROJ to its own."""


@cache
def use_bundled_proj() -> None:
    """Let PROJ read the tables it was built with, if rasterio ships them.

    PostGIS, QGIS and conda environments point the variables to tables of other versions, with which
    no coordinate system is known and good rasters look wrong.

    Raises
    ------
    BetascanError
        PROJ cannot read its tables; the message names the variables.
    """
    if _BUNDLED.is_dir():
        os.environ.update(dict.fromkeys(_VARIABLES, str(_BUNDLED)))
    try:
        with rasterio.Env():  # which reads the variables
            CRS.from_epsg(4326)
    except CRSError:
        values = [f"{name}={os.environ[name]}" for name in _VARIABLES if name in os.environ]
        raise BetascanError(
            f"PROJ finds no coordinate systems ({', '.join(values) or 'its tables are missing'}): "
            "unset PROJ_DATA and PROJ_LIB, or install rasterio anew, and run again"
        ) from None
