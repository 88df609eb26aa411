"""Figures: the theme they are drawn in, how they are saved, and panels that several share.

A figure function takes paths and parameters and returns a matplotlib figure. Whoever calls it does
so within `themed`, and hands the figure to `save`.
"""

import os

os.environ["MPLBACKEND"] = "agg"  # a notebook's, of which a figure's environment knows nothing,
# would end the import of matplotlib

from betascan.plots.saving import save
from betascan.plots.style import themed

__all__ = ["save", "themed"]
