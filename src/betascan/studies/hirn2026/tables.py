"""The tables of hirn2026: sizes of the splits, modes, and where the numbers come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core import provenance as machine
from betascan.core.files import read_csv, read_json, read_npz, write_csv, write_json
from betascan.data import blocks
from betascan.data.worldclim import read_table
from betascan.spectroscopy import fit_threshold

RANK_FLOOR = 1e-12
"""PCA ratios below it are rounding errors: bio7 = bio5 - bio6."""


def published() -> pd.DataFrame:
    """Return the statements of the document, indexed by item: about, where, statement, value."""
    return read_csv(Path(__file__).with_name("published.csv"), index_col="item")


def split_sizes(table: Path, cells: Path, splits: Path, side_km: float) -> None:
    """Count the cells and blocks of each split.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    cells : Path
        NPZ of `split_cells`.
    splits : Path
        CSV to write: split, cells, blocks, its share of the area, published number of cells.
    side_km : float
        Side of the blocks.
    """
    climate, (arrays, _) = read_table(table), read_npz(cells)
    label = arrays["split"]
    block = blocks.block_ids(climate.lat, climate.lon, side_km)
    area = np.cos(np.radians(climate.lat))
    sizes = published()["value"]
    rows = [
        {
            "split": name,
            "cells": int((label == s).sum()),
            "blocks": len(np.unique(block[label == s])),
            "area_share": area[label == s].sum() / area[label != blocks.DROPPED].sum(),
            "published": int(sizes[f"cells_{name}"]),
        }
        for s, name in blocks.NAMES.items()
    ]
    write_csv(pd.DataFrame(rows), splits)


def utilities(distortion: pd.DataFrame) -> pd.DataFrame:
    """Return the utility of each rank: the decrease of the best distortion (Eq. 18).

    The T at which a rank is best is chosen on the training split and used on all three, so that
    no split chooses for itself.

    Parameters
    ----------
    distortion : DataFrame
        With the columns estimator, split, T, rank, distortion.

    Returns
    -------
    DataFrame
        One row an estimator, split and rank: those columns at the best T, and utility.
    """
    train = distortion[distortion["split"] == "train"]
    chosen = train.loc[train.groupby(["estimator", "rank"])["distortion"].idxmin()]
    best = distortion.merge(chosen[["estimator", "rank", "T"]], on=["estimator", "rank", "T"])
    best = best.sort_values(["estimator", "split", "rank"], ignore_index=True)
    best["utility"] = -best.groupby(["estimator", "split"])["distortion"].diff()
    return best


def modes(observables: Path, distortion: Path, pca: Path, modes: Path, floor: float) -> None:
    """Fit the threshold of every mode, and put its utility and PCA ratio next to it.

    Thresholds are set by training, so they are compared with the PCA of the training split;
    utilities with what that PCA removes on the same split.

    Parameters
    ----------
    observables, distortion : Path
        Of `measure`, all estimators.
    pca : Path
        Of `principal_components`.
    modes : Path
        CSV to write: estimator, split, rank, pca_ratio, threshold, threshold_se, utility,
        pca_utility, and the logarithms of their ratios.
    floor : float
        Thresholds are fitted to points with M^2 above it (Eq. 16).
    """
    fits = [
        (*key, *fit_threshold(group["T"], group["signal_fraction"], floor))
        for key, group in read_csv(observables).groupby(["estimator", "split", "rank"])
    ]
    keys = ["estimator", "split", "rank"]
    table = pd.DataFrame(fits, columns=[*keys, "threshold", "threshold_se"])
    table = table.merge(utilities(read_csv(distortion)), on=keys)
    table = table.merge(read_csv(pca), on=["split", "rank"])
    table = table[table["pca_ratio"] > RANK_FLOOR].sort_values(keys)
    table["log_threshold_ratio"] = np.log(table["threshold"] / table["pca_ratio"])
    table["log_utility_ratio"] = np.log(table["utility"] / table["pca_utility"])
    table["log_duality"] = np.log(table["utility"] / table["threshold"])
    columns = ["pca_ratio", "threshold", "threshold_se", "utility", "pca_utility"]
    ratios = ["log_threshold_ratio", "log_utility_ratio", "log_duality"]
    write_csv(table[[*keys, *columns, *ratios]], modes)


def provenance(
    cells: Path,
    records: Sequence[Path],
    provenance: Path,
    scale: str,
    config: dict[str, Any],
) -> None:
    """Record what the results were made from: scale, data, settings, device, time, versions.

    Parameters
    ----------
    cells : Path
        NPZ of `split_cells`.
    records : sequence of Path
        JSON of every `train`.
    provenance : Path
        JSON to write.
    scale : str
        Name of the scale.
    config : dict
        The study's section of the configuration.
    """
    _, facts = read_npz(cells)
    runs = [read_json(record) for record in records]
    record = {
        "scale": scale,
        "data": {name: facts[name] for name in ("source", "fingerprint", "resolution")},
        "config": config,
        "device": sorted({run["device"] for run in runs}),
        "training_seconds": round(sum(run["seconds"] for run in runs)),
        **machine.provenance(),
    }
    write_json(record, provenance)
