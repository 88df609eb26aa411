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
    for model, look in looks.items():
        seen = ranks[ranks["model"] == model].dropna(subset=["threshold"])
        left.plot(seen["rank"], seen["threshold"], ls="", label=f"threshold, {model}", **look)
        left.plot(
            seen["rank"], seen["utility"], ls="", color=look["color"], marker="_", ms=6,
            label=f"utility, {model}",
        )  # fmt: skip
        points = levels[levels["model"] == model]
        middle.plot(points["rate"], points["distortion"], label=model, lw=0.7, **look)
        right.plot(points["T"], points["active"], lw=0.7, drawstyle="steps-mid", **look)
        for chosen in points[points["chosen"]].itertuples():
            middle.plot(chosen.rate, chosen.distortion, "o", ms=8, mfc="none", color=look["color"])
            right.axvline(chosen.T, color=look["color"], ls="--", lw=0.7)
            right.text(
                chosen.T, right.get_ylim()[1], f" T = {number(chosen.T)}\n {chosen.active} active",
                fontsize=7, va="top", color=look["color"],
            )  # fmt: skip
    left.set(yscale="log", xlabel="rank", ylabel="share of the variance")
    left.legend(fontsize=6)
    middle.set(yscale="log", xlabel="rate (nats)", ylabel="distortion (share of test variance)")
    if len(looks) > 1:
        middle.legend()
    right.set(xscale="log", xlabel=TEMPERATURE, ylabel="active latents")
    for axis in (left.xaxis, right.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    return figure
