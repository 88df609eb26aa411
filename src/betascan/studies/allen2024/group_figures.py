"""Figures of allen2024 that compare groups of models over seeds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betascan.plots import labels
from betascan.plots.axes import handles
from betascan.plots.boxes import boxes, places
from betascan.plots.style import GUIDE, PAGE
from betascan.studies.allen2024.figure_parts import (
    ACTIVATIONS,
    LABELS,
    LOOKS,
    legend,
    mark_collapsed_mig,
    read_models,
)
from betascan.studies.allen2024.tables import DATASETS

DATASET_LOOKS = {key: LOOKS[key] for key in DATASETS}
LOGARITHMIC = {"squared_error", "taylor_hessian", "taylor_gauss_newton"}


def random_axis_distance(latents: int) -> float:
    """Return the mean distance to the axes (C1) of random orthogonal matrices V."""
    draws = np.abs(scipy.stats.ortho_group.rvs(latents, size=200, random_state=0))
    matched = [V[scipy.optimize.linear_sum_assignment(V, maximize=True)].mean() for V in draws]
    return 1 - float(np.mean(matched))


RANDOM: dict[str, Callable[[int], float]] = {
    "gradient_mass": lambda latents: float(np.sqrt(1 - 1 / latents)),
    "axis_distance": random_axis_distance,
}
"""Values for a random matrix with the given number of latents."""


def _panels(
    frames: Mapping[str, pd.DataFrame], collapsed: Path, standins: Collection[str]
) -> Figure:
    """Draw a panel for each column of a frame, over the first frame's values of ``group``."""
    rows = -(-len(frames) // 3)
    order = list(dict.fromkeys(next(iter(frames.values()))["group"]))
    figure, axes = plt.subplots(rows, 3, figsize=(PAGE, 2.1 * rows + 0.3))
    for ax, (column, frame) in zip(axes.flat, frames.items(), strict=True):
        boxes(ax, frame, x="group", y=column, hue="dataset", order=order, looks=DATASET_LOOKS)
        _mark_unmeasured(ax, frame, order, column)
        if column == "mig":
            mark_collapsed_mig(ax, read_models(collapsed))
        if column in RANDOM and (latents := int(frame["active_units"].max())) > 1:
            random = RANDOM[column](latents)
            ax.axhline(random, color=GUIDE, lw=0.8, ls="-.", zorder=0, label="random matrix")
        if column.startswith("taylor"):
            noise = frame["taylor_noise"].mean()
            ax.axhline(noise, color=GUIDE, lw=0.8, ls="--", zorder=0, label="noise of the samples")
        if column in LOGARITHMIC:
            ax.set_yscale("log")
        else:
            ax.set_ylim(0, 1.03 * ax.get_ylim()[1])  # markers of equal values are not cut
        ax.set_title(LABELS[column])
    names = {key: labels.dataset(key, standins) for key in DATASETS}
    legend(figure, axes.flat, *handles(DATASET_LOOKS, names))
    return figure


def _mark_unmeasured(ax: Axes, frame: pd.DataFrame, order: Sequence[str], column: str) -> None:
    """Put a cross where no seed has a value, because fewer than two latents are active."""
    counts = frame.groupby(["group", "dataset"])[column].count()
    at = places(order, DATASET_LOOKS)
    for group, dataset in counts.index[counts == 0]:
        ax.plot(
            at[group, dataset], 0.05, "x", ms=3.5, color=DATASET_LOOKS[dataset]["color"],
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip
        ax.plot([], [], "x", ms=3.5, color=GUIDE, label="fewer than two active latents")


def posterior_covariance(
    table: Path, collapsed: Path, operations: Path, standins: Collection[str]
) -> Figure:
    """Diagonal against full posterior covariances, at each beta; and what a step costs.

    Parameters
    ----------
    table : Path
        Table of the experiment posterior_covariance, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    operations : Path
        Table written by `operations.operations`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame, counted = read_models(table), read_models(operations)
    frame["group"] = [
        f"{posterior}\n{labels.setting(beta=beta)}"
        for posterior, beta in zip(frame["posterior"], frame["beta"], strict=True)
    ]
    groups = frame.drop_duplicates("cell").set_index("cell")["group"]
    billions = counted["operations"] / 1e9
    counted = counted.assign(group=counted["cell"].map(groups), operations=billions)
    columns = ["offdiagonal_mass", "axis_distance", "gradient_mass", "mig", "squared_error"]
    return _panels(dict.fromkeys(columns, frame) | {"operations": counted}, collapsed, standins)


def decoders(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Convolutional decoders by activation, a linear one, an MLP with either posterior.

    Parameters
    ----------
    table : Path
        Table of the experiment decoders, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    names = ACTIVATIONS | {"softplus": "soft-\nplus"}
    frame["group"] = frame["activation"].map(names)
    for kind, name in (("linear", "lin."), ("mlp", "MLP")):
        frame.loc[frame["decoder"] == kind, "group"] = name
    frame.loc[frame["posterior"] == "full", "group"] += "\nfull"
    columns = ["offdiagonal_mass", "axis_distance", "mig", "squared_error"]
    columns += ["taylor_gauss_newton", "taylor_hessian"]
    return _panels(dict.fromkeys(columns, frame), collapsed, standins)


def priors(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Priors.

    Parameters
    ----------
    table : Path
        Table of the experiment priors, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    names = {"gaussian": "Gaussian", "laplace": "Laplace", "uniform": "uniform"}
    frame["group"] = frame["prior"].map(names)
    columns = ["offdiagonal_mass", "axis_distance", "mig"]
    return _panels(dict.fromkeys(columns, frame), collapsed, standins)


def likelihoods(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Likelihoods, each with a diagonal and a full posterior.

    Parameters
    ----------
    table : Path
        Table of the experiment likelihoods, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    names = {"gaussian": "Gauss", "bernoulli": "Bern.", "laplace": "Lapl."}
    frame["group"] = frame["likelihood"].map(names) + "\n" + frame["posterior"].str[:4]
    columns = ["offdiagonal_mass", "axis_distance", "mig"]
    return _panels(dict.fromkeys(columns, frame), collapsed, standins)
