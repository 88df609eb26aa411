"""Means over seeds with their standard errors, and the scores of models that learnt nothing."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from betascan.plots.style import GUIDE

FLOOR = "highest of models without active latents"


def means(ax: Axes, table: pd.DataFrame, x: str, y: str, **style: Any) -> None:
    """Draw the mean of a column at each x, with its standard error; a single value has no bar.

    Does not use seaborn, whose mean on a logarithmic axis is the geometric one.

    Parameters
    ----------
    table : DataFrame
        One value per row; rows without a value are left out.
    x, y : str
        Columns of the table.
    **style
        Style of the line and its points, as in `Axes.errorbar`.
    """
    values = table.dropna(subset=[y]).groupby(x)[y]
    if values.ngroups:
        mean, error = values.mean(), values.sem()
        bars = error if error.notna().any() else None
        ax.errorbar(mean.index, mean, bars, capsize=1.5, elinewidth=0.6, **style)


def floor(ax: Axes, values: ArrayLike) -> None:
    """Draw a line at the highest score of models without active latents, if there are any.

    Their means still differ by rounding from image to image, which a binned score detects.

    Parameters
    ----------
    values : array-like of shape (models,)
    """
    if np.size(values):
        ax.axhline(np.max(values), color=GUIDE, ls="--", lw=0.7, zorder=1, label=FLOOR)
