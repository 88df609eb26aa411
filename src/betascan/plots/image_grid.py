"""What the image data sets look like: every factor on its own, and random images."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from betascan.core.randomness import stream
from betascan.data.images import IMAGE_SETS
from betascan.data.store import Images, Pixels
from betascan.plots.style import save

COLUMNS = 11
_GAP = 3
"""Pixels between two images."""
_DOTS = 2
_LABELS, _FOOTER = 1.05, 0.2
"""Inches."""


def panel(images: Path, name: str, png: Path, pdf: Path, footer: str) -> None:
    """Draw each factor from its first class to its last, the others fixed, and a random sample.

    A part of the official images need not hold what varies a factor: it is shown at random only.

    Raises:
        DataError: the file is missing or damaged.
    """
    data = IMAGE_SETS[name]
    rows: dict[str, Pixels] = {}
    with Images(images, memory_mb=0) as stored:
        for factor, classes in zip(data.grid.names, traversals(data.grid.sizes), strict=True):
            if len(stored) == len(data.grid):
                rows[factor.replace("_", " ")] = stored[data.grid.indices(classes)]
            elif stored.facts.source == data.rendered:
                rows[factor.replace("_", " ")] = data.render(classes)
        chosen = stream(0, f"panel/{name}").integers(len(stored), size=(2, COLUMNS))
        rows |= {"at random": stored[chosen[0]], "": stored[chosen[1]]}
    draw(list(rows), [255 // data.maximum * row for row in rows.values()], png, pdf, footer)


def traversals(sizes: Sequence[int]) -> list[NDArray[np.int64]]:
    """Return for each factor the classes (at most COLUMNS, factors) in which it alone varies."""
    # multiples of the golden ratio, so that the fixed classes do not resemble each other
    fixed = [int(size * (0.618034 * (k + 1) % 1)) for k, size in enumerate(sizes)]
    varied = []
    for factor, size in enumerate(sizes):
        steps = np.unique(np.linspace(0, size - 1, min(size, COLUMNS)).round().astype(np.int64))
        classes = np.tile(fixed, (len(steps), 1))
        classes[:, factor] = steps
        varied.append(classes)
    return varied


def draw(labels: Sequence[str], rows: Sequence[Pixels], png: Path, pdf: Path, footer: str) -> None:
    """Draw rows of images (n, H, W, C), bright at 255, with a label each."""
    longest = max(len(row) for row in rows)
    lines = []
    for row in rows:
        padded = np.pad(row, ((0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=255)
        blank = np.full((longest - len(row), *padded.shape[1:]), 255, np.uint8)
        lines.append(np.concatenate([*padded, *blank], axis=1))
    mosaic = np.concatenate(lines)[:-_GAP, :-_GAP]
    # each pixel of an image is a square of dots, all alike
    height, width = (_DOTS * side / plt.rcParams["savefig.dpi"] for side in mosaic.shape[:2])
    whole, total = _LABELS + width + 0.05, height + _FOOTER + 0.05
    figure, ax = plt.subplots(figsize=(whole, total))
    figure.set_layout_engine("none")
    ax.set_position((_LABELS / whole, _FOOTER / total, width / whole, height / total))
    ax.imshow(mosaic, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    pitch = (len(mosaic) + _GAP) / len(rows)
    middles = [k * pitch + (pitch - _GAP) / 2 for k in range(len(rows))]
    ax.set(xticks=[], yticks=middles, yticklabels=labels)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    save(figure, png, pdf, footer)
