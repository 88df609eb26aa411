"""Images a second: rendered in batches, and dSprites one image after the other.

python benchmarks/render.py [IMAGES]     on all cores, as the rules of the pipeline do it
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from betascan.data import dsprites
from betascan.data.grid import Rows
from betascan.data.images import RENDERED, Renderer, rendered

ROUNDS = 3
CORES = os.cpu_count() or 1


def plain(classes: np.ndarray) -> np.ndarray:
    """Test every pixel of every image against its polygon (matplotlib's, in C++)."""
    from matplotlib.path import Path

    centres = np.stack(np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5), axis=-1)
    images = []
    for each in classes:
        outline = list(dsprites.outlines())[each[0]]
        x, y = dsprites.vertices(outline, each[None])
        polygon = Path(np.stack([x[0], y[0]], axis=1) / 256)
        images.append(polygon.contains_points(centres.reshape(-1, 2)).reshape(64, 64))
    return np.array(images)


def render(data: Renderer, rows: Rows) -> int:
    return sum(len(batch) for batch in rendered(data, rows, CORES))


def speed(work: Callable[[], object], number: int) -> float:
    start = time.perf_counter()
    work()
    return number / (time.perf_counter() - start)


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    ways: dict[str, tuple[Callable[[], object], int]] = {}
    for name, data in RENDERED.items():
        rows = data.grid.draw(number, 0)
        ways[name] = (partial(render, data, rows), len(rows))
    classes = dsprites.GRID.classes(dsprites.GRID.draw(number // 20, 0))
    ways["dsprites, one by one"] = (partial(plain, classes), len(classes))
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):  # the first one fills the cache of Shapes3D's 480 geometries
        for way, (work, images) in ways.items():
            speeds[way].append(speed(work, images))
    print(f"{CORES} cores, {number} images, images per second in {ROUNDS} rounds")
    for way, measured in speeds.items():
        rounds = " ".join(f"{value:10,.0f}" for value in measured)
        whole = len(RENDERED[way].grid) / median(measured) if way in RENDERED else 0
        print(f"{way:22}{rounds}" + (f"   all of it in {whole:5.0f} s" if whole else ""))
