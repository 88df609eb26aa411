"""Figures of allen2024 that compare kinds of models: a point a seed, a line at the mean."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from betascan.plots.style import GUIDE, PAGE, save

COLOURS = {"dSprites": "#0072b2", "Shapes3D": "#d55e00"}
MARKERS = {"dSprites": "o", "Shapes3D": "s"}
LABELS = {
    "offdiagonal_mass": r"off-diagonal mass of $J^TJ$",
    "mean_absolute_cosine": r"mean |cos| of columns of $J$",
    "axis_distance": "V to a signed permutation (C1)",
    "gradient_mass": r"off-diag. mass of $\partial s_i/\partial z_j$ (C2)",
    "hessian_mass": "off-diagonal mass of H",
    "mig": "MIG",
    "squared_error": r"squared error ($|x-\hat x|^2$)",
    "active_units": "active latents",
    "rate": "rate (nats)",
    "taylor_hessian": "error of the expansion, exact H",
    "taylor_gauss_newton": "error of the expansion, Gauss–Newton",
    "ms_a_step": "ms a training step",
    "effective_variance": r"measured $\sigma_{\mathrm{eff}}^2$",
}
LOGARITHMIC = {"squared_error", "taylor_hessian", "taylor_gauss_newton", "ms_a_step"}


def dots(ax: Axes, table: pd.DataFrame, kinds: Sequence[str], column: str) -> None:
    """Draw a column for each kind (the table's `kind`), data sets side by side.

    A measure of J that no seed has, for want of two active latents, is told as collapsed.
    """
    for shift, (dataset, colour) in zip((-0.17, 0.17), COLOURS.items(), strict=True):
        for place, kind in enumerate(kinds):
            own = table[(table["dataset"] == dataset) & (table["kind"] == kind)][column].dropna()
            x = place + shift
            if own.empty:
                ax.text(
                    x, 0.03, "collapsed", rotation=90, color=colour, fontsize=5, ha="center",
                    transform=ax.get_xaxis_transform(),
                )  # fmt: skip
                continue
            ax.plot(
                [x] * len(own), own, MARKERS[dataset], ms=2.8, mew=0, color=colour, clip_on=False
            )
            ax.hlines(own.mean(), x - 0.13, x + 0.13, colour, lw=1)
    ax.set_xticks(range(len(kinds)), kinds)
    ax.set(xlim=(-0.5, len(kinds) - 0.5), title=LABELS[column])
    if column in LOGARITHMIC:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)


def panels(
    frames: Mapping[str, pd.DataFrame], kinds: Sequence[str], png: Path, pdf: Path, footer: str
) -> None:
    """Draw one panel a column, from the frame that has it, and a key of the data sets."""
    rows = -(-len(frames) // 3)
    figure, axes = plt.subplots(rows, 3, figsize=(PAGE, 2.1 * rows + 0.3), squeeze=False)
    for ax, (column, frame) in zip(axes.flat, frames.items(), strict=False):
        shown = [kind for kind in kinds if (frame["kind"] == kind).any()]
        dots(ax, frame, shown, column)
        if column.startswith("taylor"):
            ax.axhline(frame["taylor_noise"].mean(), color=GUIDE, lw=0.6, ls=":")
    for ax in axes.flat[len(frames) :]:
        ax.axis("off")
    keys = [
        Line2D([], [], ls="", marker=MARKERS[name], ms=3.5, color=colour, label=name)
        for name, colour in COLOURS.items()
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=2, frameon=False)
    save(figure, png, pdf, footer)


def e2(table: Path, cost: Path, png: Path, pdf: Path, footer: str) -> None:
    """Diagonal against full posterior covariances, at each beta; and what a step costs."""
    frame, spent = pd.read_csv(table), pd.read_csv(cost)
    short = {"diagonal": "diag.", "full": "full"}
    frame["kind"] = [
        f"{short[posterior]}\n" + rf"$\beta$={beta:g}"
        for posterior, beta in zip(frame["posterior"], frame["beta"], strict=True)
    ]
    spent["kind"] = spent["cell"].map(
        {"reference": "diag.", "posterior_full": "full", "expanded_1": "determ."}
    )
    spent["kind"] = spent["kind"].fillna("penalty")
    kinds = [*dict.fromkeys(frame["kind"]), "diag.", "full", "penalty", "determ."]
    columns = ["offdiagonal_mass", "axis_distance", "gradient_mass", "mig", "squared_error"]
    panels(dict.fromkeys(columns, frame) | {"ms_a_step": spent}, kinds, png, pdf, footer)


def e3(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Activations of the decoder, and a linear one."""
    frame = pd.read_csv(table)
    names = {"silu": "SiLU", "relu": "ReLU", "softplus": "soft-\nplus", "tanh": "tanh"}
    frame["kind"] = np.where(frame["decoder"] == "linear", "linear", frame["activation"].map(names))
    columns = ["offdiagonal_mass", "axis_distance", "mig", "squared_error"]
    columns += ["taylor_gauss_newton", "taylor_hessian"]
    panels(dict.fromkeys(columns, frame), [*names.values(), "linear"], png, pdf, footer)


def n3(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Priors."""
    frame = pd.read_csv(table)
    names = {"gaussian": "Gaussian", "laplace": "Laplace", "uniform": "uniform"}
    frame["kind"] = frame["prior"].map(names)
    columns = ["offdiagonal_mass", "axis_distance", "gradient_mass"]
    columns += ["mig", "squared_error", "active_units"]
    panels(dict.fromkeys(columns, frame), list(names.values()), png, pdf, footer)


def q1(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Likelihoods, each with a diagonal and a full posterior."""
    frame = pd.read_csv(table)
    names = {"gaussian": "Gauss", "bernoulli": "Bern.", "laplace": "Lapl."}
    frame["kind"] = frame["likelihood"].map(names) + "\n" + frame["posterior"].str[:4]
    columns = ["offdiagonal_mass", "axis_distance", "gradient_mass"]
    columns += ["mig", "squared_error", "active_units"]
    panels(dict.fromkeys(columns, frame), list(dict.fromkeys(frame["kind"])), png, pdf, footer)
