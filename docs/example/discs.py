"""Soft discs: 5,120 images with four factors, as a data set of one's own."""

from pathlib import Path

import numpy as np

from betascan.data.grid import Grid, evenly
from betascan.data.store import write

GRID = Grid(
    {
        "x": evenly(16, 48, 16),  # pixels
        "y": evenly(16, 48, 16),
        "radius": evenly(4, 14, 5),
        "brightness": evenly(0.4, 1, 4),
    }
)


def render(classes):
    """Images (n, 64, 64, 1) of classes (n, 4)."""
    x, y, radius, brightness = GRID.values(classes).T[..., None, None]
    rows, columns = np.mgrid[:64, :64]
    distance = np.hypot(columns - x, rows - y)
    shade = brightness / (1 + np.exp(distance - radius))
    return (255 * shade).round().astype(np.uint8)[..., None]


def main(path):
    """Write all of them to the file that betascan reads images from."""
    indices = np.arange(len(GRID))
    blocks = (render(GRID.classes(part)) for part in np.split(indices, 10))
    write(Path(path), GRID, indices, blocks, source="soft discs", maximum=255)


if __name__ == "__main__":
    main(snakemake.output.images)  # noqa: F821
