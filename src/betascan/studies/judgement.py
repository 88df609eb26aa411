"""How a statement of a document is judged: verdicts, and four kinds of test.

A test returns an estimate, its 95 % interval and a verdict. A statement needs a margin, or the
smallest effect that would support it; data can then confirm it, refute it, or leave it open.
"""

import itertools
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import scipy
from numpy.typing import ArrayLike

LEVEL = 0.05
FEWEST_POINTS = 4
"""With fewer points, any order would be significant, or none."""
PERMUTATIONS = 9999


class Verdict(StrEnum):
    """The outcome for a statement."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "inconclusive"
    CONTRADICTION = "document contradicts itself"
    BEYOND = "beyond the document"
    BY_CONSTRUCTION = "by construction"


class Kind(StrEnum):
    """The test by which a statement is judged."""

    NUMBER = "number"
    DIFFERENCE = "difference"
    TREND = "trend"
    PATTERN = "pattern"


@dataclass(frozen=True)
class Judgement:
    """The outcome of a test.

    Attributes
    ----------
    kind : Kind
        The test.
    estimate, low, high : float
        The quantity judged, and its 95 % interval; NaN where there is none.
    verdict : Verdict
        What follows.
    criterion : str
        What would have confirmed and what would have refuted the statement.
    reason : str
        Why the test is inconclusive, or the p value and the number of observations.
    """

    kind: Kind
    estimate: float
    low: float
    high: float
    verdict: Verdict
    criterion: str
    reason: str = ""


def undecided(kind: Kind, criterion: str, reason: str, estimate: float = np.nan) -> Judgement:
    """Return an inconclusive judgement.

    Parameters
    ----------
    kind : Kind
        The test that would have decided.
    criterion : str
        What would have decided.
    reason : str
        Scale, stand-in, seeds, or models that have not learnt.
    estimate : float
        The estimate all the same.
    """
    return Judgement(kind, estimate, np.nan, np.nan, Verdict.UNDECIDED, criterion, reason)


def left_open(judged: Judgement, reason: str) -> Judgement:
    """Return a judgement whose verdict is left open, for a reason; its interval stands."""
    return replace(judged, verdict=Verdict.UNDECIDED, reason=reason)


def _finite(values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def _decide(*, confirms: bool, refutes: bool) -> Verdict:
    if refutes:
        return Verdict.NOT_REPRODUCED
    return Verdict.REPRODUCED if confirms else Verdict.UNDECIDED


def number(
    values: ArrayLike,
    published: float,
    margin: float,
    *,
    exact: bool = False,
    published_n: int | None = None,
) -> Judgement:
    """Judge whether a mean equals a published number within a margin.

    Equivalence (two one-sided t tests at 5 %, their 90 % interval): reproduced if the interval of
    the mean lies within the margin around the published number, not reproduced if the 95 %
    interval lies outside it.

    Parameters
    ----------
    values : array_like of shape (n,)
        Independent values, one per seed; NaNs are left out.
    published : float
        The document's number.
    margin : float
        Half width of what counts as equal, in the same unit.
    exact : bool
        A single value, such as a count or a largest error, decides by itself.
    published_n : int, optional
        Number of values, scattering as these do, of which the published number is the mean; its
        error then counts too.

    Returns
    -------
    Judgement
        The mean, its 95 % interval and the verdict.
    """
    x = _finite(values)
    criterion = f"within ±{margin:.3g} of {_plain(published)}"
    if len(x) == 0:
        return undecided(Kind.NUMBER, criterion, "no values")
    if len(x) == 1 and not exact:
        return undecided(Kind.NUMBER, criterion, "n = 1, no interval", float(x[0]))
    mean = float(x.mean())
    error = float(scipy.stats.sem(x)) if len(x) > 1 else 0.0
    if published_n:
        error *= np.sqrt(1 + len(x) / published_n)
    reach = [scipy.stats.t.ppf(q, len(x) - 1) * error if error else 0.0 for q in (0.95, 0.975)]
    inside = abs(mean - published) + reach[0] <= margin
    outside = abs(mean - published) - reach[1] > margin
    verdict = _decide(confirms=inside, refutes=outside)
    low, high = mean - reach[1], mean + reach[1]
    return Judgement(Kind.NUMBER, mean, low, high, verdict, criterion, f"n = {len(x)}")


def difference(differences: ArrayLike, least: float) -> Judgement:
    """Judge whether paired differences are positive.

    Not reproduced if the 95 % interval of their mean (Student's t) lies below the smallest
    difference that would support the statement, else reproduced if it lies above 0.

    Parameters
    ----------
    differences : array_like of shape (n,)
        One per pair, such as a seed; NaNs are left out.
    least : float
        Smallest mean difference that would support the statement, at least 0.

    Returns
    -------
    Judgement
        The mean, its 95 % interval and the verdict.
    """
    x = _finite(differences)
    criterion = f"mean difference above 0; refuted below {least:.3g}"
    if len(x) < 2:
        alone = float(x[0]) if len(x) else np.nan
        return undecided(Kind.DIFFERENCE, criterion, f"n = {len(x)}, no interval", alone)
    mean, error = float(x.mean()), float(scipy.stats.sem(x))
    low, high = (
        (mean, mean) if error == 0 else scipy.stats.t.interval(0.95, len(x) - 1, mean, error)
    )
    verdict = _decide(confirms=low > 0, refutes=high <= max(least, 0))
    reason = f"n = {len(x)}"
    return Judgement(Kind.DIFFERENCE, mean, float(low), float(high), verdict, criterion, reason)


def _correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Spearman's rho and its 95 % interval (Fisher's z with Bonett and Wright's variance)."""
    rho = float(scipy.stats.spearmanr(x, y).statistic)
    clipped = np.clip(rho, -1 + 1e-9, 1 - 1e-9)
    reach = scipy.stats.norm.ppf(0.975) * np.sqrt((1 + clipped**2 / 2) / (len(x) - 3))
    low, high = np.tanh(np.arctanh(clipped) + np.array([-reach, reach]))
    return rho, min(float(low), rho), max(float(high), rho)


def _monotone(
    kind: Kind, x: ArrayLike, y: ArrayLike, sign: int, least: float, criterion: str
) -> Judgement:
    pairs = np.column_stack([np.asarray(x, float), sign * np.asarray(y, float)])
    one, other = pairs[np.isfinite(pairs).all(axis=1)].T
    if len(one) < FEWEST_POINTS or np.ptp(one) == 0 or np.ptp(other) == 0:
        return undecided(kind, criterion, f"{len(one)} points, or all alike")
    rho, low, high = _correlation(one, other)
    ranks, others = scipy.stats.rankdata(one), scipy.stats.rankdata(other)
    test = scipy.stats.permutation_test(
        (others,),
        lambda shuffled, axis: (ranks * shuffled).sum(axis=axis),  # rises with rho
        permutation_type="pairings",
        vectorized=True,
        alternative="greater",
        n_resamples=PERMUTATIONS,
        rng=np.random.default_rng(0),
    )
    p = float(test.pvalue)
    verdict = _decide(confirms=p < LEVEL, refutes=high < least)
    if sign < 0:
        rho, low, high = -rho, -high, -low
    return Judgement(kind, rho, low, high, verdict, criterion, f"p = {p:.2g}, n = {len(one)}")


def trend(x: ArrayLike, y: ArrayLike, *, rises: bool, least: float = 0.5) -> Judgement:
    """Judge whether y rises (or falls) with x.

    Not reproduced if the 95 % interval of Spearman's rank correlation lies below `least` in the
    direction stated, else reproduced if it has that sign at the 5 % level (permutation test,
    one-sided).

    Parameters
    ----------
    x, y : array_like of shape (n,)
        Observations; those with NaN are left out.
    rises : bool
        The direction stated.
    least : float
        Smallest rank correlation that would support the statement.

    Returns
    -------
    Judgement
        Spearman's rank correlation, its 95 % interval and the verdict.

    References
    ----------
    Bonett and Wright 2000, Psychometrika 65, for the interval.
    """
    direction = "rises" if rises else "falls"
    criterion = f"rank correlation: {direction} at p < {LEVEL}; refuted below {least:g}"
    return _monotone(Kind.TREND, x, y, 1 if rises else -1, least, criterion)


def pattern(ours: ArrayLike, published: ArrayLike, least: float = 0.5) -> Judgement:
    """Judge whether a panel of cells is ordered like the published one.

    As `trend`, over all cells.

    Parameters
    ----------
    ours, published : array_like of the same shape
        Cells, such as means over seeds; those with NaN in either are left out.
    least : float
        Smallest rank correlation that would support the pattern.
    """
    criterion = f"cells ranked as published at p < {LEVEL}; refuted below {least:g}"
    return _monotone(Kind.PATTERN, np.ravel(published), np.ravel(ours), 1, least, criterion)


def pattern_of_columns(ours: ArrayLike, published: ArrayLike, least: float = 0.5) -> Judgement:
    """Judge whether panels are ordered like the published one, with cells dependent by column.

    Each panel of ours, such as a seed's, has a rank correlation with the published one. Not
    reproduced if the 95 % interval of their mean (Student's t) lies below `least`; else reproduced
    if it lies above 0 and less than 5 % of all orders of the columns give the mean over panels so
    high a rank correlation.

    Parameters
    ----------
    ours : array_like of shape (panels, rows, columns)
        Independent panels. Cells of a column share something beyond the panel, such as a model
        that all of them continue, so columns are permuted as wholes. NaNs are left out.
    published : array_like of shape (rows, columns)
        The published cells.
    least : float
        Smallest rank correlation that would support the pattern.
    """
    panels, author = np.asarray(ours, np.float64), np.asarray(published, np.float64)
    criterion = f"cells ranked as published, mean above 0 at p < {LEVEL}; refuted below {least:g}"
    printed = np.isfinite(author).any(axis=0)
    panels, author = panels[:, :, printed], author[:, printed]
    columns = author.shape[1]
    if columns < FEWEST_POINTS:
        return undecided(Kind.PATTERN, criterion, f"{columns} columns")
    by_panel = [_rank_correlation(panel, author) for panel in panels]
    seen = difference(by_panel, least)
    if np.isnan(seen.low):
        return undecided(Kind.PATTERN, criterion, seen.reason, seen.estimate)
    mean = np.ma.masked_invalid(panels).mean(axis=0).filled(np.nan)
    orders = np.array(
        [
            _rank_correlation(mean[:, list(order)], author)
            for order in itertools.permutations(range(columns))
        ]
    )
    p = float(np.mean(orders >= orders[0] - 1e-12))
    verdict = seen.verdict
    if verdict == Verdict.REPRODUCED and p >= LEVEL:
        verdict = Verdict.UNDECIDED
    reason = f"p = {p:.2g} over {columns} columns, {seen.reason}"
    ends = {"low": max(seen.low, -1.0), "high": min(seen.high, 1.0)}
    return replace(
        seen, kind=Kind.PATTERN, verdict=verdict, criterion=criterion, reason=reason, **ends
    )


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rho of the cells that both panels have, NaN if all are equal in either."""
    known = np.isfinite(one) & np.isfinite(other)
    ranks, others = scipy.stats.rankdata(one[known]), scipy.stats.rankdata(other[known])
    if len(ranks) < FEWEST_POINTS or np.ptp(ranks) == 0 or np.ptp(others) == 0:
        return np.nan
    return float(np.corrcoef(ranks, others)[0, 1])
