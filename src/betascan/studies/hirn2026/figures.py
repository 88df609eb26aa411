"""Figures 1 to 4 of the document, and the map of the splits.

Each function is given tables of the study by name, and the estimator whose points are shown where
there is room for only one. As in the document, they show the test split. The laws drawn over the
points are evaluated at the PCA ratios of the training split, which sets the thresholds, and at the
variances of the split shown.
"""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from betascan.core.files import read_csv, read_npz
from betascan.data import blocks
from betascan.data.worldclim import read_table
from betascan.plots.axes import key, rank_bar
from betascan.plots.labels import TEMPERATURE, number
from betascan.plots.style import COLUMN, FAINT, GUIDE, PAGE, PRUNED, categorical, ordinal
from betascan.spectroscopy import RANK_FLOOR
from betascan.studies.hirn2026.replicates import noise_onset, slopes
from betascan.studies.hirn2026.statements import ONSET, PLATEAU
from betascan.studies.hirn2026.tables import utilities
from betascan.theory import landau

MARKERS = {"sampled": "o", "analytic": "s"}
FAR, FEW = np.log(1.5), 3
"""Log of the least factor between utility and threshold of labelled modes; most labels."""


def _on_test(path: Path, estimator: str) -> pd.DataFrame:
    """Return the rows of a table for an estimator on the test split."""
    table = read_csv(path)
    return table[(table["estimator"] == estimator) & (table["split"] == "test")]


def colours_of(ranks: int) -> dict[int, Any]:
    """Return the colour of each rank."""
    return {rank: look["color"] for rank, look in ordinal(range(1, ranks + 1)).items()}


def _by_rank(ax: Axes, observables: pd.DataFrame, column: str, ranks: int, line: float) -> None:
    """Draw an observable against T, coloured by rank, and grey beyond the rank of the data."""
    colours = colours_of(ranks)
    for rank, latent in reversed(list(observables.groupby("rank"))):
        look: dict[str, Any] = {"color": PRUNED, "ms": 1.2, "lw": 0, "zorder": 1}
        if rank in colours:
            look = {"color": colours[rank], "ms": 2.4, "lw": line, "zorder": 3}
        ax.plot(latent["T"], latent[column], marker="o", mew=0, **look)
    ax.set_xscale("log")


def fig1(observables: Path, modes: Path, estimator: str, floor: float) -> Figure:
    """Draw mean square of the posterior mean, signal fraction and log-variance against T."""
    moments, spectrum = _on_test(observables, estimator), _on_test(modes, estimator)
    ranks = len(spectrum)
    figure, axes = plt.subplots(3, 1, figsize=(COLUMN, 7), sharex=True)
    grid = np.geomspace(moments["T"].min(), moments["T"].max(), 400)
    colours = colours_of(ranks)
    fitted = moments.merge(spectrum[["rank", "threshold"]], on="rank")
    inactive = (fitted["T"] < fitted["threshold"]) & (fitted["signal_fraction"] <= floor)
    misfits = inactive.groupby(fitted["rank"]).sum()
    misfits = set(misfits.index[misfits > 1])  # according to the law, hardly ever one
    panels = (
        ("mean_mu2", r"mean square of $\mu_k$", landau.signal_fraction, "pca_ratio"),
        ("signal_fraction", r"signal fraction $M_k^2$", landau.signal_fraction, "threshold"),
        ("mean_log_sigma2", r"mean of $\log\,\sigma_k^2$", landau.log_variance, "pca_ratio"),
    )
    for ax, (column, label, law, at) in zip(axes, panels, strict=True):
        _by_rank(ax, moments, column, ranks, line=0)
        ax.set_ylabel(label)
        for rank, T_k in zip(spectrum["rank"], spectrum[at], strict=True):
            style = "--" if at == "threshold" and rank in misfits else "-"
            ax.plot(grid, law(grid, T_k), style, color=colours[rank], lw=0.7, zorder=2)
    for rank, ratio in zip(spectrum["rank"], spectrum["pca_ratio"], strict=True):
        axes[1].plot(ratio, -0.06, "|", ms=5, mew=1, color=colours[rank])

    legend = [
        key("trained VAE", marker="o"),
        key("law; second panel: fit", ls="-"),
        *([key("fit; inactive at some $T < T_k$", ls="--")] if misfits else []),
        *([key("beyond the rank of the data", marker="o", ms=2, color=PRUNED)]
          if moments["rank"].max() > ranks else []),
        key(r"PCA ratio $\lambda_k/V$", marker="|", ms=5),
    ]  # fmt: skip
    onset = noise_onset(moments, floor)
    if np.isfinite(onset):
        ours, published = number(onset, ".1e"), number(ONSET, ".0e")
        label = f"most points noisy\nbelow {ours}\n(published: about {published})"
        legend.append(key(label, ls=":"))
        for ax in (axes[0], axes[2]):
            ax.axvline(onset, color=GUIDE, ls=":", zorder=0)
    figure.legend(handles=legend, loc="outside upper center", ncols=2)
    found = slopes(moments, "mean_log_sigma2", floor).values()
    if found:
        ends = (number(end, ".2f") for end in (min(found), max(found)))
        axes[2].text(
            0.98, 0.03, f"slopes in log T by rank:\n{' to '.join(ends)} (law: 1)",
            fontsize=7, ha="right", transform=axes[2].transAxes,
        )  # fmt: skip
    axes[2].set_xlabel(TEMPERATURE)
    rank_bar(axes, ranks)
    return figure


def fig2(distortion: Path, pca: Path, estimator: str) -> Figure:
    """Draw the distortion of truncated reconstructions against T, and its best value by rank.

    In units of the variance of the split shown; a collapsed model has distortion 1.
    """
    components = read_csv(pca).set_index(["split", "rank"]).sort_index()
    ratios = components.loc["train", "pca_ratio"]
    ratios = ratios[ratios > RANK_FLOOR].to_numpy()
    ranks = len(ratios)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3.1), sharey=True)
    levels = read_csv(distortion)
    best = utilities(levels).query("split == 'test'")
    V = components.loc[("test", 0), "pca_distortion"]

    shown = best[best["estimator"] == estimator].set_index("rank")["share"]
    on_test = levels[(levels["estimator"] == estimator) & (levels["split"] == "test")]
    grid = np.geomspace(levels["T"].min(), levels["T"].max(), 400)
    variances = components.loc["test", "pca_utility"].loc[1:ranks].to_numpy()
    for rank, colour in colours_of(ranks).items():
        left.axhline(shown[rank], color=colour, lw=0.3, zorder=1)
        law = landau.mean_distortion(grid, ratios, rank, variances) / V
        left.plot(grid, np.maximum(law, 1e-16), color=colour, lw=0.7, zorder=2)
        points = on_test[on_test["rank"] == rank]
        left.plot(points["T"], points["share"], "o", color=colour, mew=0, zorder=3)
    others = [name for name in MARKERS if name in set(levels["estimator"]) - {estimator}]
    for name in others:
        full = levels[(levels["estimator"] == name) & (levels["split"] == "test")]
        full = full[full["rank"] == ranks]
        left.plot(
            full["T"], full["share"], MARKERS[name], color=GUIDE, ms=3.4, mfc="none", mew=0.5,
            zorder=4,
        )  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel=TEMPERATURE, ylim=(1e-9, 3))
    left.set_ylabel("truncated distortion $\\tilde{D}_k$\n(units of the split's $V$)")
    legend = [
        key(estimator, marker="o"),
        *(key(f"{name}, rank {ranks}", marker=MARKERS[name], mfc="none") for name in others),
        key("law, not fitted", ls="-"),
    ]
    left.legend(handles=legend, loc="lower right")

    colours = {0: GUIDE, **colours_of(ranks)}
    for name, group in best[best["rank"] <= ranks + 4].groupby("estimator"):
        for rank, value in zip(group["rank"], group["share"], strict=True):
            colour = colours.get(rank, PRUNED)
            right.plot(rank, value, MARKERS[name], color=colour, ms=3.4, mfc="none", mew=0.9)
    left_by_pca = components.loc["test", "pca_distortion"] / V
    visible = left_by_pca[left_by_pca > 1e-10]
    right.plot(visible.index, visible, color=GUIDE, lw=0.8, zorder=1)
    rest = abs(left_by_pca[ranks])
    value = f"below {number(1e-12)}" if rest < 1e-12 else number(rest, ".0e")
    right.annotate(
        f"PCA at rank {ranks}: {value}", (ranks, 1.1e-9), (ranks - 1, 4e-9), ha="right",
        va="center", fontsize=7, arrowprops={"arrowstyle": "->", "lw": 0.6},
    )  # fmt: skip
    estimators = [name for name in MARKERS if name in set(best["estimator"])]
    legend = [key(f"VAE, {name}", marker=MARKERS[name], ms=3.4, mfc="none") for name in estimators]
    legend.append(key("PCA fitted on training", ls="-"))
    if best["rank"].max() > ranks:
        legend.append(key("beyond the rank of the data", marker="s", ms=3.4, color=PRUNED))
    right.legend(handles=legend, loc="lower left", bbox_to_anchor=(0, 0.1))
    after = best[best["rank"] >= ranks].groupby("estimator")["share"].min()
    lowest = landau.mean_distortion(grid[0], ratios, ranks, variances) / V
    lines = [
        f"least after rank {ranks}",
        *(f"{name}: {number(after[name], '.0e')}" for name in estimators),
        f"law at the lowest T: {number(lowest, '.0e')}",
        f"published: near {number(PLATEAU, '.0e')}",
    ]
    right.text(0.03, 0.42, "\n".join(lines), fontsize=7, transform=right.transAxes)
    right.set_xlabel("retained rank $k$")
    rank_bar([left, right], ranks)
    return figure


def fig3(modes: Path, draws: Path, estimator: str) -> Figure:
    """Draw utility against threshold, and their ratio, on the test and the training split.

    On test with the band (5 to 95 %) that the law alone gives over draws of the split.
    """
    table = read_csv(modes)
    by_rank = read_csv(draws).groupby("rank")
    place, ratios = by_rank["pca_ratio"].median(), by_rank["ratio"]
    low, high = ratios.quantile(0.05), ratios.quantile(0.95)
    ranks = int(table["rank"].max())
    colours = colours_of(ranks)
    figure, axes = plt.subplots(
        2, 2, figsize=(PAGE, 4.8), sharex=True, sharey="row", height_ratios=[2, 1]
    )
    ends = [table.loc[table["utility"] > 0, "utility"].min() / 3, 2]
    for (top, bottom), split, title in zip(
        axes.T, ("test", "train"), ("test split", "training split"),
        strict=True,
    ):  # fmt: skip
        shown = table[table["split"] == split]
        for row in shown.itertuples():
            look = {"color": colours[row.rank], "fmt": MARKERS[row.estimator], "lw": 0.6}
            look |= {"ms": 4.4} if row.estimator == "sampled" else {"ms": 6.4, "mfc": "none"}
            for ax, value in ((top, row.utility), (bottom, row.utility / row.threshold)):
                ax.errorbar(row.threshold, value, xerr=row.threshold_se, mew=0.7, **look)
        distance = shown.loc[shown["estimator"] == estimator, "log_duality"].abs()
        far = distance[distance > FAR].nlargest(FEW).index
        for row in shown.loc[far].itertuples():
            above = row.log_duality > 0
            top.annotate(
                f"rank {row.rank}", (row.threshold, row.utility), (-6 if above else 6, -2.5),
                textcoords="offset points", ha="right" if above else "left", fontsize=7,
            )  # fmt: skip
        top.plot(ends, ends, color=GUIDE, lw=0.7, zorder=0)
        top.set(xscale="log", yscale="log", title=title, xlim=ends, ylim=ends)
        bottom.axhline(1, color=GUIDE, lw=0.7, zorder=0)
        bottom.set(yscale="log", xlabel=r"collapse threshold $T_k$")
        bottom.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bottom.yaxis.set_major_formatter("{x:g}")
    for ax, scale in ((axes[0, 0], place), (axes[1, 0], 1)):
        band = ax.fill_between(place, low * scale, high * scale, color=FAINT, lw=0, zorder=0)
    band.set_label("law, 90 % of the draws\nof the split")
    axes[0, 0].set_ylabel(r"utility $\Delta\tilde{D}_k$ (units of training $V$)")
    axes[1, 0].set_ylabel("utility / threshold")
    legend = [
        key(name, marker=marker, ms=4.4, fillstyle=fill)
        for (name, marker), fill in zip(MARKERS.items(), ("full", "none"), strict=True)
        if name in set(table["estimator"])
    ]
    axes[0, 0].legend(handles=[*legend, key("utility = threshold", ls="-"), band])
    rank_bar(axes.flat, ranks)
    return figure


def fig4(observables: Path, modes: Path, estimator: str) -> Figure:
    """Draw posterior scale and Jensen gap against T; the canonical branch has 1 and 0."""
    moments, ranks = _on_test(observables, estimator), len(_on_test(modes, estimator))
    figure, axes = plt.subplots(2, 1, figsize=(COLUMN, 4.8), sharex=True)
    panels = (
        ("posterior_scale", r"posterior scale $A_k^2$", 1, 0.4),
        ("jensen_gap", r"Jensen gap $J_k$ (nats)", 0, 0),
    )
    for ax, (column, label, law, line) in zip(axes, panels, strict=True):
        _by_rank(ax, moments, column, ranks, line)
        ax.axhline(law, color=GUIDE, lw=0.8, zorder=4, label="canonical branch")
        ax.set_ylabel(label)
    axes[0].legend()
    largest = moments.loc[moments["jensen_gap"].idxmax()]
    gap, rate = number(largest["jensen_gap"], ".0e"), number(largest["rate"], ".1f")
    axes[1].set_title(f"largest gap {gap} nats\n(that latent's rate: {rate} nats)")
    axes[1].set_xlabel(TEMPERATURE)
    rank_bar(axes, ranks)
    return figure


def split_map(table: Path, cells: Path, splits: Path, data: str) -> Figure:
    """Draw the map of the splits, with their sizes and the published ones.

    On the projection that the blocks are cut from, where they are squares.
    """
    climate, sizes = read_table(table), read_csv(splits).set_index("split")
    label = read_npz(cells)[0]["split"]
    x, y = blocks.project(climate.lat, climate.lon)
    figure, ax = plt.subplots(figsize=(PAGE, 4.3))
    degree = np.diff(np.unique(climate.lat)).min()
    looks = categorical(blocks.NAMES)
    for split, name in blocks.NAMES.items():
        cell, row, colour = label == split, sizes.loc[name], looks[split]["color"]
        ax.scatter(
            x[cell] / 1e6, y[cell] / 1e6, s=(2.2 * degree) ** 2, marker="s", lw=0, color=colour,
            rasterized=True,
        )  # fmt: skip
        ax.scatter(
            [], [], s=20, marker="s", color=colour,
            label=f"{name}: {row['cells']:,.0f} cells, {row['blocks']:.0f} blocks\n"
            f"published: {row['published']:,.0f} cells",
        )  # fmt: skip
    ax.set(aspect="equal", title=data)
    ax.set(xlabel="easting (1000 km)", ylabel="northing (1000 km)")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
