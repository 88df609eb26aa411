"""The canonical file of an image data set: written in one pass, read by index in bounded memory.

One HDF5 file: ``images`` uint8 (images, height, width, channels), chunked and compressed,
``factors`` int64 (images, factors), the classes; attributes ``names`` and ``sizes`` of the factors,
``levels`` (their values, JSON), ``maximum`` (the value of full brightness: 1 for binary images),
``source``, ``fingerprint``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from jaxtyping import UInt8
from numpy.typing import ArrayLike

from betascan.core.errors import DataError
from betascan.core.files import check_space, reading, staged
from betascan.data.grid import Classes, Grid, Rows, integers

Pixels = UInt8[np.ndarray, "images height width channels"]

_CHUNK_BYTES = 1 << 14
_SLAB = 2048
"""Images at a time: read while loading, and written between two checks of the free disk space."""
_MARGIN = 1 << 20
"""Disk space in bytes for what HDF5 writes in addition to the images."""
_FACTS = ("names", "sizes", "levels", "maximum", "source", "fingerprint")


def write(
    path: str | Path,
    grid: Grid,
    indices: ArrayLike,
    blocks: Iterable[Any],
    *,
    source: str,
    maximum: int,
) -> None:
    """Write images of a data set.

    Parameters
    ----------
    path : str or Path
        The file, which appears complete or not at all. The same images give the same bytes.
    grid : Grid
        The factors of the data set.
    indices : array_like of int, shape (n,)
        Which images of the grid are written.
    blocks : iterable of ndarray of uint8, shape (k, height, width, channels)
        The images in that order, in blocks of any size: square, with 1 or 3 channels.
    source : str
        Where they come from.
    maximum : int
        The value of full brightness: 1 for binary images, else 255.

    Raises
    ------
    DataError
        The images are not of this form, too few or too many, or the disk is full.
    """
    if not 1 <= maximum <= 255:
        raise DataError(f"maximum, the value of full brightness, is 1 to 255, not {maximum}")
    factors = grid.classes(indices)
    digest = hashlib.sha256(factors.astype("<i8").tobytes())
    shape, brightest, done = None, 0, 0
    with staged(path) as temporary, h5py.File(temporary, "w") as file:
        for block in blocks:
            images = _validated(block, maximum, shape)
            if shape is None:
                shape = images.shape[1:]
                _create(file, len(factors), shape)
            if done + len(images) <= len(factors):
                for start in range(0, len(images), _SLAB):
                    slab = images[start : start + _SLAB]
                    # HDF5 does not survive a full disk: it crashes while closing the file
                    check_space(temporary.parent, slab.nbytes + _MARGIN)
                    file["images"][done + start : done + start + len(slab)] = slab
            digest.update(np.ascontiguousarray(images).data)
            brightest = max(brightest, int(images.max(initial=0)))
            done += len(images)
        if shape is None or done != len(factors):
            raise DataError(f"{source} has {done} images where {len(factors)} are expected")
        if brightest == 1 < maximum:
            raise DataError(
                f"{source}: the images are 0 and 1, so that full brightness is maximum=1, "
                f"not {maximum}"
            )
        file["factors"] = factors
        file.attrs["names"] = grid.names
        file.attrs["sizes"] = grid.sizes
        file.attrs["levels"] = json.dumps(dict(grid.levels))
        file.attrs["maximum"] = maximum
        file.attrs["source"] = source
        file.attrs["fingerprint"] = digest.hexdigest()


def _validated(block: Any, maximum: int, shape: tuple[int, ...] | None) -> Pixels:
    """Return a block of images as an array; `shape` is that of the previous images."""
    images = np.asarray(block)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.shape[1] != images.shape[2]:
        hint = "; add the axis of the channel, images[..., None]" if images.ndim == 3 else ""
        if images.ndim == 4 and images.shape[1] in (1, 3):
            hint = "; move the channels to the end, np.moveaxis(images, 1, 3)"
        raise DataError(
            "images must be square and of shape (images, height, width, 1 or 3 channels), not "
            f"{images.shape}{hint}"
        )
    if shape is not None and images.shape[1:] != shape:
        raise DataError(f"all images must be of one shape, not {shape} and {images.shape[1:]}")
    if images.dtype != np.uint8:
        scaling = (
            f"; convert those from 0 to 1 with np.rint({maximum} * images).astype(np.uint8)"
            if images.dtype.kind == "f"
            else ""
        )
        raise DataError(f"images must be uint8 from 0 to {maximum}, not {images.dtype}{scaling}")
    if images.max(initial=0) > maximum:
        raise DataError(
            f"images go up to {images.max()}, above full brightness, maximum={maximum}; "
            "binary images are 0 and 1, others have maximum=255"
        )
    return images


def _create(file: Any, number: int, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape))
    file.create_dataset(
        "images",
        shape=(number, *shape),
        chunks=(min(number, max(1, _CHUNK_BYTES // size)), *shape),
        dtype=np.uint8,
        compression="gzip",
        compression_opts=1,
    )


@dataclass(frozen=True)
class Facts:
    """What a file says about its images."""

    grid: Grid
    """The factors of the data set, of which the file may hold only a part."""
    maximum: int
    """The value of full brightness."""
    source: str
    """Where the images come from."""
    fingerprint: str
    """SHA-256 of classes and pixels."""


class Images:
    """The images of a file of `write`, by row.

    Close it, or use it in a ``with`` statement. It can be pickled, and reopens the file where it is
    unpickled, for example in the workers of a data loader.

    Parameters
    ----------
    path : str or Path
        The file.
    rows : array_like of int, shape (n,), optional
        Restricts to some of the images, which are then numbered from 0 in this order.
    memory_mb : float
        The images are held in memory if they fit into this many megabytes (binary images with
        eight pixels per byte, so that all of dSprites takes 378 MB), otherwise read at every
        access.

    Attributes
    ----------
    factors : ndarray of int64, shape (n, factors)
        Their classes.
    facts : Facts
        What the file says about them.
    shape : tuple of int
        Height, width and channels of an image.
    place : str
        Where the images are: "memory, packed", "memory" or "disk".

    Raises
    ------
    DataError
        The file is missing, locked, damaged, not what it should be, or lacks one of the rows.
    """

    def __init__(
        self, path: str | Path, rows: ArrayLike | None = None, *, memory_mb: float = 8000
    ) -> None:
        self._path, self._memory_mb = Path(path), memory_mb
        with reading(path):
            self._file = h5py.File(path)
            self._images, factors = self._file["images"], self._file["factors"][()]
            self.facts = _facts(self._file.attrs)
        self._rows = np.arange(len(factors)) if rows is None else integers(rows, "rows")
        if self._rows.size and not 0 <= self._rows.min() <= self._rows.max() < len(factors):
            raise DataError(f"{path} has the rows 0 to {len(factors) - 1}; ask for no others")
        self.factors: Classes = factors[self._rows]
        self.shape: tuple[int, int, int] = self._images.shape[1:]
        packed = self.facts.maximum == 1
        self._size = int(np.prod(self.shape))
        self._width = -(-self._size // 8) if packed else self._size
        self.place = "disk"
        self._held: UInt8[np.ndarray, "images bytes"] | None = None
        if len(self) * self._width <= memory_mb * 1e6:
            self.place = "memory, packed" if packed else "memory"
            self._held = self._load(packed)

    def __reduce__(self) -> tuple[Callable[..., "Images"], tuple[Path, Rows]]:
        """Return how to reopen the images."""
        return partial(Images, memory_mb=self._memory_mb), (self._path, self._rows)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._rows)

    def __getitem__(self, rows: ArrayLike) -> UInt8[np.ndarray, "*rows height width channels"]:
        """Return a batch of images.

        ``torch.from_numpy(batch).permute(0, 3, 1, 2)`` gives a tensor without copying.

        Parameters
        ----------
        rows : array_like of int, shape (k,)
            Rows in any order, repetitions allowed. A single row gives a single image.

        Returns
        -------
        ndarray of uint8, shape (k, height, width, channels)
            The images.

        Raises
        ------
        DataError
            The rows are not integers, or the file is damaged.
        ValueError
            The file is closed and its images are not held in memory.
        """
        index = integers(rows, "rows")
        if self._held is None:
            batch = self._read(self._rows[index.ravel()])
        else:
            batch = self._held[index.ravel()]
            if self.place == "memory, packed":
                batch = np.unpackbits(batch, axis=1, count=self._size)
        return batch.reshape(*index.shape, *self.shape)

    def close(self) -> None:
        """Close the file; images held in memory stay readable."""
        self._file.close()

    def __enter__(self) -> "Images":
        """Return the images themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def _load(self, packed: bool) -> UInt8[np.ndarray, "images bytes"]:
        """Read the chosen rows slab by slab, each chunk of the file once."""
        held = np.empty((len(self), self._width), dtype=np.uint8)
        order = np.argsort(self._rows, kind="stable")
        in_order = self._rows[order]
        for start in range(0, len(self._images), _SLAB):
            first, last = np.searchsorted(in_order, (start, start + _SLAB))
            if first == last:
                continue
            with reading(self._path):
                slab = self._images[start : start + _SLAB]
            chosen = slab[in_order[first:last] - start].reshape(last - first, -1)
            held[order[first:last]] = np.packbits(chosen, axis=1) if packed else chosen
        return held

    def _read(self, rows: Rows) -> Pixels:
        if not self._file:
            raise ValueError(f"{self._path} is closed")
        batch = np.empty((len(rows), *self.shape), dtype=np.uint8)
        with reading(self._path):
            for place, row in enumerate(rows):  # lists of rows in h5py are many times slower
                self._images.read_direct(batch, np.s_[row], np.s_[place])
        return batch


def _facts(attributes: Any) -> Facts:
    names, _, levels, maximum, source, fingerprint = (attributes[name] for name in _FACTS)
    values = json.loads(levels)
    return Facts(
        grid=Grid({str(name): values[name] for name in names}),
        maximum=int(maximum),
        source=str(source),
        fingerprint=str(fingerprint),
    )
