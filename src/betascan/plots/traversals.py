"""Latent traversals of several models side by side."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure

from betascan.core.files import read_npz
from betascan.plots.labels import number
from betascan.plots.style import GUIDE, PAGE, PIXELS, SMALL

_GAP = 2
"""Pixels between two images."""
_YLABEL, _RATES, _AROUND = 0.2, 0.25, 0.85
"""Inches of text: left of all panels, left of each, above and below."""


def traversals(views: Sequence[Path], titles: Sequence[str], heading: str) -> Figure:
    """Draw each latent from -2 to 2 around one image's code, one panel per model.

    Latents are sorted by their rate, the highest on top.

    Parameters
    ----------
    views : sequence of Path
        A file of `evaluation.evaluate` for each model: traversals (latents, steps, H, W, C),
        steps (steps,) and rate (latents,) in nats.
    titles : sequence of str
        Titles of the panels.
    heading : str
        Heading above all panels.

    Raises
    ------
    DataError
        A file is missing or damaged.
    """
    models = [read_npz(path)[0] for path in views]
    latents, steps, height, width = models[0]["traversals"].shape[:4]
    panel = (PAGE - _YLABEL) / len(models) - _RATES
    inches = panel * latents * height / (steps * width)
    figure, axes = plt.subplots(1, len(models), figsize=(PAGE, inches + _AROUND), squeeze=False)
    for ax, arrays, title in zip(axes[0], models, titles, strict=True):
        order = np.argsort(-arrays["rate"], kind="stable")
        ax.imshow(_mosaic(arrays["traversals"][order]), **PIXELS)
        middles = np.arange(latents) * (height + _GAP) + height / 2
        ax.set_yticks(middles, [f"{rate:.1f}" for rate in arrays["rate"][order]])
        columns = (np.arange(steps) * (width + _GAP) + width / 2)[[0, steps // 2, -1]]
        ax.set_xticks(columns, [number(step) for step in arrays["steps"][[0, steps // 2, -1]]])
        ax.tick_params(length=0, labelsize=SMALL)
        ax.spines[:].set_visible(False)
        ax.set_title(title)
        ax.set_xlabel("value of the latent")
    axes[0, 0].set_ylabel("rate of the latent (nats)")
    figure.suptitle(heading, fontsize=8, color=GUIDE)
    return figure


def _mosaic(
    images: UInt8[np.ndarray, "rows columns h w c"],
) -> UInt8[np.ndarray, "height width *channels"]:
    """Put images side by side, with white between them."""
    edges = ((0, 0), (0, 0), (0, _GAP), (0, _GAP), (0, 0))
    padded = np.pad(images, edges, constant_values=255)
    rows, columns, height, width, channels = padded.shape
    whole = padded.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    return whole[:-_GAP, :-_GAP].squeeze()
