"""The statements of the document: the published number, ours, and a verdict."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.spectroscopy import fit_slope
from betascan.studies.hirn2026.tables import utilities

ACCURATE = np.log(2)
"""Thresholds and utilities that are off by more than a factor of 2 are inaccurate."""
NOISY = 0.1
"""Deviation of the posterior scale A^2 from 1, its value without noise (Eq. 40)."""
RESOLVED = 16
"""Modes up to this rank have several points of the scan below their threshold."""
FEWEST = 5
"""Points of a mode from which a slope is fitted."""


def _within(factor: float) -> Callable[[float, float], bool]:
    return lambda ours, published: abs(np.log(ours / published)) < np.log(factor)


CRITERIA: dict[str, Callable[[float, float], bool]] = {
    **dict.fromkeys(["cells_train", "cells_validation", "cells_test"], _within(1.005)),
    "plateau": _within(np.sqrt(10)),  # published as an order of magnitude
    "noise_onset": _within(np.sqrt(10)),
    "pca_rank_18": lambda ours, published: ours < published,
    "utility_rank": lambda ours, published: ours >= published,
    "threshold_rank": lambda ours, published: ours == published,
    "log_variance_slope": lambda ours, published: abs(ours - published) < 0.02,
    "rate_slope": lambda ours, published: abs(ours - published) < 0.01,
    "duality": lambda ours, published: abs(ours - published) < 0.05,
}
"""Whether a statement holds, given our number and the published one."""


def noise_onset(observables: pd.DataFrame, floor: float) -> float:
    """Return the highest T of the noisy range at the low end of the scan.

    Noisy is a T where the root mean square of log A^2 over active latents exceeds `NOISY`.

    Parameters
    ----------
    observables : DataFrame
        Of one estimator and split.
    floor : float
        Latents with a signal fraction above it are active.

    Returns
    -------
    float
        NaN if the lowest T is not noisy.
    """
    active = observables[
        (observables["signal_fraction"] > floor) & (observables["rank"] <= RESOLVED)
    ]
    squares = np.log(active["posterior_scale"]) ** 2
    noise = np.sqrt(squares.groupby(active["T"]).mean()).sort_index()
    noisy = (noise > NOISY).cumprod().astype(bool)
    return float(noise.index[noisy].max()) if noisy.any() else np.nan


def median_slope(observables: pd.DataFrame, column: str, lowest: float, floor: float) -> float:
    """Return the slope of an observable in log T, as the median over resolved ranks.

    Parameters
    ----------
    observables : DataFrame
        Of one estimator and split.
    column : str
        The observable.
    lowest : float
        T from which points are used.
    floor : float
        Points with a signal fraction above it are used.
    """
    slopes = []
    for _, group in observables[observables["rank"] <= RESOLVED].groupby("rank"):
        active = (group["signal_fraction"] > floor) & (group["T"] >= lowest)
        if active.sum() >= FEWEST:
            T, values = group["T"].to_numpy(), group[column].to_numpy()
            slopes.append(fit_slope(T, values, active.to_numpy())[0])
    return float(np.median(slopes))


def _of_estimator(
    observables: pd.DataFrame,
    best: pd.DataFrame,
    modes: pd.DataFrame,
    lowest: float,
    floor: float,
) -> dict[tuple[str, str], float]:
    """Return our number of each item and split, from one estimator's tables."""
    train = observables[observables["split"] == "train"]
    spectrum = modes[modes["split"] == "train"].set_index("rank")
    ranks = int(modes["rank"].max())
    inaccurate = spectrum.index[spectrum["log_threshold_ratio"].abs() > ACCURATE]
    unstable = spectrum.index[spectrum["log_utility_ratio"].abs() > ACCURATE]
    level = best[(best["split"] == "test") & (best["rank"] >= ranks)]
    resolved = modes[(modes["rank"] <= RESOLVED) & (modes["split"] != "validation")]
    scatter = resolved.groupby("split")["log_duality"].apply(lambda x: np.sqrt(np.mean(x**2)))
    return {
        ("plateau", "test"): float(level["distortion"].min()),
        ("utility_rank", "train"): unstable.min() - 1 if len(unstable) else ranks,
        ("threshold_rank", "train"): inaccurate.min() if len(inaccurate) else ranks + 1,
        ("noise_onset", "train"): noise_onset(train, floor),
        ("log_variance_slope", "train"): median_slope(train, "mean_log_sigma2", lowest, floor),
        ("rate_slope", "train"): median_slope(train, "rate", lowest, floor),
        ("duality", "test"): scatter["test"],
        ("duality", "train"): scatter["train"],
        ("shift_share", "test"): 1 - (scatter["train"] / scatter["test"]) ** 2,
    }


def _verdict(item: str, statement: pd.Series, ours: float, estimator: str, scale: str) -> str:
    if statement["about"] == "ours":
        return "finding of ours"
    if scale != "papers" and statement["about"] == "data":
        return "scale cannot tell"
    if estimator == "analytic" and statement["about"] == "data":
        return "beyond the document"
    if CRITERIA[item](ours, statement["value"]):
        return "holds"
    # a law may show in little training, but that it does not is no evidence
    return "does not hold" if scale == "papers" else "scale cannot tell"


def claims(
    splits: Path,
    observables: Path,
    distortion: Path,
    modes: Path,
    pca: Path,
    claims: Path,
    floor: float,
    scale: str,
) -> None:
    """Judge each statement of the document.

    Statements about the paper's data and protocol can only be judged at the papers' scale; laws
    can be confirmed at any. The analytic estimator is ours, so its rows only say what there would
    be without sampling noise.

    Parameters
    ----------
    splits, observables, distortion, modes, pca : Path
        The tables of the study, all estimators.
    claims : Path
        CSV to write: item, where, statement, published, estimator, split, ours, verdict.
    floor : float
        Latents with a signal fraction above it are active.
    scale : str
        Name of the scale.
    """
    statements = read_csv(Path(__file__).with_name("published.csv"), index_col="item")
    sizes = read_csv(splits).set_index("split")["cells"]
    components = read_csv(pca).query("split == 'test'").set_index("rank")["pca_distortion"]
    moments, spectrum = read_csv(observables), read_csv(modes)
    best = utilities(read_csv(distortion))
    ours: dict[tuple[str, str, str], float] = {
        **{(f"cells_{split}", "", split): float(cells) for split, cells in sizes.items()},
        ("pca_rank_18", "", "test"): abs(float(components[int(spectrum["rank"].max())])),
    }
    lowest = statements["value"]["noise_onset"]
    for estimator, of_modes in spectrum.groupby("estimator"):
        of_moments, of_best = (f[f["estimator"] == estimator] for f in (moments, best))
        values = _of_estimator(of_moments, of_best, of_modes, lowest, floor)
        ours |= {(item, estimator, split): value for (item, split), value in values.items()}
    rows = []
    for (item, estimator, split), value in ours.items():
        statement = statements.loc[item]
        rows.append(
            {
                "item": item,
                "where": statement["where"],
                "statement": statement["statement"],
                "published": statement["value"],
                "estimator": estimator,
                "split": split,
                "ours": value,
                "verdict": _verdict(item, statement, value, estimator, scale),
            }
        )
    write_csv(pd.DataFrame(rows), claims)
