"""Tables as coloured cells with numbers, and our table next to a published one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from betascan.plots import labels
from betascan.plots.axes import Extend, colour_bar
from betascan.plots.style import DIVERGING, FAINT, SEQUENTIAL, SMALL

REACH = 3
"""Number of allowances at which the colour of a difference is deepest."""


def heatmap(
    ax: Axes,
    table: pd.DataFrame,
    form: str | None,
    *,
    norm: Normalize | None = None,
    cmap: str = SEQUENTIAL,
    coloured_by: pd.DataFrame | None = None,
) -> QuadMesh:
    """Draw a table as coloured cells with a number in each.

    Parameters
    ----------
    table : DataFrame of shape (rows, columns)
        The numbers; a missing one is shown as a dash.
    form : str, optional
        Format of the numbers; without it none are drawn.
    norm : Normalize, optional
        Scale of the colours; by default from the table's minimum to its maximum.
    coloured_by : DataFrame of shape (rows, columns), optional
        What the colours show, if not the numbers; cells where it is missing are grey.

    Returns
    -------
    QuadMesh
        Drawn cells, for `colour_bar`.
    """
    values = table if coloured_by is None else coloured_by
    norm = norm or _range(values)
    texts = table.map(lambda v: "–" if pd.isna(v) else labels.number(v, form)) if form else None
    with _alone(ax):
        sns.heatmap(
            values, norm=norm, vmin=norm.vmin, vmax=norm.vmax, cmap=cmap, cbar=False, ax=ax,
            xticklabels=False, yticklabels=False, annot=texts, fmt="", annot_kws={"size": SMALL},
        )  # fmt: skip
    if texts is not None:
        for row, column in np.argwhere(values.isna()):  # seaborn leaves these out
            ax.text(
                column + 0.5, row + 0.5, texts.iloc[row, column], size=SMALL, ha="center",
                va="center",
            )  # fmt: skip
    ax.set_facecolor(FAINT)
    ax.set_xticks(np.arange(len(table.columns)) + 0.5, [labels.level(v) for v in table.columns])
    ax.set_yticks(np.arange(len(table)) + 0.5, [labels.level(v) for v in table.index])
    ax.tick_params(length=0)
    ax.set(xlabel="", ylabel="")
    return cast(QuadMesh, ax.collections[0])


def compare(
    axes: Iterable[Axes],
    ours: pd.DataFrame,
    published: pd.DataFrame,
    allowance: pd.DataFrame,
    form: str,
    label: str,
    *,
    norm: Normalize | None = None,
    cmap: str = SEQUENTIAL,
) -> None:
    """Draw our table, the published one and their difference, coloured relative to its allowance.

    A difference beyond its allowance is framed. The colour bars say what the colours mean.

    Parameters
    ----------
    axes : iterable of three Axes
    ours, published, allowance : DataFrame of shape (rows, columns)
        With the same rows and columns. Where an allowance is missing, the difference has no colour.
    form : str
        Format of the numbers; differences also show their sign.
    label : str
        What the colours of ours and the published one mean, with its unit.
    norm, cmap
        Normalisation and colour map of ours and the published one; by default the colours go from
        the minimum to the maximum of both.
    """
    left, middle, right = axes
    norm = norm or _range(pd.concat([ours, published]))
    heatmap(left, ours, form, norm=norm, cmap=cmap)
    drawn = heatmap(middle, published, form, norm=norm, cmap=cmap)
    bar = colour_bar(drawn, (left, middle), label, _beyond(norm, ours, published))
    bar.ax.yaxis.set_major_formatter(lambda value, _: labels.number(value))
    difference = ours - published
    share = difference / allowance
    reach = Normalize(-REACH, REACH)
    drawn = heatmap(
        right, difference, f"+z{form.removeprefix('+z')}", norm=reach, cmap=DIVERGING,
        coloured_by=share,
    )  # fmt: skip
    colour_bar(drawn, right, "difference / allowance", _beyond(reach, share))
    mark(right, share.abs() > 1, ec="black", lw=1.2)


@contextmanager
def _alone(ax: Axes) -> Iterator[None]:
    """Hide the rest of a figure from seaborn, which draws it to see whether ticks overlap."""
    figure = ax.figure.figure
    engine, others = figure.get_layout_engine(), [a for a in figure.axes if a is not ax]
    visible = [other.get_visible() for other in others]
    figure.set_layout_engine("none")
    for other in others:
        other.set_visible(False)
    yield
    figure.set_layout_engine(engine)
    for other, shown in zip(others, visible, strict=True):
        other.set_visible(shown)


def _range(values: pd.DataFrame) -> Normalize:
    return Normalize(values.min(axis=None), values.max(axis=None))


def _beyond(norm: Normalize, *tables: pd.DataFrame) -> Extend:
    """Return at which ends of the norm there are values beyond its range."""
    below = any((table < norm.vmin).any(axis=None) for table in tables)
    above = any((table > norm.vmax).any(axis=None) for table in tables)
    return "both" if below and above else "min" if below else "max" if above else "neither"


def mark(ax: Axes, cells: ArrayLike, **style: Any) -> None:
    """Draw a rectangle around, or a hatch over, some cells of a heat map.

    Parameters
    ----------
    cells : array-like of bool, shape (rows, columns)
    **style
        Properties of each `Rectangle`.
    """
    for row, column in np.argwhere(np.asarray(cells)):
        ax.add_patch(Rectangle((column, row), 1, 1, fill=False, **style))
