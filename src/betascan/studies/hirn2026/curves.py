"""Figures of what the document states but does not draw: by rank, by T, by training."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from betascan.core.files import read_csv
from betascan.plots.axes import key, rank_bar, ticks_at
from betascan.plots.labels import TEMPERATURE
from betascan.plots.style import COLUMN, FAINT, GUIDE, PAGE, categorical
from betascan.studies.hirn2026.figures import MARKERS, colours_of
from betascan.studies.hirn2026.points import RANKINGS
from betascan.studies.hirn2026.replicates import active_by_the_law
from betascan.studies.hirn2026.statements import EQUAL, SLOPE
from betascan.theory import landau

RANKING_NAMES = {
    "mean_mu2": r"mean square $\overline{\mu_k^2}$",
    "mean_log_sigma2": r"log-variance",
    "rate": r"rate $R_k$",
    "greedy": "greedy forward",
}


def _ratios(modes: Path) -> np.ndarray:
    """PCA ratios of training, by rank."""
    table = read_csv(modes).query("split == 'train'").drop_duplicates("rank")
    return table.sort_values("rank")["pca_ratio"].to_numpy()


def by_rank(replicates: Path, modes: Path, estimator: str) -> Figure:
    """Draw thresholds, utilities and slopes by rank, beside their laws, for every scan."""
    table, reference = read_csv(replicates), read_csv(modes).query("split == 'train'")
    table = table[table["split"] == "train"]
    figure, axes = plt.subplots(2, 2, figsize=(PAGE, 4.6), sharex=True)
    panels = (
        ("log_threshold_ratio", r"threshold / PCA ratio", True, 1, EQUAL),
        ("log_utility_ratio", r"utility / PCA ratio", True, 1, EQUAL),
        ("log_variance_slope", "slope of log-variance in log T", False, 1, SLOPE),
        ("rate_slope", "slope of the rate in log T", False, -0.5, SLOPE / 2),
    )
    looks = categorical(["seeds", "draws"])
    first = table.iloc[0]
    for ax, (quantity, label, logarithm, law, margin) in zip(axes.flat, panels, strict=True):
        shown = table[table["quantity"] == quantity]
        for (draw, seed), scan in shown.groupby(["draw", "seed"]):
            kind = "seeds" if draw == first["draw"] else "draws"
            step = 0.12 * (seed - first["seed"] + draw - first["draw"])
            values = np.exp(scan["value"]) if logarithm else scan["value"]
            ax.plot(scan["rank"] + step, values, ms=3, mew=0, lw=0, **looks[kind])
        if logarithm:
            for name in set(reference["estimator"]) - {estimator}:
                other = reference[reference["estimator"] == name]
                ax.plot(
                    other["rank"], np.exp(other[quantity]), MARKERS[name], color=GUIDE, ms=5,
                    mfc="none", mew=0.7,
                )  # fmt: skip
            ends = np.exp([-margin, margin])
        else:
            ends = law + np.array([-margin, margin])
        ax.axhspan(*ends, color=FAINT, lw=0, zorder=0)
        ax.axhline(law, color=GUIDE, lw=0.7, zorder=0)
        ax.set_ylabel(label)
        missing = sorted(set(reference["rank"]) - set(shown["rank"][shown["value"].notna()]))
        if missing:
            place = {"y": 0.97, "va": "top"} if law > 0 else {"y": 0.03, "va": "bottom"}
            which = ", ".join(str(rank) for rank in missing)
            text = f"too few points below $T_k$: ranks {which}"
            ax.text(0.02, s=text, fontsize=7, transform=ax.transAxes, **place)
    axes[0, 0].set_yscale("log")
    for ax in axes[1]:
        ax.set_xlabel("rank of the mode")
        ticks_at(ax.xaxis, [1, *range(3, reference["rank"].max() + 1, 3)])
    legend = [
        key(f"{estimator}: seeds on one split", ms=3, **looks["seeds"]),
        key(f"{estimator}: other draws of the split", ms=3, **looks["draws"]),
        *(key(name, marker=MARKERS[name], ms=5, mfc="none") for name in MARKERS
          if name in set(reference["estimator"]) - {estimator}),
        key("law", ls="-"),
        key("margin of the statements", ls="-", lw=6, color=FAINT),
    ]  # fmt: skip
    figure.legend(handles=legend, loc="outside upper center", ncols=3)
    return figure


def rate_distortion(points: Path, modes: Path, estimator: str) -> Figure:
    """Draw distortion against rate with the collapses marked, and the number of active latents."""
    table, ratios = read_csv(points), _ratios(modes)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3.3))
    train = table[table["split"] == "train"]
    grid = np.geomspace(table["T"].min(), table["T"].max(), 2000)

    def curve(T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return landau.rate(T[:, None], ratios).sum(1), landau.sampled_distortion(T, ratios)

    left.plot(*curve(grid), color=GUIDE, lw=0.8, zorder=1)
    for name, group in train.groupby("estimator"):
        look = {"ms": 2.8} if name == estimator else {"ms": 5, "mfc": "none", "mew": 0.6}
        left.plot(
            group["rate"], group["distortion"], MARKERS[name], color=GUIDE, lw=0, zorder=2, **look
        )
    colours = colours_of(len(ratios))
    rates, distortions = curve(ratios)
    left.scatter(rates, distortions, c=list(colours.values()), s=26, marker="D", zorder=3, lw=0)
    left.set(yscale="log", xlabel="rate $R$ (nats)")
    left.set_ylabel(r"distortion of samples $\tilde{D}$ (units of $V$)")
    legend = [
        *(key(name, marker=MARKERS[name], ms=4, fillstyle="full" if name == estimator else "none")
          for name in MARKERS if name in set(train["estimator"])),
        key("law", ls="-"),
        key("a mode collapses, by the law", marker="D", ms=4),
    ]  # fmt: skip
    left.legend(handles=legend)

    right.step(grid, active_by_the_law(grid, ratios, 0.0), color=GUIDE, lw=0.8, zorder=1)
    looks = categorical(["train", "test"])
    for split, look in looks.items():
        shown = table[(table["estimator"] == estimator) & (table["split"] == split)]
        size = {"ms": 5, "mfc": "none", "mew": 0.8} if split == "train" else {"ms": 2.4, "mew": 0}
        right.plot(shown["T"], shown["active"], lw=0, zorder=2, **size, **look)
    right.set(xscale="log", xlabel=TEMPERATURE, ylabel=r"latents with $M_k^2$ above the floor")
    names = {"train": "training split", "test": "test split"}
    handles = [
        key(f"{estimator}, {names[split]}", ms=4, mfc="none" if split == "train" else None, **look)
        for split, look in looks.items()
    ]
    right.legend(handles=[*handles, key(r"law: modes with $T<\lambda_k/V$", ls="-")])
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    rank_bar([left], len(ratios))
    return figure


def ranking(points: Path, estimator: str) -> Figure:
    """Draw how many pairs of active latents are discordant between each observable and M^2."""
    table = read_csv(points)
    shown = table[(table["estimator"] == estimator) & (table["split"] == "test")]
    figure, ax = plt.subplots(figsize=(COLUMN, 2.8))
    for name, look in categorical(RANKINGS).items():
        crossings = shown[f"crossings_{name}"]
        share = crossings.sum() / shown["pairs"].sum()
        ax.plot(
            shown["T"], 100 * crossings / shown["pairs"].where(shown["pairs"] > 0), ms=3, mew=0,
            lw=0.6, label=f"{RANKING_NAMES[name]}: {100 * share:.1f} %", **look,
        )  # fmt: skip
    ax.set(xscale="log", xlabel=TEMPERATURE, ylabel="discordant pairs (%)")
    figure.legend(loc="outside upper center", ncols=2, title="share over all T")
    return figure


def convergence(convergence: Path, remedies: Path) -> Figure:
    """Draw each point's loss relative to its optimum's, and where the weakest modes collapse."""
    points, modes = read_csv(convergence), read_csv(remedies)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3.1))
    looks = categorical(dict.fromkeys(points["scan"]))
    for name, scan in points.groupby("scan", sort=False):
        first = scan.iloc[0]
        stopped = scan["last_update"] < first["updates"]
        left.plot(scan["T"], 100 * scan["excess"], lw=0.5, ms=0, color=looks[name]["color"])
        for chosen, fill in ((stopped, "full"), (~stopped, "none")):
            left.plot(
                scan["T"][chosen], 100 * scan["excess"][chosen], ms=4, lw=0, fillstyle=fill,
                mew=0.8, **looks[name],
            )  # fmt: skip
        own = modes[modes["scan"] == name]
        label = f"{name}: {first['updates']:,.0f} updates, rate {first['lr']:g}"
        if first["epsilon"] != points["epsilon"].iloc[0]:
            label += rf", $\epsilon$ = {first['epsilon']:g}"
        if first["annealed"]:
            label += rf", $\beta$ grows over {100 * first['annealed']:g} % of them"
        ratio = own["threshold"] / own["pca_ratio"]
        shift = 0.08 * (list(looks).index(name) - (len(looks) - 1) / 2)
        right.plot(own["rank"] + shift, ratio, ms=4, lw=0.5, label=label, **looks[name])
    left.set(xscale="log", xlabel=TEMPERATURE)
    left.set_yscale("symlog", linthresh=0.1)
    left.set_ylabel("validation loss over the optimum's\n(%, linear within ±0.1)")
    excess = 100 * points["excess"]
    left.set_ylim(min(-0.1, 1.5 * excess.min()), 1.6 * max(0.1, excess.max()))
    reached = key("reached the update limit", marker="o", mfc="none")
    left.legend(handles=[key("stopped early", marker="o"), reached])
    right.axhline(1, color=GUIDE, lw=0.7, zorder=0, label="law")
    right.set(yscale="log", xlabel="rank of the mode", ylabel="threshold / PCA ratio")
    ticks_at(right.xaxis, modes["rank"])
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
