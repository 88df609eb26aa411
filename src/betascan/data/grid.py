"""Data sets that hold every combination of a few factors, and the order of their images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import ArrayLike

from betascan.core.errors import DataError
from betascan.core.randomness import stream

Rows = Int64[np.ndarray, " n"]
"""Indices of images."""

Classes = Int64[np.ndarray, "n factors"]
"""Index of the level that each factor takes, counted from 0."""


@dataclass(frozen=True)
class Grid:
    """The factors of a data set and their levels.

    Parameters
    ----------
    levels : mapping of str to array_like of float
        The values that each factor takes, in the order of the images: the last factor changes
        fastest. They are kept as tuples of float.

    Raises
    ------
    DataError
        No factor, a factor without levels, or a level that is not a finite number.
    """

    levels: Mapping[str, Any]

    def __post_init__(self) -> None:
        levels = {str(name): _numbers(name, values) for name, values in self.levels.items()}
        if not levels:
            raise DataError("a grid needs at least one factor")
        object.__setattr__(self, "levels", levels)

    @property
    def names(self) -> tuple[str, ...]:
        """The factors."""
        return tuple(self.levels)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of levels of each factor."""
        return tuple(len(values) for values in self.levels.values())

    def __len__(self) -> int:
        """Return the number of images."""
        return math.prod(self.sizes)

    def classes(self, indices: ArrayLike) -> Classes:
        """Return the classes of images.

        Parameters
        ----------
        indices : array_like of int, shape (n,)
            Indices of images.

        Returns
        -------
        ndarray of int64, shape (n, factors)
            Their classes.

        Raises
        ------
        DataError
            The indices are not integers, or one is beyond the grid.
        """
        rows = integers(indices, "indices of images")
        outside = rows[(rows < 0) | (rows >= len(self))]
        if outside.size:
            raise DataError(f"images are numbered from 0 to {len(self) - 1}, not {outside[0]}")
        return np.stack(np.unravel_index(rows, self.sizes), axis=-1).astype(np.int64)

    def indices(self, classes: ArrayLike) -> Rows:
        """Return the indices of images.

        Parameters
        ----------
        classes : array_like of int, shape (n, factors)
            Their classes.

        Returns
        -------
        ndarray of int64, shape (n,)
            Indices of images.

        Raises
        ------
        DataError
            As `validate`.
        """
        return np.ravel_multi_index(tuple(self.validate(classes).T), self.sizes).astype(np.int64)

    def values(self, classes: ArrayLike) -> Float64[np.ndarray, "n factors"]:
        """Return the levels that classes stand for.

        Parameters
        ----------
        classes : array_like of int, shape (n, factors)
            Classes.

        Returns
        -------
        ndarray of float64, shape (n, factors)
            The values of the factors.

        Raises
        ------
        DataError
            As `validate`.
        """
        columns = self.validate(classes).T
        levels = self.levels.values()
        return np.stack(
            [np.asarray(v, np.float64)[c] for v, c in zip(levels, columns, strict=True)], axis=1
        )

    def validate(self, classes: ArrayLike) -> Classes:
        """Return classes as an array of integers.

        Parameters
        ----------
        classes : array_like of int, shape (n, factors)
            Classes.

        Returns
        -------
        ndarray of int64, shape (n, factors)
            The same.

        Raises
        ------
        DataError
            There is not one column for each factor, or a class that its factor does not have.
        """
        array = np.asarray(classes)
        if array.ndim != 2 or array.shape[1] != len(self.levels) or array.dtype.kind not in "iu":
            raise DataError(
                f"classes must be integers with the {len(self.levels)} columns "
                f"{', '.join(self.names)}, not {array.dtype} {array.shape}"
            )
        for name, size, column in zip(self.names, self.sizes, array.T, strict=True):
            outside = np.flatnonzero((column < 0) | (column >= size))
            if outside.size:
                raise DataError(
                    f"{name} has the classes 0 to {size - 1}, not {column[outside[0]]} "
                    f"(row {outside[0]})"
                )
        return array.astype(np.int64)

    def draw(self, number: int, seed: int) -> Rows:
        """Draw images at random, without replacement.

        Parameters
        ----------
        number : int
            How many; all of them if there are no more.
        seed : int
            Seed of the draw. A larger draw with the same seed contains the smaller one.

        Returns
        -------
        ndarray of int64, shape (n,)
            Their indices, in ascending order.
        """
        if number >= len(self):
            return np.arange(len(self))
        return np.sort(stream(seed, "data/subset").permutation(len(self))[:number])

    def subgrid(self, **classes: ArrayLike) -> Rows:
        """Return the images whose factors have one of the given classes.

        Parameters
        ----------
        **classes : array_like of int, shape (n,)
            Classes of the factors that are named; the others keep all of theirs. For example
            ``subgrid(orientation=[0, 20])``.

        Returns
        -------
        ndarray of int64, shape (n,)
            Indices of images, in ascending order.

        Raises
        ------
        DataError
            An unknown factor, or a class that its factor does not have.
        """
        if unknown := sorted(set(classes) - set(self.names)):
            raise DataError(f"no factor {unknown[0]}; there are {', '.join(self.names)}")
        axes = [
            np.unique(integers(classes.get(name, range(size)), f"classes of {name}"))
            for name, size in zip(self.names, self.sizes, strict=True)
        ]
        crossed = np.meshgrid(*axes, indexing="ij")
        return self.indices(np.stack([axis.ravel() for axis in crossed], axis=1))


def evenly(lowest: float, highest: float, number: int) -> tuple[float, ...]:
    """Return evenly spaced levels.

    Parameters
    ----------
    lowest, highest : float
        Both ends, which are included.
    number : int
        How many levels.

    Returns
    -------
    tuple of float
        The levels.
    """
    return tuple(np.linspace(lowest, highest, number).tolist())


def integers(values: Any, name: str) -> Int64[np.ndarray, "..."]:
    """Return values as an array of integers.

    A mask or an array of floats would otherwise silently be taken for indices.

    Parameters
    ----------
    values : array_like of int
        The values, of any shape.
    name : str
        What they are, for the error.

    Returns
    -------
    ndarray of int64
        The values.

    Raises
    ------
    DataError
        They are not integers.
    """
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise DataError(f"{name} must be integers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise DataError(f"the levels of {name} must be numbers, not {values!r}") from None
    if not numbers or not all(map(math.isfinite, numbers)):
        raise DataError(f"the levels of {name} must be finite numbers, at least one")
    return numbers
