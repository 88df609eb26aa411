"""Bootstrap confidence intervals over the samples that a score is computed from."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betascan.core.randomness import stream
from betascan.metrics.errors import MetricError

LEVEL = 0.95


class Interval(NamedTuple):
    """Scores and the bounds of their confidence intervals.

    Attributes
    ----------
    value, low, high : ndarray of shape (scores,)
    """

    value: Float[np.ndarray, " scores"]
    low: Float[np.ndarray, " scores"]
    high: Float[np.ndarray, " scores"]


def _expansion(n: int, tail: float) -> float:
    """Return the factor by which the percentile interval of a mean of n Gaussians is too narrow."""
    return float(
        np.sqrt(n / (n - 1)) * scipy.special.stdtrit(n - 1, tail) / scipy.special.ndtri(tail)
    )


def bootstrap(
    statistic: Callable[..., ArrayLike],
    sizes: Sequence[int],
    *,
    resamples: int = 200,
    seed: int = 0,
    purpose: str = "bootstrap",
) -> Interval:
    """Bound scores by a bias-centred, expanded percentile bootstrap of 95 %.

    Centred: the percentiles are those of the resamples' distance to their own mean. A resample
    has fewer distinct rows than the sample, which shifts histogram scores; the interval is for
    the score as defined at this many rows. Expanded: the percentile interval is too narrow by
    about sqrt((n-1)/n) z/t for n rows [1]_. Hesterberg moves the percentiles outwards; here the
    distances are multiplied by the factor, which is the same if they are Gaussian, and needs no
    far tails from few resamples. The interval may leave [0, 1].

    Parameters
    ----------
    statistic
        Takes one array of row indices for each set of samples and returns one score or several.
    sizes
        How many samples each set has, for example training and test.
    resamples
        0 gives bounds of NaN.
    seed, purpose
        Key of the random stream.

    Returns
    -------
    Interval
        The scores of all rows, and their bounds.

    Raises
    ------
    MetricError
        If a set to be resampled has a single row.

    References
    ----------
    .. [1] Hesterberg, T. C. (2015). What teachers should know about the bootstrap: resampling in
       the undergraduate statistics curriculum. The American Statistician 69(4), 371-386.
    """
    if resamples and min(sizes) < 2:
        raise MetricError("a bootstrap needs at least two rows")

    def score(rows: list[Int[np.ndarray, " _"]]) -> Float[np.ndarray, " scores"]:
        return np.atleast_1d(np.asarray(statistic(*rows), dtype=np.float64))

    value = score([np.arange(n) for n in sizes])
    if resamples == 0:
        return Interval(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    rng = stream(seed, purpose)
    draws = np.stack([score([rng.integers(n, size=n) for n in sizes]) for _ in range(resamples)])
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(draws - draws.mean(axis=0), tails, axis=0)
    expansion = _expansion(min(sizes), tails[1])
    return Interval(value, value + expansion * low, value + expansion * high)
