"""Figures of vu2026's image study: scores over seeds, and over beta and lambda."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Shaped
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.figure import Figure

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import colour_bar, handles
from betascan.plots.boxes import boxes as draw_boxes
from betascan.plots.heatmap import compare, heatmap
from betascan.plots.style import DIVERGING, GUIDE, PAGE, SEQUENTIAL, ordinal
from betascan.studies.vu2026.image_config import document_name
from betascan.studies.vu2026.image_tables import METRICS, allowance

LINEAR = 10  # % below which the colour of a change is linear in it, beyond it logarithmic
LABELS = {
    "NLL": labels.METRICS["nll"],
    "MIG": labels.METRICS["mig"],
    "SAP": labels.METRICS["sap"],
    "Im": labels.METRICS["matched_information"],
}


def boxes(table: Path, datasets: Sequence[str], standins: Sequence[str]) -> Figure:
    """Draw every metric over beta, a colour a lambda: boxes over seeds, or points if few.

    Parameters
    ----------
    table : Path
        Of `image_tables.join`.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    values = read_csv(table)
    betas, looks = sorted(set(values["beta"])), ordinal(sorted(set(values["lambda"])))
    figure, axes = plt.subplots(
        len(METRICS), len(datasets), figsize=(PAGE, 7.2), sharex=True, squeeze=False
    )
    for metric, row in zip(METRICS, axes, strict=True):
        for dataset, ax in zip(datasets, row, strict=True):
            chosen = _rows(values, dataset, metric)
            draw_boxes(ax, chosen, x="beta", y="value", hue="lambda", order=betas, looks=looks)
            if metric != "NLL":
                ax.set_ylim(bottom=0)
        row[0].set_ylabel(LABELS[metric])
    _name(axes, datasets, standins)
    names = {lam: labels.level(lam) for lam in looks}
    figure.legend(
        handles=handles(looks, names), title=labels.SYMBOLS["lam"], loc="outside right center"
    )
    return figure


def heatmaps(cells: Path, datasets: Sequence[str], standins: Sequence[str]) -> Figure:
    """Draw the mean of every metric over seeds, lambda x beta; bright is better.

    The scores of all data sets share a scale of colours from 0; an NLL has one for each.

    Parameters
    ----------
    cells : Path
        Of `image_tables.cells`.
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
        Of `image_tables.cells`.
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
            "%",
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
        f"colours logarithmic beyond {LINEAR} %",
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
