"""Figures of chen2018's questions 1, 2 and 4: MIG against beta, ELBO, TC and dependence."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from betascan.core.files import read_csv
from betascan.data.images import RENDERED
from betascan.plots import labels
from betascan.plots.axes import colour_bar, handles
from betascan.plots.boxes import boxes
from betascan.plots.style import GUIDE, MODEL_LOOKS, PAGE, SMALL, Look
from betascan.studies.chen2018.claims import correlation
from betascan.studies.chen2018.config import DATASETS, INDEPENDENT
from betascan.studies.chen2018.joints import dependence, joint_probabilities
from betascan.studies.chen2018.tables import of_metric

MIG = labels.METRICS["mig_chen"]
BETA = rf"{labels.SYMBOLS['beta']} (FactorVAE: {labels.SYMBOLS['gamma']} + 1)"


def _models() -> list[Line2D]:
    return handles(MODEL_LOOKS, labels.MODELS)


def mig_beta(scores: Path, standins: Sequence[str]) -> Figure:
    """Draw MIG against beta over seeds, as published and with 20 bins (question 1).

    Parameters
    ----------
    scores : Path
        Of `tables.scores`.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(scores)
    table = table[table["sampling"] == INDEPENDENT]
    metrics = {"mig_chen": MIG, "mig": "MIG (20 bins)"}
    figure, axes = plt.subplots(len(metrics), len(DATASETS), figsize=(PAGE, 4.6), sharex="col")
    for row, (metric, label) in zip(axes, metrics.items(), strict=True):
        for ax, name in zip(row, DATASETS, strict=True):
            chosen = of_metric(table, metric, dataset=name)
            boxes(
                ax, chosen, x="beta", y="value", hue="model", order=sorted(set(chosen["beta"])),
                looks=MODEL_LOOKS,
            )  # fmt: skip
            ax.set_ylim(0, None)
        row[0].set_ylabel(label)
    for name, top, bottom in zip(DATASETS, *axes, strict=True):
        top.set_title(labels.dataset(name, standins))
        bottom.set_xlabel(BETA)
    figure.legend(handles=_models(), loc="outside upper center", ncols=len(MODEL_LOOKS))
    return figure


def _cells(scores: pd.DataFrame, dataset: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Means over seeds and their standard errors, (model, beta) x (metric, mean or sem)."""
    chosen = scores[
        (scores["sampling"] == INDEPENDENT)
        & (scores["dataset"] == dataset)
        & scores["metric"].isin(metrics)
    ]
    cells = chosen.groupby(["model", "beta", "metric"])["value"].agg(["mean", "sem"])
    return cells.unstack("metric").swaplevel(axis=1)


def elbo_mig(scores: Path, standins: Sequence[str]) -> Figure:
    """Draw what disentanglement costs; a point a beta, larger for larger beta (question 2).

    Parameters
    ----------
    scores : Path
        Of `tables.scores`.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(scores)
    figure, axes = plt.subplots(1, len(DATASETS), figsize=(PAGE, 3.0))
    for ax, name in zip(axes, DATASETS, strict=True):
        cells = _cells(table, name, ["elbo", "mig_chen"])
        for model, look in MODEL_LOOKS.items():
            rows = cells.loc[model]
            ax.errorbar(
                rows["elbo", "mean"], rows["mig_chen", "mean"], rows["mig_chen", "sem"],
                rows["elbo", "sem"], color=look["color"], lw=0.7, elinewidth=0.5,
            )  # fmt: skip
            _sized(ax, rows["elbo", "mean"], rows["mig_chen", "mean"], look)
        ax.set(title=labels.dataset(name, standins), xlabel="ELBO (nats an image)")
        _room(ax)
    axes[0].set_ylabel(MIG)
    _sized_legend(figure, table)
    return figure


def _room(ax: Axes) -> None:
    """Show MIG from 0 on, the largest points whole, and numbers that do not touch."""
    ax.set_ylim(0, 1.06 * ax.get_ylim()[1])
    ax.xaxis.set_major_locator(MaxNLocator(5))


def _area(beta: float | pd.Index) -> np.ndarray:
    return 8 + 9 * np.asarray(beta, dtype=float)


def _sized(ax: Axes, x: pd.Series, y: pd.Series, look: Look) -> None:
    """Draw a point a beta (the index), whose area grows with it."""
    ax.scatter(x, y, s=_area(x.index), alpha=0.75, lw=0, zorder=3, **look)


def _sized_legend(figure: Figure, table: pd.DataFrame) -> None:
    betas = sorted(set(table["beta"]))
    sizes = [
        Line2D([], [], ls="", marker="o", mew=0, color=GUIDE, ms=float(_area(beta)) ** 0.5,
               label=labels.setting(beta=beta))
        for beta in (betas[0], betas[-1])
    ]  # fmt: skip
    figure.legend(handles=[*_models(), *sizes], loc="outside upper center", ncols=6)


def tc_mig(scores: Path, standins: Sequence[str]) -> Figure:
    """Draw total correlation against MIG: single models, means over seeds, and r (question 4).

    Parameters
    ----------
    scores : Path
        Of `tables.scores`.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(scores)
    figure, axes = plt.subplots(
        2, len(DATASETS), figsize=(PAGE, 4.4), height_ratios=[2.6, 1], squeeze=False
    )
    for (ax, below), name in zip(axes.T, DATASETS, strict=True):
        cells = _cells(table, name, ["total_correlation", "mig_chen"])
        one = (table["sampling"] == INDEPENDENT) & (table["dataset"] == name)
        single = table[one].pivot_table(
            index=["model", "beta", "seed"], columns="metric", values="value"
        )
        for place, (model, look) in enumerate(MODEL_LOOKS.items()):
            rows = single.loc[model]
            x, y = rows["total_correlation"], rows["mig_chen"]
            ax.plot(x, y, ls="", ms=2.6, mew=0, alpha=0.5, **look)
            means = cells.loc[model]
            _sized(ax, means["total_correlation", "mean"], means["mig_chen", "mean"], look)
            r, low, high, _ = correlation(x, y)
            if np.isfinite(r):
                below.errorbar(r, place, xerr=[[r - low], [high - r]], capsize=2, ms=4, **look)
            else:
                below.text(0, place, f"{len(rows)} models: no interval", size=SMALL, ha="center",
                           va="center")  # fmt: skip
        ax.set(title=labels.dataset(name, standins), xlabel=labels.METRICS["total_correlation"])
        _room(ax)
        below.axvline(0, color=GUIDE, lw=0.5)
        below.set(xlim=(-1, 1), ylim=(len(MODEL_LOOKS) - 0.5, -0.5), yticks=[],
                  xlabel="correlation of the two over models, 95 % interval")  # fmt: skip
    axes[0, 0].set_ylabel(MIG)
    _sized_legend(figure, table)
    return figure


def joints(
    scores: Path, factors: Sequence[str], contrasts: Mapping[str, float], beta: float
) -> Figure:
    """Draw the joint distributions of two factors, and MIG under each (question 4).

    MIG is under the joint distribution that the model was trained with.

    Parameters
    ----------
    scores : Path
        Of `tables.scores`.
    factors : sequence of two str
        Those that depend on each other.
    contrasts : Mapping
        Ratio of the most to the least likely combination, by the name of the distribution.
    beta : float
        Of the models.
    """
    grid = RENDERED["dsprites"].grid
    one, two = (grid.sizes[grid.names.index(factor)] for factor in factors)
    ratios = {INDEPENDENT: 1.0, **contrasts}
    names = list(ratios)
    shown = {name: joint_probabilities(ratio, (one, two)) for name, ratio in ratios.items()}
    most = max(joint.max() for joint in shown.values())
    figure = plt.figure(figsize=(PAGE, 4.6))
    panels: list[Any] = [names, ["MIG"] * len(names)]
    axes = figure.subplot_mosaic(panels, height_ratios=[1, 1.35])
    for name, joint in shown.items():
        ax = axes[name]
        image = ax.imshow(joint.T * joint.size, origin="lower", vmin=0, vmax=most * joint.size)
        ratio = joint.max() / joint.min()
        ax.set_title(f"{name}: {ratio:.0f} : 1, {dependence(joint):.3f} nats", fontsize=7)
        ax.set(xticks=[0, one - 1], yticks=[0, two - 1], xlabel=factors[0])
    axes[INDEPENDENT].set_ylabel(factors[1])
    colour_bar(image, [axes[name] for name in names], "times uniform")
    table = of_metric(read_csv(scores), "mig_chen", dataset="dsprites", beta=beta)
    ax = axes["MIG"]
    boxes(ax, table, x="sampling", y="value", hue="model", order=names, looks=MODEL_LOOKS)
    ax.set(xlabel="joint distribution of the factors", ylabel=MIG, ylim=(0, None))
    ax.set_title(f"dSprites, {labels.setting(beta=beta)}", color=GUIDE)
    figure.legend(handles=_models(), loc="outside upper center", ncols=len(MODEL_LOOKS))
    return figure
