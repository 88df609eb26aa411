"""Figures of allen2024 against beta and over training."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import no_active_latent, ticks_at
from betascan.plots.points import means
from betascan.plots.style import GUIDE, PAGE, SMALL, Look, categorical, ordinal
from betascan.studies.allen2024.figure_parts import (
    ACTIVATIONS,
    AS_BETA,
    AS_SIGMA2,
    BETA_OF_SCAN,
    BETA_SIGMA2,
    LABELS,
    LINEAR,
    LOOKS,
    legend,
    mark_collapsed_mig,
    read_models,
)
from betascan.studies.allen2024.tables import DATASETS

OFF_LAW = 3.0  # factor by which a measured variance must miss its law to be annotated


def tradeoff(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Beta 1 and 5 at the reference's sigma^2, and the scan at sigma^2 = 1, against beta sigma^2.

    Parameters
    ----------
    table : Path
        Table of the experiment tradeoff, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    frame["beta_sigma2"] = frame["beta"] * frame["variance"]
    at_one = frame["variance"] == 1
    (sigma2,) = frame.loc[~at_one, "variance"].unique()
    columns = ["mig", "squared_error", "rate", "offdiagonal_mass", "axis_distance", "active_units"]
    figure, axes = plt.subplots(2, 3, figsize=(PAGE, 4.2), sharex=True)
    for ax, column in zip(axes.flat, columns, strict=True):
        for dataset in DATASETS:
            chosen, name = frame["dataset"] == dataset, labels.dataset(dataset, standins)
            look = LOOKS[dataset] | {"ms": 3.5}
            means(
                ax, frame[chosen & at_one], "beta_sigma2", column, mfc="white",
                label=rf"{name}, $\sigma^2 = 1$", **look,
            )  # fmt: skip
            means(
                ax, frame[chosen & ~at_one], "beta_sigma2", column, ls="",
                label=rf"{name}, $\sigma^2 = {sigma2:g}$", **look,
            )  # fmt: skip
        ax.set(xscale="log", title=LABELS[column])
        ax.set_yscale("log") if column == "squared_error" else ax.set_ylim(bottom=0)
    mark_collapsed_mig(axes[0, 0], read_models(collapsed))
    for ax in axes[1]:
        ax.set_xlabel(BETA_SIGMA2)
    legend(figure, axes.flat)
    return figure


def deterministic_elbo(table: Path, runaway: Path, standins: Collection[str]) -> Figure:
    """Off-diagonal masses over training under both ELBOs, and the loss of the exact form.

    Parameters
    ----------
    table : Path
        Table of the experiment deterministic_elbo, written by `tables.models`.
    runaway : Path
        Table written by `runaway.run_away`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.9))
    groups = list(frame.groupby(["dataset", "activation", "expanded"], sort=False))
    for ax, column in zip(axes, ("hessian_mass", "offdiagonal_mass"), strict=False):
        for (dataset, activation, second_order), models in groups:
            form = "deterministic" if second_order else "sampled"
            label, look = f"{labels.dataset(dataset, standins)}, {form}", dict(LOOKS[dataset])
            if activation != "silu":
                label, look["marker"] = f"{label}, {ACTIVATIONS[activation]}", "^"
            means(
                ax, models, "steps", column, ls=":" if second_order else "-", ms=3.5,
                mfc="white" if second_order else look["color"], label=label, **look,
            )  # fmt: skip
        _over_steps(ax, frame["steps"], column)
    legend(figure, axes)
    _runaway(axes[2], read_csv(runaway))
    axes[2].set_title(f"deterministic loss (nats), {labels.dataset('dsprites', standins)}")
    return figure


def _runaway(ax: Axes, curves: pd.DataFrame) -> None:
    """Draw the loss of each form; where two coincide, the dashed one over the wide one."""
    names = list(dict.fromkeys(curves["activation"]))
    # not the colours of the data sets
    looks = categorical([*LOOKS, *names])
    styles: dict[str, Look] = {
        "hessian": {"lw": 2.4, "alpha": 0.45, "label": "exact H"},
        "gauss_newton": {"ls": "--", "label": "Gauss–Newton"},
    }
    for activation in names:
        for curvature, style in styles.items():
            run = (curves["activation"] == activation) & (curves["curvature"] == curvature)
            ax.plot(
                curves.loc[run, "step"], curves.loc[run, "loss"], color=looks[activation]["color"],
                **style | {"label": f"{ACTIVATIONS[activation]}, {style['label']}"},
            )  # fmt: skip
    ax.set_yscale("symlog", linthresh=100)
    ax.set_xlabel(labels.STEPS)
    ax.legend()


def orthogonality_penalty(table: Path, collapsed: Path, standins: Collection[str]) -> Figure:
    """Orthogonality and MIG over training, and against each other at its end.

    Parameters
    ----------
    table : Path
        Table of the experiment orthogonality_penalty, written by `tables.models`.
    collapsed : Path
        Table written by `tables.collapsed`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame, empty = read_models(table), read_models(collapsed)
    frame["kind"] = [
        "full posterior" if model.posterior == "full"
        else f"penalty {model.penalty:g}" if model.penalty
        else "diagonal posterior"
        for model in frame.itertuples()
    ]  # fmt: skip
    looks = categorical(dict.fromkeys(frame["kind"]))
    figure, axes = plt.subplots(2, 3, figsize=(PAGE, 4.6))
    for (over_steps, mig, final), dataset in zip(axes, DATASETS, strict=True):
        of_dataset = frame[frame["dataset"] == dataset]
        for kind, look in looks.items():
            models = of_dataset[of_dataset["kind"] == kind]
            for ax, column in ((over_steps, "offdiagonal_mass"), (mig, "mig")):
                means(ax, models, "steps", column, ms=3.5, label=kind, **look)
            last = models[models["share"] == 1]
            final.plot(last["offdiagonal_mass"], last["mig"], ls="", ms=4, mew=0, **look)
        _over_steps(over_steps, frame["steps"], "offdiagonal_mass")
        _over_steps(mig, frame["steps"], "mig")
        final.set(xlabel=LABELS["offdiagonal_mass"], ylabel="MIG at the end")
        for ax in (mig, final):
            mark_collapsed_mig(ax, empty[empty["dataset"] == dataset], GUIDE)
            ax.set_ylim(bottom=0)
        final.set_xlim(left=0)
        mig.set_title(labels.dataset(dataset, standins), fontweight="bold")
    legend(figure, axes.flat)
    return figure


def _over_steps(ax: Axes, steps: pd.Series, column: str) -> None:
    """Label an axis of training steps where models were measured."""
    ax.set(xscale="log", xlabel=labels.STEPS, ylabel=LABELS[column], ylim=(0, None))
    ticks_at(ax.xaxis, steps)


def likelihood_variance(table: Path, linear_truth: Path, standins: Collection[str]) -> Figure:
    """Measured likelihood variances against beta, collapse, and pairs that should be equal.

    Parameters
    ----------
    table : Path
        Table of the experiment likelihood_variance, written by `tables.models`.
    linear_truth : Path
        Table written by `linear.solutions`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame, truth = read_models(table), read_csv(linear_truth)
    scan = frame[frame["variance"] == 1]
    figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.9))
    left, middle, right = axes
    linear = truth[(truth["part"] == "scan") & (truth["variance"] == 1)]
    left.plot(
        linear["beta"], linear["effective_variance"], ls="", ms=3.5, label=LINEAR, **LOOKS[LINEAR]
    )
    for dataset in DATASETS:
        look, models = LOOKS[dataset] | {"ms": 3.5}, scan[scan["dataset"] == dataset]
        look["zorder"] = 3 if dataset == "dsprites" else 2.5
        name = labels.dataset(dataset, standins)
        means(left, models, "beta", "effective_variance", ls="", label=name, **look)
        means(middle, models, "beta", "active_units", **look)
        _pairs(right, frame[frame["dataset"] == dataset], **look)
    every = pd.concat([scan["beta"], linear["beta"]])
    betas = np.array([every.min(), every.max()])
    left.plot(betas, betas, color=GUIDE, lw=0.8, label=r"the paper: $\propto\beta$")
    mechanism = r"mechanism 2: $\propto 1/\beta$"
    left.plot(betas, 1 / betas, color=GUIDE, lw=0.8, ls=":", label=mechanism)
    left.set(xscale="log", yscale="log", xlabel=BETA_OF_SCAN)
    left.set_ylabel(LABELS["effective_variance"])
    _annotate_off_law(left, scan)
    middle.set(xscale="log", xlabel=BETA_OF_SCAN, ylabel=LABELS["active_units"], ylim=(0, None))
    right.set(xscale="log", yscale="log")
    ends = right.get_xlim()
    right.plot(ends, ends, color=GUIDE, lw=0.6, zorder=0)
    right.set(xlabel=f"squared error of {AS_BETA}", ylabel=f"squared error of {AS_SIGMA2}")
    legend(figure, axes)
    return figure


def _annotate_off_law(ax: Axes, scan: pd.DataFrame) -> None:
    """Annotate the mean that misses the law most, if it does so by more than `OFF_LAW`."""
    measured = scan.groupby(["dataset", "beta"])["effective_variance"].mean().dropna()
    beta = measured.index.get_level_values("beta").to_numpy()
    factor = np.abs(np.log(measured.to_numpy() / beta))
    if len(factor) and factor.max() > np.log(OFF_LAW):
        worst = factor.argmax()
        ax.annotate(
            "encoder short of\nits optimum", (beta[worst], measured.iloc[worst]), (8, 0),
            textcoords="offset points", fontsize=SMALL, color=GUIDE, va="center",
        )  # fmt: skip


def _pairs(ax: Axes, frame: pd.DataFrame, **look: Any) -> None:
    """Draw squared errors of models trained as (beta, 1) and (1, beta)."""
    as_beta = frame[frame["variance"] == 1].set_index(["seed", "beta"])["squared_error"]
    rescaled = frame[(frame["beta"] == 1) & (frame["variance"] != 1)]
    as_sigma2 = rescaled.set_index(["seed", "variance"])["squared_error"]
    both = as_beta.index.intersection(as_sigma2.index)
    ax.plot(as_beta[both], as_sigma2[both], ls="", **look)
    if len(both):
        distance = np.abs(np.log(as_sigma2[both] / as_beta[both]))
        apart = np.expm1(distance.groupby("seed").median().mean())  # as in the statement
        ax.annotate(
            f"median pair {100 * apart:.1f} % apart", (0.04, 0.95 - 0.08 * len(ax.texts)),
            xycoords="axes fraction", fontsize=SMALL, color=look["color"], va="top",
        )  # fmt: skip


def singular_values(table: Path, standins: Collection[str]) -> Figure:
    """Singular values of J along the scan, and the log-density change on the data manifold.

    Parameters
    ----------
    table : Path
        Table of the experiment likelihood_variance, written by `tables.models`.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    frame = read_models(table)
    scan = frame[frame["variance"] == 1]
    looks = ordinal(scan.filter(regex=r"^s\d+$").columns)
    figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.7))
    for ax, dataset in zip(axes, DATASETS, strict=False):
        models = scan[scan["dataset"] == dataset]
        for name, look in looks.items():
            means(ax, models, "beta", name, label=f"$s_{{{name[1:]}}}$", **look)
        if models[list(looks)].isna().all(axis=None):
            no_active_latent(ax)
        ax.set(xscale="log", yscale="log", xlabel=BETA_OF_SCAN)
        ax.set_title(labels.dataset(dataset, standins))
    axes[0].set_ylabel("singular values of J")
    for dataset in DATASETS:
        means(
            axes[2], scan[scan["dataset"] == dataset], "beta", "log_volume", ms=3,
            label=labels.dataset(dataset, standins), **LOOKS[dataset],
        )  # fmt: skip
    axes[2].set(xscale="log", xlabel=BETA_OF_SCAN, ylabel=r"$\sum_i \log s_i$ (nats)")
    legend(figure, axes)
    return figure
