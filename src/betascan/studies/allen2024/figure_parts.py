"""What the figures of allen2024 share: looks and labels, tables by key of data set, legends."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import labelled
from betascan.plots.style import GUIDE, categorical
from betascan.studies.allen2024.tables import DATASETS

ACTIVATIONS = {"silu": "SiLU", "relu": "ReLU", "softplus": "softplus", "tanh": "tanh"}
LINEAR = "linear-Gaussian"
LOOKS = categorical([*DATASETS, LINEAR])
LABELS = labels.METRICS | {
    "rate": "rate (nats)",
    "offdiagonal_mass": r"off-diagonal mass of $J^TJ$",
    "axis_distance": "distance of V from a\nsigned permutation (C1)",
    "gradient_mass": r"off-diag. mass of $\partial s_i/\partial z_j$ (C2)",
    "hessian_mass": "off-diagonal mass of H",
    "squared_error": r"squared error $|x-\hat x|^2$",
    "taylor_hessian": "error of the expansion, exact H",
    "taylor_gauss_newton": "error of the expansion, Gauss–Newton",
    "operations": r"operations per step ($10^9$)",
    "dependence": "dependence of components",
    "recovered": "latents recovered ($r^2$)",
    "effective_variance": r"measured $\sigma_{\mathrm{eff}}^2$",
}
BETA_SIGMA2 = r"$\beta\sigma^2$"
BETA_OF_SCAN = r"$\beta$ ($\sigma^2 = 1$)"
AS_BETA, AS_SIGMA2 = r"$(\beta, \sigma^2=1)$", r"$(1, \sigma^2=\beta)$"

_HANDLE, _ROW = 8, 140
"""Width of a handle, and of a row of a legend, in characters."""


def read_models(table: Path) -> pd.DataFrame:
    """Read a table of models, with data sets by their keys."""
    frame = read_csv(table)
    keys = {name: key for key, name in DATASETS.items()}
    return frame.assign(dataset=frame["dataset"].map(keys))


def mark_collapsed_mig(ax: Axes, collapsed: pd.DataFrame, colour: str | None = None) -> None:
    """Draw the highest MIG of models without an active latent, which have learnt nothing.

    Parameters
    ----------
    ax : Axes
        Axes that show MIG.
    collapsed : DataFrame
        Table written by `tables.collapsed`, data sets by their keys; each of them gets a line.
    colour : str, optional
        Colour of the lines; by default those of the data sets.
    """
    for dataset, highest in collapsed.groupby("dataset")["mig"].max().items():
        shown = colour or LOOKS[str(dataset)]["color"]
        ax.axhline(highest, color=shown, ls=":", lw=0.8, zorder=0)
        ax.set_ylim(top=max(ax.get_ylim()[1], 1.06 * highest))
    ax.plot([], [], color=GUIDE, ls=":", lw=0.8, label="highest MIG without active latents")


def legend(figure: Figure, axes: Iterable[Axes], *handles: Line2D) -> None:
    """Put one legend above all panels: `handles`, and whatever the panels label, each once."""
    entries: dict[str, Any] = {str(handle.get_label()): handle for handle in handles}
    entries |= labelled(axes)
    if not entries:  # nothing could be measured for any model
        return
    # matplotlib lists lines first, including the guides
    texts = sorted(entries, key=lambda text: isinstance(entries[text], Line2D))
    rows = math.ceil(sum(len(text) + _HANDLE for text in texts) / _ROW)
    figure.legend(
        [entries[text] for text in texts], texts, loc="outside upper center",
        ncols=math.ceil(len(texts) / rows),
    )  # fmt: skip
