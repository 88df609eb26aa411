"""How every figure looks: sizes for a column of a paper, one palette for rank, a footer."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from betascan.core.files import staged

mpl.use("agg")
COLUMN, PAGE = 3.5, 7.2  # inches: one column, the whole width
PRUNED = "#b5b5b5"  # latents beyond the rank of the data
GUIDE = "#555555"

mpl.rcParams.update(
    {
        "font.size": 8,
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "legend.fontsize": 7,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": 0.9,
        "lines.markersize": 2.6,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 250,
        "pdf.fonttype": 42,
    }
)


def rank_colours(ranks: int) -> ListedColormap:
    """Return one colour a rank, from dark (most useful) to light; safe for the colour-blind."""
    return ListedColormap(plt.get_cmap("viridis")(np.linspace(0.0, 0.93, ranks)))


def rank_bar(figure: Figure, axes: Sequence[Axes], ranks: int) -> None:
    """Draw the key of the rank colours beside `axes`."""
    colours = rank_colours(ranks)
    norm = BoundaryNorm(np.arange(0.5, ranks + 1), ranks)
    key = figure.colorbar(
        mpl.cm.ScalarMappable(norm, colours), ax=axes, pad=0.015, fraction=0.03,
        aspect=15 * figure.get_figheight(),
    )  # fmt: skip
    key.set_ticks(sorted({1, *range(3, ranks + 1, 3), ranks}))
    key.set_label("rank of the latent")
    key.ax.minorticks_off()
    key.outline.set_visible(False)


def save(figure: Figure, png: Path, pdf: Path, footer: str) -> None:
    """Write the figure with its footer, PNG and PDF, without time stamps."""
    figure.supxlabel(footer, fontsize=5, color=GUIDE, x=0.995, ha="right")
    for path in (png, pdf):
        with staged(path) as temporary:
            dates = {"CreationDate": None} if path.suffix == ".pdf" else None
            figure.savefig(temporary, format=path.suffix[1:], metadata=dates)
    plt.close(figure)
