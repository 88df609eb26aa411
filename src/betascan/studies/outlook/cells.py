"""The cells of the climate table, split by blocks and standardised as in hirn2026."""

import math
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64

from betascan.core.errors import DataError
from betascan.core.randomness import stream
from betascan.data import blocks
from betascan.data.worldclim import Climate, read_table


def load(
    table: Path,
    side_km: float,
    train: float,
    min_cells: int,
    seed: int,
    grid: int = 1,
    share: float = 1.0,
) -> dict[str, Float32[np.ndarray, "cells variables"]]:
    """Return the cells of each split, standardised on training.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    side_km, train, min_cells, seed
        Arguments of `betascan.data.blocks.split`.
    grid : int
        Side, in cells, of the squares that are averaged to one cell. Single cells are split, so
        each mean is of cells of one split.
    share : float
        Share of the training blocks that is used, drawn at random.

    Returns
    -------
    dict of ndarray of shape (cells, variables)
        Cells by split: ``train``, ``validation`` and ``test``.

    Raises
    ------
    DataError
        If a split is empty, or a variable is constant in training.
    """
    climate = read_table(table)
    label = blocks.split(climate.lat, climate.lon, side_km, train, min_cells, seed)
    if share < 1:
        block = blocks.block_ids(climate.lat, climate.lon, side_km)
        known = np.unique(block[label == blocks.TRAIN])
        kept = stream(seed, "outlook/share").permutation(known)[: math.ceil(share * len(known))]
        label[(label == blocks.TRAIN) & ~np.isin(block, kept)] = blocks.DROPPED
    parts = {name: _averaged(climate, label == s, grid) for s, name in blocks.NAMES.items()}
    if empty := [name for name, part in parts.items() if not len(part)]:
        raise DataError(
            f"no block is left for {' and '.join(empty)}: the data have too few blocks of "
            f"{side_km:g} km; lower outlook.split.side_km"
        )
    training = parts["train"]
    mean, std = training.mean(0), training.std(0)
    if not std.all():
        raise DataError(f"{table}: a variable is constant in training and cannot be standardised")
    return {name: ((part - mean) / std).astype(np.float32) for name, part in parts.items()}


def _averaged(
    climate: Climate, chosen: Bool[np.ndarray, " all"], grid: int
) -> Float64[np.ndarray, "cells variables"]:
    """Return means of the chosen cells over squares of the grid."""
    values = climate.values[chosen].astype(np.float64)
    if grid == 1:
        return values
    places = np.stack([climate.rows[chosen], climate.cols[chosen]]) // grid
    _, square, cells = np.unique(places, axis=1, return_inverse=True, return_counts=True)
    sums = np.zeros((len(cells), values.shape[1]))
    np.add.at(sums, square.ravel(), values)
    return sums / cells[:, None]
