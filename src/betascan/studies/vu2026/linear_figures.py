"""Figures of vu2026's linear study: scores of every cell, and the contraction sweep by sweep."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import handles, labelled
from betascan.plots.boxes import boxes as draw_boxes
from betascan.plots.boxes import places
from betascan.plots.heatmap import compare, mark
from betascan.plots.style import FAINT, GUIDE, PAGE, Look, ordinal
from betascan.studies.vu2026.linear_data import SCORES
from betascan.theory import lambda_beta

LABELS = {
    "recon": labels.METRICS["nll"],
    "SAP": labels.METRICS["sap"],
    "Im": labels.METRICS["matched_information"],
}
METHODS = {"fixed_point": "alternating updates", "adamw": "AdamW"}
LINEAR = 10.0  # nats: linear within it, as likelihoods have no lower bound at beta 1
TICKS = (-50, -20, -10, -5, 0, 5, 10, 20, 100, 1000)  # of likelihoods
FLOOR = 1e-12  # gains below are rounding where other modes are active


def boxes(runs: Path, linear: Path, observed: int) -> Figure:
    """Draw scores against beta, a colour per lambda: boxes of starts, published means as crosses.

    Parameters
    ----------
    runs : Path
        Table of all runs, from `linear_jobs.solve`.
    linear : Path
        Table written by `linear_tables.cells`.
    observed : int
        Observed variables of the models to show.
    """
    values = read_csv(runs).query("n == @observed")
    cells = read_csv(linear).query("n == @observed")
    betas, looks = sorted(set(values["beta"])), ordinal(sorted(set(values["lambda"])))
    at = places(betas, looks)
    figure, axes = plt.subplots(
        len(SCORES), len(METHODS), figsize=(PAGE, 6.4), sharex=True, sharey="row"
    )
    for score, row in zip(SCORES, axes, strict=True):
        for method, ax in zip(METHODS, row, strict=True):
            of_method = values[values["method"] == method]
            draw_boxes(ax, of_method, x="beta", y=score, hue="lambda", order=betas, looks=looks)
            means = cells[(cells["method"] == method) & (cells["metric"] == score)]
            centres = [at[cell] for cell in zip(means["beta"], means["lambda"], strict=True)]
            ax.plot(centres, means["mean"], "D", color="black", ms=1.8, mew=0, zorder=4)
            ax.plot(centres, means["published"], "x", color="black", ms=3, mew=0.7, zorder=4)
            if score == "recon":
                _scale_likelihoods(ax)
        row[0].set_ylabel(LABELS[score])
    axes[0, 0].set_ylabel(f"{LABELS['recon']}\nlogarithmic beyond ±{LINEAR:g}")
    for ax, name in zip(axes[0], METHODS.values(), strict=True):
        ax.set_title(f"{name}, n = {observed}")
    for ax in axes[-1]:
        ax.set_xlabel(labels.SYMBOLS["beta"])
    ours = Line2D([], [], color="black", ls="", marker="D", ms=2.5, mew=0, label="our mean")
    published = Line2D([], [], color="black", ls="", marker="x", ms=3, label="published mean")
    names = {lam: labels.setting(lam=lam) for lam in looks}
    figure.legend(
        handles=[*handles(looks, names), *labelled(axes.flat).values(), ours, published],
        loc="outside upper center",
        ncols=4,
    )
    return figure


def _scale_likelihoods(ax: Axes) -> None:
    ax.set_yscale("symlog", linthresh=LINEAR)
    ax.axhline(0, color=FAINT, lw=0.5, zorder=0)
    low, high = ax.get_ylim()
    ticks = [tick for tick in TICKS if low < tick < high]
    ax.set_yticks(ticks, [labels.number(tick) for tick in ticks])
    ax.set_yticks([], minor=True)


def heatmaps(linear: Path, observed: int, method: str) -> Figure:
    """Draw means over starts, lambda x beta: ours, published, and the difference.

    A difference is coloured by its share of what the table allows, and framed beyond that; a cell
    where nothing converges is hatched, as no agreement can be expected.

    Parameters
    ----------
    linear : Path
        Table written by `linear_tables.cells`.
    observed : int
        Observed variables of the models to show.
    method : str
        "fixed_point" or "adamw".
    """
    cells = read_csv(linear).query("n == @observed and method == @method")
    figure, axes = plt.subplots(len(SCORES), 3, figsize=(PAGE, 5.6), sharex=True, sharey=True)
    for score, row in zip(SCORES, axes, strict=True):
        mean, published, allowed = (
            cells[cells["metric"] == score].pivot(index="lambda", columns="beta", values=name)
            for name in ("mean", "published", "allowed")
        )
        unbounded = np.outer(mean.index > 0, mean.columns == 1)
        bounded = pd.concat([mean, published])[mean.columns[mean.columns > 1]]
        norm = Normalize(bounded.min(axis=None), bounded.max(axis=None))
        compare(
            row,
            mean,
            published,
            allowed.mask(unbounded),
            ".2f" if score == "recon" else ".3f",
            LABELS[score],
            norm=norm if score == "recon" else None,
        )
        mark(row[2], unbounded, hatch="////", ec=GUIDE, lw=0, alpha=0.35)
        row[0].set_ylabel(labels.SYMBOLS["lam"])
    for ax, title in zip(axes[0], ("ours", "published", "ours − published"), strict=True):
        ax.set_title(title)
    for ax in axes[-1]:
        ax.set_xlabel(labels.SYMBOLS["beta"])
    keys = [
        Patch(fc="none", ec="black", lw=1.2, label="beyond what is allowed"),
        Patch(fc="none", ec=GUIDE, lw=0, hatch="////", label="does not converge: no target"),
    ]
    title = f"{METHODS[method]}, n = {observed}: means over starts"
    figure.legend(handles=keys, title=title, loc="outside upper center", ncols=2)
    return figure


def contraction(contraction: Path, lam: float, beta: float, noise: float) -> Figure:
    """Draw encoder gains sweep by sweep without and with lambda, and the remaining information.

    Dashed: the law's slope log(beta_c/beta), through one point of each mode, and the optimum's
    information.

    Parameters
    ----------
    contraction : Path
        Table written by `linear_jobs.contract`.
    lam, beta : float
        lambda and beta of the run whose modes are all shown.
    noise : float
        Variance of y that is not due to the factors.
    """
    table = read_csv(contraction)
    figure, (free, bound, held) = plt.subplots(1, 3, figsize=(PAGE, 3.1))

    strongest = table.query("mode == 1 and `lambda` == 0")
    looks = ordinal(sorted(set(strongest["beta"])))
    for value, run in strongest.groupby("beta"):
        _gain(free, run, looks[value], labels.setting(beta=value))

    runs = table.query("`lambda` == @lam and beta == @beta")
    modes = [*sorted(set(runs["mode"]) - {0}), 0]  # the noise around the factors comes last
    for mode, look in ordinal(modes).items():
        run = runs[runs["mode"] == mode]
        threshold = f"{run['critical_beta'].iloc[0]:.3g}"
        _gain(bound, run, look, threshold if mode else f"{threshold} (noise)")

    highest = strongest["beta"].max()
    followed = table.query("mode > 0 and beta == @highest")
    looks = ordinal(sorted(set(followed["lambda"])))
    for value, run in followed.groupby("lambda"):
        one, colour = run[run["mode"] == 1], looks[value]["color"]
        name = labels.setting(lam=value)
        held.plot(one["sweep"], one["information"], "o", color=colour, ms=2.2, mew=0, label=name)
        v = run.loc[run["sweep"] == 0, "variance"].to_numpy()
        of_factors = lambda_beta.signal_fraction(v, highest, value) * (1 - noise / v)
        held.axhline(-np.log1p(-of_factors).sum() / 2, color=colour, lw=0.8, ls="--", zorder=1)

    free.set_title(f"strongest mode, {labels.setting(lam=0)}")
    bound.set_title(f"all modes, {labels.setting(beta=beta, lam=lam)}")
    held.set_title(f"information, {labels.setting(beta=highest)}")
    for ax in (free, bound):
        ax.set(yscale="log", ylim=(FLOOR, 30))
    free.set_ylabel(r"encoder gain $|B u_k|$")
    held.set_ylabel(r"$I(z;v)$ (nats)")
    legend = {"handlelength": 0.8, "labelspacing": 0.2, "markerscale": 1.5}
    free.legend(loc="lower right", **legend)
    bound.legend(loc="upper right", bbox_to_anchor=(1, 0.8), title=r"$\beta_c$", **legend)
    held.legend(loc="upper right", **legend)
    for ax in (free, bound, held):
        ax.set_xlabel("sweeps (decoder, then encoder)")
    return figure


def _gain(ax: Axes, run: pd.DataFrame, look: Look, name: str) -> None:
    """Draw the gains of a mode, and beyond its threshold the law through the middle of them."""
    colour = look["color"]
    ax.plot(run["sweep"], run["gain"], "o", color=colour, ms=2.2, mew=0, label=name)
    slope = np.log(run["critical_beta"].iloc[0] / run["beta"].iloc[0])
    if slope < 0:
        visible = run[run["gain"] > FLOOR]
        middle = visible.iloc[len(visible) // 2]
        law = middle["gain"] * np.exp(slope * (run["sweep"] - middle["sweep"]))
        ax.plot(run["sweep"], law, "--", color=colour, lw=0.8)
