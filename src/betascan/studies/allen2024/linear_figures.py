"""Figures of allen2024 against exact theory: the linear truth, and the identity everywhere."""

from collections.abc import Collection, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import no_active_latent
from betascan.plots.style import GUIDE, PAGE, SMALL, categorical, ordinal
from betascan.studies.allen2024.figure_parts import AS_BETA, AS_SIGMA2, BETA_SIGMA2, LINEAR
from betascan.studies.allen2024.tables import DATASETS
from betascan.theory import landau

POSTERIORS = categorical(["diagonal", "full"])
OF_VARIANT = {"reference": "diagonal", "posterior_full": "full"}
"""Posterior covariance by name of the variant."""
NOT_INJECTIVE = "diagonal,\nnot injective"
FLOOR = 1e-6  # degrees: smaller angles are rounding
EXACT = 1e-3  # relative error below which an identity holds to the solver's precision


def linear_truth(table: Path) -> Figure:
    """Angles to the PCA axes, and log-variances with their law.

    Parameters
    ----------
    table : Path
        Table written by `linear.solutions`.
    """
    frame = read_csv(table)
    figure, (left, right) = plt.subplots(1, 2, figsize=(0.75 * PAGE, 2.7))
    started = frame[frame["part"] != "scan"]
    kind = started["posterior"].where(started["part"] == "angles", NOT_INJECTIVE)
    started = started.assign(kind=kind, mean_angle=started["mean_angle"].clip(lower=FLOOR))
    sns.swarmplot(
        started, x="kind", y="mean_angle", hue="posterior", order=[*POSTERIORS, NOT_INJECTIVE],
        hue_order=list(POSTERIORS), palette=[look["color"] for look in POSTERIORS.values()],
        log_scale=(False, True), size=3, legend=False, ax=left,
    )  # fmt: skip
    random_angle = started["angle_of_any_rotation"].iloc[0]
    left.axhline(random_angle, color=GUIDE, ls="--", lw=0.7, zorder=0)
    left.text(-0.45, random_angle * 0.7, "random rotations", color=GUIDE, fontsize=SMALL, va="top")
    left.set(xlim=(-0.5, 2.5), ylim=(None, 200), xlabel="posterior covariance")
    left.set_ylabel("mean angle to the PCA axes\n(degrees)")
    _scan(right, frame[frame["part"] == "scan"])
    return figure


def _scan(ax: Axes, scan: pd.DataFrame) -> None:
    """Draw log-variances against beta sigma^2, trained both ways, with their law."""
    first = scan[scan["seed"] == scan["seed"].min()]
    looks = ordinal(scan.filter(regex=r"^log_variance_law_\d+$").columns)
    beta_sigma2 = np.geomspace(first["beta_sigma2"].min(), first["beta_sigma2"].max(), 400)
    least = first.sort_values("beta_sigma2").iloc[0]
    for law, look in looks.items():
        # all modes are active at the lowest beta sigma^2, where the law gives the mode's variance
        variance = least["beta_sigma2"] / np.exp(least[law])
        ax.plot(
            beta_sigma2, landau.log_variance(beta_sigma2, variance), color=look["color"], lw=0.8
        )
        for as_beta, marker, size in ((True, "o", 4.5), (False, "x", 3)):
            chosen = first[(first["variance"] == 1) == as_beta]
            ax.plot(
                chosen["beta_sigma2"], chosen[law.replace("law_", "")], marker, ms=size, mfc="none",
                mew=0.7, color=look["color"],
            )  # fmt: skip
    ax.plot([], [], "o", mfc="none", color=GUIDE, ms=4.5, mew=0.7, label=AS_BETA)
    ax.plot([], [], "x", color=GUIDE, ms=3, mew=0.7, label=AS_SIGMA2)
    ax.plot([], [], color=GUIDE, label="law")
    ax.legend(handlelength=1.2)
    ax.set(xscale="log", xlabel=BETA_SIGMA2, ylabel="posterior log-variance (nats)")


def identity(pairs: Path, identities: Sequence[Path], standins: Collection[str]) -> Figure:
    """Posterior precision from the encoder against that from the decoder, a panel per data set.

    Parameters
    ----------
    pairs : Path
        Both sides of the identity, written by `linear.solutions`.
    identities : sequence of Path
        Tables written by `measure.measure` for the models that are shown.
    standins : collection of str
        Data sets whose images are stand-ins.
    """
    exact = read_csv(pairs)
    panels = {LINEAR: exact[exact["row"] == exact["column"]]}
    entries = pd.concat([read_csv(path) for path in identities])
    shown = entries[entries["active"] & (entries["row"] == entries["column"])]
    shown = shown.rename(columns={"expected": "right"})
    shown["posterior"] = shown["cell"].map(OF_VARIANT)
    for dataset in DATASETS:
        panels[labels.dataset(dataset, standins)] = shown[shown["dataset"] == dataset]
    figure, axes = plt.subplots(1, len(panels), figsize=(PAGE, 2.8))
    for ax, (name, frame) in zip(axes, panels.items(), strict=True):
        _identity(ax, frame)
        ax.set_title(name)
        ax.set_xlabel(r"$1 + E_q[|J_k|^2] / (\beta\sigma^2)$, decoder")
    axes[0].set_ylabel(r"$(\Sigma_x^{-1})_{kk}$, encoder")
    return figure


def _identity(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw entries around the line on which both sides agree."""
    if frame.empty:
        no_active_latent(ax)
        return
    for posterior, look in POSTERIORS.items():
        entries = frame[frame["posterior"] == posterior]
        if entries.empty:
            continue
        error = float(np.median(np.abs(entries["right"] / entries["left"] - 1)))
        off = f"off by {100 * error:.0f} %" if error > EXACT else f"exact to {error:.0e}"
        ax.plot(
            entries["right"], entries["left"], "o", ms=1.5, mew=0, alpha=0.3, rasterized=True,
            color=look["color"], label=f"{posterior}: {off}", zorder=3 - 0.1 * len(ax.lines),
        )  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    sides, (low, high) = ax.get_xlim(), ax.get_ylim()
    ax.axline((1, 1), (10, 10), color=GUIDE, lw=0.6, zorder=0)
    ax.set(xlim=sides, ylim=(low, high * (high / low) ** 0.3))  # room for the legend
    ax.legend(
        title="median entry", title_fontsize=7, markerscale=2, handletextpad=0.2, loc="upper left"
    )
