"""The one place for sizes, fonts and colours of all figures."""

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler

from betascan.plots import labels

COLUMN, PAGE = 3.5, 7.2
"""Widths of a figure in inches: one column of a paper, and both."""
SMALL = 6
"""Size in points of the smallest text in any figure."""
DPI = 250

COLOURS = [
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
    *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
]
"""seaborn's "colorblind", written out: importing seaborn takes longer than drawing most figures."""
MARKERS = "osD^vP*X<>"
GUIDE = "0.33"
"""Reference lines, annotations, footers."""
PRUNED = "0.71"
"""Latents beyond the rank of the data."""
FAINT = "0.9"
"""Lines between groups, cells without a value."""
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
PIXELS: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255}
"""Arguments of `Axes.imshow` for images whose full brightness is 255, in grey or in colour."""

THEME: dict[str, Any] = {
    "axes.labelsize": 8,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.use": True,
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 8,
    "image.cmap": SEQUENTIAL,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 0.9,
    "lines.markersize": 2.6,
    "pdf.fonttype": 42,  # text in the PDF stays text
    "savefig.dpi": DPI,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}

Look = dict[str, Any]
"""Colour and marker as arguments of `Axes.plot`."""
Level = TypeVar("Level", bound=Hashable)
ON_PLATEAU: Look = {"marker": "x", "ls": "", "ms": 3, "clip_on": False}
"""Models without information although an informative one has a lower loss, in every figure."""


@contextmanager
def themed() -> Iterator[None]:
    """Draw within this theme and matplotlib's defaults, whatever the user has configured.

    The backend is Agg, and stays so afterwards.
    """
    plt.switch_backend("agg")
    with plt.style.context(THEME, after_reset=True):
        yield


def categorical(levels: Iterable[Level]) -> dict[Level, Look]:
    """Return a look for each of up to ten unordered levels, safe for the colour-blind."""
    return {
        level: {"color": COLOURS[place], "marker": MARKERS[place]}
        for place, level in enumerate(levels)
    }


def ordinal(levels: Iterable[Level]) -> dict[Level, Look]:
    """Return a look for each of any number of ordered levels, from dark to light."""
    levels = list(levels)
    # the light end of the colour map is too faint for lines on white
    shades = plt.get_cmap(SEQUENTIAL)(np.linspace(0, 0.87, len(levels)))
    return {
        level: {"color": tuple(shade), "marker": "o"}
        for level, shade in zip(levels, shades, strict=True)
    }


MODEL_LOOKS = categorical(labels.MODELS)
"""The same colour and marker for an objective in every figure that compares objectives."""
