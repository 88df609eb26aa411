"""Means over seeds with their standard errors."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes


def means(ax: Axes, table: pd.DataFrame, x: str, y: str, **style: Any) -> None:
    """Draw the mean of a column at each x, with its standard error where there are two values.

    Not by seaborn, whose mean on a logarithmic axis is the geometric one.

    Parameters
    ----------
    table : DataFrame
        A value a row; rows without one are left out.
    x, y : str
        Its columns.
    **style
        Of the line and its points, as in `Axes.errorbar`.
    """
    values = table.dropna(subset=[y]).groupby(x)[y]
    if values.ngroups:
        mean, error = values.mean(), values.sem().fillna(0)
        ax.errorbar(mean.index, mean, error, capsize=1.5, elinewidth=0.6, **style)
