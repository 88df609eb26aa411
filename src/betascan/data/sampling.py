"""Which images to take: splits, groups that share a factor, dependent factors.

Everything works on the classes of the given images, which may be the whole grid or a part of it,
and returns row numbers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64
from numpy.typing import ArrayLike

from betascan.core.errors import DataError
from betascan.core.randomness import stream
from betascan.data.grid import Classes, Rows


def split(number: int, seed: int, shares: Sequence[float] = (0.8, 0.1, 0.1)) -> tuple[Rows, ...]:
    """Split rows at random.

    Parameters
    ----------
    number : int
        How many rows there are.
    seed : int
        Seed of the split.
    shares : sequence of float
        The share of each part. The remainder from rounding goes to the first.

    Returns
    -------
    tuple of ndarray of int64, shape (rows of the part,)
        The rows of each part, in ascending order.

    Raises
    ------
    DataError
        The shares are negative or do not add up to 1.

    References
    ----------
    denardin2025: 80/10/10.
    """
    if min(shares) < 0 or not np.isclose(sum(shares), 1):
        raise DataError(f"shares of a split must add up to 1, not {tuple(shares)}")
    sizes = [int(share * number) for share in shares]
    sizes[0] = number - sum(sizes[1:])
    order = stream(seed, "data/split").permutation(number)
    return tuple(np.sort(part) for part in np.split(order, np.cumsum(sizes[:-1])))


def sharing(
    factors: Classes, factor: int, groups: int, size: int, random: np.random.Generator
) -> Int64[np.ndarray, "groups size"]:
    """Draw groups of images in which one factor is fixed and the others vary.

    The class of a group is drawn uniformly from those present, its rows uniformly from those of
    that class, with replacement.

    Parameters
    ----------
    factors : ndarray of int64, shape (n, factors)
        Classes of the given images.
    factor : int
        The column that is fixed within a group.
    groups : int
        How many groups.
    size : int
        Images in a group.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int64, shape (groups, size)
        Rows.

    Raises
    ------
    DataError
        No such factor.

    References
    ----------
    Higgins et al. 2017; Kim and Mnih 2018.
    """
    column = _column(factors, factor)
    order = np.argsort(column, kind="stable")
    _, first, count = np.unique(column[order], return_index=True, return_counts=True)
    drawn = random.integers(len(first), size=groups)
    within = random.random((groups, size)) * count[drawn, None]
    return order[first[drawn, None] + within.astype(np.int64)]


def jointly(
    factors: Classes,
    pair: tuple[int, int],
    weights: ArrayLike,
    number: int,
    random: np.random.Generator,
) -> Int64[np.ndarray, " number"]:
    """Draw images in which two factors depend on each other, with replacement.

    Parameters
    ----------
    factors : ndarray of int64, shape (n, factors)
        Classes of the given images.
    pair : tuple of int
        Columns of the two factors; the others keep their distribution.
    weights : array_like of float, shape (classes of the first, classes of the second)
        Proportional to the probability of each combination.
    number : int
        How many images.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int64, shape (number,)
        Rows.

    Raises
    ------
    DataError
        Weights of another shape, negative, not finite, or on combinations that no image has.

    References
    ----------
    chen2018, research question 4.
    """
    chances = np.asarray(weights, dtype=np.float64)
    one, two = (_column(factors, factor) for factor in pair)
    if chances.ndim != 2 or one.max() >= chances.shape[0] or two.max() >= chances.shape[1]:
        raise DataError(
            f"weights must have a row for each of the {one.max() + 1} classes of the first factor "
            f"and a column for each of the {two.max() + 1} of the second, not {chances.shape}"
        )
    cell = one * chances.shape[1] + two
    order = np.argsort(cell, kind="stable")
    count = np.bincount(cell, minlength=chances.size)
    chances = chances.ravel()
    if not np.isfinite(chances).all() or chances.min() < 0 or chances.sum() == 0:
        raise DataError("weights must be finite, none negative and one of them above 0")
    if (chances[count == 0] > 0).any():
        raise DataError("a combination of the two factors has weight, but no image")
    drawn = random.choice(chances.size, size=number, p=chances / chances.sum())
    within = (random.random(number) * count[drawn]).astype(np.int64)
    return order[(np.cumsum(count) - count)[drawn] + within]


def _column(factors: Classes, factor: int) -> Int64[np.ndarray, " n"]:
    if not 0 <= factor < factors.shape[1]:
        raise DataError(f"factors are numbered from 0 to {factors.shape[1] - 1}, not {factor}")
    return factors[:, factor]
