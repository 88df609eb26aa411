"""Figures of chen2018's questions 1, 2 and 4: MIG against beta, ELBO, TC and dependence."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from betascan.core.files import read_csv
from betascan.data.images import RENDERED
from betascan.plots import labels
from betascan.plots.axes import colour_bar, handles, labelled, ticks_at
from betascan.plots.boxes import boxes
from betascan.plots.points import means
from betascan.plots.style import COLUMN, GUIDE, MODEL_LOOKS, PAGE, Look, categorical
from betascan.studies.chen2018.config import DATASETS, INDEPENDENT, MODELS
from betascan.studies.chen2018.joints import dependence, joint_probabilities
from betascan.studies.chen2018.tables import correlations, of_metric

MIG = labels.METRICS["mig_chen"]
METRICS = {"mig_chen": MIG, "mig": "MIG (20 bins)"}
BETA = rf"{labels.SYMBOLS['beta']} (FactorVAE: {labels.SYMBOLS['gamma']} + 1)"


def _models() -> list[Line2D]:
    return handles(MODEL_LOOKS, labels.MODELS)


def _models_legend(figure: Figure, axes: Iterable[Axes]) -> None:
    """Put one legend above all panels: models, boxes and means."""
    entries = [*_models(), *labelled(axes).values()]
    columns = len(entries) if len(entries) <= 6 else len(MODELS)
    figure.legend(handles=entries, loc="outside upper center", ncols=columns)


def mig_beta(scores: Path, standins: Sequence[str]) -> Figure:
    """Draw MIG against beta over seeds, as published and with 20 bins (question 1).

    Parameters
    ----------
    scores : Path
        Table written by `tables.scores`.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(scores)
    figure, axes = plt.subplots(len(METRICS), len(DATASETS), figsize=(PAGE, 4.6), sharex="col")
    for row, (metric, label) in zip(axes, METRICS.items(), strict=True):
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
    _models_legend(figure, axes.flat)
    return figure


def _cells(scores: pd.DataFrame, dataset: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Means over seeds and their standard errors, (model, beta) x (metric, mean or sem)."""
    chosen = scores[(scores["dataset"] == dataset) & scores["metric"].isin(metrics)]
    cells = chosen.groupby(["model", "beta", "metric"])["value"].agg(["mean", "sem"])
    return cells.unstack("metric").swaplevel(axis=1)


def elbo_mig(scores: Path, standins: Sequence[str]) -> Figure:
    """Draw what disentanglement costs; a point per beta, larger for larger beta (question 2).

    Parameters
    ----------
    scores : Path
        Table written by `tables.scores`.
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
        ax.set(title=labels.dataset(name, standins), xlabel="ELBO (nats per image)")
        _room(ax)
    axes[0].set_ylabel(MIG)
    _sized_legend(figure, table)
    return figure


def _room(ax: Axes) -> None:
    """Start MIG at 0, show the largest points whole, and keep tick labels apart."""
    ax.set_ylim(0, 1.06 * ax.get_ylim()[1])
    ax.xaxis.set_major_locator(MaxNLocator(5))


def _area(beta: float | pd.Index) -> np.ndarray:
    return 8 + 9 * np.asarray(beta, dtype=float)


def _sized(ax: Axes, x: pd.Series, y: pd.Series, look: Look) -> None:
    """Draw a point per beta (the index), whose area grows with it."""
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
    """Draw total correlation against MIG, and their rank correlation by seed (question 4).

    Parameters
    ----------
    scores : Path
        Table written by `tables.scores`.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(scores)
    figure, axes = plt.subplots(
        2, len(DATASETS), figsize=(PAGE, 4.4), height_ratios=[2.6, 1], squeeze=False
    )
    for (ax, below), name in zip(axes.T, DATASETS, strict=True):
        cells = _cells(table, name, ["total_correlation", "mig_chen"])
        rho = correlations(table, name)
        single = table[table["dataset"] == name].pivot_table(
            index=["model", "beta", "seed"], columns="metric", values="value"
        )
        for place, (model, look) in enumerate(MODEL_LOOKS.items()):
            rows = single.loc[model]
            x, y = rows["total_correlation"], rows["mig_chen"]
            ax.plot(x, y, ls="", ms=2.6, mew=0, alpha=0.5, **look)
            means = cells.loc[model]
            _sized(ax, means["total_correlation", "mean"], means["mig_chen", "mean"], look)
            below.plot(rho[model], [place] * len(rho), ls="", ms=2.6, mew=0, alpha=0.5, **look)
            mean, reach = _mean_and_reach(rho[model])
            _interval(below, place, mean, reach, look)
        ax.set(title=labels.dataset(name, standins), xlabel=labels.METRICS["total_correlation"])
        _room(ax)
        below.axvline(0, color=GUIDE, lw=0.5)
        below.set(xlim=(-1.1, 1.1), ylim=(len(MODEL_LOOKS) - 0.5, -0.5), yticks=[])
        below.set_xlabel(rf"rank correlation of the two over {labels.SYMBOLS['beta']}")
    axes[0, 0].set_ylabel(MIG)
    _sized_legend(figure, table)
    return figure


def _mean_and_reach(values: pd.Series) -> tuple[float, float]:
    """Mean and half its 95 % interval (Student's t), NaN where there is none."""
    known = values.dropna()
    if len(known) < 3 or known.nunique() == 1:
        return float(known.mean()), np.nan
    return float(known.mean()), float(scipy.stats.t.ppf(0.975, len(known) - 1) * known.sem())


def _interval(ax: Axes, place: float, mean: float, reach: float, look: Look) -> None:
    """Draw a mean of rank correlations with its interval, arrows where that passes -1 or 1."""
    low, high = max(mean - reach, -1), min(mean + reach, 1)
    ax.plot(mean, place, ms=5, **look)
    ax.plot([low, high], [place, place], color=look["color"])
    for end, beyond, arrow in ((low, mean - reach < -1, "<"), (high, mean + reach > 1, ">")):
        ax.plot(end, place, arrow if beyond else "|", color=look["color"], ms=3, clip_on=False)


WEIGHED = {
    "none": "none",
    "tcvae_alpha": "information\n" + r"($\alpha$)",
    "tcvae_mws": "total\ncorrelation\n" + r"($\beta$)",
    "tcvae_gamma": "dimension-\nwise KL\n" + r"($\gamma$)",
    "beta_vae": "all three\n" + r"($\beta$-VAE)",
}
"""Which part of the rate a model weights by beta."""


def weights(scores: Path, beta: float) -> Figure:
    """Draw MIG of models that weight one part of the rate, all, or none (alpha, beta, gamma).

    Parameters
    ----------
    scores : Path
        Table written by `tables.scores`.
    beta : float
        The weight.
    """
    mig = of_metric(read_csv(scores), "mig_chen", dataset="dsprites")
    plain = mig[(mig["beta"] == 1) & (mig["model"] == "tcvae_mws")].assign(model="none")
    others = mig[(mig["beta"] == beta) & mig["model"].isin(WEIGHED)]
    weighed = pd.concat([plain, others]).assign(all="dSprites")
    figure, ax = plt.subplots(figsize=(COLUMN, 2.6))
    looks = {"dSprites": {"color": GUIDE, "marker": "o"}}
    boxes(ax, weighed, x="model", y="value", hue="all", order=list(WEIGHED), looks=looks)
    ax.set_xticks(range(len(WEIGHED)), list(WEIGHED.values()))
    ax.set(xlabel=f"part of the rate with weight {beta:g}", ylabel=MIG, ylim=(0, None))
    ax.set_title("dSprites", color=GUIDE)
    return figure


def rotation(rotations: Path, beta: float) -> Figure:
    """Draw MIG against the angle by which pairs of latents are rotated (question 3).

    Parameters
    ----------
    rotations : Path
        Table of all models, from `rotation.rotate`.
    beta : float
        Beta of the models.
    """
    table = read_csv(rotations)
    names = {model: labels.MODELS[model] for model in MODELS}
    names["beta_vae_laplace"] = r"$\beta$-VAE, Laplace prior"
    looks = categorical(names)
    figure, axes = plt.subplots(1, 2, figsize=(PAGE, 2.6))
    for ax, (metric, label) in zip(axes, METRICS.items(), strict=True):
        for model, name in names.items():
            chosen = of_metric(table, metric, model=model)
            means(ax, chosen, "degrees", "value", label=name, **looks[model])
        ax.set(xlabel="rotation (degrees)", ylabel=label, ylim=(0, None))
        ticks_at(ax.xaxis, table["degrees"])
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(names),
        title=f"dSprites, {labels.setting(beta=beta)}",
    )  # fmt: skip
    return figure


def joints(
    scores: Path,
    joint_scores: Path,
    factors: Sequence[str],
    contrasts: Mapping[str, float],
    betas: Sequence[float],
) -> Figure:
    """Draw the joint distributions of two factors, and MIG under each (question 4).

    MIG is computed under the joint distribution that the model was trained with.

    Parameters
    ----------
    scores, joint_scores : Path
        Tables written by `tables.scores`, of dSprites as it is and under `contrasts`.
    factors : sequence of two str
        Factors that depend on each other.
    contrasts : Mapping
        Ratio of the most to the least likely combination, by the name of the distribution.
    betas : sequence of float
        Betas of the models, a panel each.
    """
    grid = RENDERED["dsprites"].grid
    one, two = (grid.sizes[grid.names.index(factor)] for factor in factors)
    ratios = {INDEPENDENT: 1.0, **contrasts}
    names = list(ratios)
    shown = {name: joint_probabilities(ratio, (one, two)) for name, ratio in ratios.items()}
    most = max(joint.max() for joint in shown.values())
    figure = plt.figure(figsize=(PAGE, 4.6))
    halves: Any = figure.subfigures(2, 1, height_ratios=[1, 1.35])
    above, below = halves
    axes = dict(zip(names, above.subplots(1, len(names)), strict=True))
    for name, joint in shown.items():
        ax = axes[name]
        image = ax.imshow(joint.T * joint.size, origin="lower", vmin=0, vmax=most * joint.size)
        ratio = joint.max() / joint.min()
        ax.set_title(f"{name}: {ratio:.0f} : 1, I = {dependence(joint):.3f} nats", fontsize=7)
        ax.set(xticks=[0, one - 1], yticks=[0, two - 1], xlabel=factors[0])
    axes[INDEPENDENT].set_ylabel(factors[1])
    colour_bar(image, [axes[name] for name in names], "times uniform")
    both = pd.concat([read_csv(scores), read_csv(joint_scores)], ignore_index=True)
    table = of_metric(both, "mig_chen", dataset="dsprites")
    panels = below.subplots(1, len(betas), sharey=True, squeeze=False)[0]
    for ax, beta in zip(panels, betas, strict=True):
        models = table[table["beta"] == beta]
        boxes(ax, models, x="sampling", y="value", hue="model", order=names, looks=MODEL_LOOKS)
        ax.set_title(f"dSprites, {labels.setting(beta=beta)}", color=GUIDE)
        ax.set_xlabel("joint distribution")
    panels[0].set(ylabel=MIG, ylim=(0, None))
    _models_legend(above, panels)
    return figure
