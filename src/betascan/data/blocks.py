"""Splits by spatial blocks, so that neighbouring cells do not straddle training and test.

hirn2026, appendix A: equal-area blocks of side 500 km, area-weighted sampling, split seed 0.
"""

import numpy as np
from numpy.typing import NDArray
from rasterio.warp import transform

from betascan.core.randomness import stream

TRAIN, VALIDATION, TEST, DROPPED = 0, 1, 2, -1
NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}


def project(
    lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y (n,) in metres on the World Sinusoidal map (ESRI:54008), which keeps areas."""
    x, y = transform("EPSG:4326", "ESRI:54008", lon, lat)
    return np.asarray(x), np.asarray(y)


def block_ids(
    lat: NDArray[np.float64], lon: NDArray[np.float64], side_km: float = 500
) -> NDArray[np.int64]:
    """Number the block of each cell (n,): squares of `side_km` on the World Sinusoidal map.

    Numbered from the south-west, row by row, occupied ones only. lat, lon (n,) in degrees.
    """
    column, row = (np.floor(axis / (side_km * 1000)).astype(int) for axis in project(lat, lon))
    width = column.max() - column.min() + 1
    return np.unique(row * width + column - column.min(), return_inverse=True)[1]


def split(
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    side_km: float = 500,
    train: float = 0.6187,
    min_cells: int = 10,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Assign each cell (n,) to 0 train, 1 validation, 2 test or -1 dropped, whole blocks at a time.

    Blocks with fewer than `min_cells` cells are dropped. The others are drawn without
    replacement, with probability proportional to their area (the sum of cos latitude), and join
    training, then validation, as long as they fit into the split's share of the cells: `train`,
    and half of the rest. What fits neither is test.
    """
    block = block_ids(lat, lon, side_km)
    cells = np.bincount(block)
    area = np.bincount(block, weights=np.cos(np.radians(lat)))
    kept = np.flatnonzero(cells >= min_cells)
    order = stream(seed, "blocks").choice(
        kept, size=kept.size, replace=False, p=area[kept] / area[kept].sum()
    )
    total = cells[kept].sum()
    room = {TRAIN: train * total, VALIDATION: (1 - train) / 2 * total}
    label = np.full(cells.size, DROPPED, np.int8)
    for b in order:
        label[b] = next((s for s, left in room.items() if cells[b] <= left), TEST)
        if label[b] in room:
            room[label[b]] -= cells[b]
    return label[block]
