"""The tables of hirn2026: modes, and its claims held against what the scan shows."""

from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.spectroscopy import fit_threshold

RANK_FLOOR = 1e-12  # a PCA ratio below it is rounding: bio7 = bio5 - bio6


def join(parts: list[Path], joined: Path) -> None:
    """Put the tables of the estimators into one."""
    write_csv(pd.concat([pd.read_csv(part) for part in parts]), joined)


def utilities(distortion: pd.DataFrame) -> pd.DataFrame:
    """Utility of each rank by estimator and split (Eq. 18): differences of best distortions.

    The T at which a rank is best is chosen on the training split and used on all three, so that
    no split chooses for itself. `distortion` has estimator, split, T, rank, distortion; returns
    estimator, split, rank, T, distortion, utility.
    """
    train = distortion[distortion["split"] == "train"]
    chosen = train.loc[train.groupby(["estimator", "rank"])["distortion"].idxmin()]
    best = distortion.merge(chosen[["estimator", "rank", "T"]], on=["estimator", "rank", "T"])
    best = best.sort_values(["estimator", "split", "rank"], ignore_index=True)
    best["utility"] = -best.groupby(["estimator", "split"])["distortion"].diff()
    return best


def modes(observables: Path, distortion: Path, pca: Path, modes: Path, floor: float) -> None:
    """Write thresholds, utilities and PCA ratios of every mode, and their log-ratios.

    Thresholds are fitted to points with M^2 > `floor` (Eq. 16). Training sets them, so they are
    compared with the training PCA; utilities with what that PCA removes on the same split.
    """
    seen = pd.read_csv(observables)
    fits = [
        (*key, *fit_threshold(group["T"], group["signal_fraction"], floor))
        for key, group in seen.groupby(["estimator", "split", "rank"])
    ]
    keys = ["estimator", "split", "rank"]
    table = pd.DataFrame(fits, columns=[*keys, "threshold", "threshold_se"])
    table = table.merge(utilities(pd.read_csv(distortion)), on=keys)
    table = table.merge(pd.read_csv(pca), on=["split", "rank"])
    table = table[table["pca_ratio"] > RANK_FLOOR].sort_values(keys)
    table["log_threshold_ratio"] = np.log(table["threshold"] / table["pca_ratio"])
    table["log_utility_ratio"] = np.log(table["utility"] / table["pca_utility"])
    table["log_duality"] = np.log(table["utility"] / table["threshold"])
    columns = ["pca_ratio", "threshold", "threshold_se", "utility", "pca_utility"]
    ratios = ["log_threshold_ratio", "log_utility_ratio", "log_duality"]
    write_csv(table[[*keys, *columns, *ratios]], modes)
