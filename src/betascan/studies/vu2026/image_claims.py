"""Statements of vu2026's abstract about images, judged by its published numbers and by ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.studies.vu2026.image_config import DOCUMENT
from betascan.studies.vu2026.image_tables import (
    CELL,
    SCORES,
    published,
    relative,
    undecided,
)

SLIGHT = 5.0  # %: a smaller change of a score is none
SLIGHT_NLL = 0.5  # of which most is the entropy of the pixels, which no model can lose
YES, NO, UNCLEAR = "yes", "no", "unclear"
VERDICTS = {YES: "holds", NO: "does not hold", UNCLEAR: "seeds cannot tell"}
ABSENT = "not in the document"

Key = tuple[str, str, str]
"""Item, data set and metric of a statement."""


class Outcome(NamedTuple):
    """A number, its standard error, and whether it bears a statement out."""

    value: float
    error: float
    supports: str


def judge(change: float, error: float, slight: float) -> str:
    """Judge whether a change in the stated direction is there, by two standard errors.

    Parameters
    ----------
    change, error : float
        In %, positive in the stated direction; NaN unknown.
    slight : float
        A smaller change is none.

    Returns
    -------
    str
        `YES`, `NO` or `UNCLEAR`.
    """
    if np.isnan(change) or np.isnan(error):
        return UNCLEAR
    if change > max(slight, 2 * error):
        return YES
    return NO if change + 2 * error < slight else UNCLEAR


def measure(values: pd.DataFrame, exact: bool = False) -> dict[Key, Outcome]:
    """Measure every statement on every data set.

    A peak is the highest of several noisy means, which favours a collapse a little.

    Parameters
    ----------
    values : DataFrame
        CELL, seed and value.
    exact : bool
        Numbers without seeds, whose errors are not known and taken as 0.
    """
    by_seed = {key: group.set_index("seed")["value"] for key, group in values.groupby(CELL)}
    betas, lambdas = sorted(set(values["beta"])), sorted(set(values["lambda"]))
    highest, largest = betas[-1], lambdas[-1]
    outcomes = {}

    def change(
        dataset: str, metric: str, cell: tuple[float, float], reference: tuple[float, float]
    ) -> tuple[float, float]:
        value, error = relative(
            by_seed[dataset, metric, *cell], by_seed[dataset, metric, *reference]
        )
        return value, 0.0 if exact else error

    for dataset in dict.fromkeys(values["dataset"]):
        for metric in SCORES:
            means = {beta: by_seed[dataset, metric, 0, beta].mean() for beta in betas}
            *lower, peak = sorted(means, key=lambda beta: means[beta])
            best = lower[-1] if peak == highest else peak
            value, error = change(dataset, metric, (0, highest), (0, best))
            collapsed = judge(-value, error, SLIGHT)
            outcomes["collapse", dataset, metric] = Outcome(-value, error, collapsed)
            inside = NO if peak == betas[0] and collapsed != UNCLEAR else collapsed
            outcomes["peak", dataset, metric] = Outcome(peak, np.nan, inside)
            value, error = change(dataset, metric, (largest, highest), (0, highest))
            restored = judge(value, error, SLIGHT)
            outcomes["restored", dataset, metric] = Outcome(value, error, restored)
        value, error = change(dataset, "NLL", (0, highest), (0, 1))
        outcomes["cost", dataset, "NLL"] = Outcome(value, error, judge(value, error, SLIGHT_NLL))
        value, error = change(dataset, "NLL", (largest, highest), (0, highest))
        relief = judge(-value, error, SLIGHT_NLL)
        outcomes["relief", dataset, "NLL"] = Outcome(-value, error, relief)
    return outcomes | _everywhere(outcomes)


def _everywhere(outcomes: dict[Key, Outcome]) -> dict[Key, Outcome]:
    """Count the data sets of the document that bear a statement out."""
    counted = {}
    for item in ("collapse", "restored"):
        for metric in SCORES:
            keys = [(item, dataset, metric) for dataset in DOCUMENT.values()]
            votes = [outcomes[key].supports for key in keys if key in outcomes]
            every = YES if votes.count(YES) == len(keys) else UNCLEAR
            supports = NO if NO in votes else every
            key = f"{item}_everywhere", "all three", metric
            counted[key] = Outcome(votes.count(YES), np.nan, supports)
    return counted


def claims(table: Path, claims: Path, scale: str, standins: Sequence[str]) -> None:
    """Write each statement, its published number and ours, who bears it out, and a verdict.

    Parameters
    ----------
    table : Path
        Of `image_tables.join`.
    claims : Path
        Written. in_document: whether the document's numbers bear the statement out; in_ours:
        whether this run does, whatever its scale. The verdict is about the document and says so
        where the scale cannot tell.
    scale : str
        Of the run.
    standins : sequence of str
        The data sets of the configuration whose images are not the document's.
    """
    statements = read_csv(Path(__file__).with_name("published_images.csv"), index_col="item")
    document = published().assign(seed=0)
    document["value"] = 100 + document["published_percent"]
    theirs, ours = measure(document, exact=True), measure(read_csv(table))
    rows = []
    for (item, dataset, metric), outcome in ours.items():
        printed = theirs.get((item, dataset, metric))
        verdict = undecided(dataset, scale, standins) or VERDICTS[outcome.supports]
        rows.append(
            {
                "item": item,
                "dataset": dataset,
                "metric": metric,
                "where": statements["where"][item],
                "statement": statements["statement"][item],
                "published": printed.value if printed else np.nan,
                "in_document": printed.supports if printed else ABSENT,
                "ours": outcome.value,
                "standard_error": outcome.error,
                "in_ours": outcome.supports,
                "verdict": verdict if printed else ABSENT,
            }
        )
    write_csv(pd.DataFrame(rows), claims)
