"""Figures of allen2024 over beta and over training."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from betascan.plots.style import GUIDE, PAGE, rank_colours, save
from betascan.studies.allen2024.categories import COLOURS, LABELS, MARKERS, dots

DASHES = {"dSprites": "-", "Shapes3D": "--"}


def _means(ax: Axes, table: pd.DataFrame, x: str, y: str, **look: Any) -> None:
    """Draw means over seeds with standard errors."""
    groups = table.dropna(subset=[y]).groupby(x)[y]
    if groups.ngroups:
        ax.errorbar(
            groups.mean().index, groups.mean(), yerr=groups.sem().fillna(0), capsize=1.5,
            elinewidth=0.6, **look,
        )  # fmt: skip


def e1(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Beta 1 and 5 at the reference's sigma^2 and the scan at sigma^2 = 1, over their product."""
    frame = pd.read_csv(table)
    frame["price"] = frame["beta"] * frame["variance"]
    columns = ["mig", "squared_error", "rate", "offdiagonal_mass", "axis_distance", "active_units"]
    figure, axes = plt.subplots(2, 3, figsize=(PAGE, 4.2), sharex=True)
    for ax, column in zip(axes.flat, columns, strict=True):
        for dataset, colour in COLOURS.items():
            own = frame[frame["dataset"] == dataset]
            look: dict[str, Any] = {"color": colour, "marker": MARKERS[dataset], "ms": 3.5}
            _means(
                ax, own[own["variance"] == 1], "price", column, mfc="white",
                label=rf"{dataset}, $\sigma^2 = 1$", **look,
            )  # fmt: skip
            tradeoff = own[own["variance"] != 1]
            told = rf"{dataset}, $\sigma^2 = {tradeoff['variance'].iloc[0]:g}$"
            _means(ax, tradeoff, "price", column, label=told, lw=2, **look)
        ax.set(xscale="log", title=LABELS[column])
        ax.set_yscale("log") if column == "squared_error" else ax.set_ylim(bottom=0)
    for ax in axes[1]:
        ax.set_xlabel(r"$\beta\sigma^2$")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    save(figure, png, pdf, footer)


def e4(table: Path, activations: Path, runaway: Path, png: Path, pdf: Path, footer: str) -> None:
    """Masses on the way by both ELBOs, errors of the expansion, and the exact form's runaway."""
    frame = pd.read_csv(table)
    figure, axes = plt.subplots(2, 2, figsize=(PAGE, 5))
    groups = list(frame.groupby(["dataset", "activation", "expanded"], sort=False))
    for ax, column in zip(axes[0], ("hessian_mass", "offdiagonal_mass"), strict=True):
        for (dataset, activation, expanded), own in groups:
            colour, smooth = COLOURS[dataset], activation == "silu"
            told = f"{dataset}, {'deterministic' if expanded else 'sampled'}"
            _means(
                ax, own, "steps", column, color=colour, mfc="white" if expanded else colour,
                marker=MARKERS[dataset] if smooth else "^", ms=3.5, ls=":" if expanded else "-",
                label=told if smooth else f"{told}, {activation}",
            )  # fmt: skip
        _over_steps(ax, frame["steps"], column)
    handles, labels = max(
        (ax.get_legend_handles_labels() for ax in axes[0]), key=lambda pair: len(pair[0])
    )
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    taylor = pd.read_csv(activations)
    taylor["kind"] = np.where(taylor["decoder"] == "linear", "linear", taylor["activation"])
    kinds = list(dict.fromkeys(taylor["kind"]))
    dots(axes[1, 0], taylor, kinds, "taylor_hessian")
    axes[1, 0].axhline(taylor["taylor_noise"].mean(), color=GUIDE, lw=0.6, ls=":")
    axes[1, 0].set(ylabel="relative error", title="expansion with the exact Hessian (sampled ELBO)")
    _runaway(axes[1, 1], pd.read_csv(runaway))
    save(figure, png, pdf, footer)


def _runaway(ax: Axes, curves: pd.DataFrame) -> None:
    """Draw the loss of each form until it left its bound."""
    named = {"hessian": "exact H", "gauss_newton": "Gauss–Newton"}
    groups = list(curves.groupby(["activation", "curvature"]))
    for (activation, curvature), own in groups:
        ax.plot(
            own["step"], own["loss"], ls="-" if curvature == "hessian" else ":",
            color="#009e73" if activation == "relu" else "#cc79a7",
            lw=1.8 if curvature == "hessian" else 0.9, label=f"{activation}, {named[curvature]}",
        )  # fmt: skip
    ax.set_yscale("symlog", linthresh=100)
    ax.set(xlabel="steps", ylabel="deterministic loss (nats)", title="dSprites")
    ax.legend(frameon=False)


def _kind(row: Any) -> str:
    if row.posterior == "full":
        return "full posterior"
    return f"penalty {row.penalty:g}" if row.penalty else "diagonal"


def n1(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Orthogonality and MIG on the way, and against each other."""
    frame = pd.read_csv(table)
    frame["kind"] = [_kind(row) for row in frame.itertuples()]
    kinds = list(dict.fromkeys(frame["kind"]))
    palette = rank_colours(len(kinds))
    colours = {kind: palette(k) for k, kind in enumerate(kinds)}
    figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.8))
    for ax, column in zip(axes, ("offdiagonal_mass", "mig"), strict=False):
        for (kind, dataset), own in _groups(frame):
            _means(
                ax, own, "steps", column, color=colours[kind], ls=DASHES[dataset], ms=3,
                marker=MARKERS[dataset],
            )  # fmt: skip
        _over_steps(ax, frame["steps"], column)
    for (kind, dataset), own in _groups(frame):
        axes[2].scatter(
            own["offdiagonal_mass"], own["mig"], s=2 + 10 * own["share"], color=colours[kind],
            marker=MARKERS[dataset], lw=0,
        )  # fmt: skip
    axes[2].set(xlabel=LABELS["offdiagonal_mass"], ylabel="MIG")
    axes[2].set_title("larger: later in training")
    keys = [Line2D([], [], color=colour, lw=2, label=kind) for kind, colour in colours.items()]
    keys += [
        Line2D([], [], color=GUIDE, ls=DASHES[name], marker=MARKERS[name], label=name)
        for name in COLOURS
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys), frameon=False)
    save(figure, png, pdf, footer)


def _over_steps(ax: Axes, steps: pd.Series, column: str) -> None:
    """Label an axis of training steps by where models were looked at."""
    ax.set(xscale="log", xlabel="steps", ylabel=LABELS[column], ylim=(0, None))
    shown = sorted(set(steps))
    ax.set_xticks(shown, [f"{step:,}" for step in shown])
    ax.minorticks_off()


def _groups(frame: pd.DataFrame) -> list[tuple[tuple[Any, Any], pd.DataFrame]]:
    groups: list[tuple[Hashable, pd.DataFrame]] = list(
        frame.groupby(["kind", "dataset"], sort=False)
    )
    return groups  # type: ignore[return-value]


def n2(table: Path, linear_truth: Path, png: Path, pdf: Path, footer: str) -> None:
    """The likelihood variance that was measured over beta, collapse, and twins."""
    frame, truth = pd.read_csv(table), pd.read_csv(linear_truth)
    scan = frame[frame["variance"] == 1]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(PAGE, 2.9))
    linear = truth[(truth["part"] == "scan") & (truth["variance"] == 1)]
    left.plot(
        linear["beta"], linear["effective_variance"], "^", color="#009e73", ms=3.5,
        label="linear-Gaussian",
    )  # fmt: skip
    for dataset, colour in COLOURS.items():
        look: dict[str, Any] = {"color": colour, "marker": MARKERS[dataset], "ms": 3.5}
        own = scan[scan["dataset"] == dataset]
        _means(left, own, "beta", "effective_variance", ls="", label=dataset, **look)
        _means(middle, own, "beta", "active_units", **look)
        right.plot(*_twins(frame[frame["dataset"] == dataset]), ls="", **look)
    every = pd.concat([scan["beta"], linear["beta"]])
    betas = np.array([every.min(), every.max()])
    left.plot(betas, betas, color=GUIDE, lw=0.8, label=r"the author: $\propto\beta$")
    left.plot(
        betas, 1 / betas, color=GUIDE, lw=0.8, ls=":", label=r"mechanism 2: $\propto 1/\beta$"
    )
    left.set(xscale="log", yscale="log", xlabel=r"$\beta$ ($\sigma^2 = 1$)")
    left.set_ylabel(LABELS["effective_variance"])
    middle.set(
        xscale="log", xlabel=r"$\beta$ ($\sigma^2 = 1$)", ylabel="active latents", ylim=(0, None)
    )
    right.set(xscale="log", yscale="log")
    low, high = right.get_xlim()
    right.plot([low, high], [low, high], color=GUIDE, lw=0.6, zorder=0)
    right.set(xlabel=r"squared error of $(\beta, \sigma^2=1)$")
    right.set_ylabel(r"squared error of $(1, \sigma^2=\beta)$")
    figure.legend(loc="outside upper center", ncols=5, frameon=False)
    save(figure, png, pdf, footer)


def _twins(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Squared errors of models trained as (beta, 1), and of the same trained as (1, beta)."""
    scan = frame[frame["variance"] == 1].set_index(["seed", "beta"])["squared_error"]
    twins = frame[frame["beta"] == 1].set_index(["seed", "variance"])["squared_error"]
    both = scan.index.intersection(twins.index)
    return scan[both], twins[both]


def q2(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Singular values of J along the scan, and the log-density change on the data manifold."""
    frame = pd.read_csv(table)
    frame = frame[frame["variance"] == 1]
    names = [name for name in frame if name[0] == "s" and name[1:].isdigit()]
    colours = rank_colours(len(names))
    figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.7))
    for ax, dataset in zip(axes, COLOURS, strict=False):
        own = frame[frame["dataset"] == dataset]
        for k, name in enumerate(names):
            _means(
                ax, own, "beta", name, color=colours(k), marker="o", ms=2.5, label=f"$s_{k + 1}$"
            )
        ax.set(xscale="log", yscale="log", xlabel=r"$\beta$ ($\sigma^2 = 1$)", title=dataset)
    axes[0].set_ylabel("singular values of J")
    for dataset, colour in COLOURS.items():
        own = frame[frame["dataset"] == dataset]
        _means(
            axes[2], own, "beta", "log_volume", color=colour, marker=MARKERS[dataset], ms=3,
            label=dataset,
        )  # fmt: skip
    axes[2].set(
        xscale="log", xlabel=r"$\beta$ ($\sigma^2 = 1$)", ylabel=r"$\sum_i \log s_i$ (nats)"
    )
    axes[2].legend(frameon=False)
    handles, labels = max(
        (ax.get_legend_handles_labels() for ax in axes[:2]), key=lambda pair: len(pair[0])
    )
    figure.legend(handles, labels, loc="outside upper center", ncols=10, frameon=False)
    save(figure, png, pdf, footer)
