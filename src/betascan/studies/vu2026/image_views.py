"""Figures of single models of vu2026's image study: latents against factors, and traversals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from betascan.core.files import read_csv
from betascan.plots import labels
from betascan.plots.axes import colour_bar
from betascan.plots.heatmap import heatmap, mark
from betascan.plots.style import GUIDE, PAGE
from betascan.plots.traversals import traversals as draw_traversals
from betascan.studies.runs import Row, keyed

INCHES = 2.4  # height of a data set


def information(
    information: Sequence[Path],
    rows: Sequence[Row],
    datasets: Sequence[str],
    standins: Sequence[str],
) -> Figure:
    """Draw the information of each latent about each factor, a row of panels per data set.

    The one-to-one pairs whose sum is I_m are framed.

    Parameters
    ----------
    information : sequence of Path
        Tables written by `betascan.evaluation.evaluate`; models of the same number of settings for
        each data set.
    rows : sequence of Mapping
        Signatures and keys of the models.
    datasets, standins : sequence of str
        Keys of the data sets, and of those whose images are not the document's.
    """
    models = _sorted(information, rows)
    settings = len(models) // len(datasets)
    figure, axes = plt.subplots(
        len(datasets), settings, figsize=(PAGE, INCHES * len(datasets)), squeeze=False
    )
    for dataset, panels in zip(datasets, axes, strict=True):
        chosen = [(keys, path) for keys, path in models if keys["dataset"] == dataset]
        tables = [_matrix(path) for _, path in chosen]
        norm = Normalize(0, max(table.max(axis=None) for table in tables))
        for ax, table, (keys, _) in zip(panels, tables, chosen, strict=True):
            drawn, matched = _draw(ax, table, norm)
            ax.set_title(f"{_title(keys)}\n" + rf"$I_m$ = {matched:.2f}")
            if ax is not panels[0]:
                ax.set_yticklabels([])
        panels[0].set_ylabel(f"{labels.dataset(dataset, standins)}\nlatent")
        colour_bar(drawn, panels, "nats")
    figure.suptitle("framed: one-to-one pairs, whose sum is $I_m$", fontsize=8, color=GUIDE)
    return figure


def _matrix(path: Path) -> pd.DataFrame:
    """Return mutual information as latents (from 1) x factors."""
    frame = read_csv(path)
    names = list(dict.fromkeys(frame["factor"]))
    frame["latent"] += 1
    matrix = frame.pivot(index="latent", columns="factor", values="mutual_information")[names]
    return matrix.rename(columns=lambda name: name.replace("_", " "))


def _draw(ax: Axes, table: pd.DataFrame, norm: Normalize) -> tuple[QuadMesh, float]:
    """Draw latents x factors; return what the colours mean, and I_m."""
    drawn = heatmap(ax, table, None, norm=norm)
    ax.tick_params(axis="x", rotation=90)
    pairs = scipy.optimize.linear_sum_assignment(table, maximize=True)
    matched = np.zeros(table.shape, bool)
    matched[pairs] = True
    mark(ax, matched, ec="white", lw=1.2)
    return drawn, float(table.to_numpy()[pairs].sum())


def traversals(
    views: Sequence[Path], rows: Sequence[Row], dataset: str, standins: Sequence[str]
) -> Figure:
    """Draw each latent from -2 to 2 around one image's code, a panel per model.

    Parameters
    ----------
    views : sequence of Path
        Files written by `betascan.evaluation.evaluate` for models of one data set.
    rows : sequence of Mapping
        Signatures and keys of the models.
    dataset : str
        Key of the data set.
    standins : sequence of str
        Keys of the data sets whose images are not the document's.
    """
    models = _sorted(views, rows)
    titles = [_title(keys) for keys, _ in models]
    return draw_traversals([path for _, path in models], titles, labels.dataset(dataset, standins))


def _sorted(files: Sequence[Path], rows: Sequence[Row]) -> list[tuple[Mapping[str, Any], Path]]:
    """Return files with the keys of their models, by beta and lambda."""
    return sorted(keyed(files, rows), key=lambda model: (model[0]["beta"], model[0]["lambda"]))


def _title(keys: Mapping[str, Any]) -> str:
    return labels.setting(beta=keys["beta"], lam=keys["lambda"])
