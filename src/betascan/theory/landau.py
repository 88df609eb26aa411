"""The mean-field laws of a linear Gaussian VAE (hirn2026, sections III and IV).

T is the temperature beta sigma_dec^2 / V; T_k = lambda_k / V the threshold of mode k, its share
of the variance. Everything broadcasts.
"""

import numpy as np
from numpy.typing import ArrayLike

from betascan.theory import FloatArray


def signal_fraction(T: ArrayLike, T_k: ArrayLike) -> FloatArray:
    """M_k^2 = [1 - T/T_k]_+ (Eq. 16).

    Parameters
    ----------
    T, T_k : array_like
        Temperature and threshold.
    """
    return np.maximum(0.0, 1 - np.asarray(T, float) / np.asarray(T_k, float))


def log_variance(T: ArrayLike, T_k: ArrayLike) -> FloatArray:
    """Posterior log-variance: log(T/T_k) while the mode is active, then 0 (Eq. 41).

    Parameters
    ----------
    T, T_k : array_like
        Temperature and threshold.
    """
    return np.log(np.minimum(1.0, np.asarray(T, float) / np.asarray(T_k, float)))


def rate(T: ArrayLike, T_k: ArrayLike) -> FloatArray:
    """KL divergence of the mode in nats: log(T_k/T)/2 while it is active, then 0 (Eq. 41).

    Parameters
    ----------
    T, T_k : array_like
        Temperature and threshold.
    """
    return -log_variance(T, T_k) / 2


def mean_distortion(
    T: ArrayLike, ratios: ArrayLike, rank: int, variances: ArrayLike | None = None
) -> FloatArray:
    """Distortion of the first modes reconstructed from posterior means, in units of V.

    Each active mode leaves (T/T_k)^2 of its variance: means shrink by M_k^2 and carry no noise,
    so the law is quadratic where that of samples (Eq. 42) is linear.

    Parameters
    ----------
    T : array_like of shape (points,)
    ratios : array_like of shape (modes,)
        lambda_k / V of the training data, in falling order.
    rank
        How many modes are reconstructed.
    variances : array_like of shape (modes,), optional
        Those of another split along the same axes, in units of the same V.

    Returns
    -------
    ndarray of shape (points,)
    """
    T_k = np.asarray(ratios, float)
    present = T_k if variances is None else np.asarray(variances, float)
    removed = 1 - np.minimum(1.0, np.divide.outer(np.asarray(T, float), T_k[:rank])) ** 2
    return present.sum() - removed @ present[:rank]
