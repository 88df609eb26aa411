"""The image data sets by name, and how their canonical files are made."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from betascan.core.errors import DataError
from betascan.data import dsprites, mpi3d, official, shapes3d, store
from betascan.data.grid import Classes, Grid, Rows
from betascan.data.store import Pixels

_BLOCK = 1024
"""Images rendered at a time."""


@dataclass(frozen=True)
class ImageSet:
    """A data set of images with factors."""

    grid: Grid
    maximum: int
    """The value of full brightness."""
    render: Callable[[Classes], Pixels]
    """From classes (n, F) to images (n, H, W, C), without any file."""
    rendered: str
    """What rendered images are, as provenance and figures say it."""


def _dsprites(classes: Classes) -> Pixels:
    return dsprites.render(classes)[..., None]


IMAGE_SETS = {
    "dsprites": ImageSet(dsprites.GRID, 1, _dsprites, "dSprites, rendered"),
    "shapes3d": ImageSet(
        shapes3d.GRID, 255, shapes3d.render, "stand-in: a made-up room, not 3D Shapes"
    ),
    "mpi3d_real": ImageSet(
        mpi3d.REAL, 255, mpi3d.render, "stand-in: a made-up arm, not MPI3D-real"
    ),
    "mpi3d_real_complex": ImageSet(
        mpi3d.REAL_COMPLEX,
        255,
        partial(mpi3d.render, grid=mpi3d.REAL_COMPLEX),
        "stand-in: a made-up arm, not MPI3D-real-complex",
    ),
}


def write_rendered(path: Path, name: str, images: int, seed: int, threads: int = 1) -> None:
    """Render ``images`` images of a data set, drawn by ``seed``, into a file of `store.write`.

    Raises:
        DataError: the disk is full.
    """
    data = IMAGE_SETS[name]
    rows = data.grid.draw(images, seed)
    blocks = rendered(data, rows, threads)
    store.write(path, data.grid, rows, blocks, source=data.rendered, maximum=data.maximum)


def write_official(path: Path, name: str, images: int, seed: int, root: str | None) -> None:
    """Convert a data set's official file; ``images`` of it, drawn by ``seed``.

    The file comes from the data root (``root`` or BETASCAN_DATA), else from its providers. What
    was downloaded is removed in the end, and at once if it is damaged.

    Raises:
        DataError: the official file cannot be had, is damaged, or the disk is full.
    """
    data, folder = IMAGE_SETS[name], path.parent / "official"
    rows = data.grid.draw(images, seed)
    file, version = official.obtain(name, folder, root)
    blocks = official.blocks(file, name, data.grid)
    downloaded = file.parent == folder
    if downloaded:
        blocks = _or_removed(blocks, file)
    source = f"{version.file}, {version.reference}, {version.terms}"
    chosen = _chosen(blocks, rows)
    store.write(path, data.grid, rows, chosen, source=source, maximum=data.maximum)
    official.remember(file, version, folder)
    if downloaded:
        file.unlink()


def _or_removed(blocks: Iterator[Pixels], file: Path) -> Iterator[Pixels]:
    try:
        yield from blocks
    except DataError as error:
        file.unlink()
        raise DataError(
            f"{str(error).split(';')[0]}; it has been removed, run again to download it afresh"
        ) from None


def rendered(data: ImageSet, rows: Rows, threads: int) -> Iterator[Pixels]:
    """Yield the images ``rows`` of a data set in blocks, ``threads`` of them made at a time."""
    parts = np.split(rows, range(_BLOCK, len(rows), _BLOCK))
    with ThreadPoolExecutor(threads) as pool:  # numpy's loops run without the interpreter's lock
        for first in range(0, len(parts), threads):
            some = parts[first : first + threads]
            yield from pool.map(lambda part: data.render(data.grid.classes(part)), some)


def _chosen(blocks: Iterator[Pixels], rows: Rows) -> Iterator[Pixels]:
    """Pick the images ``rows``, in order, out of all of them."""
    start = 0
    for block in blocks:
        first, last = np.searchsorted(rows, (start, start + len(block)))
        yield block[rows[first:last] - start]
        start += len(block)
