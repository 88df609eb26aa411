"""Splits by spatial blocks, so that neighbouring cells do not straddle training and test.

References
----------
hirn2026, appendix A: equal-area blocks of side 500 km, area-weighted sampling, split seed 0.
"""

import numpy as np
from jaxtyping import Float64, Int8, Int64
from numpy.typing import ArrayLike
from rasterio.warp import transform

from betascan.core.errors import DataError
from betascan.core.randomness import stream
from betascan.data.proj import use_bundled_proj

TRAIN, VALIDATION, TEST, DROPPED = 0, 1, 2, -1
NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}


def project(
    lat: ArrayLike, lon: ArrayLike
) -> tuple[Float64[np.ndarray, " cells"], Float64[np.ndarray, " cells"]]:
    """Project places onto the World Sinusoidal map (ESRI:54008), which preserves areas.

    Parameters
    ----------
    lat, lon : array_like of float, shape (cells,)
        Latitude and longitude in degrees (EPSG:4326).

    Returns
    -------
    x, y : ndarray of float64, shape (cells,)
        Metres east and north.

    Raises
    ------
    DataError
        Not a latitude and a longitude for each cell, or a place that is not on the globe.
    BetascanError
        As `betascan.data.proj.use_bundled_proj`.
    """
    use_bundled_proj()
    north, east = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    if north.ndim != 1 or north.shape != east.shape:
        raise DataError(
            f"lat and lon must have one number per cell, not the shapes {north.shape}, {east.shape}"
        )
    outside = np.flatnonzero(~((np.abs(north) <= 90) & (np.abs(east) <= 360)))
    if outside.size:
        cell = outside[0]
        raise DataError(f"cell {cell}: {north[cell]:g}, {east[cell]:g} is no latitude, longitude")
    x, y = transform("EPSG:4326", "ESRI:54008", east, north)
    return np.asarray(x), np.asarray(y)


def block_ids(
    lat: ArrayLike,
    lon: ArrayLike,
    side_km: float = 500,
) -> Int64[np.ndarray, " cells"]:
    """Assign each cell to a square block on the World Sinusoidal map.

    Parameters
    ----------
    lat, lon : array_like of float, shape (cells,)
        Latitude and longitude in degrees.
    side_km : float
        Side of a block, in kilometres.

    Returns
    -------
    ndarray of int64, shape (cells,)
        Numbers of the blocks that have cells, from the south-west, row by row.

    Raises
    ------
    DataError
        As `project`.
    """
    column, row = (np.floor(axis / (side_km * 1000)).astype(int) for axis in project(lat, lon))
    width = column.max() - column.min() + 1
    return np.unique(row * width + column - column.min(), return_inverse=True)[1]


def assign(
    cells: Int64[np.ndarray, " blocks"],
    area: Float64[np.ndarray, " blocks"],
    train: float = 0.6187,
    min_cells: int = 10,
    seed: int = 0,
) -> Int8[np.ndarray, " blocks"]:
    """Assign each block to training, validation or test.

    Blocks are drawn without replacement, with probability proportional to their area, and join
    training as long as they fit into its share of the cells. The remaining blocks are shuffled:
    validation takes what fits into half of their cells, and the rest is test.

    Parameters
    ----------
    cells, area : ndarray of shape (blocks,)
        Number of cells and area of each block; the area in any unit.
    train : float
        Share of the cells for training.
    min_cells : int
        Blocks with fewer cells are dropped.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of int8, shape (blocks,)
        0 training, 1 validation, 2 test, -1 dropped.

    Raises
    ------
    DataError
        No block has that many cells.

    References
    ----------
    hirn2026, appendix A.
    """
    eligible = np.flatnonzero(cells >= min_cells)
    if not eligible.size:
        raise DataError(f"no block has {min_cells} cells: lower min_cells or raise side_km")
    draw = stream(seed, "blocks")
    order = draw.choice(
        eligible, size=eligible.size, replace=False, p=area[eligible] / area[eligible].sum()
    )
    label = np.full(cells.size, DROPPED, np.int8)
    label[order] = TEST
    _fill(label, order, TRAIN, cells, train * cells[eligible].sum())
    left = draw.permutation(order[label[order] == TEST])
    _fill(label, left, VALIDATION, cells, cells[left].sum() / 2)
    return label


def _fill(
    label: Int8[np.ndarray, " blocks"],
    order: Int64[np.ndarray, " some"],
    name: int,
    cells: Int64[np.ndarray, " blocks"],
    room: float,
) -> None:
    """Give a split those blocks, in this order, that still fit."""
    for block in order:
        if cells[block] <= room:
            label[block] = name
            room -= cells[block]


def split(
    lat: ArrayLike,
    lon: ArrayLike,
    side_km: float = 500,
    train: float = 0.6187,
    min_cells: int = 10,
    seed: int = 0,
) -> Int8[np.ndarray, " cells"]:
    """Assign each cell to training, validation or test, whole blocks at a time.

    Parameters
    ----------
    lat, lon : array_like of float, shape (cells,)
        Latitude and longitude in degrees.
    side_km : float
        Side of a block, in kilometres.
    train, min_cells, seed
        Arguments of `assign`; the area of a block is its sum of cos latitude.

    Returns
    -------
    ndarray of int8, shape (cells,)
        0 training, 1 validation, 2 test, -1 dropped.

    Raises
    ------
    DataError
        As `project` and `assign`.

    References
    ----------
    hirn2026, appendix A.
    """
    block = block_ids(lat, lon, side_km)
    area = np.bincount(block, weights=np.cos(np.radians(np.asarray(lat, np.float64))))
    return assign(np.bincount(block), area, train, min_cells, seed)[block]
