"""Values of several seeds as boxes, or as points if there are few."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.axes import Axes

from betascan.plots import labels
from betascan.plots.style import FAINT, GUIDE, Look

FEW = 5
"""Number of values below which a box would hide that they have no quartiles."""
_WIDTH = 0.8
"""Width of a group; the centres of groups are 1 apart."""


def places(order: Sequence[Any], looks: Mapping[Any, Look]) -> dict[tuple[Any, Any], float]:
    """Return the places on the x axis where `boxes` draws, by group and level of hue.

    Parameters
    ----------
    order, looks
        Groups and looks, as in `boxes`.

    Returns
    -------
    dict
        ``{(group, level): x}``, with groups 1 apart, starting at 0.
    """
    step = _WIDTH / len(looks)
    return {
        (group, level): x + (place - (len(looks) - 1) / 2) * step
        for x, group in enumerate(order)
        for place, level in enumerate(looks)
    }


def boxes(
    ax: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str,
    order: Sequence[Any],
    looks: Mapping[Any, Look],
) -> None:
    """Draw a box for each group and hue, or for fewer than `FEW` values points and their mean.

    The axes get legend labels for boxes and for means, if there are any.

    Whiskers reach the farthest values within 1.5 interquartile ranges of the box. Scale the axis
    afterwards: on a logarithmic one seaborn would take the quartiles of logarithms.

    Parameters
    ----------
    ax : Axes
        Its groups are separated and named, its labels left to the caller.
    table : DataFrame
        One value per row; rows without a value are left out.
    x, y, hue : str
        Columns of the table.
    order : sequence
        Groups (values of `x`) from left to right.
    looks : mapping
        Colour and marker of each value of `hue`, from left to right.
    """
    import seaborn as sns  # here, since importing it takes longer than drawing most figures

    table = table.dropna(subset=[y])
    counts = table.groupby([x, hue])[y].transform("count")
    palette = {level: look["color"] for level, look in looks.items()}
    common = {
        "x": x, "y": y, "hue": hue, "order": order, "hue_order": list(looks), "palette": palette,
        "dodge": True, "legend": False, "ax": ax,
    }  # fmt: skip
    with warnings.catch_warnings():  # seaborn 0.13 calls matplotlib's boxplot in the old way
        warnings.simplefilter("ignore", MatplotlibDeprecationWarning)
        sns.boxplot(
            table[counts >= FEW], width=_WIDTH, gap=0.2, fill=False, linewidth=0.7, fliersize=2,
            flierprops={"marker": ".", "markeredgewidth": 1}, medianprops={"linewidth": 1.3},
            **common,
        )  # fmt: skip
    at, half = places(order, looks), _WIDTH / len(looks) / 2
    few = table[counts < FEW]
    for level, look in looks.items():
        chosen = few[few[hue] == level]
        sns.stripplot(
            chosen, jitter=False, size=2.8, marker=look["marker"], clip_on=False, **common
        )
        for group, mean in chosen.groupby(x)[y].mean().items():
            centre = at[group, level]
            ax.hlines(mean, centre - half, centre + half, look["color"], lw=1)
    if len(few):
        ax.plot([], [], color=GUIDE, lw=1, label="mean of the points")
    if len(few) < len(table):
        box: Look = {"ls": "", "marker": "s", "mfc": "none", "label": "box: quartiles, median"}
        ax.plot([], [], color=GUIDE, **box)
        ax.plot([], [], ".", color=GUIDE, ms=3, label="beyond the whiskers")
    for edge in range(1, len(order)):
        ax.axvline(edge - 0.5, color=FAINT, lw=0.5, zorder=0)
    ax.set_xticks(range(len(order)), [labels.level(group) for group in order])
    ax.tick_params(axis="x", length=0)
    ax.set(xlim=(-0.5, len(order) - 0.5), xlabel="", ylabel="")
