"""Figures of allen2024 against exact theory: the linear truth, and the identity everywhere."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from betascan.plots.style import GUIDE, PAGE, rank_colours, save
from betascan.studies.allen2024.tables import DATASETS, Point

POSTERIORS = {"diagonal": "#0072b2", "full": "#d55e00"}
CELLS = {"reference": "diagonal", "posterior_full": "full"}
FLOOR = 1e-6  # degrees: smaller angles are rounding


def truth(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Angles to the PCA axes, log-variances on their law, and losses above the closed form."""
    frame = pd.read_csv(table)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(PAGE, 2.5))
    started = frame[frame["part"] == "angles"]
    for place, (posterior, group) in enumerate(started.groupby("posterior")):
        x = place + np.linspace(-0.25, 0.25, len(group))
        colour = POSTERIORS[str(posterior)]
        left.plot(x, group["mean_angle"].clip(lower=FLOOR), "o", color=colour, ms=3)
        right.plot(x, group["excess_loss"].abs().clip(lower=1e-15), "o", color=colour, ms=3)
    drawn = started["angle_of_any_rotation"].iloc[0]
    left.axhline(drawn, color=GUIDE, ls="--", lw=0.7)
    left.text(-0.35, drawn * 0.72, "any rotation", color=GUIDE, fontsize=6, va="top")
    left.set(yscale="log", ylabel="mean angle to the PCA axes\n(degrees)", ylim=(None, 200))
    right.set(yscale="log", ylabel="loss above the closed form\n(nats)")
    for ax in (left, right):
        ax.set_xticks([0, 1], ["diagonal", "full"])
        ax.set(xlim=(-0.5, 1.5), xlabel="posterior covariance")
    _scan(middle, frame[frame["part"] == "scan"])
    save(figure, png, pdf, f"{footer} · {len(started) // 2} starts")


def _scan(ax: Axes, scan: pd.DataFrame) -> None:
    """Draw log-variances over the price, of both ways to pay it, on their law."""
    own = scan[scan["seed"] == scan["seed"].min()]
    laws = [name for name in scan if name.startswith("log_variance_law_")]
    colours = rank_colours(len(laws))
    price = np.geomspace(own["price"].min(), own["price"].max(), 400)
    dearest = own.sort_values("price").iloc[0]
    for k, law in enumerate(laws):
        # the law of the cheapest point tells the mode's threshold
        ax.plot(
            price, np.minimum(0, np.log(price / dearest["price"]) + dearest[law]),
            color=colours(k), lw=0.8,
        )  # fmt: skip
        for beta_paid, marker, size in ((True, "o", 4.5), (False, "x", 3)):
            chosen = own[(own["variance"] == 1) == beta_paid]
            ax.plot(
                chosen["price"], chosen[law.replace("law_", "")], marker, ms=size, mfc="none",
                mew=0.7, color=colours(k),
            )  # fmt: skip
    ax.plot([], [], "o", mfc="none", color=GUIDE, ms=4.5, mew=0.7, label=r"$(\beta, \sigma^2=1)$")
    ax.plot([], [], "x", color=GUIDE, ms=3, mew=0.7, label=r"$(1, \sigma^2=\beta)$")
    ax.plot([], [], color=GUIDE, label="law")
    ax.legend(frameon=False, handlelength=1.2)
    ax.set(xscale="log", xlabel=r"$\beta\sigma^2$", ylabel="posterior log-variance (nats)")


def identity(
    pairs: Path,
    sides: Sequence[Path],
    png: Path,
    pdf: Path,
    runs: Sequence[Point],
    footer: str,
) -> None:
    """Posterior precision from the encoder against that from the decoder, a panel a data set."""
    exact = pd.read_csv(pairs)
    exact["cell"] = exact["posterior"].map({name: cell for cell, name in CELLS.items()})
    panels = {"linear-Gaussian": exact[exact["row"] == exact["column"]]}
    for dataset, name in DATASETS.items():
        seen = [
            pd.read_csv(path).assign(cell=cell)
            for (own, _, cell), path in zip(runs, sides, strict=True)
            if own == dataset
        ]
        frame = pd.concat(seen).rename(columns={"expected": "right"})
        panels[name] = frame[frame["active"] & (frame["row"] == frame["column"])]
    figure, axes = plt.subplots(1, len(panels), figsize=(PAGE, 2.7))
    for ax, (name, frame) in zip(axes, panels.items(), strict=True):
        for cell, posterior in CELLS.items():
            own = frame[frame["cell"] == cell]
            if own.empty:
                continue
            wrong = float(np.median(np.abs(own["right"] / own["left"] - 1)))
            told = f"{posterior}, error {wrong:.2g}"
            ax.plot(
                own["right"], own["left"], "o", ms=1.8, mew=0, alpha=0.5, rasterized=True,
                color=POSTERIORS[posterior], label=told,
            )  # fmt: skip
        if frame.empty:
            ax.text(0.5, 0.5, "no active latent", transform=ax.transAxes, ha="center")
        else:
            low, high = (f(frame[["left", "right"]].to_numpy()) for f in (np.min, np.max))
            ax.plot([low, high], [low, high], color=GUIDE, lw=0.6, zorder=0)
            ax.set(xscale="log", yscale="log")
            ax.legend(
                title="median over entries", frameon=False, markerscale=2, handletextpad=0.2,
                loc="upper left", title_fontsize=6, fontsize=6,
            )  # fmt: skip
            ax.set_ylim(top=high * (high / low) ** 0.35)
        ax.set_title(name)
        ax.set_xlabel(r"$1 + E_q[|J_k|^2] / (\beta\sigma^2)$, decoder")
    axes[0].set_ylabel(r"$(\Sigma_x^{-1})_{kk}$, encoder")
    save(figure, png, pdf, footer)
