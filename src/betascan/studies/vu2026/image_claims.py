"""What the abstract of vu2026 says of images, beside its own published numbers and beside ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.published import statements
from betascan.studies.vu2026.image_tables import (
    CELL,
    DATASETS,
    SCORES,
    published,
    relative,
    undecided,
)

SLIGHT = 5.0  # %: a smaller change of a score is none
SLIGHT_NLL = 0.5  # of which most is the entropy of the pixels, which no model can lose
YES, NO, UNCLEAR = "yes", "no", "unclear"
VERDICTS = {YES: "holds", NO: "does not hold", UNCLEAR: "seeds cannot tell"}


class Shown(NamedTuple):
    """A number, its standard error, and whether it bears a statement out."""

    value: float
    error: float
    shown: str


def judge(change: float, error: float, slight: float) -> str:
    """Tell whether a change in % in the stated direction is there: by two standard errors."""
    if np.isnan(change) or np.isnan(error):
        return UNCLEAR
    if change > max(slight, 2 * error):
        return YES
    return NO if change + 2 * error < slight else UNCLEAR


def measure(values: pd.DataFrame, exact: bool = False) -> dict[tuple[str, str, str], Shown]:
    """Measure every statement: (item, dataset, metric) -> what came out.

    values (dataset, metric, lambda, beta, seed, value); exact: numbers without seeds, of which
    no error is known. A peak is the highest of several noisy means, which favours a collapse a
    little.
    """
    by_seed = {key: group.set_index("seed")["value"] for key, group in values.groupby(CELL)}
    betas, lambdas = sorted(set(values["beta"])), sorted(set(values["lambda"]))
    highest, largest = betas[-1], lambdas[-1]
    found = {}

    def change(
        dataset: str, metric: str, cell: tuple[float, float], reference: tuple[float, float]
    ) -> tuple[float, float]:
        value, error = relative(
            by_seed[dataset, metric, *cell], by_seed[dataset, metric, *reference]
        )
        return value, 0.0 if exact else error

    for dataset in DATASETS.values():
        for metric in SCORES:
            means = {beta: by_seed[dataset, metric, 0, beta].mean() for beta in betas}
            *lower, peak = sorted(means, key=lambda beta: means[beta])
            best = lower[-1] if peak == highest else peak
            value, error = change(dataset, metric, (0, highest), (0, best))
            collapsed = judge(-value, error, SLIGHT)
            found["collapse", dataset, metric] = Shown(-value, error, collapsed)
            inside = NO if peak == betas[0] and collapsed != UNCLEAR else collapsed
            found["peak", dataset, metric] = Shown(peak, np.nan, inside)
            value, error = change(dataset, metric, (largest, highest), (0, highest))
            found["restored", dataset, metric] = Shown(value, error, judge(value, error, SLIGHT))
        value, error = change(dataset, "NLL", (0, highest), (0, 1))
        found["cost", dataset, "NLL"] = Shown(value, error, judge(value, error, SLIGHT_NLL))
        value, error = change(dataset, "NLL", (largest, highest), (0, highest))
        found["relief", dataset, "NLL"] = Shown(-value, error, judge(-value, error, SLIGHT_NLL))
    return found | _everywhere(found)


def _everywhere(found: dict[tuple[str, str, str], Shown]) -> dict[tuple[str, str, str], Shown]:
    """Count the data sets that bear a statement out."""
    counted = {}
    for item in ("collapse", "restored"):
        for metric in SCORES:
            told = [s.shown for (i, _, m), s in found.items() if (i, m) == (item, metric)]
            shown = NO if NO in told else UNCLEAR if UNCLEAR in told else YES
            key = f"{item}_everywhere", "all three", metric
            counted[key] = Shown(told.count(YES), np.nan, shown)
    return counted


def claims(table: Path, claims: Path, scale: str, standins: Sequence[str]) -> None:
    """Write each statement, its published number and ours, who bears it out, and a verdict.

    in_document: whether the document's own numbers do. in_ours: whether this run does, whatever
    its scale; the verdict is about the document and says so where the scale cannot tell.
    standins: the data sets whose images are not the document's.
    """
    told = statements("vu2026_images")
    document = published().assign(seed=0)
    document["value"] = 100 + document["published_percent"]
    theirs, ours = measure(document, exact=True), measure(pd.read_csv(table))
    rows = [
        {
            "item": item,
            "dataset": dataset,
            "metric": metric,
            "where": told["where"][item],
            "statement": told["statement"][item],
            "published": theirs[item, dataset, metric].value,
            "in_document": theirs[item, dataset, metric].shown,
            "ours": here.value,
            "standard_error": here.error,
            "in_ours": here.shown,
            "verdict": undecided(dataset, scale, standins) or VERDICTS[here.shown],
        }
        for (item, dataset, metric), here in ours.items()
    ]
    write_csv(pd.DataFrame(rows), claims)
