"""Figures of the scan of dSprites."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from betascan.core.files import read_csv
from betascan.plots.axes import handles, key, labelled, no_active_latent, rank_bar
from betascan.plots.labels import TEMPERATURE
from betascan.plots.points import floor, means
from betascan.plots.style import GUIDE, MARKERS, ON_PLATEAU, PAGE, PRUNED, categorical, ordinal
from betascan.theory import landau


def dsprites(latents: Path, modes: Path, fit_floor: float) -> Figure:
    """Draw signal fractions and MIG against T, and utilities against thresholds.

    Parameters
    ----------
    latents, modes : Path
        Tables written by `sprites.spectrum`.
    fit_floor : float
        Latents with a signal fraction above it are active.
    """
    table, spectrum = read_csv(latents), read_csv(modes)
    failed, table = table[table["plateau"]], table[~table["plateau"]]
    first = table["seed"].iloc[0]
    shown = table[table["seed"] == first]
    ranks = int(table["rank"].max())
    looks = ordinal(range(1, ranks + 1))
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(PAGE, 3))
    grid = np.geomspace(shown["T"].min(), shown["T"].max(), 300)
    seeds = dict(zip(spectrum["seed"].unique(), MARKERS, strict=False))
    for row in spectrum.itertuples():
        colour, found = looks[row.rank]["color"], not np.isnan(row.threshold)
        fits = found and row.inactive_below <= 1
        fill = {} if fits else {"mfc": "none", "mew": 0.6}
        if row.seed == first:
            latent = shown[shown["rank"] == row.rank].sort_values("T")
            left.plot(latent["T"], latent["signal_fraction"], ls="", **looks[row.rank], **fill)
            if fits:
                law = landau.signal_fraction(grid, row.threshold)
                left.plot(grid, law, lw=0.7, color=colour)
        if found and row.utility > 0:
            look = {"color": colour, "marker": seeds[row.seed], "ms": 3.4}
            middle.plot(row.threshold, row.utility, **look, **fill)
    useful = spectrum[spectrum["utility"] > 0].dropna(subset=["threshold"])
    if len(useful):
        ends = [useful[["threshold", "utility"]].min().min(), 1]
        middle.plot(ends, ends, color=GUIDE, lw=0.7, zorder=0)
    models, failed = table[table["rank"] == 0], failed[failed["rank"] == 0]
    means(right, models, "T", "mig", color=GUIDE, marker="o")
    if len(failed):
        right.plot(failed["T"], failed["mig"], color=GUIDE, **ON_PLATEAU)
    strongest = table.groupby(["seed", "T"])["signal_fraction"].transform("max")
    floor(right, table.loc[(table["rank"] == 0) & (strongest <= fit_floor), "mig"])
    left.set(xscale="log", xlabel=TEMPERATURE, ylabel=r"signal fraction $M_k^2$")
    middle.set(xscale="log", yscale="log", xlabel=r"collapse threshold $T_k$")
    middle.set_ylabel(r"utility $\Delta\tilde{D}_k$ (units of $V$)")
    right.set(xscale="log", xlabel=TEMPERATURE, ylabel="MIG")
    for ax in (left, right):
        ax.xaxis.set_minor_formatter(NullFormatter())
    figure.legend(
        loc="outside upper center",
        ncols=3,
        handles=[
            key(f"left: seed {first}, mean-field law fitted", marker="o", ls="-"),
            *(key(f"seed {seed}", marker=mark) for seed, mark in seeds.items()),
            key("open: also inactive at some $T < T_k$, no fit", marker="o", mfc="none"),
            key("utility = threshold", ls="-"),
            key("mean and standard error over seeds", marker="o", ls="-"),
            *([key("on a plateau", **ON_PLATEAU)] if len(failed) else []),
            *labelled([right]).values(),
        ],
    )
    rank_bar([left, middle], ranks)
    return figure


def _size(share: float) -> float:
    """Return the diameter of a marker whose area is a share of entropy."""
    return 11 * float(np.sqrt(share))


def factors(latents: Path, fit_floor: float) -> Figure:
    """Draw the factor each active latent tells most about, by rank and T, for the first seed."""
    table = read_csv(latents)
    of_first = table["seed"] == table["seed"].iloc[0]
    table = table[of_first & (table["rank"] > 0) & ~table["plateau"]]
    columns = [name for name in table if name.startswith("nmi_")]
    looks = categorical(columns)
    figure, ax = plt.subplots(figsize=(PAGE, 2.9))
    for row in table.to_dict("records"):
        most = max(columns, key=lambda name: row[name])
        # the information a collapsed latent seems to carry is the bias of the estimate
        active = row["signal_fraction"] > fit_floor
        look = looks[most] if active else {"color": PRUNED, "marker": "."}
        size = _size(row[most]) if active else 2
        ax.plot(row["T"], row["rank"], ls="", ms=size, mew=0, **look)
    if not (table["signal_fraction"] > fit_floor).any():
        no_active_latent(ax)
    ax.set(xscale="log", xlabel=TEMPERATURE, ylabel="rank of the latent")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.invert_yaxis()
    names = {name: name.removeprefix("nmi_") for name in columns}
    figure.legend(
        loc="outside upper center",
        ncols=len(names),
        handles=[
            *handles(looks, names),
            *(
                key(f"{share:.0%} of its entropy", marker="o", ms=_size(share))
                for share in (0.1, 0.5)
            ),
            key("inactive", marker=".", ms=2, color=PRUNED),
        ],
    )
    return figure
