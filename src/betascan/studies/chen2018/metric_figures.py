"""Figures of chen2018's estimators and metrics: ELBO terms, repeated scores, traversals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from betascan.plots.style import GUIDE, PAGE, rank_colours
from betascan.plots.traversals import traversals as panels
from betascan.studies.chen2018.figures import LOOK
from betascan.studies.chen2018.repeats import LABELS, by_setting, errors, spread
from betascan.studies.chen2018.tables import NAMES, TITLES
from betascan.studies.runs import Row, keyed

TERMS = {
    "index_code_mi": "index-code information\n(nats)",
    "total_correlation": "total correlation\n(nats)",
    "dimension_wise_kl": "dimension-wise KL\n(nats)",
}
ESTIMATORS: dict[str, dict[str, Any]] = {
    "exact": {"label": "exact", "color": "black", "marker": "o", "lw": 1.4},
    "mss": {"label": "MSS", "color": "#e69f00", "marker": "D"},
    "mss_as_coded": {
        "label": "MSS as in the public code: 1/N in column 0", "color": "#cc79a7", "marker": "v",
        "ls": "--",
    },
    "mws": {"label": "MWS", "color": "#d55e00", "marker": "s"},
}  # fmt: skip


def elbo_terms(terms: Path, dataset: str) -> Figure:
    """The three parts of the rate against beta: exact, estimated, and the bias of the estimates.

    Left: exact, means over seeds. Middle and right: means over all models of a beta.
    """
    table = pd.read_csv(terms)
    table = table[table["dataset"] == dataset]
    betas = sorted(set(table["beta"]))
    figure, axes = plt.subplots(len(TERMS), 3, figsize=(PAGE, 6.2), sharex=True)
    for (exact, values, biases), (term, label) in zip(axes, TERMS.items(), strict=True):
        own = table[table["term"] == term]
        for model, look in LOOK.items():
            one = own[(own["model"] == model) & (own["estimator"] == "exact")]
            mean = one.groupby("beta")["value"].mean()
            exact.plot(range(len(betas)), mean, **look, ms=3, label=TITLES[model])
        for estimator, look in ESTIMATORS.items():
            one = own[own["estimator"] == estimator].groupby("beta")
            values.plot(range(len(betas)), one["value"].mean(), **look)
            if estimator != "exact":
                biases.plot(range(len(betas)), one["bias"].mean().abs(), **look)
        exact.set_ylabel(label)
        values.set_yscale("symlog", linthresh=1)
        values.axhline(0, color=GUIDE, lw=0.4)
        biases.set_yscale("log")
    told = f"exact over {int(table['samples'].max()):,} images"
    titles = (
        told,
        "estimates from minibatches\n(linear within ±1)",
        "|bias| (nats)",
    )
    for title, top, bottom in zip(titles, axes[0], axes[-1], strict=True):
        top.set_title(title, fontsize=7)
        bottom.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
        bottom.set_xlabel(r"$\beta$")
    axes[0, 0].legend(frameon=False, fontsize=6)
    handles, labels = axes[0, 1].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=4, frameon=False, title=NAMES[dataset]
    )
    return figure


def stability(repeated: Path) -> Figure:
    """Question 3: how far scores move with the sample (top) and with their settings (below)."""
    table = pd.read_csv(repeated, keep_default_na=False)
    figure = plt.figure(figsize=(PAGE, 5.4))
    panels: list[Any] = [["error"] * 3 + ["raw"] * 3, [*LABELS]]
    axes: dict[str, Axes] = figure.subplot_mosaic(panels, height_ratios=[1.3, 1])
    _over_samples(axes["error"], axes["raw"], table)
    unit = spread(table)
    for metric, label in LABELS.items():
        _over_settings(axes[metric], by_setting(table, metric))
        told = f"spread {unit[metric]:.2g}"
        axes[metric].set_title(f"{label}\n{told}", fontsize=6.5)
    axes[next(iter(LABELS))].set_ylabel("score, a line a model")
    handles, labels = axes["error"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=6, frameon=False, fontsize=6)
    return figure


def _over_samples(ax: Axes, raw: Axes, table: pd.DataFrame) -> None:
    colours = rank_colours(len(LABELS))
    error, markers = errors(table), "osD^vP"
    usual = table[table["usual"]]
    deviation = usual.groupby(["metric", "samples", "model", "beta"])["value"].std().reset_index()
    for place, (metric, label) in enumerate(LABELS.items()):
        look: dict[str, Any] = {"color": colours(place), "marker": markers[place], "label": label}
        for axes, values, column in ((ax, error, "error"), (raw, deviation, "value")):
            own = values[values["metric"] == metric].groupby("samples")[column]
            axes.plot(own.median().index, own.median(), **look)
    for axes in (ax, raw):
        axes.set(xscale="log", xlabel="samples (images, votes or points)")
        samples = sorted(set(table["samples"]))
        axes.set_xticks(samples, [f"{n:,}" for n in samples])
        axes.minorticks_off()
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("distance from the score at most\nsamples / spread between models")
    raw.set(ylim=(0, None), ylabel="standard deviation\nover repeats")


def _over_settings(ax: Axes, means: pd.DataFrame) -> None:
    places = np.arange(len(means.columns))
    for row in means.to_numpy():
        ax.plot(places, row, "o-", color="#0072b2", lw=0.5, ms=1.8, alpha=0.6)
    labels = [name.removeprefix("booster ") or "no setting" for name in means.columns]
    ax.set_xticks(places, labels, fontsize=6, rotation=90)
    ax.set(xlim=(-0.5, len(places) - 0.5), ylim=(min(0, float(means.min(axis=None))), None))
    ax.tick_params(axis="y", labelsize=6)


def traversals(views: Sequence[Path], rows: Sequence[Row], dataset: str, beta: float) -> Figure:
    """Each latent from -2 to 2 around one image's code; a panel a model."""
    titles = [TITLES[keys["model"]] for keys, _ in keyed(views, rows)]
    return panels(views, titles, rf"{NAMES[dataset]}, $\beta$ = {beta:g}")
