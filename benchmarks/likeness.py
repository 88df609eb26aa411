"""Genuine images beside ours, as pictures and as mean differences of pixels.

python benchmarks/likeness.py FOLDER     genuine images in $BETASCAN_DATA, panels into FOLDER
"""

import os
import sys
from pathlib import Path

import numpy as np

from betascan.data import dsprites, mpi3d, shapes3d
from betascan.plots.image_grid import COLUMNS, draw

ROOT, FOLDER = Path(os.environ["BETASCAN_DATA"]), Path(sys.argv[1])


def show(name: str, labels: list[str], rows: list[np.ndarray], source: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [FOLDER / f"{name}_likeness.{kind}" for kind in ("png", "pdf")]
    draw(labels, rows, *paths, f"betascan · genuine images: {source}")


def sprites() -> None:
    with np.load(ROOT / "dsprites/dsprites_subset.npz") as file:
        genuine, classes = file["imgs"], file["latents_classes"]
    ours = dsprites.render(classes)
    differs = np.flatnonzero((ours != genuine).any(axis=(1, 2)))
    print(f"dsprites: {len(genuine) - len(differs)} of {len(genuine)} equal bit for bit")
    some = np.append(np.linspace(0, len(genuine) - 1, COLUMNS - len(differs)).astype(int), differs)
    rows = [255 * images[some, ..., None] for images in (genuine, ours, ours ^ genuine)]
    show("dsprites", ["genuine", "rendered", "difference"], rows, "dSprites, Apache-2.0")


def hue(pixels: np.ndarray) -> int:
    """Class of the colour most frequent among pixels (n, 3), for hues of ten."""
    colours = shapes3d.hues(np.arange(10) / 10)
    bright = pixels.astype(float) / np.maximum(pixels.max(axis=1, keepdims=True), 1)
    return np.bincount(np.abs(bright[:, None] - colours).sum(axis=2).argmin(axis=1)).argmax()


def room() -> None:
    with np.load(ROOT / "shapes3d/3dshapes_nb50.npz") as file:
        genuine = file["images"]
    geometries = np.stack(np.unravel_index(np.arange(480), (8, 4, 15)), axis=1)
    ours = []
    for image in genuine:  # which carries no labels: take those that fit best
        hues = [hue(image[57:, :, :].reshape(-1, 3)), hue(image[18:24, :].reshape(-1, 3))]
        hues.append(hue(image[40:48, 30:34].reshape(-1, 3)))
        tried = shapes3d.render(np.column_stack([np.tile(hues, (480, 1)), geometries]))
        away = np.abs(tried.astype(int) - image)[:, :63, :63].mean(axis=(1, 2, 3))
        ours.append((away.min(), tried[away.argmin()]))
    away = np.array([a for a, _ in ours])
    print(f"shapes3d: {away.mean():.1f} of 255 apart, median {np.median(away):.1f}")
    pictures = np.stack([image for _, image in ours])
    rows = [
        part for k in (0, COLUMNS) for part in (genuine[k : k + COLUMNS], pictures[k : k + COLUMNS])
    ]
    show("shapes3d", ["genuine", "stand-in"] * 2, rows, "3D Shapes, Burgess & Kim, Apache-2.0")


def cycle(start: int) -> np.ndarray:
    """Classes of a joint in the frames shown of a GIF: up, down, and back to the start."""
    path = np.linspace(start, start + 80, 20, endpoint=False)
    path -= np.maximum(0, 2 * path - 78)
    return np.abs(path).astype(int)[FRAMES]


FRAMES = np.linspace(0, 19, 6).astype(int)
REAL1, REAL2, COMPLEX1 = [2, 0, 1, 1, 0, 0, 13], [1, 4, 1, 2, 1, 39, 26], [3, 0, 1, 1, 2, 39, 10]
ARMS = {  # which GIF; classes at its start; the factor that varies, and its classes as seen
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


def arm(name: str) -> None:
    grid, shown = ARMS[name]
    labels, rows = [], []
    with np.load(ROOT / "mpi3d/mpi3d_gif_tiles.npz") as file:
        for gif, start, factor, varied in shown:
            classes = np.tile(start, (len(FRAMES), 1))
            classes[:, factor] = varied
            rows += [file[gif][factor][FRAMES], mpi3d.render(classes, grid)]
            labels += [grid.names[factor].replace("_", " "), "stand-in"]
    away = [np.abs(a.astype(int) - b).mean() for a, b in zip(rows[::2], rows[1::2], strict=True)]
    print(f"{name}: {np.mean(away):.1f} of 255 apart")
    show(name, labels, rows, "GIFs of MPI3D, Gondal et al. 2019, CC BY 4.0")


if __name__ == "__main__":
    sprites()
    room()
    for each in ARMS:
        arm(each)
