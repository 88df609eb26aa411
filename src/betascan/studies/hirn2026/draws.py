"""What the laws alone show on many draws of the split: no model is trained."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int8

from betascan.core.files import write_csv
from betascan.data import blocks
from betascan.data.worldclim import read_table
from betascan.spectroscopy import RANK_FLOOR, fit_threshold
from betascan.theory import landau

DRAWS = 200
"""Draws of the split: 5 % of them are ten."""

Moments = Float64[np.ndarray, "*blocks columns columns"]


def split_draws(
    table: Path,
    draws: Path,
    temperatures: Sequence[float],
    floor: float,
    side_km: float,
    train: float,
    min_cells: int,
) -> None:
    """Write thresholds and utilities that a scan at its optimum would have on the test split.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    draws : Path
        CSV to write: seed of the draw, V of its test split (on training, V is 1 per variable),
        and for each rank pca_ratio, threshold, utility and ratio, utility / threshold.
    temperatures : sequence of float
        T of the scan.
    floor : float
        Thresholds are fitted to points with M^2 above it (Eq. 16).
    side_km, train, min_cells
        Arguments of `betascan.data.blocks.split`.
    """
    climate = read_table(table)
    block = blocks.block_ids(climate.lat, climate.lon, side_km)
    area = np.bincount(block, weights=np.cos(np.radians(climate.lat)))
    moments = block_moments(climate.values, block)
    frames = []
    for seed in range(DRAWS):
        label = blocks.assign(np.bincount(block), area, train, min_cells, seed)
        ratios, variances, V = variances_of(moments, label)
        modes = modes_by_the_laws(np.asarray(temperatures), ratios, variances, floor)
        frames.append(modes.assign(seed=seed, V=variances.sum() * V))
    joined = pd.concat(frames)
    joined["ratio"] = joined["utility"] / joined["threshold"]
    write_csv(joined[["seed", "V", "rank", "pca_ratio", "threshold", "utility", "ratio"]], draws)


def block_moments(values: np.ndarray, block: np.ndarray) -> Moments:
    """Sum (x, 1)(x, 1)^T over the cells of each block, with x on a common scale.

    Parameters
    ----------
    values : ndarray of shape (cells, variables)
    block : ndarray of int, shape (cells,)

    Returns
    -------
    ndarray of shape (blocks, variables + 1, variables + 1)
    """
    x = values.astype(np.float64)
    x = np.column_stack([(x - x.mean(0)) / x.std(0), np.ones(len(x))])
    by_block = np.argsort(block, kind="stable")
    ends = np.cumsum(np.bincount(block))[:-1]
    return np.stack([rows.T @ rows for rows in np.split(x[by_block], ends)])


def variances_of(
    moments: Moments, label: Int8[np.ndarray, " blocks"]
) -> tuple[Float64[np.ndarray, " modes"], Float64[np.ndarray, " modes"], float]:
    """Return the variances along the principal axes of training, of training and of test.

    Parameters
    ----------
    moments : ndarray of shape (blocks, variables + 1, variables + 1)
        Sums over the cells of each block, by `block_moments`.
    label : ndarray of int8, shape (blocks,)
        Split of each block, by `betascan.data.blocks.assign`.

    Returns
    -------
    ratios, variances : ndarray of shape (modes,)
        PCA ratios of training, and the mean squares on test about the training mean, both in units
        of the total variance of training.
    V : float
        That variance, of standardised variables.
    """
    train, test = (_mean(moments[label == s]) for s in (blocks.TRAIN, blocks.TEST))
    mean = train[-1, :-1]
    spread = np.sqrt(np.diag(train)[:-1] - mean**2)
    # (x, 1) -> (x - mean) / spread
    standardise = np.column_stack([np.eye(len(mean)), -mean]) / spread[:, None]
    values, axes = np.linalg.eigh(standardise @ train @ standardise.T)
    V = values.sum()
    variances = np.einsum("ik,ij,jk->k", axes, standardise @ test @ standardise.T, axes)[::-1] / V
    ratios = values[::-1] / V
    return ratios[ratios > RANK_FLOOR], variances[ratios > RANK_FLOOR], float(V)


def modes_by_the_laws(
    T: Float64[np.ndarray, " points"],
    ratios: Float64[np.ndarray, " modes"],
    variances: Float64[np.ndarray, " modes"],
    floor: float,
) -> pd.DataFrame:
    """Return the modes that the optima at all T show on a split.

    As in the scan, latents are ranked at each T by their signal fraction on the split, thresholds
    are fitted by rank, and utilities are taken at the T that is best on training, the lowest.

    Parameters
    ----------
    T : ndarray of shape (points,)
    ratios, variances
        Variances along the principal axes, by `variances_of`.
    floor : float
        Thresholds are fitted to points with M^2 above it.

    Returns
    -------
    DataFrame
        One row per rank: rank, pca_ratio, threshold, utility.
    """
    M2 = landau.signal_fraction(T[:, None], ratios)  # of training, where mu^2 + sigma^2 is 1
    on_split = M2 * variances / ratios
    ranked = -np.sort(-on_split / (on_split + 1 - M2), axis=1)
    lowest = np.argmin(T)
    removed = variances * (1 - (1 - M2[lowest]) ** 2)
    order = np.argsort(-on_split[lowest] / (on_split[lowest] + 1 - M2[lowest]), kind="stable")
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(ratios) + 1),
            "pca_ratio": ratios,
            "threshold": [fit_threshold(T, column, floor)[0] for column in ranked.T],
            "utility": removed[order],
        }
    )


def _mean(moments: Moments) -> Float64[np.ndarray, "columns columns"]:
    total = moments.sum(axis=0)
    return total / total[-1, -1]
