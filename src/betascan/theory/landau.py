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

    In each active mode (T/T_k)^2 of its variance remains: means shrink by M_k^2 and carry no
    noise, so the law is quadratic where that for samples (Eq. 42) is linear.

    Parameters
    ----------
    T : array_like of shape (points,)
    ratios : array_like of shape (modes,)
        lambda_k / V of the training data, in decreasing order.
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


def sampled_distortion(T: ArrayLike, ratios: ArrayLike) -> FloatArray:
    """Distortion of reconstructions from samples of z, in units of V: linear in T (Eq. 42).

    In an active mode T of the variance remains, in a collapsed one its share T_k.

    Parameters
    ----------
    T : array_like of shape (points,)
    ratios : array_like of shape (modes,)
        lambda_k / V.

    Returns
    -------
    ndarray of shape (points,)
    """
    return np.minimum.outer(np.asarray(T, float), np.asarray(ratios, float)).sum(axis=-1)


def loss(T: ArrayLike, ratios: ArrayLike, variances: ArrayLike | None = None) -> FloatArray:
    """Normalised loss D + 2 T R of the optimum, in units of V / (2 sigma_dec^2) (Eq. 8).

    Parameters
    ----------
    T : array_like of shape (points,)
    ratios : array_like of shape (modes,)
        lambda_k / V of the training data.
    variances : array_like of shape (modes,), optional
        Those of another split along the same axes, in units of the same V.

    Returns
    -------
    ndarray of shape (points,)
    """
    T, T_k = np.asarray(T, float)[:, None], np.asarray(ratios, float)
    present = T_k if variances is None else np.asarray(variances, float)
    M2 = signal_fraction(T, T_k)
    # w a = M^2, w^2 sigma^2 = M^2 T; the mean square of mu is M^2 times that of x
    distortion = present * (1 - M2) ** 2 + M2 * np.minimum(T, T_k)
    rates = rate(T, T_k) + M2 * (present / T_k - 1) / 2
    return (distortion + 2 * T * rates).sum(axis=-1)


def reduced_loss(M2: ArrayLike, A2: ArrayLike, tau: ArrayLike) -> FloatArray:
    """Loss of one mode with the best decoder, in units of its collapsed distortion (Eq. 29).

    Parameters
    ----------
    M2, A2 : array_like
        Signal fraction and posterior scale.
    tau : array_like
        T / T_k.
    """
    M2, A2 = np.asarray(M2, float), np.asarray(A2, float)
    return (1 - M2) + np.asarray(tau, float) * (A2 - np.log(A2) - np.log1p(-M2) - 1)
