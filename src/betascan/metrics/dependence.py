"""Distance correlation: zero if and only if two variables are independent."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betascan.metrics.arrays import check_same_rows, matrix
from betascan.metrics.errors import MetricError


def _centred(values: Float[np.ndarray, "n columns"]) -> Float[np.ndarray, "n n"]:
    """Distances between rows, U-centred: unbiased products, and 0 on the diagonal."""
    n = len(values)
    distances = np.linalg.norm(values[:, None] - values[None], axis=2)
    rows = distances.sum(axis=1) / (n - 2)
    centred = distances - rows[:, None] - rows[None] + distances.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0)
    return np.asarray(centred)


def distance_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Bias-corrected squared distance correlation of two variables.

    Its mean is 0 if they are independent, in which case it may be slightly negative; it is 1 if one
    is a multiple of the other. A variable that does not vary counts as independent.

    Parameters
    ----------
    x, y : array_like of shape (n, columns)
        One row per sample, at least four; the two may have different columns.

    Raises
    ------
    MetricError
        If an argument cannot be used.

    References
    ----------
    Székely and Rizzo 2014, Annals of Statistics 42, 2382.
    """
    one, other = matrix(x, "x").astype(np.float64), matrix(y, "y").astype(np.float64)
    check_same_rows(one, other)
    if len(one) < 4:
        raise MetricError(f"a distance correlation needs four samples, not {len(one)}")
    A, B = _centred(one), _centred(other)
    scale = np.sqrt((A**2).sum() * (B**2).sum())
    return float((A * B).sum() / scale) if scale > 0 else 0.0
