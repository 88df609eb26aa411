"""Figures of the slides: reconstructions, learning curves, scores and terms of the rate."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogFormatter

from betascan.core.files import read_csv, read_npz
from betascan.metrics.registry import METRICS, Score
from betascan.plots import labels
from betascan.plots.axes import labelled, ticks_at
from betascan.plots.points import floor, means
from betascan.plots.style import (
    COLOURS,
    COLUMN,
    GUIDE,
    MODEL_LOOKS,
    ON_PLATEAU,
    PAGE,
    PIXELS,
    SMALL,
    Look,
    categorical,
    ordinal,
)
from betascan.studies.denardin2025.config import MODELS
from betascan.studies.denardin2025.tables import (
    COLUMNS,
    FEWEST,
    GUESS,
    KEYS,
    of_metric,
    over_seeds,
    published_runs,
)
from betascan.studies.plateaus import COLLAPSED, LEARNT, PLATEAU, UNKNOWN
from betascan.studies.runs import Row, keyed, read_runs

SYMBOL = {"beta_vae": labels.SYMBOLS["beta"], "factor_vae": labels.SYMBOLS["gamma"]}
SHIFT = {"beta_vae": 0.94, "factor_vae": 1.06}
"""Factors on a logarithmic axis, so that error bars do not hide each other."""
ACROSS = 3


def _title(model: str, dataset: str, standins: Sequence[str]) -> str:
    return f"{labels.MODELS[model]}, {labels.dataset(dataset, standins)}"


def reconstructions(
    views: Sequence[Path],
    scores: Path,
    rows: Sequence[Row],
    dataset: str,
    model: str,
    standins: Sequence[str],
) -> Figure:
    """Draw test images and each model's reconstructions of them, with its test MIG below.

    Parameters
    ----------
    views : sequence of Path
        ``views.npz`` of the models.
    scores : Path
        Table of all scores.
    rows : sequence of Mapping
        Signatures and keys of the models.
    dataset, model : str
        Data set and kind of these models.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    by_weight = {keys["weight"]: read_npz(path)[0] for keys, path in keyed(views, rows)}
    weights = sorted(by_weight)
    reconstructed = (by_weight[weight]["reconstructions"] for weight in weights)
    columns = [by_weight[weights[0]]["originals"], *reconstructed]
    mig = of_metric(read_csv(scores), dataset, "mig", "denardin2025")
    keys, _ = keyed(views, rows)[0]
    one_seed = (mig["model"] == model) & (mig["seed"] == keys["seed"])
    mig = mig[one_seed].set_index("weight")["value"]
    count = len(columns[0])
    figure, axes = plt.subplots(
        count, len(columns), figsize=(PAGE, PAGE * count / len(columns) + 0.8), squeeze=False
    )
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.0)
    for ax, image in zip(axes.T.flat, (i for column in columns for i in column), strict=True):
        ax.imshow(image.squeeze(), interpolation="nearest", **PIXELS)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    axes[0, 0].set_title("original")
    axes[-1, 0].set_xlabel("test MIG")
    for weight, top, bottom in zip(weights, axes[0, 1:], axes[-1, 1:], strict=True):
        top.set_title(f"{SYMBOL[model]} = {weight:g}")
        bottom.set_xlabel(f"{mig[weight]:.2f}")
    figure.suptitle(_title(model, dataset, standins), fontsize=8, color=GUIDE)
    return figure


def curves(
    histories: Sequence[Path],
    rows: Sequence[Row],
    dataset: str,
    model: str,
    loss: str,
    standins: Sequence[str],
) -> Figure:
    """Draw validation reconstruction loss against steps, one curve per beta or gamma.

    Ticks on the right mark where the author's runs ended.

    Parameters
    ----------
    histories : sequence of Path
        ``history.csv`` of the models.
    rows : sequence of Mapping
        Signatures and keys of the models.
    dataset, model : str
        Data set and kind of these models.
    loss : str
        Unit of the loss.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    figure, ax = plt.subplots(figsize=(COLUMN, 2.8))
    curve_of = read_runs(histories, rows).groupby("weight")
    looks = ordinal(curve_of.groups)
    ended = published_runs().loc[dataset, model]["val_recon_last"]
    for weight, history in curve_of:
        ax.plot(
            history["step"], history["validation_reconstruction"], ms=1.8,
            label=labels.level(weight), **looks[weight],
        )  # fmt: skip
        if weight in ended.index:
            ax.plot(
                [1], [ended[weight]], transform=ax.get_yaxis_transform(), marker="_", ms=7,
                clip_on=False, color=looks[weight]["color"], label="_author",
            )  # fmt: skip
    ax.set(xlabel=labels.STEPS, yscale="log", title=_title(model, dataset, standins))
    ax.set_ylabel(f"validation reconstruction\n({loss})")
    for formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
        formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 1)))
    handles, names = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1], names[::-1], title=f"{SYMBOL[model]}\n(–: author)", title_fontsize=SMALL,
        loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=1,
    )  # fmt: skip
    return figure


def shown_scores(metrics: Sequence[str]) -> list[Score]:
    """Return the scores of codes against factors that these metrics compute, in their order."""
    against_factors = [
        METRICS[name] for name in metrics if {*METRICS[name].needs} & {"factors", "values"}
    ]
    return [
        score for metric in against_factors for part in metric.statistics.values() for score in part
    ]


def _over_weight(ax: Axes, table: pd.DataFrame, model: str) -> None:
    """Draw a score with its interval, if it has one."""
    reach = (table[["low", "high"]].sub(table["value"], axis=0)).abs()
    ax.errorbar(
        table["weight"] * SHIFT[model], table["value"], yerr=reach.T.to_numpy(), ms=3, capsize=1.5,
        elinewidth=0.7, label=labels.MODELS[model], **MODEL_LOOKS[model],
    )  # fmt: skip


def _with_plateau(table: pd.DataFrame, ends: Path) -> pd.DataFrame:
    """Add to each model's rows whether its training has failed."""
    failed = read_csv(ends)[[*KEYS, "plateau"]].drop_duplicates(KEYS)
    return table.merge(failed, on=KEYS)


def scores(
    scores: Path, ends: Path, dataset: str, metrics: Sequence[str], standins: Sequence[str]
) -> Figure:
    """Draw every score against beta and gamma: see `tables.over_seeds`.

    The published MIG is drawn with ours in its own convention. Models on a plateau are crosses,
    left out of the means; a dashed line is the highest score of models without active latents.

    Parameters
    ----------
    scores : Path
        Table of all scores.
    ends : Path
        Table written by `tables.ends`.
    dataset : str
        Data set to show.
    metrics : sequence of str
        Names of `betascan.metrics.registry.METRICS`; a panel for each score of codes against
        factors.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    frame, author = _with_plateau(read_csv(scores), ends), published_runs().loc[dataset]
    active = of_metric(frame, dataset, "active_units", "burda2016").set_index(KEYS)["value"]
    empty = active.index[active == 0]
    panels = shown_scores(metrics)
    lines = ceil(len(panels) / ACROSS)
    figure, axes = plt.subplots(
        lines, ACROSS, figsize=(PAGE, 0.6 + 1.8 * lines), sharex=True, squeeze=False
    )
    for ax, score in zip(axes.flat, panels, strict=False):
        chosen = of_metric(frame, dataset, score.name, score.convention)
        floor(ax, chosen.loc[chosen.set_index(KEYS).index.isin(empty), "value"])
        highest = chosen["value"].max()
        for model in MODELS:
            runs = chosen[chosen["model"] == model]
            learnt = over_seeds(runs[~runs["plateau"]]).set_index("weight")
            # no line across a weight without a mean
            _over_weight(ax, learnt.reindex(sorted(set(frame["weight"]))).reset_index(), model)
            single = runs[~runs["plateau"]]
            ax.plot(
                single["weight"] * SHIFT[model], single["value"], ls="", ms=2.6, alpha=0.5, mew=0,
                color=MODEL_LOOKS[model]["color"], marker=MODEL_LOOKS[model]["marker"],
            )  # fmt: skip
            failed = runs[runs["plateau"]]
            if len(failed):
                ax.plot(
                    failed["weight"] * SHIFT[model], failed["value"],
                    label=f"{labels.MODELS[model]}, on a plateau",
                    **MODEL_LOOKS[model] | ON_PLATEAU,
                )  # fmt: skip
            if score.convention == "denardin2025":
                printed = author.loc[model]["test_mig_file"]
                highest = max(highest, printed.max())
                ax.plot(
                    printed.index * SHIFT[model], printed, ls=":", mfc="white",
                    label=f"{labels.MODELS[model]}, published", **MODEL_LOOKS[model],
                )  # fmt: skip
        ax.set_xscale("log", base=2)
        ax.set(title=score.label, ylim=(0, 1.1 * highest if highest > 0 else None))
        ticks_at(ax.xaxis, frame["weight"])
    for ax in axes.flat[: len(panels)][-ACROSS:]:
        ax.set_xlabel(r"$\beta$ or $\gamma$")
        ax.tick_params(labelbottom=True)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    entries = labelled(axes.flat[: len(panels)])
    seeds = frame.loc[frame["dataset"] == dataset, "seed"].nunique()
    if seeds == 1:
        shown = "bars: 95 % over test images, one training per point, cut at the frame"
    elif seeds < FEWEST:
        shown = f"lines: means over {seeds} seeds"
    else:
        shown = f"bars: 95 % over {seeds} seeds, cut at the frame"
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=4,
        title=f"{labels.dataset(dataset, standins)}; {shown}",
    )  # fmt: skip
    return figure


def discriminator(ends: Path, dataset: str, standins: Sequence[str]) -> Figure:
    """Draw FactorVAE's discriminator against gamma, with the values of Tables 02 and 04.

    Left: its estimate of the total correlation; right: its mean probability that codes, and
    permuted codes, are real. Means over seeds with standard errors.

    Parameters
    ----------
    ends : Path
        Table written by `tables.ends`.
    dataset : str
        Data set of the models to show.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    frame, author = read_csv(ends), published_runs().loc[dataset, "factor_vae"]
    frame = frame[(frame["dataset"] == dataset) & (frame["model"] == "factor_vae")]
    figure, axes = plt.subplots(1, 2, figsize=(PAGE, 2.7))
    looks = categorical(["TC", "D(z_real)", "D(z_perm)"])
    names = {
        "TC": "total correlation",
        "D(z_real)": r"$D(z)$, codes",
        "D(z_perm)": r"$D(z)$, permuted codes",
    }
    for column, look in looks.items():
        ax = axes[0] if column == "TC" else axes[1]
        runs = frame[frame["column"] == column]
        means(ax, runs, "weight", "value", label=names[column], ms=3, **look)
        printed = author[COLUMNS[column][1]]
        ax.plot(printed.index, printed, ls=":", mfc="white", ms=3,
                label=f"{names[column]}, published", **look)  # fmt: skip
    axes[0].axhline(0, color=GUIDE, lw=0.5, zorder=0)
    axes[1].axhline(GUESS, color=GUIDE, lw=0.5, ls="--", zorder=0, label="cannot tell apart")
    axes[0].set_ylabel("total correlation (nats),\nby the discriminator")
    axes[1].set(ylabel="probability of being real", ylim=(0, 1))
    for ax in axes:
        ax.set_xscale("log", base=2)
        ticks_at(ax.xaxis, frame["weight"])
        ax.set(xlabel=SYMBOL["factor_vae"], title=_title("factor_vae", dataset, standins))
        ax.legend(fontsize=SMALL)
    return figure


STATES: dict[str, Look] = {
    LEARNT: {"label": "carries information from here on", "marker": "o", "color": COLOURS[0]},
    PLATEAU: {"label": "never: on a plateau", "color": COLOURS[3]},
    COLLAPSED: {"label": "never: collapsed", "marker": "s", "color": COLOURS[2]},
    UNKNOWN: {"label": "never: not trained again", "marker": "D", "color": GUIDE},
}


def plateaus(plateaus: Path, dataset: str, standins: Sequence[str]) -> Figure:
    """Draw the steps after which a beta-VAE carries information against beta, a point per seed.

    Parameters
    ----------
    plateaus : Path
        Table written by `betascan.studies.plateaus.table`; models that never carry information
        are at the top.
    dataset : str
        Data set of the models to show.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    frame = read_csv(plateaus)
    frame = frame[frame["dataset"] == dataset]
    seeds = sorted(set(frame["seed"]))
    # side by side, a tenth of an octave apart
    shift = frame["seed"].map(seeds.index) - (len(seeds) - 1) / 2
    frame = frame.assign(place=frame["weight"] * 2 ** (0.1 * shift))
    figure, ax = plt.subplots(figsize=(COLUMN, 2.6))
    for state, look in STATES.items():
        models = frame[frame["state"] == state]
        if models.empty:
            continue
        if state == LEARNT:
            ax.plot(models["place"], models["left_at"], ls="", ms=3, **look)
        else:
            top, across = np.ones(len(models)), ax.get_xaxis_transform()
            ax.plot(models["place"], top, transform=across, **ON_PLATEAU | look)
    ax.set_xscale("log", base=2)
    ticks_at(ax.xaxis, frame["weight"])
    ax.set(xlabel=SYMBOL["beta_vae"], ylabel=labels.STEPS, ylim=(0, None))
    if frame["left_at"].isna().all():
        ax.set_yticks([])
    ax.set_title(_title("beta_vae", dataset, standins))
    figure.legend(loc="outside upper center", ncols=2)
    return figure


PARTS = {
    "rate": r"$\mathrm{KL}(q(z|x)\,\|\,p(z)) = I + \mathrm{KL}(q(z)\,\|\,p(z))$",
    "information": r"$I(x;z)$",
    "aggregate": r"$\mathrm{KL}(q(z)\,\|\,p(z))$",
    "total_correlation": r"total correlation, a part of $\mathrm{KL}(q(z)\,\|\,p(z))$",
}


def rate_terms(terms: Path, ends: Path, dataset: str, standins: Sequence[str]) -> Figure:
    """Draw KL(q(z|x) || p(z)), I(x;z) and KL(q(z) || p(z)) against beta and gamma.

    Points are means over seeds with standard errors, without models on a plateau. The total
    correlation, the part of KL(q(z) || p(z)) that FactorVAE penalises, is also drawn.

    Parameters
    ----------
    terms : Path
        Table of all models, from `betascan.rate_terms.measure`.
    ends : Path
        Table written by `tables.ends`.
    dataset : str
        Data set of the models to show.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    frame = _with_plateau(read_csv(terms), ends)
    frame = frame[(frame["dataset"] == dataset) & ~frame["plateau"]]
    values = frame.pivot(index=KEYS, columns="metric", values="value").reset_index()
    values["aggregate"] = values["total_correlation"] + values["dimension_wise_kl"]
    values["rate"] = values["information"] + values["aggregate"]
    most = float(np.log(frame["images"].max()))
    figure, axes = plt.subplots(1, len(MODELS), figsize=(PAGE, 2.9), sharey=True)
    for model, ax in zip(MODELS, axes, strict=True):
        for part, look in categorical(PARTS).items():
            runs = values[values["model"] == model]
            style = "--" if part == "total_correlation" else "-"
            means(ax, runs, "weight", part, label=PARTS[part], ls=style, ms=3, **look)
        ax.axhline(most, color=GUIDE, ls=":", lw=0.7, label="log of the number of images")
        ax.set_xscale("log", base=2)
        ticks_at(ax.xaxis, frame["weight"])
        ax.set(xlabel=SYMBOL[model], title=_title(model, dataset, standins))
    axes[0].set(ylabel="nats", ylim=(0, None))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure
