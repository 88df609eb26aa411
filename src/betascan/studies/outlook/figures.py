"""Figures of the nonlinear scan, on the test split as in hirn2026, and of grids and data size."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from betascan.core.files import read_csv
from betascan.plots.axes import key, rank_bar
from betascan.plots.labels import TEMPERATURE, number
from betascan.plots.style import GUIDE, MARKERS, PAGE, ordinal
from betascan.theory import landau


def _on_test(path: Path) -> pd.DataFrame:
    """Return the rows of a table on the test split."""
    return read_csv(path).query("split == 'test'")


def _seen(modes: pd.DataFrame) -> pd.DataFrame:
    """Return the ranks whose threshold lies within the scan, in some seed."""
    return modes[modes["rank"] <= modes.dropna(subset=["threshold"])["rank"].max()]


def signal(observables: Path, modes: Path) -> Figure:
    """Draw signal fractions against T, and against T in units of each latent's threshold."""
    moments, spectrum = _on_test(observables), _seen(_on_test(modes))
    first = moments["seed"].iloc[0]
    moments = moments[moments["seed"] == first]
    spectrum = spectrum[spectrum["seed"] == first].dropna(subset=["threshold"])
    ranks = max(len(spectrum), 1)
    looks = ordinal(range(1, ranks + 1))
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3), sharey=True)
    grid = np.geomspace(moments["T"].min(), moments["T"].max(), 400)
    for row in spectrum.itertuples():
        latent, look = moments[moments["rank"] == row.rank], looks[row.rank]
        fits = row.inactive_below <= 1
        fill = {} if fits else {"mfc": "none", "mew": 0.5}
        left.plot(latent["T"], latent["signal_fraction"], ls="", **look, **fill)
        left.plot(row.pca_ratio, -0.06, "|", ms=5, mew=1, color=look["color"])
        if not fits:
            continue
        law = landau.signal_fraction(grid, row.threshold)
        left.plot(grid, law, color=look["color"], lw=0.7)
        right.plot(latent["T"] / row.threshold, latent["signal_fraction"], ls="", **look)
    reduced = np.geomspace(1e-3, 10, 400)
    right.plot(reduced, landau.signal_fraction(reduced, 1), color=GUIDE, lw=0.8, zorder=0)
    right.set(xscale="log", xlim=(1e-3, 10), xlabel=r"$T/T_k$, threshold fitted")
    left.set(xscale="log", xlabel=TEMPERATURE, ylabel=r"signal fraction $M_k^2$")
    legend = [
        key("nonlinear VAE", marker="o"),
        key("open: also inactive at some $T < T_k$, no fit", marker="o", mfc="none"),
        key("mean-field law, fitted", ls="-"),
        key(r"PCA ratio $\lambda_k/V$", marker="|", ms=5),
    ]
    figure.legend(handles=legend, loc="outside upper center", ncols=4)
    departure = number(spectrum["departure"][spectrum["inactive_below"] <= 1].median(), ".2f")
    right.text(
        0.03, 0.2, f"from the law:\nroot mean square {departure}\n"
        "(median over ranks that fit)", transform=right.transAxes, fontsize=7,
    )  # fmt: skip
    rank_bar([left, right], ranks)
    return figure


def spectrum(modes: Path) -> Figure:
    """Draw utilities against thresholds beside PCA, and the thresholds of each seed by rank."""
    table = _seen(_on_test(modes))
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3.3))
    ranks = int(table["rank"].max()) if len(table) else 1
    looks = ordinal(range(1, ranks + 1))
    seeds = dict(zip(table["seed"].unique(), MARKERS, strict=False))
    linear = table.drop_duplicates("rank")
    left.plot(linear["pca_ratio"], linear["pca_utility"], "+", ms=5, color=GUIDE)
    right.plot(linear["rank"], linear["pca_ratio"], "-+", ms=5, color=GUIDE, lw=0.7)
    for row in table.itertuples():
        look = {"color": looks[row.rank]["color"], "marker": seeds[row.seed], "ms": 3.4}
        if row.inactive_below > 1:
            look["mfc"] = "none"
        left.plot(row.threshold, row.utility, **look)
        right.plot(row.rank, row.threshold, **look)
    left.set(xscale="log", yscale="log", xlabel=r"collapse threshold $T_k$")
    ends = [*left.get_xlim(), *left.get_ylim()]
    left.plot([min(ends), max(ends)], [min(ends), max(ends)], color=GUIDE, lw=0.7, zorder=0)
    left.set_ylabel(r"utility $\Delta\tilde{D}_k$ (units of $V$)")
    right.set(yscale="log", xlabel="rank of the latent", ylabel=r"collapse threshold $T_k$")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(
        loc="outside upper center",
        ncols=3,
        handles=[
            *(key(f"nonlinear, seed {seed}", marker=mark) for seed, mark in seeds.items()),
            key("open: also inactive at some $T < T_k$", marker="o", mfc="none"),
            key("PCA: ratio, and utility on test", marker="+", ms=5),
            key("utility = threshold", ls="-"),
        ],
    )
    rank_bar([left, right], ranks)
    return figure


def concentration(points: Path) -> Figure:
    """Draw distortion against the number of active latents, and that number against T."""
    table = _on_test(points)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3))
    seeds = dict(zip(table["seed"].unique(), MARKERS, strict=False))
    colour = ordinal(range(3))[1]["color"]
    linear = table.drop_duplicates("T").sort_values("T")
    for ax, x, y in ((left, "{}active", "{}distortion"), (right, "T", "{}active")):
        law = (linear[x.format("linear_")], linear[y.format("linear_")])
        ax.plot(*law, "-s", ms=5, mfc="none", color=GUIDE, lw=0.7)
        for seed, rows in table.groupby("seed"):
            _points(ax, rows, x.format(""), y.format(""), marker=seeds[seed], color=colour)
    left.set(yscale="log", xlabel=r"active latents ($M_k^2$ above the floor)")
    left.set_ylabel(r"distortion $\tilde{D}$ (units of $V$)")
    right.set(xscale="log", xlabel=TEMPERATURE, ylabel="active latents")
    for axis in (left.xaxis, right.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    right.legend(
        handles=[
            *(key(f"nonlinear, seed {s}", marker=m, color=colour) for s, m in seeds.items()),
            key("open: reached the update limit", marker="o", color=colour, mfc="none"),
            key("linear law at the same T", marker="s", mfc="none", ls="-"),
        ]
    )
    return figure


def _points(ax: Axes, rows: pd.DataFrame, x: str, y: str, **look: Any) -> None:
    """Draw points, hollow where training reached the update limit."""
    for rest, some in rows.groupby("at_rest"):
        drawn = look if rest else {**look, "mfc": "none"}
        ax.plot(some[x], some[y], ls="", ms=3.4, mew=0.7, **drawn)


def scaling(scaling: Path) -> Figure:
    """Draw thresholds and similarity of axes by rank, for grids and for shares of the data."""
    table = read_csv(scaling)
    figure, axes = plt.subplots(
        2, 2, figsize=(PAGE, 4.2), sharex=True, sharey="row", height_ratios=[2, 1]
    )
    columns = (("grid", "cells averaged", "{0} × {0}"), ("share", "blocks of training", "{:.0%}"))
    for (top, bottom), (column, title, label) in zip(axes.T, columns, strict=True):
        other = "share" if column == "grid" else "grid"
        shown = table[table[other] == 1].sort_values(column, ascending=column == "grid")
        looks = ordinal(shown[column].unique())
        for level, rows in shown.groupby(column, sort=False):
            look = {**looks[level], "marker": MARKERS[list(looks).index(level)], "lw": 0.7}
            top.plot(rows["rank"], rows["threshold"], label=label.format(level), **look)
            bottom.plot(rows["rank"], rows["overlap"], **look)
        top.set(yscale="log", title=title)
        top.legend()
        bottom.set(ylim=(0, 1.05), xlabel="rank of the latent")
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].set_ylabel(r"collapse threshold $T_k$")
    axes[1, 0].set_ylabel("|cosine| with\nthe matched axis")
    return figure
