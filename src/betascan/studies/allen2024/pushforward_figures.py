"""Figure of allen2024's theorem 2: components of the push-forward along left singular vectors."""

from collections.abc import Collection
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from betascan.plots import labels
from betascan.plots.axes import handles
from betascan.plots.boxes import boxes
from betascan.plots.style import PAGE
from betascan.studies.allen2024.figure_parts import (
    LABELS,
    LOOKS,
    legend,
    mark_collapsed_mig,
    read_models,
)
from betascan.studies.allen2024.tables import DATASETS

GROUPS = {
    "reference": "diag.",
    "posterior_full": "full",
    "decoder_mlp": "MLP\ndiag.",
    "decoder_mlp+posterior_full": "MLP\nfull",
    "prior_laplace": "Lapl.\nprior",
    "prior_uniform": "unif.\nprior",
}
"""Groups of the first panel, by name of the variant; penalised models come after them."""


def pushforward(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Dependence of components, and its relation to other measures over kinds of models.

    Parameters
    ----------
    table : Path
        Table written by `tables.pushforward`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    looks = {key: LOOKS[key] for key in DATASETS}
    figure, axes = plt.subplot_mosaic(
        [["groups", "groups", "groups"], ["mass", "recovered", "mig"]],
        figsize=(PAGE, 4.6),
    )
    penalised = frame.loc[frame["penalty"] > 0, "cell"]
    groups = GROUPS | dict.fromkeys(penalised, "penalty\n" + r"on $J^TJ$")
    shown = frame[frame["cell"].isin(groups)]
    shown = shown.assign(group=shown["cell"].map(groups))
    order = [name for name in dict.fromkeys(groups.values()) if name in set(shown["group"])]
    boxes(axes["groups"], shown, x="group", y="dependence", hue="dataset", order=order, looks=looks)
    axes["groups"].set_ylabel(LABELS["dependence"])
    axes["groups"].set_ylim(bottom=min(0, shown["dependence"].min()))
    columns = ["dependence", "recovered", "offdiagonal_mass", "mig"]
    means = frame.groupby(["dataset", "cell"])[columns].mean()
    panels = {
        "mass": ("offdiagonal_mass", "dependence"),
        "recovered": ("recovered", "dependence"),
        "mig": ("recovered", "mig"),
    }
    for name, (x, y) in panels.items():
        ax = axes[name]
        for dataset, look in looks.items():
            if dataset in means.index.get_level_values("dataset"):
                of = means.loc[dataset]
                ax.plot(of[x], of[y], ls="", mew=0, ms=4, **look)
        ax.set(xlabel=LABELS[x], ylabel=LABELS[y])
        ax.set_ylim(bottom=min(0, means[y].min()))
    mark_collapsed_mig(axes["mig"], read_models(collapsed))
    names = {key: labels.dataset(key, standins) for key in DATASETS}
    legend(figure, axes.values(), *handles(looks, names))
    return figure
