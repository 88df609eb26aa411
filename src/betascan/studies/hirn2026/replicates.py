"""The numbers by which a scan is judged, for every seed and every draw of the split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy

from betascan.core.files import read_csv, write_csv
from betascan.spectroscopy import RANK_FLOOR, fit_slope
from betascan.studies.hirn2026.tables import fitted_modes, utilities
from betascan.theory import landau

RESOLVED = 16
"""Modes up to this rank have several points of the scan below their threshold."""
FEWEST = 5
"""Smallest number of points of a mode to which a slope is fitted."""
NOISY = 0.1
"""Noise of mean squares (relative) and of log-variances (nats) that is visible in Figure 1."""
QUIET = 1e-5
"""T below which the document's own curves are noisy; laws of the moments are fitted above it."""
PROTOCOL_T = 0.01
"""The T that section VI takes as its example."""


def replicates(
    observables: Sequence[Path],
    distortion: Sequence[Path],
    points: Sequence[Path],
    protocol: Sequence[Path],
    pca: Sequence[Path],
    replicates: Path,
    runs: Sequence[Mapping[str, Any]],
    floor: float,
) -> None:
    """Write the quantities of every scan.

    Parameters
    ----------
    observables, distortion, points, protocol : sequence of Path
        Tables written by `measure`, one per scan.
    pca : sequence of Path
        Tables written by `principal_components` for the split of each scan.
    replicates : Path
        CSV to write: draw (seed of the split), seed, estimator, split, quantity, rank, value.
    runs : sequence of Mapping
        ``draw`` and ``seed`` of each scan.
    floor : float
        Latents with a signal fraction above it are active.
    """
    frames = []
    for run, *paths in zip(runs, observables, distortion, points, protocol, pca, strict=True):
        moments, levels, wholes, training, components = map(read_csv, paths)
        table = quantities(moments, levels, wholes, training, components, floor)
        frames.append(table.assign(**run))
    columns = ["draw", "seed", "estimator", "split", "quantity", "rank", "value"]
    write_csv(pd.concat(frames)[columns], replicates)


def intervals(replicates: Path, intervals: Path) -> None:
    """Write means and 95 % intervals (Student's t) over seeds, and over draws of the split.

    Parameters
    ----------
    replicates : Path
        Table written by `replicates`.
    intervals : Path
        CSV to write: over, split, quantity, rank, n, mean, low, high.
    """
    table, frames = read_csv(replicates), []
    for over, shared in (("seeds", "draw"), ("draws", "seed")):
        scans = table[table[shared] == table[shared].iloc[0]]
        grouped = scans.groupby(["split", "quantity", "rank"])["value"]
        found = grouped.agg(n="count", mean="mean", error="sem").reset_index()
        reach = scipy.stats.t.ppf(0.975, found["n"] - 1) * found["error"]
        found = found.assign(over=over, low=found["mean"] - reach, high=found["mean"] + reach)
        frames.append(found)
    columns = ["over", "split", "quantity", "rank", "n", "mean", "low", "high"]
    write_csv(pd.concat(frames)[columns], intervals)


def quantities(
    observables: pd.DataFrame,
    distortion: pd.DataFrame,
    points: pd.DataFrame,
    protocol: pd.DataFrame,
    pca: pd.DataFrame,
    floor: float,
) -> pd.DataFrame:
    """Return what one scan is judged by.

    Parameters
    ----------
    observables, distortion, points, protocol, pca : DataFrame
        Tables of `measure` and `principal_components`, one estimator.
    floor : float
        Latents with a signal fraction above it are active.

    Returns
    -------
    DataFrame
        One row per number: estimator, split, quantity, rank (0 where there is none), value.
    """
    modes = fitted_modes(observables, distortion, pca, floor)
    best = utilities(distortion)
    rows: list[tuple[str, str, int, float]] = []
    for split in ("train", "test"):
        spectrum, moments, left, whole, variances = (
            frame[frame["split"] == split] for frame in (modes, observables, best, points, pca)
        )
        ratios = variances.loc[variances["pca_ratio"] > RANK_FLOOR, "pca_ratio"].to_numpy()
        single = {
            **_levels(left, variances, ratios),
            **_counts(whole, spectrum, ratios, floor),
            **_orders(whole),
            **_scales(moments, floor),
            **_noise(moments, floor),
            "decoder_error": whole.loc[whole["T"] >= QUIET, "decoder_error"].max(),
            "rate_error": whole["rate_error"].max(),
        }
        if split == "train":
            single |= _curve(whole, moments, ratios)
            V = float((moments["beta"] / moments["T"]).iloc[0])
            single["active_at_beta_one"] = float((spectrum["threshold"] > 1 / V).sum())
        rows += [(split, name, 0, value) for name, value in single.items()]
        rows += [
            (split, column, int(rank), value)
            for column in ("threshold", "utility", *(c for c in spectrum if c.startswith("log_")))
            for rank, value in zip(spectrum["rank"], spectrum[column], strict=True)
        ]
        for name, column in (("log_variance_slope", "mean_log_sigma2"), ("rate_slope", "rate")):
            rows += [(split, name, k, v) for k, v in slopes(moments, column, floor).items()]
    over = protocol["validation_loss"] / protocol["optimum_loss"] - 1
    rows.append(("validation", "largest_excess", 0, float(over.max())))
    table = pd.DataFrame(rows, columns=["split", "quantity", "rank", "value"])
    return table.assign(estimator=observables["estimator"].iloc[0])


def slopes(observables: pd.DataFrame, column: str, floor: float) -> dict[int, float]:
    """Return the slope of an observable in log T by rank, where there are enough points.

    Parameters
    ----------
    observables : DataFrame
        Observables of one estimator and split.
    column : str
        The observable.
    floor : float
        Points with a signal fraction above it are used, from `QUIET` on.
    """
    found = {}
    for rank, group in observables[observables["rank"] <= RESOLVED].groupby("rank"):
        active = (group["signal_fraction"] > floor) & (group["T"] >= QUIET)
        if active.sum() >= FEWEST:
            T, values = group["T"].to_numpy(), group[column].to_numpy()
            found[int(rank)] = fit_slope(T, values, active.to_numpy())[0]
    return found


def noise(observables: pd.DataFrame, floor: float) -> pd.DataFrame:
    """Return how far points of Figure 1 lie from a straight line through their neighbours.

    The root mean square over ranks of second differences, divided by the square root of 6, which
    is the standard deviation of independent noise; smooth laws, shifts between splits and drifts
    of the scale contribute next to nothing.

    Parameters
    ----------
    observables : DataFrame
        Observables of one estimator and split.
    floor : float
        Latents with a signal fraction above it are active; a rank counts where it and its
        neighbours in T are active.

    Returns
    -------
    DataFrame
        Columns scale (of log A^2, that of the mean square where M^2 is 1), log_variance and
        fraction (of M^2), indexed by T.
    """
    resolved = observables[observables["rank"] <= RESOLVED]
    active = resolved.pivot(index="T", columns="rank", values="signal_fraction") > floor
    inner = (active & active.shift(1) & active.shift(-1)).astype(bool)
    found = {}
    columns = {
        "scale": np.log(resolved["posterior_scale"]),
        "log_variance": resolved["mean_log_sigma2"],
        "fraction": resolved["signal_fraction"],
    }
    for name, column in columns.items():
        values = resolved.assign(value=column).pivot(index="T", columns="rank", values="value")
        second = values.shift(-1) - 2 * values + values.shift(1)
        found[name] = np.sqrt((second[inner] ** 2).mean(axis=1) / 6)
    return pd.DataFrame(found)


def noise_onset(observables: pd.DataFrame, floor: float) -> float:
    """Return the T below which Figure 1 is noisy; NaN if it is not.

    The highest T with noise above `NOISY` at and below which most points have such noise.

    Parameters
    ----------
    observables, floor
        Arguments of `noise`.
    """
    drawn = noise(observables, floor)[["scale", "log_variance"]]
    largest = drawn.max(axis=1).dropna().sort_index()
    noisy = largest > NOISY
    noisy &= noisy.expanding().mean() > 0.5
    return float(largest.index[noisy].max()) if noisy.any() else np.nan


def _levels(best: pd.DataFrame, pca: pd.DataFrame, ratios: np.ndarray) -> dict[str, float]:
    """Levels of truncated reconstructions, of the VAE and of PCA."""
    ranks, by_rank = len(ratios), pca.set_index("rank")
    after = best[best["rank"] >= ranks]
    plateau, T = after.loc[after["distortion"].idxmin(), ["distortion", "T"]]
    variances = by_rank["pca_utility"].loc[1:ranks].to_numpy()
    law = float(landau.mean_distortion(T, ratios, ranks, variances))
    by_pca = max(abs(by_rank["pca_distortion"][ranks]), 1e-300)
    return {
        "log10_plateau": np.log10(plateau),
        "log10_plateau_over_law": np.log10(plateau / law),
        "log10_pca_level": np.log10(by_pca),
        "variance": float(by_rank["pca_distortion"][0]),
    }


def _counts(
    points: pd.DataFrame, modes: pd.DataFrame, ratios: np.ndarray, floor: float
) -> dict[str, float]:
    """Numbers of active latents, and where they differ from the law's."""
    law = active_by_the_law(points["T"].to_numpy(), ratios, floor)
    off = points["active"].to_numpy() - law
    kept, useful = ((modes[name] > PROTOCOL_T).sum() for name in ("threshold", "utility"))
    return {
        "active_at_lowest": float(points.loc[points["T"].idxmin(), "active"]),
        "share_off": float((off != 0).mean()),
        "most_too_many": float(off.max()),
        "most_too_few": float(-off.min()),
        "kept": float(kept),
        "kept_but_useless": float(kept - useful),
    }


def active_by_the_law(T: np.ndarray, ratios: np.ndarray, floor: float) -> np.ndarray:
    """Return how many modes have a signal fraction above the floor at each T."""
    return (landau.signal_fraction(T[:, None], ratios) > floor).sum(axis=1)


def _orders(points: pd.DataFrame) -> dict[str, float]:
    """Share of the pairs of active latents that are discordant in another observable."""
    crossings = [column for column in points if column.startswith("crossings_")]
    pairs = points["pairs"].sum() or np.nan
    return {name: float(points[name].sum() / pairs) for name in crossings}


def _noise(observables: pd.DataFrame, floor: float) -> dict[str, float]:
    """Where noise begins, the lowest T if there is none, and how large it is below `QUIET`."""
    onset, below = noise_onset(observables, floor), noise(observables, floor).loc[:QUIET].mean()
    return {
        "log10_noise_onset": np.log10(observables["T"].min() if np.isnan(onset) else onset),
        "noise_of_scale": float(below["scale"]),
        "noise_of_fraction": float(below["fraction"]),
    }


def _scales(observables: pd.DataFrame, floor: float) -> dict[str, float]:
    """Posterior scale and Jensen gap of active latents."""
    active = observables[observables["signal_fraction"] > floor]
    drift = np.sqrt((np.log(active["posterior_scale"]) ** 2).groupby(active["T"]).mean())
    return {
        "scale_drift_quiet": float(drift[drift.index >= QUIET].max()),
        "scale_drift_lowest": float(drift.iloc[0]) if len(drift) else np.nan,
        "jensen_gap": float(active["jensen_gap"].max()),
    }


def _curve(points: pd.DataFrame, observables: pd.DataFrame, ratios: np.ndarray) -> dict[str, float]:
    """Largest relative distance of the rate-distortion curve, and its parts, from their laws."""
    whole = points[points["T"] >= QUIET].set_index("T")
    T = whole.index.to_numpy()
    law = landau.sampled_distortion(T, ratios)
    M2 = observables.pivot(index="T", columns="rank", values="signal_fraction").loc[T]
    eliminated = (1 - M2.to_numpy()[:, : len(ratios)]) @ ratios
    rates = landau.rate(T[:, None], ratios).sum(axis=1)
    low = rates > 1  # nats: near T = 1 a relative distance says nothing
    return {
        "collapsed_distortion": float(points.loc[points["T"].idxmax(), "distortion"]),
        "curve_distortion": float(np.abs(whole["distortion"] / law - 1).max()),
        "curve_rate": float(np.abs(whole["rate"] / rates - 1)[low].max()),
        "eliminated_distortion": float(np.abs(whole["distortion"] / eliminated - 1).max()),
    }
