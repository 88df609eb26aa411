"""What every metric asks of its arrays: one row a sample, finite, factors as labels."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.core.errors import BetascanError

Codes = NDArray[np.floating]
Labels = NDArray[np.intp]
Floats = NDArray[np.float64]

Task = TypeVar("Task")
Result = TypeVar("Result")


class MetricError(BetascanError):
    """The arrays handed to a metric cannot be scored."""


def matrix(values: ArrayLike, name: str) -> Codes:
    """Return values as a finite floating-point matrix (n, columns) of the type they came in.

    The type is kept because bin edges depend on it: a float32 code moved to float64 can fall
    into another bin. Raises MetricError.
    """
    array = np.asarray(values)
    if array.ndim != 2 or 0 in array.shape:
        raise MetricError(f"{name} must be a matrix with one row a sample, not {array.shape}")
    if array.dtype.kind not in "fiub":
        raise MetricError(f"{name} must be numbers, not {array.dtype}")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise MetricError(f"{name} contain NaN or infinity")
    return array


def labels(factors: ArrayLike) -> Labels:
    """Number the distinct values of each factor (n, factors) from 0. Raises MetricError."""
    columns = matrix(factors, "factors").T
    return np.stack([np.unique(column, return_inverse=True)[1] for column in columns], axis=1)


def paired(codes: ArrayLike, factors: ArrayLike) -> tuple[Codes, Labels]:
    """Return codes (n, latents) and factor labels (n, factors) of the same samples.

    Raises MetricError, also when the numbers of rows differ, as they do after a transpose.
    """
    z, v = matrix(codes, "codes"), labels(factors)
    same_rows(z, v)
    return z, v


def same_rows(codes: NDArray[np.generic], factors: NDArray[np.generic]) -> None:
    """Raise MetricError unless codes and factors have one row for each sample."""
    if len(codes) != len(factors):
        raise MetricError(
            f"codes have {len(codes)} rows and factors {len(factors)}: "
            "pass one row a sample, (n, latents) and (n, factors)"
        )


def varying(factors: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Tell which factors (n, factors) take more than one value. Raises MetricError if none."""
    chosen = (factors != factors[:1]).any(axis=0)
    if not chosen.any():
        raise MetricError("no factor varies: there is nothing to predict")
    return np.asarray(chosen)


def split(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
) -> tuple[Codes, Labels, Codes, Labels]:
    """Check a training and a test set for a classifier; factors constant in training go.

    Labels number the values of both sets together, in order. Raises MetricError.
    """
    z, v = matrix(train_codes, "codes"), matrix(train_factors, "factors")
    test_z, test_v = matrix(test_codes, "codes"), matrix(test_factors, "factors")
    same_rows(z, v)
    same_rows(test_z, test_v)
    if (z.shape[1], v.shape[1]) != (test_z.shape[1], test_v.shape[1]):
        raise MetricError(
            f"training has {z.shape[1]} latents and {v.shape[1]} factors, "
            f"test {test_z.shape[1]} and {test_v.shape[1]}"
        )
    both = labels(np.concatenate([v, test_v]))[:, varying(v)]
    return z, both[: len(v)], test_z, both[len(v) :]


def standardise(train: Codes, test: Codes) -> tuple[Codes, Codes]:
    """Shift and scale both by mean and deviation of train; constant columns are only shifted."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    # rounding of the mean leaves a constant float32 column a deviation of 1e-8
    deviation[(train == train[:1]).all(axis=0)] = 1
    return (train - mean) / deviation, (test - mean) / deviation


def in_threads(
    work: Callable[[Task], Result], tasks: Iterable[Task], workers: int | None
) -> list[Result]:
    """Map in threads, one a core by default: scikit-learn's solvers free the GIL."""
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(work, tasks))
