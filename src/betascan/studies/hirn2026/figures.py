"""Figures 1-4 of hirn2026 and the map of its splits.

As in the document they show the held-out test split and the sampled estimator. The laws drawn
over the points are evaluated at the PCA ratios of the training split, which sets the thresholds,
and at the variances of the split shown.
"""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from betascan.data import blocks
from betascan.data.worldclim import read_table
from betascan.plots.style import COLUMN, GUIDE, PAGE, PRUNED, rank_bar, rank_colours, save
from betascan.studies.hirn2026.tables import utilities
from betascan.theory import landau

T_LABEL = r"$T=\beta\sigma_\mathrm{dec}^2/V$"
SHOWN = {"estimator": "sampled", "split": "test"}
LAW = Line2D([], [], color=GUIDE, lw=0.8, label="law, not fitted")
POINT = Line2D([], [], color=GUIDE, ls="", marker="o", label="trained VAE")


def _shown(path: Path, **where: str) -> pd.DataFrame:
    """Return the rows of a table for one estimator and split, the paper's unless said."""
    frame = pd.read_csv(path)
    for column, value in {**SHOWN, **where}.items():
        frame = frame[frame[column] == value]
    return frame


def _ours(claims: Path, item: str, estimator: str) -> tuple[float, float]:
    """Return what came out for a statement of the document, and the published number."""
    table = pd.read_csv(claims)
    row = table[(table["item"] == item) & (table["estimator"] == estimator)].iloc[0]
    return row["ours"], row["published"]


def _by_rank(ax: Axes, seen: pd.DataFrame, column: str, ranks: int, label: str) -> None:
    """Draw an observable over T, coloured by rank; what lies beyond the data's rank is grey."""
    colours = rank_colours(ranks)
    for rank, group in reversed(list(seen.groupby("rank"))):
        active = rank <= ranks
        ax.plot(
            group["T"], group[column], "o", color=colours(rank - 1) if active else PRUNED,
            ms=2.4 if active else 1.2, mew=0, zorder=3 if active else 1,
        )  # fmt: skip
    ax.set(xscale="log", ylabel=label)


def fig1(observables: Path, modes: Path, claims: Path, png: Path, pdf: Path, footer: str) -> None:
    """Figure 1: mean square of the posterior mean, signal fraction, log-variance over T."""
    seen, spectrum = _shown(observables), _shown(modes)
    ranks = len(spectrum)
    figure, axes = plt.subplots(3, 1, figsize=(COLUMN, 6.8), sharex=True)
    grid = np.geomspace(seen["T"].min(), seen["T"].max(), 400)
    colours = rank_colours(ranks)
    panels = (
        ("mean_mu2", r"$\overline{\mu_k^2}$", landau.signal_fraction, "pca_ratio"),
        ("signal_fraction", r"signal fraction $M_k^2$", landau.signal_fraction, "threshold"),
        ("mean_log_sigma2", r"$\overline{\log\,\sigma_k^2}$", landau.log_variance, "pca_ratio"),
    )
    for ax, (column, label, law, at) in zip(axes, panels, strict=True):
        _by_rank(ax, seen, column, ranks, label)
        for rank, T_k in zip(spectrum["rank"], spectrum[at], strict=True):
            ax.plot(grid, law(grid, T_k), color=colours(rank - 1), lw=0.7, zorder=2)
    axes[0].set(yscale="log", ylim=(0.03, 1.5 * seen["mean_mu2"].max()))
    fitted = Line2D([], [], color=GUIDE, lw=0.8, label=r"fit of $[1-T/T_k]_+$")
    for ax, line in zip(axes, (LAW, fitted, LAW), strict=True):
        ax.legend(handles=[POINT, line], loc="lower left", bbox_to_anchor=(0, 1), ncols=2,
                  borderaxespad=0, frameon=False)  # fmt: skip
    onset, published = _ours(claims, "noise_onset", "sampled")
    for ax in (axes[0], axes[2]):
        ax.axvline(onset, color=GUIDE, lw=0.7, ls=":", zorder=0)
    told = f"noisy below T = {onset:.1e}\npublished: about {published:.0e}"
    axes[0].text(0.02, 0.03, told, fontsize=6, transform=axes[0].transAxes)
    slopes = [_ours(claims, item, "sampled")[0] for item in ("log_variance_slope", "rate_slope")]
    told = f"slopes in log T (law):\nthis {slopes[0]:.3f} (1), rate {slopes[1]:.3f} (-1/2)"
    axes[2].text(0.98, 0.03, told, fontsize=6, ha="right", transform=axes[2].transAxes)
    axes[2].set_xlabel(T_LABEL)
    rank_bar(figure, axes, ranks)
    save(figure, png, pdf, f"{footer} · sampled, test split")


def fig2(distortion: Path, pca: Path, claims: Path, png: Path, pdf: Path, footer: str) -> None:
    """Figure 2: distortion of truncated reconstructions over T, and its best value by rank."""
    levels = pd.read_csv(distortion)
    components = pd.read_csv(pca).query("split == 'test'")
    train = pd.read_csv(pca).query("split == 'train'")
    ranks = int((train["pca_ratio"] > 1e-12).sum())
    best = utilities(levels).query("split == 'test'")
    shown = levels.query("estimator == @SHOWN['estimator'] and split == @SHOWN['split']")
    own = best[best["estimator"] == SHOWN["estimator"]].set_index("rank")["distortion"]
    colours = rank_colours(ranks)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3.1), sharey=True)
    grid = np.geomspace(levels["T"].min(), levels["T"].max(), 400)
    ratios = train["pca_ratio"].to_numpy()[1 : ranks + 1]
    variances = components["pca_utility"].to_numpy()[1 : ranks + 1]
    for rank, group in shown[shown["rank"].between(1, ranks)].groupby("rank"):
        left.axhline(own[rank], color=colours(rank - 1), lw=0.3, zorder=1)
        law = landau.mean_distortion(grid, ratios, rank, variances)
        left.plot(grid, np.maximum(law, 1e-16), color=colours(rank - 1), lw=0.7, zorder=2)
        left.plot(group["T"], group["distortion"], "o", color=colours(rank - 1), mew=0, zorder=3)
    left.set(xscale="log", yscale="log", xlabel=T_LABEL, ylim=(1e-9, 3))
    left.set_ylabel(r"truncated distortion $\tilde{D}_k$ (units of $V$)")
    left.legend(handles=[POINT, LAW], loc="lower right", frameon=False)
    styles = {"sampled": ("o", "#0072B2"), "analytic": ("s", "#D55E00")}
    for estimator, group in best.groupby("estimator"):
        marker, colour = styles[estimator]
        group = group[group["rank"] <= ranks + 4]
        right.plot(
            group["rank"], group["distortion"], marker, color=colour, ms=3.4, mfc="none",
            mew=0.9, label=f"VAE, {estimator}",
        )  # fmt: skip
    known = components[components["pca_distortion"] > 1e-10]
    right.plot(
        known["rank"], known["pca_distortion"], "-", color=GUIDE, lw=0.8, zorder=1,
        label="PCA of the training split",
    )  # fmt: skip
    last = abs(components.set_index("rank")["pca_distortion"][ranks])
    value = "below 1e-12" if last < 1e-12 else f"{last:.0e}"
    right.annotate(
        f"PCA at rank {ranks}: {value}", (ranks, 1.1e-9), (ranks - 1, 4e-9), ha="right",
        va="center", fontsize=7, arrowprops={"arrowstyle": "->", "lw": 0.6},
    )  # fmt: skip
    lines = [
        f"{name}: {_ours(claims, 'plateau', name)[0]:.0e}"
        for name in sorted(set(best["estimator"]))
    ]
    published = _ours(claims, "plateau", "sampled")[1]
    told = "\n".join(["plateau after rank 18", *lines, f"published: near {published:.0e}"])
    right.text(0.03, 0.2, told, fontsize=7, transform=right.transAxes)
    right.set_xlabel("retained rank $k$")
    right.legend(loc="upper right", frameon=False)
    rank_bar(figure, [left, right], ranks)
    save(figure, png, pdf, f"{footer} · left: sampled; test split")


def fig3(modes: Path, png: Path, pdf: Path, footer: str) -> None:
    """Figure 3: utility against threshold; beside it what the shift between splits does to it."""
    table = pd.read_csv(modes)
    ranks = int(table["rank"].max())
    figure, axes = plt.subplots(1, 2, figsize=(PAGE, 3.4), sharex=True, sharey=True)
    titles = {
        "test": "test split, as published",
        "train": "training split: like with like",
    }
    markers: Any = {"sampled": ("o", "full", 4.4), "analytic": ("s", "none", 6.4)}
    for ax, (split, title) in zip(axes, titles.items(), strict=True):
        seen = table[table["split"] == split]
        for estimator, group in seen.groupby("estimator"):
            marker, fill, size = markers[estimator]
            for row in group.itertuples():
                ax.errorbar(
                    row.threshold, row.utility, xerr=row.threshold_se, fmt=marker, ms=size,
                    fillstyle=fill, mew=0.7, color=rank_colours(ranks)(row.rank - 1), lw=0.6,
                )  # fmt: skip
        off = seen[(seen["estimator"] == "sampled") & (seen["log_duality"].abs() > np.log(1.5))]
        for row in off.itertuples():
            left = row.log_duality > 0
            ax.annotate(
                f"rank {row.rank}", (row.threshold, row.utility), (-6 if left else 6, -2.5),
                textcoords="offset points", ha="right" if left else "left", fontsize=7,
            )  # fmt: skip
        ends = [table["utility"].min() / 3, 2]
        ax.plot(ends, ends, color=GUIDE, lw=0.7, zorder=0)
        ax.set(xscale="log", yscale="log", title=title, xlim=ends, ylim=ends)
        ax.set_xlabel(r"collapse threshold $T_k$")
    axes[0].set_ylabel(r"utility $\Delta\tilde{D}_k$ (units of $V$)")
    keys = [
        Line2D([], [], color=GUIDE, ls="", marker=marker, fillstyle=fill, label=name)
        for name, (marker, fill, _) in markers.items()
        if name in set(table["estimator"])
    ]
    diagonal = Line2D([], [], color=GUIDE, lw=0.7, label="utility = threshold")
    axes[0].legend(handles=[*keys, diagonal], frameon=False)
    rank_bar(figure, axes, ranks)
    save(figure, png, pdf, footer)


def fig4(observables: Path, modes: Path, png: Path, pdf: Path, footer: str) -> None:
    """Figure 4: posterior scale and Jensen gap over T; the canonical branch has 1 and 0."""
    seen, ranks = _shown(observables), len(_shown(modes))
    figure, axes = plt.subplots(2, 1, figsize=(COLUMN, 4.6), sharex=True)
    _by_rank(axes[0], seen, "posterior_scale", ranks, r"posterior scale $A_k^2$")
    _by_rank(axes[1], seen, "jensen_gap", ranks, r"Jensen gap $J_k$")
    for ax, law in zip(axes, (1, 0), strict=True):
        ax.axhline(law, color=GUIDE, lw=0.8, zorder=2, label="canonical branch")
    axes[0].legend(frameon=False)
    axes[1].set_xlabel(T_LABEL)
    rank_bar(figure, axes, ranks)
    save(figure, png, pdf, f"{footer} · sampled, test split")


def split_map(table: Path, cells: Path, splits: Path, png: Path, pdf: Path, footer: str) -> None:
    """Draw the map of the splits, with their sizes beside the published ones.

    On the projection that the blocks are cut from, where they are squares.
    """
    climate, sizes = read_table(table), pd.read_csv(splits).set_index("split")
    with np.load(cells) as file:
        label = file["split"]
    x, y = blocks.project(climate.lat, climate.lon)
    colours = {"train": "#0072B2", "validation": "#F0E442", "test": "#D55E00"}
    figure, ax = plt.subplots(figsize=(PAGE, 4.3))
    degree = np.diff(np.unique(climate.lat)).min()
    for split, name in blocks.NAMES.items():
        here, row = label == split, sizes.loc[name]
        ax.scatter(
            x[here] / 1e6, y[here] / 1e6, s=(2.2 * degree) ** 2, marker="s", lw=0,
            color=colours[name], rasterized=True,
        )  # fmt: skip
        ax.scatter(
            [], [], s=20, marker="s", color=colours[name],
            label=f"{name}: {row['cells']:,.0f} cells, {row['blocks']:.0f} blocks\n"
            f"published: {row['published']:,.0f} cells",
        )  # fmt: skip
    ax.set(aspect="equal", xlabel="easting (1000 km)", ylabel="northing (1000 km)")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    save(figure, png, pdf, footer)
