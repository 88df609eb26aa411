"""The cells of hirn2026: split by blocks, standardised on training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.errors import DataError
from betascan.core.files import read_npz, write_csv, write_npz
from betascan.data import blocks
from betascan.data.worldclim import read_facts, read_table
from betascan.published import statements


def split_cells(table: Path, cells: Path, splits: Path, split: dict[str, Any]) -> None:
    """Split the cells by blocks and standardise them on the training split (appendix A).

    Writes `cells` (x float32 (n, 19), split int8 (n,); facts: mean, std, the data's source) and
    `splits`, the table of sizes beside the published ones. `split` holds the arguments of
    `blocks.split`.
    """
    climate = read_table(table)
    label = blocks.split(climate.lat, climate.lon, **split)
    if missing := [name for s, name in blocks.NAMES.items() if not (label == s).any()]:
        raise DataError(
            f"no block is left for {' and '.join(missing)}: the data have too few blocks of "
            f"{split['side_km']} km; lower hirn2026.split.side_km"
        )
    train = climate.values[label == blocks.TRAIN].astype(np.float64)
    mean, std = train.mean(0), train.std(0)
    if not std.all():
        raise DataError(f"{table}: a variable is constant in training and cannot be standardised")
    x = ((climate.values - mean) / std).astype(np.float32)
    facts = {"mean": mean.tolist(), "std": std.tolist(), **read_facts(table)}
    write_npz(cells, {"x": x, "split": label}, **facts)

    block = blocks.block_ids(climate.lat, climate.lon, split["side_km"])
    area = np.cos(np.radians(climate.lat))
    published = statements("hirn2026")["value"]
    rows = [
        {
            "split": name,
            "cells": int((label == s).sum()),
            "blocks": len(np.unique(block[label == s])),
            "area_share": area[label == s].sum() / area[label != blocks.DROPPED].sum(),
            "published": int(published[f"cells_{name}"]),
        }
        for s, name in blocks.NAMES.items()
    ]
    write_csv(pd.DataFrame(rows), splits)


def load_split(cells: Path, name: str) -> np.ndarray:
    """Return the standardised cells (n, 19) of one split."""
    arrays, _ = read_npz(cells)
    label = next(s for s, known in blocks.NAMES.items() if known == name)
    return arrays["x"][arrays["split"] == label]
