"""The figure to choose beta by."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from betascan.core.files import read_csv
from betascan.plots.labels import TEMPERATURE, number
from betascan.plots.style import GUIDE, PAGE, categorical


def choose(spectrum: Path, choose: Path) -> Figure:
    """Draw the spectrum by rank, distortion against rate, and active latents over T."""
    ranks, levels = read_csv(spectrum), read_csv(choose)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(PAGE, 2.6))
    looks = categorical(levels["model"].unique())
    modes = ranks.drop_duplicates("rank")
    modes = modes[modes["pca_ratio"] > 1e-12]  # below it are rounding errors
    left.plot(modes["rank"], modes["pca_ratio"], color=GUIDE, lw=0.8, label="PCA ratio")
    for place, (model, look) in enumerate(looks.items()):
        seen = ranks[ranks["model"] == model].dropna(subset=["threshold"])
        left.plot(seen["rank"], seen["threshold"], ls="", label=f"threshold, {model}", **look)
        left.plot(
            seen["rank"], seen["utility"], ls="", color=look["color"], marker="_", ms=6,
            label=f"utility, {model}",
        )  # fmt: skip
        points = levels[levels["model"] == model]
        for ax, x, y in ((middle, "rate", "distortion"), (right, "T", "active")):
            ax.plot(points[x], points[y], lw=0.7, color=look["color"])
            for rest, some in points.groupby("at_rest"):
                fill = None if rest else "none"
                ax.plot(some[x], some[y], ls="", mfc=fill or look["color"], mew=0.7, **look)
        middle.plot([], [], label=model, **look)
        for chosen in points[points["chosen"]].itertuples():
            middle.plot(
                chosen.rate, chosen.distortion, "o", ms=8, mfc="none", color=look["color"],
                label=None if place else "chosen T",
            )  # fmt: skip
            right.axvline(chosen.T, color=look["color"], ls="--", lw=0.7)
            right.text(
                0.98, 0.97 - 0.1 * place, f"T = {number(chosen.T)}: {chosen.active} active",
                fontsize=7, va="top", ha="right", color=look["color"], transform=right.transAxes,
                bbox={"fc": "white", "lw": 0, "pad": 1},
            )  # fmt: skip
    if not levels["at_rest"].all():
        middle.plot([], [], "o", mfc="none", mew=0.7, color=GUIDE, label="reached the update limit")
    left.set(yscale="log", xlabel="rank", ylabel="share of the variance")
    left.legend(fontsize=6)
    middle.set(yscale="log", xlabel="rate (nats)", ylabel="distortion (share of test variance)")
    middle.legend()
    right.set(xscale="log", xlabel=TEMPERATURE, ylabel="active latents")
    for axis in (left.xaxis, right.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    return figure
