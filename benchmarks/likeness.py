"""Genuine images beside rendered ones, as pictures and as mean absolute differences of pixels.

python benchmarks/likeness.py FOLDER     genuine images in $BETASCAN_DATA, panels into FOLDER
"""

import os
import sys
from pathlib import Path

import numpy as np

from betascan.data import dsprites, mpi3d, shapes3d
from betascan.data.catalog import IMAGE_SETS
from betascan.plots.image_grid import COLUMNS, grid
from betascan.plots.saving import save
from betascan.plots.style import themed


def show(name: str, labels: list[str], rows: list[np.ndarray], source: str) -> None:
    png, pdf = (FOLDER / f"{name}_likeness.{kind}" for kind in ("png", "pdf"))
    with themed():
        figure = grid(labels, rows, IMAGE_SETS[name].label)
        save(figure, png, pdf, f"betascan · genuine images: {source}")


def compare_dsprites() -> None:
    with np.load(ROOT / "dsprites/dsprites_subset.npz") as file:
        genuine, classes = file["imgs"], file["latents_classes"]
    rendered = dsprites.render(classes)
    differing = np.flatnonzero((rendered != genuine).any(axis=(1, 2)))
    equal = len(genuine) - len(differing)
    print(f"dsprites: {equal} of {len(genuine)} equal bit for bit")
    evenly = np.linspace(0, len(genuine) - 1, COLUMNS - len(differing)).astype(int)
    shown = np.append(evenly, differing)
    rows = [255 * images[shown, ..., None] for images in (genuine, rendered, rendered ^ genuine)]
    show("dsprites", ["genuine", "rendered", "difference"], rows, "dSprites, Apache-2.0")


def hue(pixels: np.ndarray) -> int:
    """Return the class of the most frequent of the ten hues among pixels (n, 3)."""
    colours = shapes3d.hue_to_rgb(np.arange(10) / 10)
    bright = pixels.astype(float) / np.maximum(pixels.max(axis=1, keepdims=True), 1)
    return int(np.bincount(np.abs(bright[:, None] - colours).sum(axis=2).argmin(axis=1)).argmax())


def compare_shapes3d() -> None:
    with np.load(ROOT / "shapes3d/3dshapes_nb50.npz") as file:
        genuine = file["images"]
    geometries = np.stack(np.unravel_index(np.arange(480), (8, 4, 15)), axis=1)
    differences, nearest = [], []
    for image in genuine:  # they have no labels: the hues are measured, the geometry is fitted
        floor, wall, solid = image[57:], image[18:24], image[40:48, 30:34]
        hues = [hue(part.reshape(-1, 3)) for part in (floor, wall, solid)]
        candidates = shapes3d.render(np.column_stack([np.tile(hues, (480, 1)), geometries]))
        # the last row and column of the genuine images are approximate
        difference = np.abs(candidates.astype(int) - image)[:, :63, :63].mean(axis=(1, 2, 3))
        differences.append(difference.min())
        nearest.append(candidates[difference.argmin()])
    mean, median = np.mean(differences), np.median(differences)
    print(f"shapes3d: difference {mean:.1f} of 255, median {median:.1f}")
    parts = (slice(0, COLUMNS), slice(COLUMNS, 2 * COLUMNS))
    rows = [images[part] for part in parts for images in (genuine, np.stack(nearest))]
    show("shapes3d", ["genuine", "stand-in"] * 2, rows, "3D Shapes, Burgess & Kim, Apache-2.0")


def cycle(start: int) -> np.ndarray:
    """Return the classes of a joint in the frames of a GIF: up, down, and back to the start."""
    path = np.linspace(start, start + 80, 20, endpoint=False)
    path -= np.maximum(0, 2 * path - 78)
    return np.abs(path).astype(int)[FRAMES]


FRAMES = np.linspace(0, 19, 6).astype(int)
REAL1, REAL2, COMPLEX1 = [2, 0, 1, 1, 0, 0, 13], [1, 4, 1, 2, 1, 39, 26], [3, 0, 1, 1, 2, 39, 10]
GIFS = {  # name of the GIF, classes at its start, the factor that varies, its classes
    "mpi3d_real": (
        mpi3d.REAL,
        [
            ("real2", REAL2, 1, [4, 5, 3, 0, 1, 4]),
            ("real1", REAL1, 3, [1, 2, 1, 0, 0, 1]),
            ("real1", REAL1, 5, cycle(0)),
            ("real1", REAL1, 6, cycle(13)),
        ],
    ),
    "mpi3d_real_complex": (
        mpi3d.REAL_COMPLEX,
        [
            ("complex1", COMPLEX1, 1, [0, 2, 3, 2, 1, 0]),
            ("complex1", COMPLEX1, 3, [1, 2, 1, 0, 0, 1]),
            ("complex1", COMPLEX1, 5, 39 - cycle(0)),
            ("complex1", COMPLEX1, 6, cycle(10)),
        ],
    ),
}


def compare_mpi3d(name: str) -> None:
    factors, traversals = GIFS[name]
    labels, rows, differences = [], [], []
    with np.load(ROOT / "mpi3d/mpi3d_gif_tiles.npz") as file:
        for gif, start, factor, varied in traversals:
            classes = np.tile(start, (len(FRAMES), 1))
            classes[:, factor] = varied
            genuine, rendered = file[gif][factor][FRAMES], mpi3d.render(classes, factors)
            differences.append(np.abs(genuine.astype(int) - rendered).mean())
            rows += [genuine, rendered]
            labels += [factors.names[factor].replace("_", " "), "stand-in"]
    print(f"{name}: difference {np.mean(differences):.1f} of 255")
    show(name, labels, rows, "GIFs of MPI3D, Gondal et al. 2019, CC BY 4.0")


if __name__ == "__main__":
    ROOT, FOLDER = Path(os.environ["BETASCAN_DATA"]), Path(sys.argv[1])
    compare_dsprites()
    compare_shapes3d()
    for each in GIFS:
        compare_mpi3d(each)
