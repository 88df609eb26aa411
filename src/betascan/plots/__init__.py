"""Figures: the theme they are drawn in, how they are saved, and shared panels.

A figure function takes paths and parameters and returns a matplotlib figure. The caller runs it
within `themed`, and passes the figure to `save`.
"""

import os

# A notebook's backend, which the environment of the figures does not have, would make the import
# of matplotlib fail: import this package before it.
os.environ["MPLBACKEND"] = "agg"

from betascan.plots.saving import save
from betascan.plots.style import themed

__all__ = ["save", "themed"]
