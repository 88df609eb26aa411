"""The canonical file of an image data set: written in one pass, read by index in bounded memory.

One HDF5 file: ``images`` uint8 (N, H, W, C), chunked and compressed, ``factors`` int64 (N, F), the
classes; attributes ``names`` and ``sizes`` of the factors, ``levels`` (their values, JSON),
``maximum`` (the value of full brightness: 1 for binary images), ``source``, ``fingerprint``.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.core.errors import DataError
from betascan.core.files import staged
from betascan.data.grid import Classes, Grid, Rows

Pixels = NDArray[np.uint8]
"""Images (n, H, W, C)."""

_CHUNK_BYTES = 1 << 14
_SLAB = 2048
"""Images read at a time while loading."""
_FACTS = ("names", "sizes", "levels", "maximum", "source", "fingerprint")


def write(
    path: Path, grid: Grid, indices: Rows, blocks: Iterable[Pixels], *, source: str, maximum: int
) -> None:
    """Write the images ``indices`` of ``grid``, which ``blocks`` yield in that order.

    ``source`` says where they come from, ``maximum`` which value is full brightness. The file
    appears complete or not at all; the same images give the same bytes.

    Raises:
        DataError: too few or too many images, or the disk is full.
    """
    factors = grid.classes(indices)
    digest = hashlib.sha256(factors.astype("<i8").tobytes())
    with staged(path) as temporary, h5py.File(temporary, "w") as file:
        done = 0
        for block in blocks:
            if "images" not in file:
                _create(file, len(indices), block.shape[1:])
            if done + len(block) <= len(indices):
                file["images"][done : done + len(block)] = block
            digest.update(np.ascontiguousarray(block).data)
            done += len(block)
        if done != len(indices):
            raise DataError(f"{source} has {done} images where {len(indices)} are expected")
        file["factors"] = factors
        file.attrs["names"] = grid.names
        file.attrs["sizes"] = grid.sizes
        file.attrs["levels"] = json.dumps(dict(grid.levels))
        file.attrs["maximum"] = maximum
        file.attrs["source"] = source
        file.attrs["fingerprint"] = digest.hexdigest()


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
    maximum: int
    source: str
    fingerprint: str


class Images:
    """The images of a file of `write`, by row.

    They are held in memory if ``memory_mb`` allows (binary images eight pixels a byte, so that
    all of dSprites takes 378 MB), else read from the file at every access. ``rows`` restricts
    to some of them, which are then numbered from 0 in the order given.

    ``factors`` (n, F) are their classes, ``facts`` what the file says, ``place`` is one of
    "memory, packed", "memory" and "disk". Close it, or use it in a ``with`` statement.

    Raises:
        DataError: the file is missing, damaged, or something else; a row it does not have.
    """

    def __init__(self, path: Path, rows: ArrayLike | None = None, *, memory_mb: float = 8000):
        self._path = path
        try:
            self._file = h5py.File(path)
            self._images, factors = self._file["images"], self._file["factors"][()]
            self.facts = _facts(self._file.attrs)
        except (OSError, KeyError, ValueError) as error:
            raise DataError(
                f"{path}: no file of images ({error}); delete it and run again"
            ) from None
        self._rows = np.arange(len(factors)) if rows is None else np.asarray(rows, np.int64)
        if self._rows.size and not 0 <= self._rows.min() <= self._rows.max() < len(factors):
            raise DataError(f"{path} has the rows 0 to {len(factors) - 1}; ask for no others")
        self.factors: Classes = factors[self._rows]
        self.shape: tuple[int, int, int] = self._images.shape[1:]
        packed = self.facts.maximum == 1
        self._size = int(np.prod(self.shape))
        self._width = -(-self._size // 8) if packed else self._size
        self.place = "disk"
        self._held: Pixels | None = None
        if len(self) * self._width <= memory_mb * 1e6:
            self.place = "memory, packed" if packed else "memory"
            self._held = self._load(packed)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._rows)

    def __getitem__(self, rows: ArrayLike) -> Pixels:
        """Return a batch (k, H, W, C) of the images ``rows`` (k,), repetitions allowed.

        ``torch.from_numpy(batch).permute(0, 3, 1, 2)`` is a tensor without a copy.

        Raises:
            DataError: the file is damaged.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        if self._held is None:
            return self._read(self._rows[wanted])
        taken = self._held[wanted]
        if self.place == "memory, packed":
            taken = np.unpackbits(taken, axis=1, count=self._size)
        return taken.reshape(-1, *self.shape)

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

    def _load(self, packed: bool) -> Pixels:
        """Read the chosen rows slab by slab, each chunk of the file once."""
        held = np.empty((len(self), self._width), dtype=np.uint8)
        order = np.argsort(self._rows, kind="stable")
        in_order = self._rows[order]
        for start in range(0, len(self._images), _SLAB):
            first, last = np.searchsorted(in_order, (start, start + _SLAB))
            if first == last:
                continue
            slab = self._slab(start)[in_order[first:last] - start].reshape(last - first, -1)
            held[order[first:last]] = np.packbits(slab, axis=1) if packed else slab
        return held

    def _slab(self, start: int) -> Pixels:
        try:
            return self._images[start : start + _SLAB]
        except OSError as error:
            raise self._damaged(error) from None

    def _read(self, rows: Rows) -> Pixels:
        batch = np.empty((len(rows), *self.shape), dtype=np.uint8)
        try:
            for place, row in enumerate(rows):  # h5py's own lists of rows are many times slower
                self._images.read_direct(batch, np.s_[row], np.s_[place])
        except OSError as error:
            raise self._damaged(error) from None
        return batch

    def _damaged(self, error: OSError) -> DataError:
        return DataError(f"{self._path} is damaged ({error}); delete it and run again")


def _facts(attributes: Any) -> Facts:
    names, _, levels, maximum, source, fingerprint = (attributes[name] for name in _FACTS)
    values = json.loads(levels)
    return Facts(
        grid=Grid({str(name): tuple(values[name]) for name in names}),
        maximum=int(maximum),
        source=str(source),
        fingerprint=str(fingerprint),
    )
