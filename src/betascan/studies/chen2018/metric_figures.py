"""Figures of chen2018's estimators and metrics: ELBO terms, repeated scores, traversals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import ticks_at
from betascan.plots.points import means
from betascan.plots.style import COLOURS, GUIDE, MODEL_LOOKS, PAGE, SMALL, categorical
from betascan.plots.traversals import traversals as panels
from betascan.studies.chen2018.figures import BETA
from betascan.studies.chen2018.repeats import (
    LABELS,
    between_model_std,
    by_setting,
    deviations,
    errors,
)
from betascan.studies.runs import Row, keyed

TERMS = {
    "index_code_mi": "index-code information\n(nats)",
    "total_correlation": "total correlation\n(nats)",
    "dimension_wise_kl": "dimension-wise KL\n(nats)",
}
# not the colours of models, which the left column uses
ESTIMATORS: Mapping[str, dict[str, Any]] = {
    "exact": {"label": "exact", "color": "black", "marker": "o", "lw": 1.4},
    "mws": {"label": "MWS", "color": COLOURS[4], "marker": "s"},
    "mss": {"label": "MSS", "color": COLOURS[9], "marker": "D"},
    "mss_as_coded": {
        "label": "MSS as in the public code: 1/N in column 0", "color": COLOURS[5], "marker": "v",
        "ls": "--",
    },
}  # fmt: skip


def elbo_terms(terms: Path, dataset: str, standins: Sequence[str]) -> Figure:
    """Draw the three parts of the rate against beta: exact, estimated, and the estimates' bias.

    Left: exact, means over seeds with standard errors; information cannot exceed the logarithm of
    the number of images. Middle and right: means over all models at each beta.

    Parameters
    ----------
    terms : Path
        Table written by `tables.elbo_terms`.
    dataset : str
        Data set to show.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    table = read_csv(terms)
    table = table[table["dataset"] == dataset]
    betas, images = sorted(set(table["beta"])), int(table["samples"].max())
    figure, axes = plt.subplots(len(TERMS), 3, figsize=(PAGE, 6.2), sharex=True)
    for (exact, values, biases), (term, label) in zip(axes, TERMS.items(), strict=True):
        rows = table[table["term"] == term]
        for model, look in MODEL_LOOKS.items():
            one = rows[(rows["model"] == model) & (rows["estimator"] == "exact")]
            one = one.assign(place=one["beta"].map(betas.index))
            means(exact, one, "place", "value", ms=3, label=labels.MODELS[model], **look)
        for estimator, style in ESTIMATORS.items():
            one = rows[rows["estimator"] == estimator].groupby("beta")
            values.plot(range(len(betas)), one["value"].mean(), **style)
            if estimator != "exact":
                off = one["bias"].agg(lambda bias: bias.abs().mean())
                biases.plot(range(len(betas)), off, **style)
        if term == "index_code_mi":
            bound, look = np.log(images), {"color": GUIDE, "lw": 0.7, "ls": "--"}
            exact.axhline(bound, **look)
            values.axhline(bound, label=f"log {images:,}", **look)
        exact.set_ylabel(label)
        values.set_yscale("symlog", linthresh=1)
        values.axhline(0, color=GUIDE, lw=0.4)
        biases.set_yscale("log")
        biases.yaxis.set_minor_formatter(NullFormatter())
    titles = (
        f"exact over {images:,} images",
        "estimates from minibatches, mean over models\n(linear within ±1)",
        "|bias| (nats), mean over models",
    )
    for title, top, bottom in zip(titles, axes[0], axes[-1], strict=True):
        top.set_title(title, fontsize=7)
        bottom.set_xticks(range(len(betas)), [labels.level(beta) for beta in betas])
        bottom.set_xlabel(BETA)
    axes[0, 0].legend(fontsize=SMALL)
    figure.legend(
        *axes[0, 1].get_legend_handles_labels(), loc="outside upper center", ncols=5,
        fontsize=SMALL, title=labels.dataset(dataset, standins),
    )  # fmt: skip
    return figure


def stability(repeated: Path) -> Figure:
    """Draw how much scores vary with the sample and with their settings (question 3).

    Parameters
    ----------
    repeated : Path
        Table written by `tables.stability`.
    """
    table = read_csv(repeated, keep_default_na=False)
    set_by_hand = [name for name in LABELS if by_setting(table, name).shape[1] > 1]
    figure = plt.figure(figsize=(PAGE, 5.4))
    halves: Any = figure.subfigures(2, 1, height_ratios=[1.3, 1])
    above, below = halves
    error, raw = above.subplots(1, 2)
    _over_samples(error, raw, table)
    unit = between_model_std(table)
    axes = below.subplots(1, len(set_by_hand))
    for ax, metric in zip(axes, set_by_hand, strict=True):
        _over_settings(ax, by_setting(table, metric))
        ax.set_title(f"{LABELS[metric]}\nbetween models: {unit[metric]:.2g}", fontsize=6.5)
    axes[0].set_ylabel("score, a line per model")
    handles, names = above.axes[0].get_legend_handles_labels()
    above.legend(handles, names, loc="outside upper center", ncols=6, fontsize=SMALL)
    return figure


def _over_samples(ax: Axes, raw: Axes, table: pd.DataFrame) -> None:
    error, deviation = errors(table), deviations(table)
    for metric, look in categorical(LABELS).items():
        for axes, values, column in ((ax, error, "error"), (raw, deviation, "deviation")):
            median = values[values["metric"] == metric].groupby("samples")[column].median()
            axes.plot(median.index, median, label=LABELS[metric], **look)
    for axes in (ax, raw):
        axes.set(xscale="log", xlabel="samples (images, votes or points)")
        ticks_at(axes.xaxis, table["samples"])
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("RMS distance from the score of most\nsamples / deviation between models")
    raw.set(ylim=(0, None), ylabel="standard deviation\nover repeats")


def _over_settings(ax: Axes, means: pd.DataFrame) -> None:
    places = np.arange(len(means.columns))
    for row in means.to_numpy():
        ax.plot(places, row, "o-", color=COLOURS[0], lw=0.5, ms=1.8, alpha=0.6)
    names = [name.removeprefix("booster ") for name in means.columns]
    ax.set_xticks(places, names, fontsize=SMALL, rotation=90)
    ax.set(xlim=(-0.5, len(places) - 0.5), ylim=(min(0, float(means.min(axis=None))), None))
    ax.tick_params(axis="y", labelsize=SMALL)


def traversals(
    views: Sequence[Path],
    rows: Sequence[Row],
    dataset: str,
    beta: float,
    standins: Sequence[str],
) -> Figure:
    """Draw each latent from -2 to 2 around one image's code, a panel per model.

    Parameters
    ----------
    views : sequence of Path
        ``views.npz`` of the models.
    rows : sequence of Mapping
        Signatures and keys of the models.
    dataset : str
        Data set of all models.
    beta : float
        Beta of all models.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    titles = [labels.MODELS[keys["model"]] for keys, _ in keyed(views, rows)]
    name = labels.dataset(dataset, standins)
    return panels(views, titles, f"{name}, {labels.setting(beta=beta)}")
