"""Collapse thresholds from signal fractions, and slopes of the canonical branch."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def fit_threshold(
    T: ArrayLike, signal_fraction: ArrayLike, floor: float = 0.1
) -> tuple[float, float]:
    """Fit M^2 = 1 - T/T_k to the points (points,) with M^2 > floor (hirn2026, Eq. 16).

    Linear least squares in 1/T_k, hence exact. Returns T_k and its standard error (from the
    residuals, to first order); nan where fewer than one or two points lie above the floor.
    """
    T, M2 = np.asarray(T, float), np.asarray(signal_fraction, float)
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
    T: NDArray[np.float64], values: NDArray[np.float64], active: NDArray[np.bool_]
) -> tuple[float, float]:
    """Fit values = a + slope log T over the `active` points; returns slope and standard error."""
    x, y = np.log(T[active]), values[active]
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))
