"""beta and T: the same knob in the units of a loss and in those of the data."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def temperature_from_beta(beta: ArrayLike, V: float, sigma2: float = 1.0) -> Array:
    """T = beta sigma_dec^2 / V (hirn2026, Eq. 9), V the total variance of the data.

    `sigma2` states the reconstruction term: the loss is |x - x_hat|^2 / (2 sigma2) summed over
    features. A loss that sums squares without the 1/2 has sigma2 = 1/2; one that averages over d
    features has sigma2 = d/2.
    """
    return np.multiply(beta, sigma2 / V)


def beta_from_temperature(T: ArrayLike, V: float, sigma2: float = 1.0) -> Array:
    """Return the inverse of `temperature_from_beta`: the beta that sets the price T."""
    return np.multiply(T, V / sigma2)
