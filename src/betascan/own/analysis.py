"""The collapse spectrum of a table, and beta for a given distortion or temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int8, Int64

from betascan import linear_vae, nonlinear_vae, spectroscopy
from betascan.core.errors import ConfigError, DataError
from betascan.core.randomness import stream
from betascan.own.reading import Table
from betascan.spectroscopy import Pca, utilities
from betascan.theory.temperature import beta_from_temperature

SPLITS = ("train", "validation", "test")
SHARES = (0.6, 0.8)
"""Share of the rows for training, and for training and validation together."""
FLOOR = 0.1
"""Latents with a signal fraction above it are active (hirn2026, caption of Figure 1)."""
GRID = tuple(float(f"{T:.6g}") for T in np.geomspace(1e-4, 1, 33))


@dataclass(frozen=True)
class Analysis:
    """What a scan of T finds in a table.

    Attributes
    ----------
    spectrum : DataFrame
        One row per model (linear, nonlinear) and rank: pca_ratio of the training rows, pca_utility
        on the test rows, threshold with its standard error, utility on the test rows.
    choose : DataFrame
        One row per model and T: beta in each convention of the loss, active latents, distortion of
        the test rows (a share of their variance, from posterior means), rate (nats), whether
        training stopped early, before the update limit, and whether this T is the one asked for.
    facts : dict
        Rows of each split, columns, total variance V in the units of the loss.
    """

    spectrum: pd.DataFrame
    choose: pd.DataFrame
    facts: dict[str, Any]


def conventions(
    T: Float64[np.ndarray, " points"], V: float, features: int, *, unit_interval: bool
) -> dict[str, Float64[np.ndarray, " points"]]:
    """Return beta for each convention of the reconstruction loss.

    Parameters
    ----------
    T : ndarray of shape (points,)
    V : float
        Total variance of the data that the loss sees.
    features : int
        Number of columns.
    unit_interval : bool
        Whether the data lie in [0, 1], as binary cross-entropy needs; else its betas are NaN.

    Returns
    -------
    dict of ndarray of shape (points,)
        Squared error summed or averaged over features, with the factor 1/2 or without it, and
        binary cross-entropy, summed or averaged, whose sigma_dec^2 is the mean variance V/features
        of a feature.
    """
    bce = beta_from_temperature(T, V, V / features) if unit_interval else np.full(len(T), np.nan)
    return {
        "beta_sum_half": beta_from_temperature(T, V),
        "beta_sum": beta_from_temperature(T, V, 1 / 2),
        "beta_mean_half": beta_from_temperature(T, V, features),
        "beta_mean": beta_from_temperature(T, V, features / 2),
        "beta_bce_sum": bce,
        "beta_bce_mean": bce / features,
    }


def split(groups: Int64[np.ndarray, " rows"], seed: int = 0) -> Int8[np.ndarray, " rows"]:
    """Draw training (60 %), validation and test rows (20 % each), keeping groups whole.

    Parameters
    ----------
    groups : ndarray of int, shape (rows,)
        Group of each row, at least three different ones.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of int8, shape (rows,)
        0 training, 1 validation, 2 test.
    """
    names, sizes = np.unique(groups, return_counts=True)
    order = stream(seed, "own/split").permutation(len(names))
    filled = sizes[order].cumsum() / len(groups)
    first, second = np.searchsorted(filled, SHARES) + 1
    first = np.clip(first, 1, len(names) - 2)
    second = np.clip(second, first + 1, len(names) - 1)
    place = np.empty(len(names), np.int8)
    place[order] = np.repeat([0, 1, 2], [first, second - first, len(names) - second])
    return place[np.searchsorted(names, groups)]


def _scaled(
    table: Table, standardise: bool, seed: int
) -> tuple[dict[str, Float32[np.ndarray, "rows columns"]], float, bool]:
    """Return the centred rows of each split, V in the loss's units, and whether all in [0, 1]."""
    label = split(table.groups, seed)
    training = table.values[label == 0]
    mean, std = training.mean(0), training.std(0)
    if not std.all():
        name = table.columns[int(np.argmin(std))]
        raise DataError(
            f"{table.source}: column {name} is constant in the training rows: leave it out, or "
            "group the rows otherwise"
        )
    # a common factor does not change T
    scale = std if standardise else np.sqrt((std**2).mean())
    parts = {
        name: ((table.values[label == s] - mean) / scale).astype(np.float32)
        for s, name in enumerate(SPLITS)
    }
    if len(training) <= len(table.columns):
        raise DataError(
            f"{table.source}: {len(training)} training rows for {len(table.columns)} columns: "
            "take more rows or fewer columns"
        )
    V = float(len(std)) if standardise else float((std**2).sum())
    inside = not standardise and table.values.min() >= 0 and table.values.max() <= 1
    return parts, V, inside


def analyse(
    table: Table,
    *,
    T: float | None = None,
    distortion: float | None = None,
    standardise: bool = True,
    nonlinear: bool = False,
    temperatures: Sequence[float] | None = None,
    latents: int = 32,
    updates: int = 20_000,
    seed: int = 0,
    threads: int = 1,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> Analysis:
    """Scan T on a table: thresholds, utilities, rate and distortion, and the beta to choose.

    Parameters
    ----------
    table : Table
        Table to analyse, as `betascan.own.read` returns it.
    T : float, optional
        The temperature asked for: latents that remove a smaller share of the variance collapse.
    distortion : float, optional
        Instead of T: the highest T whose distortion on the test rows is at most this.
    standardise : bool
        Whether columns are scaled to unit variance (on training rows); otherwise they keep their
        units.
    nonlinear : bool
        Whether perceptrons are trained as well.
    temperatures : sequence of float, optional
        Temperatures of the scan, by default 33 from 1e-4 to 1; `T` is added.
    latents, updates : int
        Size of each VAE and length of its training: dimensions of z, at most as many as columns,
        and maximum number of updates.
    seed : int
        Seed of the split and of the trainings.
    threads : int
        Number of threads of the linear scan, whose result does not depend on it.
    checkpoint : str or Path, optional
        Stem of the files from which an interrupted scan resumes.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Analysis
        The spectrum by rank, what each T keeps and costs, and the facts behind them.

    Raises
    ------
    DataError
        If columns are constant in training, or no T has the distortion asked for.
    ConfigError
        If both T and distortion are given, or neither.
    """
    if (T is None) == (distortion is None):
        raise ConfigError("give one of T and distortion")
    parts, V, inside = _scaled(table, standardise, seed)
    asked = [] if T is None else [T]
    grid = np.unique([*(GRID if temperatures is None else temperatures), *asked])
    axes = Pca.fit(parts["train"])
    betas = grid * linear_vae.total_variance(parts["train"])
    protocol: dict[str, Any] = {
        "latents": min(latents, len(table.columns)),
        "updates": updates,
        "seed": seed,
        "progress": progress,
    }
    spectra, choices = [], []
    for model in ("linear", "nonlinear") if nonlinear else ("linear",):
        saved = Path(f"{checkpoint}-{model}.npz") if checkpoint else None
        given = (parts["train"], parts["validation"], betas)
        if model == "linear":
            scan = linear_vae.scan(
                *given, estimator="analytic", lr=1e-3, device="cpu", workers=threads,
                checkpoint=saved, **protocol,
            )  # fmt: skip
            package: Any = spectroscopy
        else:
            scan = nonlinear_vae.scan(*given, device="cpu", checkpoint=saved, **protocol)
            package = nonlinear_vae
        spectrum, levels = _measured(package, scan, axes, parts)
        spectra.append(spectrum.assign(model=model))
        found = pd.DataFrame(
            {
                "model": model,
                "T": grid,
                **conventions(grid, V, len(table.columns), unit_interval=inside),
                **levels,
            }
        )
        choices.append(found.assign(chosen=grid == _wanted(found, T, distortion)))
    label = split(table.groups, seed)
    facts = {
        "columns": len(table.columns),
        "total_variance": V,
        "left_out": table.left_out,
        **{name: int((label == s).sum()) for s, name in enumerate(SPLITS)},
    }
    spectrum = pd.concat(spectra, ignore_index=True)
    spectrum = spectrum[["model", *spectrum.columns.drop("model")]]
    return Analysis(spectrum, pd.concat(choices, ignore_index=True), facts)


def _wanted(found: pd.DataFrame, T: float | None, distortion: float | None) -> float:
    if T is not None:
        return T
    good = found[found["distortion"] <= distortion]
    if good.empty:
        least = found.loc[found["distortion"].idxmin()]
        raise DataError(
            f"no T of the {least['model']} scan has a distortion of {distortion:g}: the least is "
            f"{least['distortion']:.3g}, at T = {least['T']:g}; scan lower T, or take more latents"
        )
    return float(good["T"].max())


def _measured(
    package: Any, scan: linear_vae.Scan, axes: Pca, parts: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the spectrum by rank, and what is measured at each T."""
    observed = {name: package.observe(scan, parts[name]) for name in ("train", "test")}
    distortion = {
        name: package.truncated_distortion(scan, parts[name], seen)
        for name, seen in observed.items()
    }
    utility = utilities(distortion["train"], distortion["test"])
    variances = axes.utilities(parts["test"])
    table = spectroscopy.spectrum(observed["train"], utility, axes.ratios, variances, FLOOR)
    by_T = observed["test"].groupby("T", sort=True)
    return table.drop(columns=["inactive_below", "departure"]), {
        "active": by_T["signal_fraction"].agg(lambda M2: (M2 > FLOOR).sum()).to_numpy(),
        "distortion": distortion["test"][:, -1] / variances.sum(),
        "rate": by_T["rate"].sum().to_numpy(),
        "at_rest": scan.last_update < scan.facts["updates"],
    }
