"""Ticks, legend handles, colour bars, and the text in an empty panel."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike

from betascan.plots.style import GUIDE, Look, ordinal

Extend = Literal["neither", "min", "max", "both"]
_BAR = 0.07
"""Width of a colour bar in inches."""


def ticks_at(axis: Axis, values: ArrayLike) -> None:
    """Put ticks at these values and nowhere else, also on a logarithmic axis.

    Parameters
    ----------
    axis : Axis
        ``ax.xaxis`` or ``ax.yaxis``, already scaled.
    values : array-like of shape (n,)
        May repeat.
    """
    shown = np.unique(values)
    axis.set_ticks(shown, [f"{value:,.10g}" for value in shown])
    axis.set_ticks([], minor=True)


def no_active_latent(ax: Axes) -> None:
    """Say in an empty panel why it is empty."""
    ax.text(0.5, 0.5, "no active latent", transform=ax.transAxes, ha="center")


def labelled(axes: Iterable[Axes]) -> dict[str, Any]:
    """Return the axes' legend handles by label, each label once."""
    entries: dict[str, Any] = {}
    for ax in axes:
        drawn, texts = ax.get_legend_handles_labels()
        entries |= dict(zip(texts, drawn, strict=True))
    return entries


def key(label: str, **look: Any) -> Line2D:
    """Return a legend handle: a marker or a line."""
    return Line2D([], [], label=label, **{"color": GUIDE, "ls": "", "ms": 4, **look})


def handles(looks: Mapping[Any, Look], names: Mapping[Any, str]) -> list[Line2D]:
    """Return legend handles, one marker each.

    Parameters
    ----------
    looks : mapping
        Colour and marker of each level, in the order of the legend.
    names : mapping
        Names of the levels; a level without a name is left out.
    """
    return [
        Line2D([], [], ls="", ms=4, mew=0, label=names[level], **look)
        for level, look in looks.items()
        if level in names
    ]


def colour_bar(
    drawn: ScalarMappable, axes: Axes | Iterable[Axes], label: str, extend: Extend = "neither"
) -> Colorbar:
    """Draw the colour bar of one or more axes, on their right.

    Parameters
    ----------
    drawn : ScalarMappable
        What `heatmap` or `Axes.imshow` returned.
    axes : Axes or iterable of Axes
        Those that share these colours.
    label : str
        What the colours mean, with its unit.
    extend : str
        Ends beyond which there are values: ``neither``, ``min``, ``max`` or ``both``.
    """
    group = [axes] if isinstance(axes, Axes) else list(axes)
    figure = group[0].figure
    inches = Bbox.union([ax.bbox for ax in group]).height / figure.dpi
    bar = figure.colorbar(
        drawn, ax=group, label=label, pad=0.015, fraction=0.05, aspect=inches / _BAR, extend=extend
    )
    bar.outline.set_visible(False)
    return bar


def rank_bar(axes: Iterable[Axes], ranks: int) -> Colorbar:
    """Draw a colour bar of the ranks in `ordinal` colours, on the right of the axes."""
    colours = ListedColormap([look["color"] for look in ordinal(range(ranks)).values()])
    norm = BoundaryNorm(np.arange(0.5, ranks + 1), ranks)
    bar = colour_bar(ScalarMappable(norm, colours), axes, "rank of the latent")
    bar.set_ticks(sorted({1, *range(3, ranks + 1, 3), ranks}))
    bar.minorticks_off()
    return bar
