"""Latent traversals of several models side by side."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from betascan.core.files import read_npz
from betascan.plots.style import GUIDE, PAGE, save

GAP = 2  # pixels between two images
EDGE, RATES, AROUND = 0.2, 0.25, 0.85  # inches of labels: left, of a panel, above and below


def draw(
    views: Sequence[Path],
    png: Path,
    pdf: Path,
    titles: Sequence[str],
    name: str,
    footer: str,
) -> None:
    """Each latent from -2 to 2 around one image's code, the latents of highest rate on top.

    views: of `evaluation.evaluate`, a panel each with its title; name stands above all.
    """
    seen = [read_npz(path)[0] for path in views]
    latents, steps, height, width = seen[0]["traversals"].shape[:4]
    panel = (PAGE - EDGE) / len(seen) - RATES
    inches = panel * latents * height / (steps * width)
    figure, axes = plt.subplots(1, len(seen), figsize=(PAGE, inches + AROUND))
    for ax, arrays, title in zip(axes, seen, titles, strict=True):
        order = np.argsort(-arrays["rate"], kind="stable")
        ax.imshow(_mosaic(arrays["traversals"][order]), cmap="gray", vmin=0, vmax=255)
        middles = np.arange(latents) * (height + GAP) + height / 2
        ax.set_yticks(middles, [f"{rate:.1f}" for rate in arrays["rate"][order]])
        columns = (np.arange(steps) * (width + GAP) + width / 2)[[0, steps // 2, -1]]
        ax.set_xticks(columns, [f"{step:g}" for step in arrays["steps"][[0, steps // 2, -1]]])
        ax.tick_params(length=0, labelsize=6)
        ax.spines[:].set_visible(False)
        ax.set_title(title)
    axes[0].set_ylabel("rate of the latent (nats)")
    figure.suptitle(name, fontsize=8, color=GUIDE)
    save(figure, png, pdf, footer)


def _mosaic(images: np.ndarray) -> np.ndarray:
    """Put images (rows, columns, H, W, C) side by side, white between them."""
    edges = ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0))
    padded = np.pad(images, edges, constant_values=255)
    rows, columns, height, width, channels = padded.shape
    whole = padded.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    return whole[:-GAP, :-GAP].squeeze()
