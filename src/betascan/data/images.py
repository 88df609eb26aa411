"""How the canonical files of the image data sets are made."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from betascan.data import dsprites, mpi3d, official, shapes3d, store
from betascan.data.grid import Classes, Grid, Rows
from betascan.data.store import Pixels

_BLOCK = 1024
"""Images rendered at a time."""


@dataclass(frozen=True)
class Renderer:
    """A data set of images with factors; its labels are in `betascan.data.catalog`."""

    grid: Grid
    """The factors."""
    maximum: int
    """The value of full brightness."""
    render: Callable[[Classes], Pixels]
    """Maps classes (n, factors) to images (n, height, width, channels), without any file."""
    rendered: str
    """The source that the file of rendered images names."""


def _dsprites(classes: Classes) -> Pixels:
    return dsprites.render(classes)[..., None]


RENDERED = {
    "dsprites": Renderer(dsprites.GRID, 1, _dsprites, "dSprites, rendered"),
    "shapes3d": Renderer(
        shapes3d.GRID, 255, shapes3d.render, "stand-in: a made-up room, not 3D Shapes"
    ),
    "mpi3d_real": Renderer(
        mpi3d.REAL, 255, mpi3d.render, "stand-in: a made-up arm, not MPI3D-real"
    ),
    "mpi3d_real_complex": Renderer(
        mpi3d.REAL_COMPLEX,
        255,
        partial(mpi3d.render, grid=mpi3d.REAL_COMPLEX),
        "stand-in: a made-up arm, not MPI3D-real-complex",
    ),
}
"""Data sets by their names in `betascan.data.catalog`."""


def write_rendered(path: str | Path, name: str, images: int, seed: int, threads: int = 1) -> None:
    """Render a data set, or a part of it, into a file of `store.write`.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        One of `RENDERED`.
    images : int
        How many images, drawn at random; all if there are no more.
    seed : int
        Seed of the draw.
    threads : int
        Blocks of images rendered at a time.

    Raises
    ------
    DataError
        The disk is full.
    """
    data = RENDERED[name]
    rows = data.grid.draw(images, seed)
    blocks = rendered(data, rows, threads)
    store.write(path, data.grid, rows, blocks, source=data.rendered, maximum=data.maximum)


def write_official(path: str | Path, name: str, images: int, seed: int, root: str | None) -> None:
    """Convert a data set's official file, or a part of it, into a file of `store.write`.

    A downloaded file is removed at the end; the user's own copy is left alone.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        One of `RENDERED`.
    images : int
        How many images, drawn at random; all if there are no more.
    seed : int
        Seed of the draw.
    root : str or None
        ``data.root`` of the configuration: where the user's own copies are looked for.

    Raises
    ------
    DataError
        The official file cannot be obtained or is damaged, or the disk is full.
    """
    data, folder = RENDERED[name], Path(path).parent / "official"
    rows = data.grid.draw(images, seed)
    file, version = official.obtain(name, data.grid, folder, root)
    source = f"{version.file}, {version.reference}, {version.terms}"
    chosen = _select(official.blocks(file, name, data.grid), rows)
    store.write(path, data.grid, rows, chosen, source=source, maximum=data.maximum)
    official.remember(file, version, folder)
    if file.parent == folder:
        file.unlink()


def rendered(data: Renderer, rows: Rows, threads: int) -> Iterator[Pixels]:
    """Render images block by block.

    Parameters
    ----------
    data : Renderer
        The data set.
    rows : ndarray of int64, shape (n,)
        Indices of images.
    threads : int
        Blocks rendered at a time.

    Yields
    ------
    ndarray of uint8, shape (k, height, width, channels)
        The images in this order.
    """
    parts = np.split(rows, range(_BLOCK, len(rows), _BLOCK))
    with ThreadPoolExecutor(threads) as pool:  # numpy's loops release the GIL
        for first in range(0, len(parts), threads):
            batch = parts[first : first + threads]
            yield from pool.map(lambda part: data.render(data.grid.classes(part)), batch)


def _select(blocks: Iterator[Pixels], rows: Rows) -> Iterator[Pixels]:
    """Pick the images ``rows``, in order, out of all of them."""
    start = 0
    for block in blocks:
        first, last = np.searchsorted(rows, (start, start + len(block)))
        yield block[rows[first:last] - start]
        start += len(block)
