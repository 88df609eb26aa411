"""Figures of vu2026's image study: scores against beta and lambda, and related quantities."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Shaped
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import colour_bar, handles, key, labelled, ticks_at
from betascan.plots.boxes import boxes as draw_boxes
from betascan.plots.boxes import places
from betascan.plots.heatmap import compare, heatmap
from betascan.plots.points import floor, means
from betascan.plots.style import DIVERGING, GUIDE, ON_PLATEAU, PAGE, SEQUENTIAL, ordinal
from betascan.studies.vu2026.image_config import document_name
from betascan.studies.vu2026.image_tables import METRICS, SCORES, allowance

LINEAR = 10  # % below which the colour of a change is linear in it, beyond it logarithmic
MODEL = ["dataset", "lambda", "beta", "seed"]
LABELS = {
    "NLL": labels.METRICS["nll"],
    "MIG": labels.METRICS["mig"],
    "SAP": labels.METRICS["sap"],
    "Im": labels.METRICS["matched_information"],
}


def boxes(table: Path, spectrum: Path, datasets: Sequence[str], standins: Sequence[str]) -> Figure:
    """Draw every metric against beta, a colour per lambda: boxes over seeds, or points if few.

    Models on a plateau are crosses and not in any box. A dashed line is the highest score of
    models without active latents.

    Parameters
    ----------
    table, spectrum : Path
        Tables written by `image_tables.join`.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    values, empty = read_csv(table), _empty(read_csv(spectrum))
    betas, looks = sorted(set(values["beta"])), ordinal(sorted(set(values["lambda"])))
    at = places(betas, looks)
    figure, axes = plt.subplots(
        len(METRICS), len(datasets), figsize=(PAGE, 7.2), sharex=True, squeeze=False
    )
    for metric, row in zip(METRICS, axes, strict=True):
        for dataset, ax in zip(datasets, row, strict=True):
            chosen = _rows(values, dataset, metric)
            learnt, failed = chosen[~chosen["plateau"]], chosen[chosen["plateau"]]
            draw_boxes(ax, learnt, x="beta", y="value", hue="lambda", order=betas, looks=looks)
            for _, run in failed.iterrows():
                place, colour = at[run["beta"], run["lambda"]], looks[run["lambda"]]["color"]
                ax.plot(place, run["value"], color=colour, **ON_PLATEAU)
            if metric != "NLL":
                floor(ax, chosen.loc[chosen.set_index(MODEL).index.isin(empty), "value"])
                ax.set_ylim(bottom=0)
        row[0].set_ylabel(LABELS[metric])
    _name(axes, datasets, standins)
    names = {lam: labels.level(lam) for lam in looks}
    figure.legend(
        handles=handles(looks, names), title=labels.SYMBOLS["lam"], loc="outside right center"
    )
    entries = labelled(axes.flat)
    if values["plateau"].any():
        entries["on a plateau"] = key("on a plateau", **ON_PLATEAU)
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=max(len(entries), 1)
    )
    return figure


def _empty(spectrum: pd.DataFrame) -> pd.MultiIndex:
    """Return the models without active latents."""
    active = spectrum[spectrum["metric"] == "active_units"].set_index(MODEL)["value"]
    return active.index[active == 0]


def mechanism(
    table: Path, spectrum: Path, datasets: Sequence[str], standins: Sequence[str]
) -> Figure:
    """Draw against beta what its pressure removes: total correlation, I(x;z), I_m; MIG and SAP.

    Without lambda and with the largest: means over seeds with standard errors, without models on
    a plateau.

    Parameters
    ----------
    table, spectrum : Path
        Tables written by `image_tables.join`.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    values, carried = read_csv(table), read_csv(spectrum)
    empty = _empty(carried)
    values = pd.concat([carried, values])
    shown = {
        "total_correlation": "total correlation\n(nats)",
        "information": "$I(x;z)$ (nats)",
        **{metric: LABELS[metric] for metric in ("Im", "MIG", "SAP")},
    }
    betas, lambdas = sorted(set(values["beta"])), sorted(set(values["lambda"]))
    looks = ordinal(lambdas)
    figure, axes = plt.subplots(
        len(shown), len(datasets), figsize=(PAGE, 7.6), sharex=True, squeeze=False
    )
    for metric, row in zip(shown, axes, strict=True):
        for dataset, ax in zip(datasets, row, strict=True):
            chosen = _rows(values, dataset, metric)
            if metric in SCORES:
                floor(ax, chosen.loc[chosen.set_index(MODEL).index.isin(empty), "value"])
            learnt = chosen[~chosen["plateau"]]
            for lam in (lambdas[0], lambdas[-1]):
                name = labels.setting(lam=lam)
                means(ax, learnt[learnt["lambda"] == lam], "beta", "value", label=name, ms=3,
                      **looks[lam])  # fmt: skip
            ax.set_xscale("log", base=2)
            ticks_at(ax.xaxis, betas)
            ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))  # estimates of zero may be negative
        row[0].set_ylabel(shown[metric])
    _name(axes, datasets, standins)
    entries = labelled(axes.flat)
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=len(entries))
    return figure


def relation(table: Path, datasets: Sequence[str], standins: Sequence[str]) -> Figure:
    """Draw MIG and SAP against I_m, a point per model, a colour per beta, lambda > 0 hollow.

    Parameters
    ----------
    table : Path
        Table written by `image_tables.join`.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    values = read_csv(table)
    values = values[~values["plateau"]]
    looks, scores = ordinal(sorted(set(values["beta"]))), ("MIG", "SAP")
    figure, axes = plt.subplots(
        len(scores), len(datasets), figsize=(PAGE, 4.2), sharex="col", squeeze=False
    )
    for metric, row in zip(scores, axes, strict=True):
        for dataset, ax in zip(datasets, row, strict=True):
            both = _rows(values, dataset, "Im").merge(
                _rows(values, dataset, metric), on=["lambda", "beta", "seed"]
            )
            for (beta, held), models in both.groupby(["beta", both["lambda"] > 0]):
                colour = looks[beta]["color"]
                ax.plot(
                    models["value_x"], models["value_y"], "o", ms=2.6, mew=0.6, mec=colour,
                    mfc="white" if held else colour,
                )  # fmt: skip
            ax.set_ylim(bottom=0)
        row[0].set_ylabel(LABELS[metric])
    _name(axes, datasets, standins)
    for ax in axes[-1]:
        ax.set_xlabel(LABELS["Im"])
    names = {beta: labels.setting(beta=beta) for beta in looks}
    keys = handles(looks, names)
    hollow = Line2D([], [], ls="", marker="o", ms=4, mfc="white", mec=GUIDE, mew=0.7)
    hollow.set_label(r"$\lambda$ > 0")
    figure.legend(handles=[*keys, hollow], loc="outside upper center", ncols=len(keys) + 1)
    return figure


def heatmaps(cells: Path, datasets: Sequence[str], standins: Sequence[str]) -> Figure:
    """Draw the mean of every metric over seeds, lambda x beta; bright is better.

    The scores of all data sets share a colour scale from 0; the NLL has one for each.

    Parameters
    ----------
    cells : Path
        Table written by `image_tables.cells`.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    frame = read_csv(cells)
    figure, axes = plt.subplots(len(METRICS), len(datasets), figsize=(PAGE, 6.6), squeeze=False)
    for metric, row in zip(METRICS, axes, strict=True):
        tables = [_grid(frame, dataset, metric, "mean") for dataset in datasets]
        if metric == "NLL":
            for table, ax in zip(tables, row, strict=True):
                drawn = heatmap(ax, table, ".0f", cmap=f"{SEQUENTIAL}_r")
                colour_bar(drawn, ax, "")
        else:
            norm = Normalize(0, max(table.max(axis=None) for table in tables))
            for table, ax in zip(tables, row, strict=True):
                drawn = heatmap(ax, table, ".3f", norm=norm)
            colour_bar(drawn, row, "")
        row[0].set_ylabel(f"{LABELS[metric]}\n{labels.SYMBOLS['lam']}")
    _name(axes, datasets, standins)
    _head(figure, "means over seeds, bright is better")
    return figure


def percent(cells: Path, dataset: str, standins: Sequence[str]) -> Figure:
    """Draw changes against beta 1, lambda 0 in %: ours, the published ones, and the difference.

    Parameters
    ----------
    cells : Path
        Table written by `image_tables.cells`.
    dataset : str
        Key of a data set of the document.
    standins : sequence of str
        Keys of the data sets whose images are not the document's.
    """
    frame = read_csv(cells)
    frame["allowed"] = allowance(frame)
    figure, axes = plt.subplots(len(METRICS), 3, figsize=(PAGE, 6.6))
    for metric, row in zip(METRICS, axes, strict=True):
        ours, published, allowed = (
            _grid(frame, dataset, metric, column)
            for column in ("percent", "published_percent", "allowed")
        )
        most = pd.concat([ours, published]).abs().max(axis=None)
        compare(
            row,
            ours,
            published,
            allowed,
            "+z.2f" if most < LINEAR else "+z.0f",
            "",
            norm=SymLogNorm(LINEAR, vmin=-max(most, LINEAR), vmax=max(most, LINEAR)),
            cmap=DIVERGING,
        )
        row[0].set_ylabel(f"{LABELS[metric].removesuffix(' (nats)')}\n{labels.SYMBOLS['lam']}")
    titles = ("ours, %", "published, %", "ours − published, points")
    for title, top, bottom in zip(titles, axes[0], axes[-1], strict=True):
        top.set_title(title)
        bottom.set_xlabel(labels.SYMBOLS["beta"])
    _head(
        figure,
        f"{labels.dataset(dataset, standins)}: change against {labels.setting(beta=1, lam=0)}, "
        f"colours logarithmic beyond {LINEAR} %\n"
        "framed: beyond what is allowed, two standard errors",
    )
    return figure


def _rows(frame: pd.DataFrame, dataset: str, metric: str) -> pd.DataFrame:
    return frame[(frame["dataset"] == document_name(dataset)) & (frame["metric"] == metric)]


def _grid(cells: pd.DataFrame, dataset: str, metric: str, column: str) -> pd.DataFrame:
    """Return one column of the cells as lambda x beta."""
    chosen = _rows(cells, dataset, metric)
    return chosen.pivot(index="lambda", columns="beta", values=column)


def _name(
    axes: Shaped[np.ndarray, "metrics datasets"], datasets: Sequence[str], standins: Sequence[str]
) -> None:
    """Name the data sets above and beta below."""
    for dataset, top, bottom in zip(datasets, axes[0], axes[-1], strict=True):
        top.set_title(labels.dataset(dataset, standins))
        bottom.set_xlabel(labels.SYMBOLS["beta"])


def _head(figure: Figure, text: str) -> None:
    figure.suptitle(text, fontsize=8, color=GUIDE)
