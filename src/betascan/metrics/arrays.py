"""Input checks that all metrics share: arrays of any kind in, matrices and class labels out."""

import operator
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import ArrayLike

from betascan.metrics.errors import MetricError

Task = TypeVar("Task")
Result = TypeVar("Result")


def whole_number(value: Any, name: str) -> int:
    """Return a count as an int.

    Parameters
    ----------
    value
        What should be a whole number of at least 1.
    name
        What the error calls it.

    Raises
    ------
    MetricError
        If it is not.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise MetricError(f"{name} must be a whole number of at least 1, not {value!r}")
    return number


def _columns(frame: Any) -> list[Shaped[np.ndarray, " n"]]:
    """Return the columns of a DataFrame, each of its own type."""
    return [frame.iloc[:, k].to_numpy() for k in range(frame.shape[1])]


def _to_numpy(values: Any, name: str) -> Shaped[np.ndarray, "..."]:
    if hasattr(values, "detach"):  # a tensor, on any device
        values = values.detach().cpu()
        if values.is_floating_point() and values.element_size() < 4:
            values = values.double()  # NumPy has no bfloat16
    try:
        if hasattr(values, "iloc") and values.ndim == 2 and values.shape[1]:
            return np.column_stack(_columns(values))  # as a whole, nullable integers are objects
        return np.asarray(values)
    except TypeError:
        raise MetricError(f"{name} must be numbers, and some columns are not") from None
    except ValueError:
        raise MetricError(f"{name} must be a matrix, and its rows differ in length") from None


def _checked(values: Any, name: str) -> Shaped[np.ndarray, "n columns"]:
    array = _to_numpy(values, name)
    if array.ndim != 2 or 0 in array.shape:
        raise MetricError(f"{name} must be a matrix with one row per sample, not {array.shape}")
    if array.dtype.kind not in "fiub":
        raise MetricError(f"{name} must be numbers, not {array.dtype}")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        kind = "NaN" if np.isnan(array[row, column]) else "infinity"
        label = values.columns[column] if hasattr(values, "iloc") else column
        more = f", and {len(bad) - 1} more such values" if len(bad) > 1 else ""
        raise MetricError(f"{name} have {kind} in row {row}, column {label} (from 0){more}")
    return array


def matrix(values: ArrayLike, name: str) -> Float[np.ndarray, "n columns"]:
    """Return values as a finite matrix of float32 or float64.

    float32 stays float32 because bin edges depend on the precision: a code converted to float64
    can fall into another bin. Everything else becomes float64.

    Parameters
    ----------
    values : array_like of shape (n, columns)
        An array, tensor, DataFrame or nested list of numbers.
    name
        What errors call it, a plural.

    Returns
    -------
    ndarray of shape (n, columns)
        The same array if it already has the right type.

    Raises
    ------
    MetricError
        If it is not a matrix, is empty, or holds anything but finite numbers.
    """
    array = _checked(values, name)
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return array.astype(np.float32 if single else np.float64, copy=False)


def label_jointly(*sets: ArrayLike) -> list[Int[np.ndarray, "_ factors"]]:
    """Label the distinct values of each factor 0, 1, ... in order, over all sets of samples.

    Parameters
    ----------
    *sets : array_like of shape (n, factors)
        Classes or values that repeat, with as many factors in each set.

    Returns
    -------
    list of ndarray of shape (n, factors)
        The labels of each set.

    Raises
    ------
    MetricError
        If a set is not a matrix of finite numbers, or a factor is continuous.
    """
    arrays = [_checked(factors, "factors") for factors in sets]
    if len({array.shape[1] for array in arrays}) > 1:
        numbers = " and test ".join(str(array.shape[1]) for array in arrays)
        raise MetricError(f"training has {numbers} factors")
    columns = [
        _columns(factors) if hasattr(factors, "iloc") else array.T
        for factors, array in zip(sets, arrays, strict=True)
    ]
    labels = []
    for column, parts in enumerate(zip(*columns, strict=True)):
        values = np.concatenate(parts)
        distinct, label = np.unique(values, return_inverse=True)
        fractional = values.dtype.kind == "f" and (distinct % 1 != 0).any()
        if fractional and len(distinct) > len(values) / 2:  # scikit-learn also warns above a half
            raise MetricError(
                f"factor {column} is continuous, {len(distinct)} values in {len(values)} rows: bin "
                "it first, with numpy.digitize or pandas.qcut say, or use sap_continuous or "
                'matched_information(estimator="gaussian")'
            )
        labels.append(label)
    return np.split(np.stack(labels, axis=1), np.cumsum([len(part) for part in parts])[:-1])


def paired(
    codes: ArrayLike, factors: ArrayLike
) -> tuple[Float[np.ndarray, "n latents"], Int[np.ndarray, "n factors"]]:
    """Return codes and factor labels of the same samples.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)

    Raises
    ------
    MetricError
        If either cannot be used, or the numbers of rows differ, as after a transpose.
    """
    z = matrix(codes, "codes")
    (v,) = label_jointly(factors)
    check_same_rows(z, v)
    return z, v


def check_same_rows(codes: Shaped[np.ndarray, "..."], factors: Shaped[np.ndarray, "..."]) -> None:
    """Raise MetricError unless codes and factors have one row for each sample."""
    if len(codes) != len(factors):
        raise MetricError(
            f"codes have {len(codes)} rows and factors {len(factors)}: "
            "pass one row per sample, (n, latents) and (n, factors)"
        )


def varying(factors: Shaped[np.ndarray, "n factors"]) -> Bool[np.ndarray, " factors"]:
    """Return which factors take more than one value.

    Raises
    ------
    MetricError
        If none does.
    """
    mask = (factors != factors[:1]).any(axis=0)
    if not mask.any():
        raise MetricError("no factor varies: there is nothing to predict")
    return np.asarray(mask)


TrainTest = tuple[
    Float[np.ndarray, "n latents"],
    Int[np.ndarray, "n factors"],
    Float[np.ndarray, "m latents"],
    Int[np.ndarray, "m factors"],
]


def train_test(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
) -> TrainTest:
    """Return codes and labels of a training and a test set, with labels numbered jointly.

    Parameters
    ----------
    train_codes, test_codes : array_like of shape (n, latents)
    train_factors, test_factors : array_like of shape (n, factors)

    Raises
    ------
    MetricError
        If one of the four cannot be used, or their shapes do not agree.
    """
    z, test_z = matrix(train_codes, "codes"), matrix(test_codes, "codes")
    if z.shape[1] != test_z.shape[1]:
        raise MetricError(f"training has {z.shape[1]} latents and test {test_z.shape[1]}")
    v, test_v = label_jointly(train_factors, test_factors)
    check_same_rows(z, v)
    check_same_rows(test_z, test_v)
    return z, v, test_z, test_v


def standardise(
    train: Float[np.ndarray, "n columns"], test: Float[np.ndarray, "m columns"]
) -> tuple[Float[np.ndarray, "n columns"], Float[np.ndarray, "m columns"]]:
    """Shift and scale both by the training set's mean and standard deviation.

    Columns that are constant in training are only shifted.
    """
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    # rounding of the mean gives a constant float32 column a deviation of 1e-8
    deviation[(train == train[:1]).all(axis=0)] = 1
    return (train - mean) / deviation, (test - mean) / deviation


def in_threads(
    work: Callable[[Task], Result], tasks: Iterable[Task], workers: int | None
) -> list[Result]:
    """Map in threads, one per core by default: scikit-learn's solvers release the GIL."""
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(work, tasks))


@contextmanager
def stopped_early() -> Iterator[None]:
    """Let scikit-learn's solvers stop before convergence without a warning.

    disentanglement_lib's scores are those after the default of 100 iterations.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
