"""Which images to take: splits, groups that share a factor, dependent factors.

Everything works on the classes of the images at hand, be they the whole grid or a part of it, and
returns row numbers.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.core.errors import DataError
from betascan.core.randomness import stream
from betascan.data.grid import Classes, Rows


def split(number: int, seed: int, shares: Sequence[float] = (0.8, 0.1, 0.1)) -> tuple[Rows, ...]:
    """Return the rows of each part of a random split, in order; 80/10/10 as in denardin2025.

    What rounding leaves over belongs to the first part.

    Raises:
        DataError: the shares do not add up to 1.
    """
    if min(shares) < 0 or not np.isclose(sum(shares), 1):
        raise DataError(f"shares of a split must add up to 1, not {tuple(shares)}")
    sizes = [int(share * number) for share in shares]
    sizes[0] = number - sum(sizes[1:])
    order = stream(seed, "data/split").permutation(number)
    return tuple(np.sort(part) for part in np.split(order, np.cumsum(sizes[:-1])))


def sharing(
    factors: Classes, factor: int, groups: int, size: int, random: np.random.Generator
) -> Rows:
    """Return rows (groups, size), where a group has one class of ``factor`` and varies the rest.

    The class of a group is drawn evenly from those present, the rows from those of that class,
    with replacement (Higgins et al. 2017, Kim and Mnih 2018).

    Raises:
        DataError: no such factor.
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
) -> Rows:
    """Return ``number`` rows, with replacement, in which two factors depend on each other.

    ``weights`` (classes of the first, classes of the second) are proportional to how often each
    combination comes; the other factors stay as they are at hand (chen2018, research question 4).

    Raises:
        DataError: weights of another shape, negative, or on combinations that no image has.
    """
    wanted = np.asarray(weights, dtype=np.float64)
    one, two = (_column(factors, factor) for factor in pair)
    if wanted.ndim != 2 or one.max() >= wanted.shape[0] or two.max() >= wanted.shape[1]:
        raise DataError(
            f"weights must have a row for each of the {one.max() + 1} classes of the first factor "
            f"and a column for each of the {two.max() + 1} of the second, not {wanted.shape}"
        )
    cell = one * wanted.shape[1] + two
    order = np.argsort(cell, kind="stable")
    count = np.bincount(cell, minlength=wanted.size)
    chances = wanted.ravel()
    if not np.isfinite(chances).all() or chances.min() < 0 or chances.sum() == 0:
        raise DataError("weights must be finite, none negative and one of them above 0")
    if (chances[count == 0] > 0).any():
        raise DataError("a combination of the two factors has weight, but no image")
    drawn = random.choice(wanted.size, size=number, p=chances / chances.sum())
    within = (random.random(number) * count[drawn]).astype(np.int64)
    return order[(np.cumsum(count) - count)[drawn] + within]


def _column(factors: Classes, factor: int) -> NDArray[np.int64]:
    if not 0 <= factor < factors.shape[1]:
        raise DataError(f"factors are numbered from 0 to {factors.shape[1] - 1}, not {factor}")
    return factors[:, factor]
