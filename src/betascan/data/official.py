"""The providers' own files: found or downloaded, checked, and read in bounded memory.

`versions.csv` lists the files of every data set with their addresses, sizes, hashes and terms.
Nothing in a file is ever unpickled: the arrays are read by their headers alone.
"""

import csv
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from betascan.core.errors import DataError
from betascan.core.files import staged
from betascan.data.download import data_root, fetch
from betascan.data.grid import Grid, Rows
from betascan.data.store import Pixels

_BLOCK = 1024
"""Images read at a time: of the largest, 13 MB."""


@dataclass(frozen=True)
class Version:
    """A line of `versions.csv`."""

    name: str
    file: str
    bytes: int | None
    hash: str
    """``algorithm:digest``, or empty: then the first good copy sets it."""
    urls: tuple[str, ...]
    terms: str
    reference: str


def versions(name: str) -> list[Version]:
    """Return the files of a data set, the preferred one first."""
    table = resources.files("betascan.data").joinpath("versions.csv").read_text()
    return [
        Version(
            **row | {"bytes": int(row["bytes"] or 0) or None, "urls": tuple(row["urls"].split())}
        )
        for row in csv.DictReader(table.splitlines())
        if row["name"] == name
    ]


def obtain(name: str, folder: Path, root: str | None) -> tuple[Path, Version]:
    """Return a data set's official file: the user's own copy, else downloaded into ``folder``.

    A copy is looked for in ``<data root>/<name>`` and in the folder of its family, which is
    ``mpi3d`` for both MPI3D sets. Size and hash are checked either way.

    Raises:
        DataError: a wrong file, or the download failed.
    """
    local, known = data_root(root), versions(name)
    if local is not None:
        for version in known:
            for own in (name, name.split("_")[0]):
                if (path := local / own / version.file).is_file():
                    check(path, version, folder)
                    return path, version
    path = folder / known[0].file
    fetch(known[0].urls, path)
    try:
        check(path, known[0], folder)
    except DataError:
        path.unlink()
        raise
    return path, known[0]


def check(path: Path, version: Version, folder: Path) -> None:
    """Compare a file with what is known of it, or was written down by `remember`.

    Raises:
        DataError: another size or another hash.
    """
    size = path.stat().st_size
    if version.bytes not in (None, size):
        raise DataError(
            f"{path} has {size} bytes, the official file {version.bytes}; remove it and run again"
        )
    kept = _kept(version, folder)
    expected = version.hash or (kept.read_text().strip() if kept.exists() else "")
    if expected and (found := _hash(path, expected.split(":")[0])) != expected:
        first = "the official file" if version.hash else f"the first copy seen ({kept})"
        raise DataError(f"{path} differs from {first}, it has {found}; remove it and run again")


def remember(path: Path, version: Version, folder: Path) -> None:
    """Write down the hash of the first good copy, where the providers state none."""
    if not version.hash and not _kept(version, folder).exists():
        with staged(_kept(version, folder)) as temporary:
            temporary.write_text(_hash(path, "sha256") + "\n")


def _kept(version: Version, folder: Path) -> Path:
    return folder / f"{version.file}.sha256"


def _hash(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


@dataclass(frozen=True)
class _Layout:
    """Where a file keeps its images, and the labels that prove their order."""

    images: str
    shape: tuple[int, ...]
    maximum: int = 255
    labels: str | None = None
    expected: Callable[[Grid, Rows], NDArray[Any]] = Grid.classes


def _with_colour(grid: Grid, indices: Rows) -> NDArray[np.int64]:
    return np.pad(grid.classes(indices), ((0, 0), (1, 0)))  # dSprites' only colour comes first


def _values(grid: Grid, indices: Rows) -> NDArray[np.float64]:
    return grid.values(grid.classes(indices))


_LAYOUTS = {
    ("dsprites", ".npz"): _Layout("imgs", (64, 64), 1, "latents_classes", _with_colour),
    ("dsprites", ".hdf5"): _Layout("imgs", (64, 64), 1, "latents/classes", _with_colour),
    ("shapes3d", ".h5"): _Layout("images", (64, 64, 3), 255, "labels", _values),
    ("mpi3d_real", ".npz"): _Layout("images", (64, 64, 3)),
    ("mpi3d_real_complex", ".npz"): _Layout("images", (64, 64, 3)),
}


def blocks(path: Path, name: str, grid: Grid) -> Iterator[Pixels]:
    """Yield the images (k, H, W, C) of a data set's official file, a few MB at a time.

    Raises:
        DataError: the file is truncated or damaged, has another layout, or its labels are not in
            the order of ``grid``.
    """
    layout = _LAYOUTS[name, path.suffix]
    read = _npz if path.suffix == ".npz" else _hdf5
    if layout.labels is not None:
        first = 0
        width = (len(grid), layout.expected(grid, np.arange(1)).shape[1])
        for labels in read(path, layout.labels, width):
            expected = layout.expected(grid, np.arange(first, first + len(labels)))
            if labels.dtype.kind not in "iuf" or not np.allclose(labels, expected, atol=1e-6):
                raise DataError(
                    f"{path}: '{layout.labels}' is not in the official order between images "
                    f"{first} and {first + len(labels)}; replace the file and run again"
                )
            first += len(labels)
    for images in read(path, layout.images, (len(grid), *layout.shape)):
        if images.dtype != np.uint8 or images.max() > layout.maximum:
            raise DataError(
                f"{path}: '{layout.images}' must be uint8 up to {layout.maximum}, not "
                f"{images.dtype} up to {images.max()}; replace the file and run again"
            )
        yield images.reshape(len(images), 64, 64, -1)


def _npz(path: Path, key: str, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """Yield an array of an NPZ file block by block, unpacking as it goes."""
    try:
        with zipfile.ZipFile(path) as members, members.open(f"{key}.npy") as stream:
            header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            found, fortran, dtype = header[npy.read_magic(stream)](stream)
            _match(path, key, found, shape, dtype, fortran)
            size = int(np.prod(shape[1:])) * dtype.itemsize
            for start in range(0, shape[0], _BLOCK):
                number = min(_BLOCK, shape[0] - start)
                packed = stream.read(number * size)
                yield np.frombuffer(packed, dtype).reshape(number, *shape[1:])
            if stream.read(1):  # at the end the archive's own check of the bytes takes place
                raise ValueError(f"more bytes in '{key}' than its header says")
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, error) from None


def _hdf5(path: Path, key: str, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """Yield a data set of an HDF5 file block by block."""
    try:
        with h5py.File(path) as file:
            array = file[key]
            _match(path, key, array.shape, shape, array.dtype)
            for start in range(0, shape[0], _BLOCK):
                yield array[start : start + _BLOCK]
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from None


def _match(
    path: Path,
    key: str,
    found: tuple[int, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    fortran: bool = False,
) -> None:
    if found != shape or dtype.kind not in "iuf" or fortran:
        raise DataError(
            f"{path}: '{key}' is {dtype} {found}, the official one has numbers {shape} row by row; "
            "replace the file and run again"
        )


def _damaged(path: Path, error: Exception) -> DataError:
    reason = str(error).strip("'\"") or type(error).__name__
    return DataError(f"{path} is truncated or not official ({reason}); replace it and run again")
