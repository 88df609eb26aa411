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

from betascan.data.images import IMAGE_SETS
from betascan.plots.style import GUIDE, PAGE
from betascan.studies.chen2018.claims import correlation
from betascan.studies.chen2018.config import INDEPENDENT
from betascan.studies.chen2018.joints import chances, dependence
from betascan.studies.chen2018.tables import NAMES, TITLES, of_metric

FEW = 5  # seeds below which a box would hide that it has no quartiles
LOOK: dict[str, dict[str, Any]] = {
    "beta_vae": {"color": "#0072b2", "marker": "o"},
    "tcvae_mws": {"color": "#d55e00", "marker": "s"},
    "tcvae_mss": {"color": "#e69f00", "marker": "D"},
    "factor_vae": {"color": "#009e73", "marker": "^"},
}
LABELS = {"mig_chen": "MIG (chen2018)", "mig": "MIG (20 bins)"}
STEP = 0.8 / len(LOOK)  # between the models of one group


def _grouped(ax: Axes, table: pd.DataFrame, key: str, groups: Sequence[Any]) -> None:
    """Draw table (key, model, value) as a box over seeds a group and model, or points if few."""
    for place, (model, look) in enumerate(LOOK.items()):
        colour = look["color"]
        for x, group in enumerate(groups):
            score = table[(table["model"] == model) & (table[key] == group)]["value"].to_numpy()
            at = x + (place - (len(LOOK) - 1) / 2) * STEP
            if len(score) < FEW:
                ax.plot(
                    [at] * len(score), score, look["marker"], ms=2.6, color=colour, mew=0,
                    clip_on=False,
                )  # fmt: skip
                ax.hlines(score.mean(), at - STEP / 2, at + STEP / 2, colour, lw=1)
                continue
            line = {"color": colour, "lw": 0.6}
            ax.boxplot(
                score, positions=[at], widths=0.75 * STEP, patch_artist=True,
                boxprops={"fc": (colour, 0.35), "ec": colour, "lw": 0.6},
                medianprops={"color": colour, "lw": 1.2}, whiskerprops=line, capprops=line,
                flierprops={"marker": "o", "ms": 1.5, "mfc": colour, "mew": 0},
                manage_ticks=False,
            )  # fmt: skip
    for edge in range(1, len(groups)):
        ax.axvline(edge - 0.5, color="#e5e5e5", lw=0.5, zorder=0)
    ax.set(xlim=(-0.5, len(groups) - 0.5), ylim=(0, None), xticks=range(len(groups)))
    ax.tick_params(axis="x", length=0)


def keys() -> list[Line2D]:
    """What colours and markers mean."""
    return [
        Line2D([], [], ls="", ms=4, mew=0, label=TITLES[model], **look)
        for model, look in LOOK.items()
    ]


def mig_beta(scores: Path) -> Figure:
    """Question 1: MIG against beta over seeds, as published and with 20 bins."""
    table = pd.read_csv(scores)
    table = table[table["sampling"] == INDEPENDENT]
    figure, axes = plt.subplots(len(LABELS), len(NAMES), figsize=(PAGE, 4.6), sharex="col")
    for row, (metric, label) in zip(axes, LABELS.items(), strict=True):
        for ax, name in zip(row, NAMES, strict=True):
            chosen = of_metric(table, metric, dataset=name)
            betas = sorted(set(chosen["beta"]))
            _grouped(ax, chosen, "beta", betas)
            ax.set_xticklabels([f"{beta:g}" for beta in betas])
        row[0].set_ylabel(label)
    for title, top, bottom in zip(NAMES.values(), *axes, strict=True):
        top.set_title(title)
        bottom.set_xlabel(r"$\beta$ (FactorVAE: $\gamma + 1$)")
    figure.legend(handles=keys(), loc="outside upper center", ncols=len(LOOK), frameon=False)
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


def elbo_mig(scores: Path) -> Figure:
    """Question 2: what disentanglement costs; a point a beta, larger for larger beta."""
    table = pd.read_csv(scores)
    figure, axes = plt.subplots(1, len(NAMES), figsize=(PAGE, 3.0))
    for ax, (name, title) in zip(axes, NAMES.items(), strict=True):
        cells = _cells(table, name, ["elbo", "mig_chen"])
        for model, look in LOOK.items():
            own = cells.loc[model]
            ax.errorbar(
                own["elbo", "mean"], own["mig_chen", "mean"], own["mig_chen", "sem"],
                own["elbo", "sem"], color=look["color"], lw=0.7, elinewidth=0.5,
            )  # fmt: skip
            _sized(ax, own, ("elbo", "mean"), ("mig_chen", "mean"), look)
        ax.set(title=title, xlabel="ELBO (nats an image)")
        _room(ax)
    axes[0].set_ylabel("MIG (chen2018)")
    _sized_legend(figure, table)
    return figure


def _room(ax: Axes) -> None:
    """Show MIG from 0 on, the largest points whole, and numbers that do not touch."""
    ax.set_ylim(0, 1.06 * ax.get_ylim()[1])
    ax.xaxis.set_major_locator(MaxNLocator(5))


def _area(beta: Any) -> Any:
    return 8 + 9 * np.asarray(beta, dtype=float)


def _sized(ax: Axes, own: pd.DataFrame, x: Any, y: Any, look: dict[str, Any]) -> None:
    """Draw a point a beta (the index), whose area grows with it."""
    ax.scatter(
        own[x], own[y], s=_area(own.index), color=look["color"], marker=look["marker"],
        alpha=0.75, lw=0, zorder=3,
    )  # fmt: skip


def _sized_legend(figure: Any, table: pd.DataFrame) -> None:
    betas = sorted(set(table["beta"]))
    sizes = [
        Line2D([], [], ls="", marker="o", mew=0, color=GUIDE, ms=float(_area(beta)) ** 0.5,
               label=rf"$\beta$ = {beta:g}")
        for beta in (betas[0], betas[-1])
    ]  # fmt: skip
    figure.legend(handles=[*keys(), *sizes], loc="outside upper center", ncols=6, frameon=False)


def tc_mig(scores: Path) -> Figure:
    """Question 4: total correlation against MIG, means over seeds, and r over all models."""
    table = pd.read_csv(scores)
    figure, axes = plt.subplots(1, len(NAMES), figsize=(PAGE, 3.5))
    for ax, (name, title) in zip(axes, NAMES.items(), strict=True):
        cells = _cells(table, name, ["total_correlation", "mig_chen"])
        one = (table["sampling"] == INDEPENDENT) & (table["dataset"] == name)
        single = table[one].pivot_table(
            index=["model", "beta", "seed"], columns="metric", values="value"
        )
        lines = []
        for model, look in LOOK.items():
            own = single.loc[model]
            x, y = own["total_correlation"], own["mig_chen"]
            ax.plot(x, y, look["marker"], ms=1.8, mew=0, color=look["color"], alpha=0.45)
            _sized(ax, cells.loc[model], ("total_correlation", "mean"), ("mig_chen", "mean"), look)
            r, low, high, _ = correlation(x, y)
            told = f"r = {r:+.2f} [{low:+.2f}, {high:+.2f}]".replace("-", "−")
            few = f"{len(own)} models: no interval"
            lines.append(f"{TITLES[model]}: {told if np.isfinite(r) else few}")
        ax.set_title(title + "\n" + "\n".join(lines), fontsize=6.5)
        ax.set_xlabel("total correlation (nats)")
        _room(ax)
    axes[0].set_ylabel("MIG (chen2018)")
    _sized_legend(figure, table)
    return figure


def joints(
    scores: Path,
    factors: Sequence[str],
    contrasts: Mapping[str, float],
    beta: float,
) -> Figure:
    """Question 4: the joint distributions of two factors, drawn, and MIG under each.

    MIG is under the joint distribution that the model was trained with.
    """
    grid = IMAGE_SETS["dsprites"].grid
    one, two = (grid.sizes[grid.names.index(factor)] for factor in factors)
    of = {INDEPENDENT: 1.0, **contrasts}
    samplings = list(of)
    shown = {name: chances(contrast, (one, two)) for name, contrast in of.items()}
    most = max(joint.max() for joint in shown.values())
    figure = plt.figure(figsize=(PAGE, 4.6))
    axes = figure.subplot_mosaic(
        f"{''.join(samplings)};{'m' * len(samplings)}", height_ratios=[1, 1.35]
    )
    for name, joint in shown.items():
        ax = axes[name]
        image = ax.imshow(joint.T * joint.size, origin="lower", cmap="cividis", vmin=0,
                          vmax=most * joint.size)  # fmt: skip
        ratio = joint.max() / joint.min()
        ax.set_title(f"{name}: {ratio:.0f} : 1, {dependence(joint):.3f} nats", fontsize=7)
        ax.set(xticks=[0, one - 1], yticks=[0, two - 1], xlabel=factors[0])
    axes[INDEPENDENT].set_ylabel(factors[1])
    figure.colorbar(
        image, ax=[axes[name] for name in samplings], pad=0.01, aspect=12,
        label="times uniform",
    ).outline.set_visible(False)  # fmt: skip
    table = of_metric(pd.read_csv(scores), "mig_chen", dataset="dsprites", beta=beta)
    _grouped(axes["m"], table, "sampling", samplings)
    axes["m"].set_xticklabels(samplings)
    axes["m"].set(xlabel="joint distribution of the factors", ylabel="MIG (chen2018)")
    axes["m"].set_title(rf"dSprites, $\beta$ = {beta:g}", color=GUIDE)
    figure.legend(handles=keys(), loc="outside upper center", ncols=len(LOOK), frameon=False)
    return figure
