"""Figures: the theme they are drawn in, how they are saved, and panels that several share.

A figure function takes paths and parameters and returns a matplotlib figure. Whoever calls it does
so within `themed`, and hands the figure to `save`.
"""

import os

# A notebook's backend, of which the environment of the figures knows nothing, would make the import
# of matplotlib fail: import this package before it.
os.environ["MPLBACKEND"] = "agg"

from betascan.plots.saving import save
from betascan.plots.style import themed

__all__ = ["save", "themed"]
