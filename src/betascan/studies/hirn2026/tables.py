"""The tables of hirn2026: sizes of the splits, modes, and where the numbers come from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, read_npz, write_csv
from betascan.data import blocks
from betascan.data.worldclim import read_table
from betascan.spectroscopy import RANK_FLOOR, fit_threshold
from betascan.studies.judgement import Verdict
from betascan.studies.statements import PAPERS


def published() -> pd.DataFrame:
    """Return the document's numbers, indexed by item: where, statement, value."""
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
        Columns estimator, split, T, rank, distortion.

    Returns
    -------
    DataFrame
        One row per estimator, split and rank: those columns at the best T, and utility.
    """
    train = distortion[distortion["split"] == "train"]
    chosen = train.loc[train.groupby(["estimator", "rank"])["distortion"].idxmin()]
    best = distortion.merge(chosen[["estimator", "rank", "T"]], on=["estimator", "rank", "T"])
    best = best.sort_values(["estimator", "split", "rank"], ignore_index=True)
    best["utility"] = -best.groupby(["estimator", "split"])["distortion"].diff()
    return best


def modes(observables: Path, distortion: Path, pca: Path, modes: Path, floor: float) -> None:
    """Write `fitted_modes` of all estimators.

    Parameters
    ----------
    observables, distortion : Path
        Tables written by `measure`, all estimators.
    pca : Path
        Table written by `principal_components`.
    modes : Path
        CSV to write.
    floor : float
        Thresholds are fitted to points with M^2 above it, as in `fitted_modes`.
    """
    moments, levels, components = map(read_csv, (observables, distortion, pca))
    write_csv(fitted_modes(moments, levels, components, floor), modes)


def fitted_modes(
    observables: pd.DataFrame, distortion: pd.DataFrame, pca: pd.DataFrame, floor: float
) -> pd.DataFrame:
    """Fit the threshold of every mode, and put its utility and PCA ratio next to it.

    Thresholds are set by training, so they are compared with the PCA of the training split;
    utilities with what that PCA removes on the same split.

    Parameters
    ----------
    observables, distortion : DataFrame
        Tables of `measure`.
    pca : DataFrame
        Table of `principal_components`.
    floor : float
        Thresholds are fitted to points with M^2 above it (Eq. 16).

    Returns
    -------
    DataFrame
        One row per estimator, split and rank: pca_ratio, threshold, threshold_se, utility,
        pca_utility, the logarithms of their ratios, and beta_c, the threshold as a beta (Eq. 46).
    """
    fits = [
        (*key, *fit_threshold(group["T"], group["signal_fraction"], floor))
        for key, group in observables.groupby(["estimator", "split", "rank"])
    ]
    keys = ["estimator", "split", "rank"]
    table = pd.DataFrame(fits, columns=[*keys, "threshold", "threshold_se"])
    table = table.merge(utilities(distortion), on=keys)
    table = table.merge(pca, on=["split", "rank"])
    table = table[table["pca_ratio"] > RANK_FLOOR].sort_values(keys)
    useful = table["utility"].where(table["utility"] > 0)  # a latent may also do harm
    table["log_threshold_ratio"] = np.log(table["threshold"] / table["pca_ratio"])
    table["log_utility_ratio"] = np.log(useful / table["pca_utility"])
    table["log_duality"] = np.log(useful / table["threshold"])
    columns = ["pca_ratio", "threshold", "threshold_se", "utility", "pca_utility"]
    ratios = ["log_threshold_ratio", "log_utility_ratio", "log_duality"]
    V = (observables["beta"] / observables["T"]).iloc[0]
    table["beta_c"] = table["threshold"] * V
    return table[[*keys, *columns, *ratios, "beta_c"]]


def numbers(
    table: Path,
    cells: Path,
    numbers: Path,
    batch_size: int,
    updates: int,
    patience: float,
    scale: str,
) -> None:
    """Put the numbers of the protocol beside the published ones.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    cells : Path
        NPZ of `split_cells`.
    numbers : Path
        CSV to write: item, where, statement, published, ours, verdict.
    batch_size, updates, patience
        Settings of the scan.
    scale : str
        Name of the scale.
    """
    label = read_npz(cells)[0]["split"]
    sizes = {name: int((label == s).sum()) for s, name in blocks.NAMES.items()}
    batches = {name: -(-size // batch_size) for name, size in sizes.items()}
    ours = {
        "cells": len(read_table(table).lat),
        **{f"cells_{name}": size for name, size in sizes.items()},
        **{f"batches_{name}": count for name, count in batches.items()},
        "epochs": updates / batches["train"],
        "patience": patience * updates / batches["train"],
    }
    rows = published().rename(columns={"value": "published"})
    rows["ours"] = pd.Series(ours, dtype=float)
    rows["verdict"] = Verdict.BY_CONSTRUCTION  # what was put in, and what follows from it
    same = rows.loc["cells", "ours"] == rows.loc["cells", "published"]
    counted = Verdict.REPRODUCED if same else Verdict.NOT_REPRODUCED
    rows.loc["cells", "verdict"] = counted if scale == PAPERS else Verdict.UNDECIDED
    write_csv(rows.reset_index(), numbers)


def convergence(
    observables: Sequence[Path],
    protocols: Sequence[Path],
    pca: Path,
    convergence: Path,
    remedies: Path,
    scans: Sequence[Mapping[str, Any]],
    floor: float,
) -> None:
    """Write how far each point of some scans is from its optimum, and where weak modes collapse.

    Parameters
    ----------
    observables, protocols : sequence of Path
        Tables written by `measure`, one per scan, all of one split.
    pca : Path
        Table written by `principal_components` for that split.
    convergence : Path
        CSV to write, a row per point: scan, T, lr, batch_size, updates, epsilon, annealed,
        best_update, last_update, validation_loss, optimum_loss, and excess, the fraction by which
        the former loss exceeds the latter.
    remedies : Path
        CSV to write, a row per scan and mode that collapses within the T that all scans have, on
        training: scan, rank, pca_ratio, threshold, and last_active, the highest T at which it is
        active.
    scans : sequence of Mapping
        name, lr, batch_size, updates, epsilon and annealed of each scan; the first is the
        protocol's.
    floor : float
        Latents with a signal fraction above it are active.
    """
    shared = min(read_csv(path)["T"].max() for path in protocols)
    ratios = read_csv(pca).query("split == 'train'").set_index("rank")["pca_ratio"]
    weak = ratios[(ratios > RANK_FLOOR) & (ratios <= shared)]
    points, modes = [], []
    for scan, of_points, of_moments in zip(scans, protocols, observables, strict=True):
        name, settings = scan["name"], {key: value for key, value in scan.items() if key != "name"}
        table = read_csv(of_points).drop(columns=["estimator", "beta"])
        table["excess"] = table["validation_loss"] / table["optimum_loss"] - 1
        points.append(table.assign(scan=name, **settings))
        moments = read_csv(of_moments)
        moments = moments[(moments["split"] == "train") & (moments["T"] <= shared)]
        for rank, latent in moments[moments["rank"].isin(weak.index)].groupby("rank"):
            active = latent["T"][latent["signal_fraction"] > floor]
            threshold, _ = fit_threshold(latent["T"], latent["signal_fraction"], floor)
            modes.append((name, rank, weak[rank], threshold, active.max()))
    columns = ["scan", "T", *settings, "best_update", "last_update"]
    losses = ["validation_loss", "optimum_loss", "excess"]
    write_csv(pd.concat(points)[[*columns, *losses]], convergence)
    columns = ["scan", "rank", "pca_ratio", "threshold", "last_active"]
    write_csv(pd.DataFrame(modes, columns=columns), remedies)
