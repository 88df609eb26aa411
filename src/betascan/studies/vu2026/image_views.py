"""Figures of single models of vu2026's image study: latents against factors, and traversals."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from scipy.optimize import linear_sum_assignment

from betascan.files import read_npz
from betascan.studies.style import GUIDE, PAGE, save
from betascan.studies.vu2026.image_tables import DATASETS

SHORT = {"orientation": "orient.", "background": "backgr."}
GAP = 2  # pixels between two images
EDGE, RATES, AROUND = 0.2, 0.25, 0.85  # inches of labels: left, of a panel, above and below


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
    """Each latent from -2 to 2 around one image's code, the latents of highest rate on top.

    views: by (beta, lambda) as in `cells`.
    """
    seen = [read_npz(path)[0] for path in views]
    latents, steps, height, width = seen[0]["traversals"].shape[:4]
    panel = (PAGE - EDGE) / len(cells) - RATES
    inches = panel * latents * height / (steps * width)
    figure, axes = plt.subplots(1, len(cells), figsize=(PAGE, inches + AROUND))
    for ax, arrays, cell in zip(axes, seen, cells, strict=True):
        order = np.argsort(-arrays["rate"], kind="stable")
        ax.imshow(_mosaic(arrays["traversals"][order]), cmap="gray", vmin=0, vmax=255)
        middles = np.arange(latents) * (height + GAP) + height / 2
        ax.set_yticks(middles, [f"{rate:.1f}" for rate in arrays["rate"][order]])
        columns = (np.arange(steps) * (width + GAP) + width / 2)[[0, steps // 2, -1]]
        ax.set_xticks(columns, [f"{step:g}" for step in arrays["steps"][[0, steps // 2, -1]]])
        ax.tick_params(length=0, labelsize=6)
        ax.spines[:].set_visible(False)
        ax.set_title(_title(cell))
    axes[0].set_ylabel("rate of the latent (nats)")
    figure.suptitle(DATASETS[dataset], fontsize=8, color=GUIDE)
    save(figure, png, pdf, footer)


def _mosaic(images: np.ndarray) -> np.ndarray:
    """Put images (rows, columns, H, W, C) side by side, white between them."""
    edges = ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0))
    padded = np.pad(images, edges, constant_values=255)
    rows, columns, height, width, channels = padded.shape
    whole = padded.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    return whole[:-GAP, :-GAP].squeeze()
