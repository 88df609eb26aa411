"""The providers' own files: located or downloaded, checked, and read in bounded memory.

`versions.csv` lists the files of every data set with their addresses, sizes, hashes and terms.
Nothing in a file is ever unpickled: the arrays are read using their headers alone.

``real.npz`` is MPI3D-real at its current address, where copies made between May 2024 and April
2025 are corrupt (github.com/rr-learning/disentanglement_dataset/issues/5); its hash is not known.
"""

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float64, Int64
from numpy.lib import format as npy

from betascan.core.errors import ContentError
from betascan.core.files import reading, staged
from betascan.data.download import REPLACE, DownloadError, data_root, fetch, locate_or_download
from betascan.data.grid import Grid, Rows
from betascan.data.store import Pixels

_BLOCK = 1024
"""Images read at a time: 13 MB for the largest."""


@dataclass(frozen=True)
class Version:
    """A line of `versions.csv`."""

    name: str
    """The data set, as in `betascan.data.catalog`."""
    file: str
    """The name of the file."""
    bytes: int | None
    """Its size, if known."""
    hash: str
    """``algorithm:digest``, or empty: then the first good copy sets it."""
    urls: tuple[str, ...]
    """Addresses of exactly this file, the provider's first."""
    terms: str
    """The licence."""
    reference: str
    """Author and year."""


def versions(name: str) -> list[Version]:
    """Return the official files of a data set.

    Parameters
    ----------
    name : str
        The data set.

    Returns
    -------
    list of Version
        Each of them holds the whole data set; the preferred one comes first.
    """
    table = resources.files("betascan.data").joinpath("versions.csv").read_text()
    return [
        Version(
            **row | {"bytes": int(row["bytes"] or 0) or None, "urls": tuple(row["urls"].split())}
        )
        for row in csv.DictReader(table.splitlines())
        if row["name"] == name
    ]


def obtain(name: str, grid: Grid, folder: Path, root: str | None) -> tuple[Path, Version]:
    """Return a data set's official file: the user's own copy or a download.

    Parameters
    ----------
    name : str
        The data set.
    grid : Grid
        Its factors.
    folder : Path
        Where downloads and the hashes of first copies are kept.
    root : str or None
        As ``configured`` of `data_root`: where the user's own copies are looked for.

    Returns
    -------
    path : Path
        The file; size and hash are checked.
    version : Version
        Which of the official files it is.

    Raises
    ------
    ContentError
        The user's own copy is not the official file.
    DataError
        The download failed.
    """
    known = {version.file.lower(): version for version in versions(name)}

    def check_download(path: Path) -> None:
        version = known[path.name.lower()]
        check(path, version, folder)
        if not version.hash:
            for _ in blocks(path, name, grid):
                pass

    def download() -> Path:
        failures = []
        for version in known.values():
            path = folder / version.file
            try:
                fetch(version.urls, path, check_download)
            except DownloadError as error:
                failures.append(str(error))
            else:
                return path
        raise DownloadError("; ".join(failures))

    names = [version.file for version in known.values()]
    path = locate_or_download(names, data_root(root), download)
    version = known[path.name.lower()]
    if path.parent != folder:
        check(path, version, folder)
    return path, version


def check(path: Path, version: Version, folder: Path) -> None:
    """Compare a file with what is known about it or was recorded by `remember`.

    Parameters
    ----------
    path : Path
        The file.
    version : Version
        Which of the official files it should be.
    folder : Path
        Where the hashes of first copies are kept.

    Raises
    ------
    ContentError
        The size or the hash differs.
    DataError
        The system refuses to read the file.
    """
    with reading(path):
        size = path.stat().st_size
    if version.bytes not in (None, size):
        raise ContentError(f"{path} has {size} bytes, the official file {version.bytes}; {REPLACE}")
    first = _hash_file(version, folder)
    expected = version.hash or (first.read_text().strip() if first.exists() else "")
    if expected and (actual := _hash(path, expected.split(":")[0])) != expected:
        other = "the official file" if version.hash else f"the first copy ({first})"
        raise ContentError(f"{path} differs from {other}, it has {actual}; {REPLACE}")


def remember(path: Path, version: Version, folder: Path) -> None:
    """Record the hash of the first good copy if the providers state none.

    Parameters
    ----------
    path : Path
        The file, which has been read without errors.
    version : Version
        Which of the official files it is.
    folder : Path
        Where the hashes of first copies are kept.

    Raises
    ------
    DataError
        The disk is full.
    """
    if not version.hash and not _hash_file(version, folder).exists():
        with staged(_hash_file(version, folder)) as temporary:
            temporary.write_text(_hash(path, "sha256") + "\n")


def _hash_file(version: Version, folder: Path) -> Path:
    return folder / f"{version.file}.sha256"


def _hash(path: Path, algorithm: str) -> str:
    with reading(path), path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


@dataclass(frozen=True)
class _Layout:
    """Where a file keeps its images, and the labels that verify their order."""

    images: str
    shape: tuple[int, ...]
    maximum: int = 255
    labels: str | None = None
    expected: Callable[[Grid, Rows], np.ndarray] = Grid.classes


def _with_colour(grid: Grid, indices: Rows) -> Int64[np.ndarray, "n factors"]:
    return np.pad(grid.classes(indices), ((0, 0), (1, 0)))  # dSprites' only colour comes first


def _values(grid: Grid, indices: Rows) -> Float64[np.ndarray, "n factors"]:
    return grid.values(grid.classes(indices))


_LAYOUTS = {
    ("dsprites", ".npz"): _Layout("imgs", (64, 64), 1, "latents_classes", _with_colour),
    ("dsprites", ".hdf5"): _Layout("imgs", (64, 64), 1, "latents/classes", _with_colour),
    ("shapes3d", ".h5"): _Layout("images", (64, 64, 3), 255, "labels", _values),
    ("mpi3d_real", ".npz"): _Layout("images", (64, 64, 3)),
    ("mpi3d_real_complex", ".npz"): _Layout("images", (64, 64, 3)),
}


def blocks(path: Path, name: str, grid: Grid) -> Iterator[Pixels]:
    """Read the images of an official file, a few MB at a time.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The data set.
    grid : Grid
        Its factors.

    Yields
    ------
    ndarray of uint8, shape (k, 64, 64, channels)
        The images in the order of the grid.

    Raises
    ------
    ContentError
        The file is damaged or has another layout, or its labels are not in the order of `grid`.
    DataError
        The system refuses to read the file.
    """
    suffix = path.suffix.lower()
    layout, read = _LAYOUTS[name, suffix], _npz if suffix == ".npz" else _hdf5
    if layout.labels is not None:
        first = 0
        width = (len(grid), layout.expected(grid, np.arange(1)).shape[1])
        for labels in read(path, layout.labels, width):
            expected = layout.expected(grid, np.arange(first, first + len(labels)))
            if labels.dtype.kind not in "iuf" or not np.allclose(labels, expected, atol=1e-6):
                raise ContentError(
                    f"{path}: '{layout.labels}' is not in the official order between images "
                    f"{first} and {first + len(labels)}; {REPLACE}"
                )
            first += len(labels)
    for images in read(path, layout.images, (len(grid), *layout.shape)):
        if images.dtype != np.uint8 or images.max() > layout.maximum:
            raise ContentError(
                f"{path}: '{layout.images}' must be uint8 up to {layout.maximum}, not "
                f"{images.dtype} up to {images.max()}; {REPLACE}"
            )
        yield images.reshape(len(images), 64, 64, -1)


def _npz(path: Path, key: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield an array of an NPZ file block by block, unpacking as it goes."""
    with (
        reading(path, REPLACE),
        zipfile.ZipFile(path) as members,
        members.open(f"{key}.npy") as stream,
    ):
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        actual, fortran, dtype = header[npy.read_magic(stream)](stream)
        _match(path, key, actual, shape, dtype, fortran)
        size = int(np.prod(shape[1:])) * dtype.itemsize
        for start in range(0, shape[0], _BLOCK):
            number = min(_BLOCK, shape[0] - start)
            packed = stream.read(number * size)
            yield np.frombuffer(packed, dtype).reshape(number, *shape[1:])
        if stream.read(1):  # at its end the archive itself checks the bytes
            raise ValueError(f"more bytes in '{key}' than its header says")


def _hdf5(path: Path, key: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield a data set of an HDF5 file block by block."""
    with reading(path, REPLACE), h5py.File(path) as file:
        array = file[key]
        _match(path, key, array.shape, shape, array.dtype)
        for start in range(0, shape[0], _BLOCK):
            yield array[start : start + _BLOCK]


def _match(
    path: Path,
    key: str,
    actual: tuple[int, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    fortran: bool = False,
) -> None:
    if actual != shape or dtype.kind not in "iuf" or fortran:
        raise ContentError(
            f"{path}: '{key}' is {dtype} {actual}, the official one has numbers {shape} row by "
            f"row; {REPLACE}"
        )
