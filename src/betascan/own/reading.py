"""Tables of numbers from files of many kinds; an error says in one line what is wrong."""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import rasterio
from jaxtyping import Float64, Int64, Shaped
from numpy.typing import ArrayLike
from rasterio.errors import RasterioError

from betascan.config.data import BUNDLED
from betascan.core.errors import DataError
from betascan.core.files import reading
from betascan.data.proj import use_bundled_proj

NAMES = ("breast_cancer", "diabetes", "digits", "iris", "wine")
REMEDY = "check that it is what its name says, or save it as CSV"
BLOCKS = 16
"""Blocks along the longer side of rasters, if no size is given."""


@dataclass(frozen=True)
class Table:
    """Rows of finite numbers.

    Attributes
    ----------
    values : ndarray of shape (rows, columns)
        Every column varies.
    columns : tuple of str
        Names of the columns.
    groups : ndarray of int, shape (rows,)
        Rows with the same number stay together in the split; without groups, each row has its own.
    source : str
        The file.
    left_out : int
        Rows that were dropped: by a condition, or raster cells without data.
    """

    values: Float64[np.ndarray, "rows columns"]
    columns: tuple[str, ...]
    groups: Int64[np.ndarray, " rows"]
    source: str
    left_out: int


def read(
    file: str | Path,
    *,
    columns: Sequence[str] | None = None,
    drop_columns: Sequence[str] = (),
    drop_rows: str | None = None,
    groups: str | None = None,
    array: str | None = None,
    block: int | None = None,
) -> Table:
    """Read a table of your own.

    Parameters
    ----------
    file : str or Path
        CSV, Parquet, NPZ, HDF5, a folder of GeoTIFFs on one grid (each band is a column, each
        cell with data in all of them a row), or ``scikit-learn:NAME`` for a table that comes with
        scikit-learn.
    columns : sequence of str, optional
        Columns used; all by default. Columns of an array are called 0, 1, ...
    drop_columns : sequence of str
        Columns not used.
    drop_rows : str, optional
        Rows for which this condition holds are left out, as in `pandas.DataFrame.query`.
    groups : str, optional
        Column whose equal values stay together in the split; it is not used otherwise. In NPZ and
        HDF5, an array of one number per row.
    array : str, optional
        Which array of an NPZ or HDF5 file; needed if several have two dimensions.
    block : int, optional
        Rasters: cells per side of the squares that the split keeps whole; by default a sixteenth
        of the longer side.

    Raises
    ------
    DataError
        If the file cannot be read or the table cannot be used; says the column, the row, and what
        to do.
    """
    source, path, blocks = str(file), Path(file), None
    if source.startswith(BUNDLED):
        frame = _bundled(source.removeprefix(BUNDLED))
    elif not path.exists():
        raise DataError(f"{file} does not exist: give the path of a table, or of a folder of TIFFs")
    elif path.is_dir():
        frame, blocks = _rasters(path, block)
    elif path.suffix.lower() in READERS:
        frame = READERS[path.suffix.lower()](path, array, groups)
    else:
        raise DataError(f"{file}: {path.suffix or 'no ending'} is none of {', '.join(READERS)}")
    frame = frame.reset_index(drop=True)  # rows are dropped by their number
    rows = len(frame)
    if drop_rows:
        frame = _without(frame, drop_rows, source)
    names = [str(name) for name in frame.columns]
    frame.columns = pd.Index(names)
    for name in [*(columns or ()), *drop_columns, *([groups] if groups else ())]:
        if name not in names:
            raise DataError(f"{source} has no column {name}: it has {_some(names)}")
    if groups:
        if frame[groups].isna().any():
            raise DataError(f"{source}: column {groups} has rows without a group")
        labels = _labels(
            frame[groups], f"{source}: column {groups}", "group", "name another column, or none"
        )
    elif blocks is not None:
        labels = _labels(blocks[frame.index], source, "block", "give a smaller `block`")
    else:
        labels = np.arange(len(frame), dtype=np.int64)
    used = [n for n in (columns or names) if n not in drop_columns and n != groups]
    values = _numbers(frame[used], source)
    return Table(values, tuple(used), labels, source, rows - len(frame))


def _labels(values: ArrayLike, place: str, kind: str, remedy: str) -> Int64[np.ndarray, " rows"]:
    """Return a number for each distinct value; the split needs three of them."""
    names, labels = np.unique(np.asarray(values).astype(str), return_inverse=True)
    if len(names) < 3:
        raise DataError(
            f"{place} has {len(names)} {kind}{'s' * (len(names) != 1)}, and training, validation "
            f"and test need one each: {remedy}"
        )
    return labels.astype(np.int64)


def _numbers(frame: pd.DataFrame, source: str) -> Float64[np.ndarray, "rows columns"]:
    """Return the columns as numbers, or say which entry is not one."""
    rows, columns = frame.shape
    if columns == 0 or rows < columns or rows < 3:
        raise DataError(
            f"{source}: {rows} rows and {columns} columns are left, and there must be as many rows "
            "as columns at least: take more rows or fewer columns"
        )
    needed, memory = 4 * 8 * (rows * columns + columns**2), _memory()
    if needed > memory:
        raise DataError(
            f"{source}: {rows} rows and {columns} columns need {needed / 1e9:.3g} GB and the "
            f"machine has {memory / 1e9:.3g} GB: take fewer columns"
        )
    values = np.empty((rows, columns))
    for k, name in enumerate(frame):
        column = frame[name]
        numbers = pd.to_numeric(column, errors="coerce") if column.dtype.kind not in "Mm" else None
        text = column.notna() & (True if numbers is None else numbers.isna())
        if text.any():
            row = int(np.argmax(text))
            raise DataError(
                f"{source}: column {name} has {str(column.iloc[row])[:30]!r} in row {row + 1}, "
                "which is no number: leave the column out, or correct it"
            )
        values[:, k] = numbers
        wrong = ~np.isfinite(values[:, k])
        if wrong.any():
            row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
            others = f" and {more} more row{'s' * (more > 1)}" if more else ""
            raise DataError(
                f"{source}: column {name} has no finite number in row {row + 1}{others}: leave out "
                "these rows or the column"
            )
        if np.ptp(values[:, k]) == 0:
            raise DataError(f"{source}: column {name} is constant: leave it out")
    return values


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _without(frame: pd.DataFrame, condition: str, source: str) -> pd.DataFrame:
    try:
        return frame.drop(frame.query(condition, engine="python").index)
    except Exception as error:  # from pandas, numpy or the parser: all are the condition's fault
        raise DataError(
            f"{source}: rows cannot be chosen by {condition!r} ({' '.join(str(error).split())}): "
            "write it as for pandas.DataFrame.query"
        ) from None


def _csv(path: Path, array: str | None, groups: str | None) -> pd.DataFrame:
    with reading(path, REMEDY):
        return pd.read_csv(path, low_memory=False)


def _parquet(path: Path, array: str | None, groups: str | None) -> pd.DataFrame:
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise DataError(
            f"{path}: to read Parquet, pip install pyarrow, or save the table as CSV"
        ) from None
    with reading(path, REMEDY):
        return pd.read_parquet(path)


def _npz(path: Path, array: str | None, groups: str | None) -> pd.DataFrame:
    with reading(path, REMEDY), np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return _of_arrays(path, arrays, array, groups)


def _hdf5(path: Path, array: str | None, groups: str | None) -> pd.DataFrame:
    with reading(path, REMEDY), h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)  # also of what is in groups
        found = {name: file[name] for name in names if isinstance(file[name], h5py.Dataset)}
        wanted = {name: item[()] for name, item in found.items() if item.ndim in (1, 2)}
    return _of_arrays(path, wanted, array, groups)


def _of_arrays(
    path: Path,
    arrays: Mapping[str, Shaped[np.ndarray, "..."]],
    array: str | None,
    groups: str | None,
) -> pd.DataFrame:
    """Return the two-dimensional array, with the groups as a further column."""
    tables = [name for name, values in arrays.items() if values.ndim == 2]
    name = array or (tables[0] if len(tables) == 1 else "")
    if name not in tables:
        said = f"no array {array}" if array else f"{len(tables)} arrays"
        raise DataError(
            f"{path} has {said} of shape (rows, columns): name one of its arrays, "
            f"{_some(list(arrays)) or 'of which it has none'}"
        )
    frame = pd.DataFrame(arrays[name])
    frame.columns = frame.columns.astype(str)
    if groups and groups in arrays and arrays[groups].shape == (len(frame),):
        frame[groups] = arrays[groups]
    return frame


READERS: dict[str, Callable[[Path, str | None, str | None], pd.DataFrame]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}


def _bundled(name: str) -> pd.DataFrame:
    if name not in NAMES:
        raise DataError(f"{BUNDLED}{name} is none of the tables {', '.join(NAMES)}")
    datasets = importlib.import_module("sklearn.datasets")
    return getattr(datasets, f"load_{name}")(as_frame=True).data


def _rasters(folder: Path, block: int | None) -> tuple[pd.DataFrame, Int64[np.ndarray, " rows"]]:
    """Return a row for each cell that has data in all bands, and the block that it lies in."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".tif", ".tiff"))
    if not paths:
        raise DataError(f"{folder} has no .tif: give a folder of GeoTIFFs on one grid")
    use_bundled_proj()
    columns: dict[str, Any] = {}
    valid, first = np.array(True), dict[str, Any]()
    for path in paths:
        for name, values, data, grid in _bands(path):
            first = first or grid
            for what, ours in grid.items():
                if ours != first[what]:
                    raise DataError(
                        f"{path}: {what} {ours} and {paths[0].name} has {first[what]}: bring all "
                        "rasters to one grid"
                    )
            columns[name], valid = values, valid & data
    rows, cols = np.nonzero(valid)
    if not len(rows):
        raise DataError(f"{folder}: no cell has data in all {len(columns)} bands")
    side = block or max(1, max(valid.shape) // BLOCKS)
    frame = pd.DataFrame({name: values[valid] for name, values in columns.items()})
    return frame, rows // side * valid.shape[1] + cols // side


def _bands(path: Path) -> Iterator[tuple[str, Any, Any, dict[str, Any]]]:
    """Yield name, values, where they are data, and the grid of each band of a raster."""
    with reading(path), path.open("rb"):  # GDAL hides the system's errors
        pass
    try:
        with rasterio.open(path) as raster:
            grid = {
                "pixels": raster.shape,
                "transform": tuple(round(number, 9) for number in raster.transform[:6]),
                "projection": str(raster.crs),
            }
            for band in range(1, raster.count + 1):
                values = raster.read(band).astype(np.float64)
                data = np.isfinite(values) & (raster.read_masks(band) > 0)
                name = path.stem if raster.count == 1 else f"{path.stem}_{band}"
                yield name, values, data, grid
    except RasterioError:
        raise DataError(f"{path}: not a readable GeoTIFF; replace it and run again") from None
