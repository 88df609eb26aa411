"""Figures of single models of vu2026's image study: latents against factors, and traversals."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from scipy.optimize import linear_sum_assignment

from betascan.plots.style import PAGE, save
from betascan.plots.traversals import draw
from betascan.studies.vu2026.image_tables import DATASETS

SHORT = {"orientation": "orient.", "background": "backgr."}


def _title(cell: Sequence[float]) -> str:
    beta, lam = cell
    return rf"$\beta$ = {beta:g}, $\lambda$ = {lam:g}"


def information(
    information: Sequence[Path],
    png: Path,
    pdf: Path,
    cells: Sequence[Sequence[float]],
    footer: str,
) -> None:
    """Information of each latent about each factor, a row of panels a data set, a column a cell.

    information: by data set, then by (beta, lambda) as in `cells`. Framed are the one-to-one
    pairs whose sum is I_m.
    """
    figure, axes = plt.subplots(len(DATASETS), len(cells), figsize=(PAGE, 7.4))
    tables = iter(information)
    for dataset, panels in zip(DATASETS.values(), axes, strict=True):
        frames = [pd.read_csv(next(tables)) for _ in cells]
        most = max(frame["mutual_information"].max() for frame in frames)
        for ax, frame, cell in zip(panels, frames, cells, strict=True):
            matched, shown = _matrix(ax, frame, most)
            ax.set_title(f"{_title(cell)}\n" + rf"$I_m$ = {matched:.2f}", fontsize=7)
            if ax is not panels[0]:
                ax.set_yticklabels([])
        panels[0].set_ylabel(f"{dataset}\nlatent")
        figure.colorbar(shown, ax=panels, pad=0.01, aspect=25, label="nats").outline.set_visible(
            False
        )
    save(figure, png, pdf, footer)


def _matrix(ax: Axes, frame: pd.DataFrame, most: float) -> tuple[float, AxesImage]:
    """Draw latents x factors, return I_m and what the colours mean."""
    names = list(dict.fromkeys(frame["factor"]))
    matrix = frame.pivot(index="latent", columns="factor", values="mutual_information")[names]
    values = matrix.to_numpy()
    shown = ax.imshow(values, vmin=0, vmax=most, cmap="cividis", aspect="auto")
    pairs = linear_sum_assignment(values, maximize=True)
    for latent, factor in zip(*pairs, strict=True):
        ax.add_patch(Rectangle((factor - 0.5, latent - 0.5), 1, 1, fill=False, ec="white", lw=0.8))
    labels = [SHORT.get(name, name.replace("_", " ")) for name in names]
    ax.set_xticks(range(len(names)), labels, rotation=90)
    ax.set_yticks(range(len(values)), [f"{latent + 1}" for latent in range(len(values))])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return float(values[pairs].sum()), shown


def traversals(
    views: Sequence[Path],
    png: Path,
    pdf: Path,
    dataset: str,
    cells: Sequence[Sequence[float]],
    footer: str,
) -> None:
    """Each latent from -2 to 2 around one image's code; views: by (beta, lambda) as in `cells`."""
    draw(views, png, pdf, [_title(cell) for cell in cells], DATASETS[dataset], footer)
