"""Bootstrap intervals: over the samples of one run, and over the seeds of several."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from betascan.core.randomness import stream
from betascan.metrics.arrays import Floats, Labels, MetricError


class Interval(NamedTuple):
    """Scores with their intervals, each (scores,)."""

    value: Floats
    low: Floats
    high: Floats


def _interval(value: Floats, draws: Floats, count: int, level: float) -> Interval:
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(draws - draws.mean(axis=0), tails, axis=0)
    # A bootstrap of few values is too narrow, by this factor where they are Gaussian.
    widening = np.sqrt(count / (count - 1)) * stdtrit(count - 1, tails[1]) / ndtri(tails[1])
    return Interval(value, value + widening * low, value + widening * high)


def bootstrap(
    score: Callable[..., ArrayLike],
    rows: Sequence[int],
    *,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
    purpose: str = "bootstrap",
) -> Interval:
    """Score the sample, and with rows drawn again with replacement.

    `score` takes one index array for each set of samples in `rows` (their sizes), for example
    training and test, and returns one number or several. The interval is the percentile one with
    two corrections. It is centred: a resample has fewer distinct rows than the sample, which
    shifts histogram scores, and the interval is of the score as defined at this many
    rows. It is widened by sqrt(n/(n-1)) times the quantile of Student's t over the Gaussian one,
    which matters for few rows, such as seeds. It may leave [0, 1]. With 0 resamples it is NaN.
    Raises MetricError for sets of a single row.
    """
    if resamples and min(rows) < 2:
        raise MetricError("a bootstrap needs at least two rows")

    def scored(chosen: Sequence[Labels]) -> Floats:
        return np.atleast_1d(np.asarray(score(*chosen), dtype=np.float64))

    value = scored([np.arange(n) for n in rows])
    if resamples == 0:
        return Interval(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    rng = stream(seed, purpose)
    draws = [scored([rng.integers(n, size=n) for n in rows]) for _ in range(resamples)]
    return _interval(value, np.stack(draws), min(rows), level)


def over_seeds(
    scores: ArrayLike, *, resamples: int = 2_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean over seeds of scores (seeds, scores) or (seeds,), with its interval.

    With one seed there is no interval: low and high are NaN.
    """
    values = np.asarray(scores, dtype=np.float64)
    values = values.reshape(len(values), -1)
    several = len(values) > 1
    return bootstrap(
        lambda rows: values[rows].mean(axis=0),
        [len(values)],
        resamples=resamples if several else 0,
        level=level,
        seed=seed,
        purpose="bootstrap/seeds",
    )
