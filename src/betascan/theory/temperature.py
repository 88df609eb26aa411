"""Temperature: beta in units of the data's variance, comparable between losses and data sets."""

import numpy as np
from numpy.typing import ArrayLike

from betascan.theory import FloatArray


def temperature_from_beta(beta: ArrayLike, V: float, sigma2: float = 1.0) -> FloatArray:
    """Return T = beta sigma_dec^2 / V (hirn2026, Eq. 9).

    Parameters
    ----------
    beta : array_like
        The weight of the rate.
    V
        Total variance of the data: of a sample, summed over features.
    sigma2
        sigma_dec^2, the variance in the reconstruction term, which is
        |x - x_hat|^2 / (2 sigma2) summed over features. A loss that sums squares without the 1/2
        has sigma2 = 1/2; one that averages over d features has sigma2 = d/2.
    """
    return np.asarray(beta, float) * sigma2 / V


def beta_from_temperature(T: ArrayLike, V: float, sigma2: float = 1.0) -> FloatArray:
    """Return beta = T V / sigma_dec^2, the inverse of `temperature_from_beta`.

    Parameters
    ----------
    T : array_like
    V, sigma2
        Total variance and sigma_dec^2, as in `temperature_from_beta`.
    """
    return np.asarray(T, float) * V / sigma2
