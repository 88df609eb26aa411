"""The tables of vu2026's image study: scores of every model, and their means over seeds.

Data sets and metrics are named as in the published table.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.studies.runs import Row
from betascan.studies.vu2026.image_config import DOCUMENT, document_name

SCORES = {  # metric and convention of `betascan.metrics.scores.score_table`
    "MIG": ("mig", "disentanglement_lib"),
    "SAP": ("sap", "disentanglement_lib"),
    "Im": ("matched_information", "vu2026"),
}
METRICS = ("NLL", *SCORES)
SPECTRUM = {  # not in the document
    "active_units": ("active_units", "burda2016"),
    "rate": ("rate", "hirn2026"),
    "total_correlation": ("total_correlation", "gaussian"),
}
CELL = ["dataset", "metric", "lambda", "beta"]
ERRORS = 2.0  # standard errors of the difference of two means, published and ours
ROUNDING = 0.005  # of what is published, in points


def published() -> pd.DataFrame:
    """Return the published changes against beta 1, lambda 0: CELL and published_percent."""
    wide = read_csv(Path(__file__).with_name("published_images_percent.csv"))
    wide = wide.rename(columns=lambda column: column.removeprefix("beta"))
    tall = wide.melt(CELL[:3], var_name="beta", value_name="published_percent")
    return tall.astype({"lambda": float, "beta": float})


def join(
    scores: Sequence[Path],
    histories: Sequence[Path],
    table: Path,
    spectrum: Path,
    rows: Sequence[Row],
) -> None:
    """Collect the scores of all models in one table, their rates and active units in another.

    Parameters
    ----------
    scores, histories : sequence of Path
        Of the continued models; the NLL is the reconstruction term of the last interval.
    table : Path
        Written: dataset, metric, lambda, beta, seed, value, percent (the change against beta 1,
        lambda 0 of the same seed), published_percent.
    spectrum : Path
        Written: dataset, metric, lambda, beta, seed, value.
    rows : sequence of Mapping
        Signatures and keys of the models.
    """
    nll = {path.parent.name: read_csv(path)["reconstruction"].iloc[-1] for path in histories}
    measured = {
        path.parent.name: read_csv(path).set_index(["metric", "convention"])["value"]
        for path in scores
    }
    compared, beyond = [], []
    for row in rows:
        model, value = {**row["keys"]}, measured[row["signature"]]
        model["dataset"] = document_name(model["dataset"])
        values = {"NLL": nll[row["signature"]]} | {m: value[score] for m, score in SCORES.items()}
        compared += [{**model, "metric": metric, "value": v} for metric, v in values.items()]
        beyond += [{**model, "metric": m, "value": value[score]} for m, score in SPECTRUM.items()]
    columns = [*CELL, "seed", "value"]
    write_csv(with_percent(pd.DataFrame(compared)[columns]), table)
    write_csv(pd.DataFrame(beyond)[columns], spectrum)


def with_percent(values: pd.DataFrame) -> pd.DataFrame:
    """Add the change against the same seed's beta 1 and lambda 0, and the published one.

    Parameters
    ----------
    values : DataFrame
        CELL, seed and value.
    """
    keys = ["dataset", "metric", "seed"]
    reference = values[(values["beta"] == 1) & (values["lambda"] == 0)]
    joined = values.merge(reference[[*keys, "value"]], on=keys, suffixes=("", "_reference"))
    base = joined.pop("value_reference")
    joined["percent"] = 100 * (joined["value"] / base.where(base > 0) - 1)
    return joined.merge(published(), on=CELL, how="left")


def relative(value: pd.Series, reference: pd.Series) -> tuple[float, float]:
    """Return the change of a mean over seeds against that of a reference, and its standard error.

    The error is that of a ratio of means to first order, seed by seed, as models of one seed
    share initial weights and images; NaN for a single seed.

    Parameters
    ----------
    value, reference : Series
        By seed.

    Returns
    -------
    tuple of float
        Both in %; NaN where the reference is not positive.
    """
    base = reference.mean()
    if not base > 0:
        return np.nan, np.nan
    ratio = value.mean() / base
    residual = (value - ratio * reference) / base
    return 100 * (ratio - 1), 100 * float(residual.sem())


def undecided(dataset: str, scale: str, standins: Sequence[str]) -> str | None:
    """Return why results on a data set, named as published, cannot decide about the document.

    Parameters
    ----------
    dataset : str
        Or "all three".
    scale : str
        Only the papers' scale can decide.
    standins : sequence of str
        The data sets of the configuration whose images are not the document's.
    """
    if scale != "papers":
        return "scale cannot tell"
    unlike = {document_name(key) for key in standins}
    if dataset in unlike or (dataset == "all three" and unlike & set(DOCUMENT.values())):
        return "stand-in cannot tell"
    return None


def cells(table: Path, cells: Path, scale: str, standins: Sequence[str]) -> None:
    """Write the means over seeds, their changes against beta 1, lambda 0, and the published ones.

    A change here is that of the mean over seeds, which no seed of little MIG can dominate. It
    agrees with the published one within twice the standard error of the difference of two such
    changes.

    Parameters
    ----------
    table : Path
        Of `join`.
    cells : Path
        Written: CELL, seeds, mean, standard_error, percent, percent_standard_error,
        published_percent, difference (points) and verdict.
    scale : str
        Of the run.
    standins : sequence of str
        The data sets of the configuration whose images are not the document's.
    """
    values = read_csv(table)
    by_seed = {key: group.set_index("seed")["value"] for key, group in values.groupby(CELL)}
    rows = []
    for (dataset, metric, lam, beta), value in by_seed.items():
        change, error = relative(value, by_seed[dataset, metric, 0, 1])
        cell = dict(zip(CELL, (dataset, metric, lam, beta), strict=True))
        of_mean = {"seeds": len(value), "mean": value.mean(), "standard_error": value.sem()}
        rows.append({**cell, **of_mean, "percent": change, "percent_standard_error": error})
    frame = pd.DataFrame(rows).merge(published(), on=CELL, how="left")
    frame["difference"] = frame["percent"] - frame["published_percent"]
    allowed = allowance(frame)
    frame["verdict"] = np.where(frame["difference"].abs() <= allowed, "agrees", "differs")
    frame.loc[allowed.isna(), "verdict"] = "seeds cannot tell"
    reasons = frame["dataset"].map(lambda dataset: undecided(dataset, scale, standins))
    frame["verdict"] = reasons.fillna(frame["verdict"])
    frame.loc[(frame["beta"] == 1) & (frame["lambda"] == 0), "verdict"] = "reference"
    frame.loc[frame["published_percent"].isna(), "verdict"] = "not in the document"
    write_csv(frame, cells)


def allowance(cells: pd.DataFrame) -> pd.Series:
    """Return how many points a change may differ from the published one; NaN for a single seed.

    Parameters
    ----------
    cells : DataFrame
        With percent_standard_error.
    """
    return ERRORS * np.sqrt(2) * cells["percent_standard_error"] + ROUNDING
