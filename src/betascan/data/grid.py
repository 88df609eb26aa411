"""Data sets that are every combination of a few factors, and the order their images come in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.core.errors import DataError
from betascan.core.randomness import stream

Rows = NDArray[np.int64]
"""Indices of images, (n,)."""

Classes = NDArray[np.int64]
"""Which level each factor takes, counted from 0, (n, factors)."""


@dataclass(frozen=True)
class Grid:
    """The factors of a data set in the order of its images, the last one changing fastest."""

    levels: Mapping[str, tuple[float, ...]]
    """The values that each factor takes, as the data set's providers state them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The factors."""
        return tuple(self.levels)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each factor takes."""
        return tuple(len(values) for values in self.levels.values())

    def __len__(self) -> int:
        """Return the number of images."""
        return math.prod(self.sizes)

    def classes(self, indices: ArrayLike) -> Classes:
        """Return the classes (n, factors) of images (n,).

        Raises:
            DataError: an index beyond the grid.
        """
        rows = np.asarray(indices, dtype=np.int64)
        wrong = rows[(rows < 0) | (rows >= len(self))]
        if wrong.size:
            raise DataError(f"images are numbered from 0 to {len(self) - 1}, not {wrong[0]}")
        return np.stack(np.unravel_index(rows, self.sizes), axis=-1).astype(np.int64)

    def indices(self, classes: ArrayLike) -> Rows:
        """Return the indices (n,) of images with the given classes (n, factors).

        Raises:
            DataError: as `checked`.
        """
        return np.ravel_multi_index(tuple(self.checked(classes).T), self.sizes).astype(np.int64)

    def values(self, classes: ArrayLike) -> NDArray[np.float64]:
        """Return the factor values (n, factors) of the given classes.

        Raises:
            DataError: as `checked`.
        """
        columns = self.checked(classes).T
        levels = self.levels.values()
        return np.stack(
            [np.asarray(v, np.float64)[c] for v, c in zip(levels, columns, strict=True)], axis=1
        )

    def checked(self, classes: ArrayLike) -> Classes:
        """Return classes as integers (n, factors).

        Raises:
            DataError: not a column a factor, or a class that its factor does not have.
        """
        array = np.asarray(classes)
        if array.ndim != 2 or array.shape[1] != len(self.levels) or array.dtype.kind not in "iu":
            raise DataError(
                f"classes must be integers with the {len(self.levels)} columns "
                f"{', '.join(self.names)}, not {array.dtype} {array.shape}"
            )
        for name, size, column in zip(self.names, self.sizes, array.T, strict=True):
            if column.size and not 0 <= column.min() <= column.max() < size:
                raise DataError(f"{name} has the classes 0 to {size - 1}; correct the others")
        return array.astype(np.int64)

    def draw(self, number: int, seed: int) -> Rows:
        """Return ``number`` different images at random, in order; all of them if there are no more.

        A larger number with the same seed contains the smaller one.
        """
        if number >= len(self):
            return np.arange(len(self))
        return np.sort(stream(seed, "data/subset").permutation(len(self))[:number])

    def subgrid(self, **kept: Sequence[int]) -> Rows:
        """Return the images, in order, whose factors have one of the classes ``kept`` for them.

        Factors that are not named keep all their classes: ``subgrid(orientation=[0, 20])``.

        Raises:
            DataError: an unknown factor, or a class that its factor does not have.
        """
        if unknown := sorted(set(kept) - set(self.names)):
            raise DataError(f"no factor {unknown[0]}; there are {', '.join(self.names)}")
        axes = [
            np.unique(np.asarray(kept.get(name, range(size)), dtype=np.int64))
            for name, size in zip(self.names, self.sizes, strict=True)
        ]
        crossed = np.meshgrid(*axes, indexing="ij")
        return self.indices(np.stack([axis.ravel() for axis in crossed], axis=1))


def evenly(lowest: float, highest: float, number: int) -> tuple[float, ...]:
    """Return evenly spaced levels, both ends included."""
    return tuple(np.linspace(lowest, highest, number).tolist())
