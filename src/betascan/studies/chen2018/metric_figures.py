"""Figures of chen2018's estimators and metrics: ELBO terms, repeated scores, traversals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from betascan.studies.chen2018.repeats import LABELS, by_setting, errors, spread
from betascan.studies.chen2018.tables import NAMES, TITLES
from betascan.studies.style import GUIDE, PAGE, rank_colours, save
from betascan.studies.traversals import draw

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


def elbo_terms(terms: Path, png: Path, pdf: Path, dataset: str, footer: str) -> None:
    """The three parts of the rate against beta by every estimator, mean and range over seeds."""
    table = pd.read_csv(terms)
    table = table[table["dataset"] == dataset]
    betas = sorted(set(table["beta"]))
    figure, axes = plt.subplots(
        len(TERMS), len(TITLES), figsize=(PAGE, 5.6), sharex=True, sharey="row"
    )
    for row, (term, label) in zip(axes, TERMS.items(), strict=True):
        for ax, model in zip(row, TITLES, strict=True):
            own = table[(table["term"] == term) & (table["model"] == model)]
            for estimator, look in ESTIMATORS.items():
                values = own[own["estimator"] == estimator].groupby("beta")["value"]
                ax.plot(range(len(betas)), values.mean(), **look)
                colour = look["color"]
                ax.vlines(range(len(betas)), values.min(), values.max(), colour, lw=0.6)
            ax.set_yscale("symlog", linthresh=1)
            ax.axhline(0, color=GUIDE, lw=0.4)
            if row is axes[0]:
                ax.set_title(TITLES[model])
        row[0].set_ylabel(label)
    for ax in axes[-1]:
        ax.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
        ax.set_xlabel(r"$\beta$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    N = int(table["samples"].max())
    told = f"{NAMES[dataset]}: exact sum over {N:,} images, others from their minibatches"
    figure.suptitle(f"{told}; linear between −1 and 1, logarithmic beyond", fontsize=7, color=GUIDE)
    save(figure, png, pdf, footer)


def stability(repeated: Path, png: Path, pdf: Path, footer: str) -> None:
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
    save(figure, png, pdf, footer)


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
    ax.set_ylabel("distance from the score at most\nsamples / spread between models")
    raw.set(ylim=(0, None), ylabel="standard deviation\nover repeats")


def _over_settings(ax: Axes, means: pd.DataFrame) -> None:
    places = np.arange(len(means.columns))
    for row in means.to_numpy():
        ax.plot(places, row, "o-", color="#0072b2", lw=0.5, ms=1.8, alpha=0.6)
    labels = [name.replace(" ", "\n") if name else "no\nsetting" for name in means.columns]
    ax.set_xticks(places, labels, fontsize=5.5)
    ax.set(xlim=(-0.5, len(places) - 0.5), ylim=(min(0, float(means.min(axis=None))), None))
    ax.tick_params(axis="y", labelsize=6)


def traversals(
    views: Sequence[Path],
    png: Path,
    pdf: Path,
    dataset: str,
    models: Sequence[str],
    beta: float,
    footer: str,
) -> None:
    """Each latent from -2 to 2 around one image's code; a panel a model."""
    titles = [TITLES[model] for model in models]
    draw(views, png, pdf, titles, rf"{NAMES[dataset]}, $\beta$ = {beta:g}", footer)
