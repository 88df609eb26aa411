"""The cells of the climate table, split by spatial blocks and standardised (appendix A)."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from betascan.core.errors import DataError
from betascan.core.files import read_npz, write_npz
from betascan.data import blocks
from betascan.data.worldclim import read_facts, read_table


def split_cells(
    table: Path, cells: Path, side_km: float, train: float, min_cells: int, seed: int
) -> None:
    """Split the cells by blocks and standardise them on the training split.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    cells : Path
        NPZ to write: ``x`` float32 (cells, variables), ``split`` int8 (cells,), and as facts
        ``mean`` and ``std`` of the training split and where the data come from.
    side_km, train, min_cells, seed
        Arguments of `betascan.data.blocks.split`.

    Raises
    ------
    DataError
        If a split is empty, or a variable is constant in training.
    """
    climate = read_table(table)
    label = blocks.split(climate.lat, climate.lon, side_km, train, min_cells, seed)
    if missing := [name for s, name in blocks.NAMES.items() if not (label == s).any()]:
        raise DataError(
            f"no block is left for {' and '.join(missing)}: the data have too few blocks of "
            f"{side_km} km; lower hirn2026.split.side_km"
        )
    training = climate.values[label == blocks.TRAIN].astype(np.float64)
    mean, std = training.mean(0), training.std(0)
    if not std.all():
        raise DataError(f"{table}: a variable is constant in training and cannot be standardised")
    x = ((climate.values - mean) / std).astype(np.float32)
    facts = {"mean": mean.tolist(), "std": std.tolist(), **read_facts(table)}
    write_npz(cells, {"x": x, "split": label}, **facts)


def load_split(cells: Path, name: str) -> Float32[np.ndarray, "cells variables"]:
    """Return the standardised cells of one split: ``train``, ``validation`` or ``test``."""
    arrays, _ = read_npz(cells)
    label = next(s for s, known in blocks.NAMES.items() if known == name)
    return arrays["x"][arrays["split"] == label]
