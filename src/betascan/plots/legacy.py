"""For figure functions that still save their own figures; to go with the last of them.

`style.save`, `style.rank_colours`, `style.rank_bar`, `traversals.draw`, and the theme, which they
expect to hold from the import of `style` on.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from betascan.plots import axes as shared
from betascan.plots import style
from betascan.plots.saving import save
from betascan.plots.traversals import traversals

plt.switch_backend("agg")
plt.style.use(["default", style.THEME])


def rank_colours(ranks: int) -> ListedColormap:
    """Use `style.ordinal`."""
    return ListedColormap([look["color"] for look in style.ordinal(range(ranks)).values()])


def rank_bar(figure: Figure, axes: Sequence[Axes], ranks: int) -> None:
    """Use `axes.rank_bar`."""
    shared.rank_bar(axes, ranks)


def draw(
    views: Sequence[Path], png: Path, pdf: Path, titles: Sequence[str], name: str, footer: str
) -> None:
    """Use `traversals.traversals`."""
    save(traversals(views, titles, name), png, pdf, footer)
