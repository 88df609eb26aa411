"""The 19 GeoTIFFs of a folder, checked against one another and read in strips of rows."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from betascan.core.errors import DataError

FILE = re.compile(r"wc2\.1_(\w+)_bio_([1-9]|1\d)\.tif")
"""The provider's names: resolution, number of the layer."""

_STRIP_BYTES = 32 << 20
_CACHE_BYTES = 16 << 20
"""For GDAL, which would otherwise keep blocks that nobody reads again in 5 % of the memory."""


def paths(folder: Path) -> list[Path]:
    """Return the files of the layers 1 to 19.

    Raises:
        DataError: a layer is missing, or there are several resolutions to choose from.
    """
    matches = [match for path in folder.glob("*") if (match := FILE.fullmatch(path.name))]
    if len(resolutions := sorted({match[1] for match in matches})) > 1:
        raise DataError(
            f"{folder} mixes the resolutions {', '.join(resolutions)}; keep one of them"
        )
    names = {int(match[2]): match[0] for match in matches}
    if missing := [f"bio_{k}" for k in range(1, 20) if k not in names]:
        raise DataError(
            f"{folder} lacks {', '.join(missing)} (wc2.1_<resolution>_bio_<k>.tif); add what is "
            "missing and run again"
        )
    return [folder / names[k] for k in range(1, 20)]


@contextmanager
def opened(folder: Path) -> Iterator[list[Any]]:
    """Yield the 19 layers, in order, as open data sets that share one grid.

    Raises:
        DataError: a layer is missing or unreadable, or differs from the first in its grid.
    """
    with ExitStack() as stack:
        sources: list[Any] = []
        for path in paths(folder):
            try:
                sources.append(stack.enter_context(rasterio.open(path)))
            except RasterioError:
                raise DataError(
                    f"{path}: not a readable GeoTIFF; replace it and run again"
                ) from None
            if fault := _fault(sources[-1], sources[0]):
                raise DataError(f"{path}: {fault}; replace it and run again")
        yield sources


def windows(sources: Sequence[Any]) -> Iterator[Window]:
    """Cut the rasters into strips that fit the memory, of whole blocks if these do."""
    height, width = sources[0].shape
    step = max(1, _STRIP_BYTES // (4 * width * len(sources)))
    block = sources[0].block_shapes[0][0]
    if step > block:
        step -= step % block
    for row in range(0, height, step):
        yield Window(0, row, width, min(step, height - row))


def read(source: Any, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the values of one layer in ``window``, and which of them are data.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            values = source.read(1, window=window, out_dtype="float32")
    except RasterioError:
        raise DataError(f"{source.name}: truncated or damaged; replace it and run again") from None
    return values, np.isfinite(values) & (values != np.float32(source.nodata))


def _fault(source: Any, first: Any) -> str | None:
    if source.crs is None or source.crs.to_epsg() != 4326:
        return f"coordinates in {source.crs}, EPSG:4326 expected"
    if source.nodata is None:
        return "no value declared for cells without data"
    if source.shape != first.shape:
        return f"{source.shape} pixels where {Path(first.name).name} has {first.shape}"
    if not source.transform.almost_equals(first.transform):
        return f"pixels lie elsewhere than those of {Path(first.name).name}"
    return None
