"""The tables of vu2026's image study: scores of every model, and their means over seeds.

Data sets and metrics are named as in the published table.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.studies.judgement import Verdict
from betascan.studies.plateaus import EMPTY, PLATEAU
from betascan.studies.runs import Row
from betascan.studies.statements import PAPERS
from betascan.studies.vu2026.image_config import document_name

SCORES = {  # metric and convention of `betascan.metrics.scores.score_table`
    "MIG": ("mig", "disentanglement_lib"),
    "SAP": ("sap", "disentanglement_lib"),
    "Im": ("matched_information", "vu2026"),
}
METRICS = ("NLL", *SCORES)
SPECTRUM = {  # not in the document
    "active_units": ("active_units", "burda2016"),
    "rate": ("rate", "hirn2026"),
}
TERMS = ("information", "total_correlation", "dimension_wise_kl")
"""Terms of the rate, by `betascan.rate_terms`; not imported, as that needs torch."""
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
    terms: Sequence[Path],
    plateaus: Path,
    table: Path,
    spectrum: Path,
    rows: Sequence[Row],
) -> None:
    """Collect the scores of all models in one table, and what their codes carry in another.

    Parameters
    ----------
    scores, histories, terms : sequence of Path
        Scores, histories and terms of the continued models; the NLL is the reconstruction term of
        the last interval.
    plateaus : Path
        Table written by `betascan.studies.plateaus.table` for the models that they continue.
    table : Path
        CSV to write: dataset, metric, lambda, beta, seed, value, percent (the change against
        beta 1, lambda 0 of the same seed), published_percent, plateau (the model that was
        continued was on one, and the code is still empty).
    spectrum : Path
        CSV to write: dataset, metric, lambda, beta, seed, value, plateau. Metrics are active units,
        rate, and the terms of the rate (`betascan.rate_terms`).
    rows : sequence of Mapping
        Signatures and keys of the models.
    """
    nll = {path.parent.name: read_csv(path)["reconstruction"].iloc[-1] for path in histories}
    measured = {
        path.parent.name: read_csv(path).set_index(["metric", "convention"])["value"]
        for path in scores
    }
    parts = {path.parent.name: read_csv(path).set_index("metric")["value"] for path in terms}
    states = read_csv(plateaus).set_index(["dataset", "seed", "beta"])["state"]
    compared, beyond = [], []
    for row in rows:
        name = row["signature"]
        model = {**row["keys"]}
        state = states[tuple(model[key] for key in states.index.names)]
        empty = measured[name][SPECTRUM["rate"]] < EMPTY
        model |= {"plateau": empty and state == PLATEAU, "dataset": document_name(model["dataset"])}
        values = {"NLL": nll[name]}
        values |= {metric: measured[name][score] for metric, score in SCORES.items()}
        compared += [{**model, "metric": metric, "value": v} for metric, v in values.items()]
        carried = {metric: measured[name][score] for metric, score in SPECTRUM.items()}
        carried |= {metric: parts[name][metric] for metric in TERMS}
        beyond += [{**model, "metric": metric, "value": v} for metric, v in carried.items()]
    columns = [*CELL, "seed", "value", "plateau"]
    changes = with_percent(pd.DataFrame(compared)[columns])
    write_csv(changes[[*columns[:-1], "percent", "published_percent", "plateau"]], table)
    write_csv(pd.DataFrame(beyond)[columns], spectrum)


def with_percent(values: pd.DataFrame) -> pd.DataFrame:
    """Add the change against the same seed's beta 1 and lambda 0, and the published one.

    Parameters
    ----------
    values : DataFrame
        CELL, seed, value and plateau; there is no change against a model on a plateau.
    """
    keys = ["dataset", "metric", "seed"]
    reference = values[(values["beta"] == 1) & (values["lambda"] == 0)]
    reference = reference.assign(value=reference["value"].mask(reference["plateau"]))
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
        Values by seed; seeds that only one of them has are left out.

    Returns
    -------
    tuple of float
        Both in %; NaN where the reference is not positive.
    """
    value, reference = value.align(reference, join="inner")
    base = reference.mean()
    if not base > 0:
        return np.nan, np.nan
    ratio = value.mean() / base
    residual = (value - ratio * reference) / base
    return 100 * (ratio - 1), 100 * float(residual.sem())


def cells(table: Path, cells: Path, scale: str, standins: Sequence[str]) -> None:
    """Write the means over seeds, their changes against beta 1, lambda 0, and the published ones.

    A change here is that of the mean over seeds, which no seed with a small MIG can dominate. It
    agrees with the published one within twice the standard error of the difference of two such
    changes; where that would hide the published change itself, the verdict is inconclusive. Models
    on a plateau are not in the means.

    Parameters
    ----------
    table : Path
        Table written by `join`.
    cells : Path
        CSV to write: CELL, seeds, mean, standard_error, percent, percent_standard_error,
        published_percent, difference (points), data, verdict and reason.
    scale : str
        Name of the scale; a change is judged by the published one only at the papers' scale.
    standins : sequence of str
        The data sets of the configuration whose images are not the document's.
    """
    values = read_csv(table)
    by_seed = {key: group.set_index("seed") for key, group in values.groupby(CELL)}
    rows = []
    for (dataset, metric, lam, beta), models in by_seed.items():
        value = models["value"][~models["plateau"]]
        of_reference = by_seed[dataset, metric, 0, 1]
        change, error = relative(value, of_reference["value"][~of_reference["plateau"]])
        cell = dict(zip(CELL, (dataset, metric, lam, beta), strict=True))
        of_mean = {"seeds": len(value), "mean": value.mean(), "standard_error": value.sem()}
        rows.append({**cell, **of_mean, "percent": change, "percent_standard_error": error})
    frame = pd.DataFrame(rows).merge(published(), on=CELL, how="left")
    frame["difference"] = frame["percent"] - frame["published_percent"]
    unlike = [document_name(key) for key in standins]
    frame["data"] = np.where(frame["dataset"].isin(unlike), "stand-in", "genuine")
    judged = [_judge(row, scale) for _, row in frame.assign(allowed=allowance(frame)).iterrows()]
    frame["verdict"], frame["reason"] = zip(*judged, strict=True)
    write_csv(frame, cells)


def _judge(cell: pd.Series, scale: str) -> tuple[Verdict, str]:
    """Judge a cell by the published one."""
    if np.isnan(cell["published_percent"]):
        return Verdict.BEYOND, "not published"
    if cell["beta"] == 1 and cell["lambda"] == 0:
        return Verdict.BY_CONSTRUCTION, "the reference of all changes"
    if cell["data"] == "stand-in":
        return Verdict.UNDECIDED, "stand-in"
    if scale != PAPERS:
        return Verdict.UNDECIDED, "scale"
    if np.isnan(cell["allowed"]):
        return Verdict.UNDECIDED, "fewer than two seeds"
    if abs(cell["difference"]) > cell["allowed"]:
        return Verdict.NOT_REPRODUCED, ""
    if cell["allowed"] >= abs(cell["published_percent"]):
        return Verdict.UNDECIDED, "errors as large as the change"
    return Verdict.REPRODUCED, ""


def allowance(cells: pd.DataFrame) -> pd.Series:
    """Return how many points a change may differ from the published one; NaN for a single seed.

    Parameters
    ----------
    cells : DataFrame
        With percent_standard_error.
    """
    return ERRORS * np.sqrt(2) * cells["percent_standard_error"] + ROUNDING
