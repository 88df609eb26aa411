"""Collapse thresholds from signal fractions, and slopes of the canonical branch."""

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from betascan.core.errors import DataError


def fit_threshold(
    T: ArrayLike, signal_fraction: ArrayLike, floor: float = 0.1
) -> tuple[float, float]:
    """Fit M^2 = 1 - T/T_k to the points with M^2 above the floor (hirn2026, Eq. 16).

    Linear least squares in 1/T_k, hence exact.

    Parameters
    ----------
    T, signal_fraction : array_like of shape (points,)
    floor
        Signal fraction at or below which a point counts as collapsed.

    Returns
    -------
    threshold, standard_error : float
        T_k (NaN without a point above the floor) and its error from the residuals, to first
        order (NaN with fewer than two such points).

    Raises
    ------
    DataError
        If T and signal fractions differ in length, T is not positive, or a signal fraction is
        not finite.
    """
    T, M2 = np.asarray(T, float), np.asarray(signal_fraction, float)
    if T.ndim != 1 or T.shape != M2.shape:
        raise DataError(f"T is {T.shape} and signal fractions {M2.shape}: pass one per point")
    if not (T > 0).all():
        raise DataError(f"T must be positive, not {T[~(T > 0)][0]:g}")
    if not np.isfinite(M2).all():
        raise DataError("signal fractions must be finite numbers")
    fitted = floor < M2
    T, M2 = T[fitted], M2[fitted]
    if T.size == 0:
        return np.nan, np.nan
    weight = np.sum(T * T)
    inverse = float(np.sum(T * (1 - M2)) / weight)
    if T.size == 1:
        return 1 / inverse, np.nan
    residual = 1 - M2 - inverse * T
    error = np.sqrt(np.sum(residual**2) / (T.size - 1) / weight)
    return 1 / inverse, float(error / inverse**2)


def fit_slope(
    T: Float[np.ndarray, " points"],
    values: Float[np.ndarray, " points"],
    active: Bool[np.ndarray, " points"],
) -> tuple[float, float]:
    """Fit values = a + slope log T over the active points.

    Parameters
    ----------
    T, values : ndarray of shape (points,)
    active : ndarray of shape (points,)
        Which points to fit.

    Returns
    -------
    slope, standard_error : float
    """
    x, y = np.log(T[active]), values[active]
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))
