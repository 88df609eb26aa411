"""The 19 GeoTIFFs of a folder, checked against one another and read in strips of rows."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from jaxtyping import Bool, Float32
from rasterio.errors import RasterioError
from rasterio.windows import Window

from betascan.core.errors import ContentError
from betascan.core.files import reading
from betascan.data.proj import use_bundled_proj

LAYER_NAME = re.compile(r"wc2\.1_(\w+)_bio_([1-9]|1\d)\.tif", re.IGNORECASE)
"""The provider's names: resolution and layer number."""

_STRIP_BYTES = 32 << 20
_CACHE_BYTES = 16 << 20
"""For GDAL, which would otherwise fill 5 % of the memory with blocks that are not read again."""


def layer_paths(folder: str | Path) -> list[Path]:
    """Return the files of the 19 layers.

    Parameters
    ----------
    folder : str or Path
        Holds ``wc2.1_<resolution>_bio_<k>.tif`` for k from 1 to 19.

    Returns
    -------
    list of Path
        Layers 1 to 19.

    Raises
    ------
    ContentError
        A layer is missing, or there are several resolutions to choose from.
    """
    folder = Path(folder)
    matches = [match for path in folder.glob("*") if (match := LAYER_NAME.fullmatch(path.name))]
    if len(resolutions := sorted({match[1].lower() for match in matches})) > 1:
        raise ContentError(
            f"{folder} mixes the resolutions {', '.join(resolutions)}; keep one of them"
        )
    names = {int(match[2]): match[0] for match in matches}
    if missing := [f"bio_{k}" for k in range(1, 20) if k not in names]:
        raise ContentError(
            f"{folder} lacks {', '.join(missing)} (wc2.1_<resolution>_bio_<k>.tif); add what is "
            "missing and run again"
        )
    return [folder / names[k] for k in range(1, 20)]


@contextmanager
def open_layers(folder: str | Path) -> Iterator[list[Any]]:
    """Open the 19 layers of a folder.

    Parameters
    ----------
    folder : str or Path
        Folder of the layers, as in `layer_paths`.

    Yields
    ------
    list of rasterio.DatasetReader
        Layers 1 to 19, which share one grid.

    Raises
    ------
    ContentError
        A layer is missing, unreadable, or differs from the first in its grid.
    DataError
        The system refuses to read a file.
    BetascanError
        As `use_bundled_proj`.
    """
    use_bundled_proj()
    with ExitStack() as stack:
        layers: list[Any] = []
        for path in layer_paths(folder):
            with reading(path), path.open("rb"):  # GDAL hides the system's errors
                pass
            try:
                layers.append(stack.enter_context(rasterio.open(path)))
            except RasterioError:
                raise ContentError(
                    f"{path}: not a readable GeoTIFF; replace it and run again"
                ) from None
            if fault := _fault(layers[-1], layers[0]):
                raise ContentError(f"{path}: {fault}; replace it and run again")
        yield layers


def iter_windows(layers: Sequence[Any]) -> Iterator[Window]:
    """Cut rasters into strips that fit into memory, in whole blocks if those fit.

    Parameters
    ----------
    layers : sequence of rasterio.DatasetReader
        Rasters on one grid, which are read together.

    Yields
    ------
    rasterio.windows.Window
        Strips from north to south; all layers of a strip take at most 32 MB.
    """
    height, width = layers[0].shape
    step = max(1, _STRIP_BYTES // (4 * width * len(layers)))
    block = layers[0].block_shapes[0][0]
    if step > block:
        step -= step % block
    for row in range(0, height, step):
        yield Window(0, row, width, min(step, height - row))


def read_window(
    layer: Any, window: Window
) -> tuple[Float32[np.ndarray, "rows cols"], Bool[np.ndarray, "rows cols"]]:
    """Read a part of one layer.

    Parameters
    ----------
    layer : rasterio.DatasetReader
        The layer.
    window : rasterio.windows.Window
        The part.

    Returns
    -------
    values : ndarray of float32, shape (rows, cols)
        The values.
    valid : ndarray of bool, shape (rows, cols)
        Which of them are data.

    Raises
    ------
    ContentError
        The file is damaged.
    """
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            values = layer.read(1, window=window, out_dtype="float32")
    except RasterioError:
        raise ContentError(
            f"{layer.name}: truncated or damaged; replace it and run again"
        ) from None
    return values, np.isfinite(values) & (values != np.float32(layer.nodata))


def _fault(layer: Any, first: Any) -> str | None:
    if layer.crs is None or layer.crs.to_epsg() != 4326:
        return f"coordinates in {layer.crs}, EPSG:4326 expected"
    if layer.nodata is None:
        return "no value declared for cells without data"
    if layer.shape != first.shape:
        return f"{layer.shape} pixels where {Path(first.name).name} has {first.shape}"
    if not layer.transform.almost_equals(first.transform):
        return f"pixels lie elsewhere than those of {Path(first.name).name}"
    return None
