"""The cells of the climate table, split by blocks and standardised, as hirn2026 has them."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from betascan.core.errors import DataError
from betascan.data import blocks
from betascan.data.worldclim import read_table


def load(
    table: Path, side_km: float, train: float, min_cells: int, seed: int
) -> dict[str, Float32[np.ndarray, "cells variables"]]:
    """Return the cells of each split, standardised on training.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    side_km, train, min_cells, seed
        As in `betascan.data.blocks.split`.

    Returns
    -------
    dict of ndarray of shape (cells, variables)
        By ``train``, ``validation`` and ``test``.

    Raises
    ------
    DataError
        If a split is empty, or a variable is constant in training.
    """
    climate = read_table(table)
    label = blocks.split(climate.lat, climate.lon, side_km, train, min_cells, seed)
    parts = {name: climate.values[label == s] for s, name in blocks.NAMES.items()}
    if empty := [name for name, part in parts.items() if not len(part)]:
        raise DataError(
            f"no block is left for {' and '.join(empty)}: the data have too few blocks of "
            f"{side_km:g} km; lower outlook.split.side_km"
        )
    training = parts["train"].astype(np.float64)
    mean, std = training.mean(0), training.std(0)
    if not std.all():
        raise DataError(f"{table}: a variable is constant in training and cannot be standardised")
    return {name: ((part - mean) / std).astype(np.float32) for name, part in parts.items()}
