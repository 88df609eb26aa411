"""What the image data sets look like: every factor on its own, and random images."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Int64, UInt8
from matplotlib.figure import Figure

from betascan.core.randomness import stream
from betascan.data.images import RENDERED
from betascan.data.store import Images, Pixels
from betascan.plots import labels
from betascan.plots.style import DPI, PIXELS

COLUMNS = 11
_GAP = 3
"""Pixels between two images."""
_DOTS = 2
"""Dots of the figure along each pixel of an image, so that all pixels look alike."""
_LEFT, _BELOW, _ABOVE = 1.05, 0.2, 0.2
"""Inches."""


def panel(images: Path, name: str) -> Figure:
    """Draw each factor from its first class to its last, the others fixed, and a random sample.

    A part of the official images need not contain those that vary one factor: only a random sample
    of it is shown.

    Parameters
    ----------
    images : Path
        A file of `data.store`.
    name : str
        Key of the data set.

    Raises
    ------
    DataError
        The file is missing or damaged.
    """
    data = RENDERED[name]
    rows: dict[str, Pixels] = {}
    with Images(images, memory_mb=0) as stored:
        source = stored.facts.source
        for factor, classes in zip(data.grid.names, traversals(data.grid.sizes), strict=True):
            if len(stored) == len(data.grid):
                rows[factor.replace("_", " ")] = stored[data.grid.indices(classes)]
            elif source == data.rendered:
                rows[factor.replace("_", " ")] = data.render(classes)
        chosen = stream(0, f"panel/{name}").integers(len(stored), size=(2, COLUMNS))
        rows |= {"at random": stored[chosen[0]], "": stored[chosen[1]]}
    standins = [name] if source.startswith("stand-in") else []
    bright = [255 // data.maximum * row for row in rows.values()]
    return grid(list(rows), bright, labels.dataset(name, standins))


def traversals(sizes: Sequence[int]) -> list[Int64[np.ndarray, "classes factors"]]:
    """Return for each factor the classes (at most `COLUMNS` of them) in which it alone varies.

    Parameters
    ----------
    sizes : sequence of int
        Number of classes of each factor.
    """
    # multiples of the golden ratio, so that the fixed classes do not resemble each other
    fixed = [int(size * (0.618034 * (k + 1) % 1)) for k, size in enumerate(sizes)]
    varied = []
    for factor, size in enumerate(sizes):
        steps = np.unique(np.linspace(0, size - 1, min(size, COLUMNS)).round().astype(np.int64))
        classes = np.tile(fixed, (len(steps), 1))
        classes[:, factor] = steps
        varied.append(classes)
    return varied


def grid(names: Sequence[str], rows: Sequence[UInt8[np.ndarray, "_ h w c"]], title: str) -> Figure:
    """Draw named rows of images whose full brightness is 255."""
    longest = max(len(row) for row in rows)
    lines = []
    for row in rows:
        padded = np.pad(row, ((0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=255)
        blank = np.full((longest - len(row), *padded.shape[1:]), 255, np.uint8)
        lines.append(np.concatenate([*padded, *blank], axis=1))
    mosaic = np.concatenate(lines)[:-_GAP, :-_GAP]
    height, width = (_DOTS * side / DPI for side in mosaic.shape[:2])
    whole, total = _LEFT + width + 0.05, _BELOW + height + _ABOVE
    figure, ax = plt.subplots(figsize=(whole, total), layout="none")
    ax.set_position((_LEFT / whole, _BELOW / total, width / whole, height / total))
    ax.imshow(mosaic, **PIXELS, interpolation="nearest", aspect="auto")
    pitch = (len(mosaic) + _GAP) / len(rows)
    middles = [k * pitch + (pitch - _GAP) / 2 for k in range(len(rows))]
    ax.set(xticks=[], yticks=middles, yticklabels=names)
    ax.set_title(title, pad=3)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure
