"""The tables of vu2026's image study: scores of every model, and their means over seeds.

Data sets and metrics are named as in the published table.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv

DATASETS = {"dsprites": "dSprites", "shapes3d": "Shapes3D", "mpi3d_real": "MPI3D"}
SCORES = {"MIG": "mig", "SAP": "sap", "Im": "matched_information"}
METRICS = ("NLL", *SCORES)
SPECTRUM = ("active_units", "rate", "total_correlation")  # not in the document
CELL = ["dataset", "metric", "lambda", "beta"]
ERRORS = 2.0  # standard errors of the difference of two means, published and ours
ROUNDING = 0.005  # of what is published, in points

Point = tuple[str, int, float, float]
"""Data set, seed, beta, lambda of a model."""


def published() -> pd.DataFrame:
    """Return the published changes against beta 1, lambda 0: CELL and published_percent."""
    source = resources.files("betascan.published").joinpath("vu2026_images_percent.csv")
    with resources.as_file(source) as path:
        wide = pd.read_csv(path)
    wide = wide.rename(columns=lambda name: name.removeprefix("beta"))
    tall = wide.melt(CELL[:3], var_name="beta", value_name="published_percent")
    return tall.astype({"lambda": float, "beta": float})


def join(
    scores: Sequence[Path],
    histories: Sequence[Path],
    runs: Sequence[Point],
    table: Path,
    spectrum: Path,
) -> None:
    """Put the scores of all models into one table, and their rates and active units into another.

    table: dataset, metric, lambda, beta, seed, value, percent (the change against beta 1, lambda
    0 of the same seed), published_percent. The NLL is that of the last interval of training.
    """
    compared, beside = [], []
    for (dataset, seed, beta, lam), one, history in zip(runs, scores, histories, strict=True):
        value = pd.read_csv(one).set_index("metric")["value"]
        nll = float(pd.read_csv(history)["reconstruction"].iloc[-1])
        own = {"NLL": nll} | {name: float(value[ours]) for name, ours in SCORES.items()}
        named = {"dataset": DATASETS[dataset], "lambda": lam, "beta": beta, "seed": seed}
        compared += [{**named, "metric": name, "value": own[name]} for name in own]
        beside += [{**named, "metric": name, "value": float(value[name])} for name in SPECTRUM]
    columns = [*CELL, "seed", "value"]
    write_csv(with_percent(pd.DataFrame(compared)[columns]), table)
    write_csv(pd.DataFrame(beside)[columns], spectrum)


def with_percent(values: pd.DataFrame) -> pd.DataFrame:
    """Add the change against the same seed's beta 1 and lambda 0, and the published one."""
    keys = ["dataset", "metric", "seed"]
    reference = values[(values["beta"] == 1) & (values["lambda"] == 0)]
    joined = values.merge(reference[[*keys, "value"]], on=keys, suffixes=("", "_reference"))
    base = joined.pop("value_reference")
    joined["percent"] = 100 * (joined["value"] / base.where(base > 0) - 1)
    return joined.merge(published(), on=CELL, how="left")


def relative(value: pd.Series, reference: pd.Series) -> tuple[float, float]:
    """Return the change in % of the mean of `value` against that of `reference`, and its error.

    Both by seed. The standard error is that of a ratio of means to first order, seed by seed, as
    models of one seed share initial weights and images; NaN for a single seed.
    """
    base = reference.mean()
    if not base > 0:
        return np.nan, np.nan
    ratio = value.mean() / base
    rest = (value - ratio * reference) / base
    return 100 * (ratio - 1), 100 * float(rest.std() / np.sqrt(len(rest)))


def undecided(dataset: str, scale: str, standins: Sequence[str]) -> str | None:
    """Tell why results on a data set, named as published, cannot decide about the document."""
    if scale != "papers":
        return "scale cannot tell"
    unlike = {DATASETS[name] for name in standins}
    if dataset in unlike or (dataset == "all three" and unlike):
        return "stand-in cannot tell"
    return None


def cells(table: Path, cells: Path, scale: str, standins: Sequence[str]) -> None:
    """Write the means over seeds, their changes against beta 1, lambda 0, and the published ones.

    A change here is that of the mean over seeds, which no seed of little MIG can dominate. It
    agrees with the published one within twice the standard error of the difference of two such
    changes. standins: the data sets whose images are not the document's.
    """
    values = pd.read_csv(table)
    by_seed = {key: group.set_index("seed")["value"] for key, group in values.groupby(CELL)}
    rows = []
    for (dataset, metric, lam, beta), value in by_seed.items():
        change, error = relative(value, by_seed[dataset, metric, 0, 1])
        named = dict(zip(CELL, (dataset, metric, lam, beta), strict=True))
        of_mean = {"seeds": len(value), "mean": value.mean(), "standard_error": value.sem()}
        rows.append({**named, **of_mean, "percent": change, "percent_standard_error": error})
    frame = pd.DataFrame(rows).merge(published(), on=CELL, how="left")
    frame["difference"] = frame["percent"] - frame["published_percent"]
    allowed = ERRORS * np.sqrt(2) * frame["percent_standard_error"] + ROUNDING
    judged = np.where(frame["difference"].abs() <= allowed, "agrees", "differs")
    judged[allowed.isna()] = "seeds cannot tell"
    frame["verdict"] = [
        undecided(dataset, scale, standins) or told
        for dataset, told in zip(frame["dataset"], judged, strict=True)
    ]
    frame.loc[(frame["beta"] == 1) & (frame["lambda"] == 0), "verdict"] = "reference"
    write_csv(frame, cells)
