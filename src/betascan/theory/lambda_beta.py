"""The lambda-beta-VAE in a linear-Gaussian world (vu2026): thresholds, optima, contraction.

The objective adds lambda |y - A x|^2 to the negative log-likelihood and beta times the rate. In
the basis that diagonalises the data's covariance the modes decouple: mode k, of variance v_k,
keeps the residual r_k and costs at best r_k (1/sigma^2 + 2 lambda)/2 + beta log(v_k/r_k)/2. All
modes share one water level r*: those with v_k > r* are active and filled down to it. Its value
depends on the decoder's noise: a fixed variance sigma^2 (`noise` is that number), one learned
variance ("scalar") or a learned covariance ("full", vu2026's setting, the default).

With a number or "full" everything broadcasts. With "scalar" the modes are coupled: v (n,) is the
whole spectrum, in any order, beta and lambda are numbers, and `latents` of the modes can be active
(None: as many as there are modes). The document states no formula except the slope of the
contraction; these were derived for this package and are tested against minimisation.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from betascan.theory import FloatArray

Noise = float | Literal["full", "scalar"]


def critical_beta(v: ArrayLike, lam: ArrayLike, noise: Noise = "full") -> FloatArray:
    """Beta above which a mode carries no information.

    Full: 1 + 2 lambda v. Fixed: v (1/sigma^2 + 2 lambda). Scalar: the same with the sigma^2 that
    is learned when all stronger modes have come down to v, the mean of the residuals.

    Parameters
    ----------
    v : array_like
        Variances of modes; with "scalar" noise the whole spectrum, of shape (n,).
    lam : array_like
        The weight of the squared error.
    noise
        Noise variance of the decoder, or "scalar" or "full" where it is learned.
    """
    v = np.asarray(v, float)
    if noise == "full":
        return 1 + 2 * np.asarray(lam, float) * v
    if noise == "scalar":
        noise_variance = np.minimum.outer(v, v).mean(axis=1)
        return v * (1 / noise_variance + 2 * np.asarray(lam, float))
    return v * (1 / noise + 2 * np.asarray(lam, float))


def water_level(
    v: ArrayLike, beta: ArrayLike, lam: ArrayLike, latents: int | None = None, noise: Noise = "full"
) -> FloatArray:
    """Residual variance r* of every active mode.

    Full: (beta - 1)/(2 lambda), which is 0 for beta < 1 (the likelihood is unbounded), infinite
    for beta > 1 at lambda = 0 (no mode is active at any variance) and nan for beta = 1 at
    lambda = 0, where the objective is flat. Fixed: beta/(1/sigma^2 + 2 lambda). Scalar: the root
    of S(r)(beta - 2 lambda r) = n r with S the sum of all residuals; it is the only one, as
    S(r)/r decreases with r.

    Parameters
    ----------
    v : array_like
        Variances of modes; with "scalar" noise the whole spectrum, of shape (n,).
    beta, lam : array_like
        The weights of the rate and of the squared error; numbers with "scalar" noise.
    latents
        How many modes can be active; None: all. Only "scalar" noise depends on it.
    noise
        Noise variance of the decoder, or "scalar" or "full" where it is learned.
    """
    beta, lam = np.asarray(beta, float), np.asarray(lam, float)
    if noise == "full":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(beta < 1, 0.0, (beta - 1) / (2 * lam))
    if noise != "scalar":
        return beta / (1 / noise + 2 * lam)
    spectrum = np.sort(np.asarray(v, float))[::-1]
    reach = spectrum[:latents]
    active = int((critical_beta(spectrum, lam, noise)[: len(reach)] > beta).sum())
    rest = spectrum[active:].sum()  # of the inactive modes: a r^2 + q r - beta rest = 0
    a, q = 2 * lam * active, 2 * lam * rest + len(spectrum) - active * beta
    root = np.sqrt(q**2 + 4 * a * beta * rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(q > 0, 2 * beta * rest / (q + root), (root - q) / (2 * a))


def signal_fraction(
    v: ArrayLike, beta: ArrayLike, lam: ArrayLike, latents: int | None = None, noise: Noise = "full"
) -> FloatArray:
    """M_k^2 = [1 - r*/v_k]_+ of modes among the `latents` strongest.

    Parameters
    ----------
    v : array_like
        Variances of modes; with "scalar" noise the whole spectrum, of shape (n,).
    beta, lam : array_like
        The weights of the rate and of the squared error; numbers with "scalar" noise.
    latents
        How many modes can be active; None: all. Only "scalar" noise depends on it.
    noise
        Noise variance of the decoder, or "scalar" or "full" where it is learned.
    """
    with np.errstate(divide="ignore"):
        filled = water_level(v, beta, lam, latents, noise) / np.asarray(v, float)
    return np.maximum(0.0, 1 - filled)


def rate(
    v: ArrayLike, beta: ArrayLike, lam: ArrayLike, latents: int | None = None, noise: Noise = "full"
) -> FloatArray:
    """Mutual information of mode and latent in nats, log(v_k/r*)/2 while the mode is active.

    Parameters
    ----------
    v : array_like
        Variances of modes; with "scalar" noise the whole spectrum, of shape (n,).
    beta, lam : array_like
        The weights of the rate and of the squared error; numbers with "scalar" noise.
    latents
        How many modes can be active; None: all. Only "scalar" noise depends on it.
    noise
        Noise variance of the decoder, or "scalar" or "full" where it is learned.
    """
    with np.errstate(divide="ignore"):
        return -np.log1p(-signal_fraction(v, beta, lam, latents, noise)) / 2


def negative_log_likelihood(
    v: ArrayLike, beta: ArrayLike, lam: ArrayLike, latents: int, noise: Noise = "full"
) -> FloatArray:
    """Return the expected -log p(y|x) in nats at the optimum.

    Full: sum log(2 pi e r_k)/2, with r_k = min(v_k, r*) in the `latents` strongest modes and v_k
    in the others. With one variance, fixed or learned (then it is the mean of r),
    n log(2 pi sigma^2)/2 + sum r_k/(2 sigma^2).

    Parameters
    ----------
    v : array_like of shape (n,)
        The data's spectrum, in any order.
    beta, lam : array_like
        The weights of the rate and of the squared error, which broadcast; numbers with "scalar"
        noise.
    latents
        How many modes can be active.
    noise
        Noise variance of the decoder, or "scalar" or "full" where it is learned.
    """
    spectrum = np.sort(np.asarray(v, float))[::-1]
    level = water_level(spectrum, beta, lam, latents, noise)[..., None]
    reach = np.where(np.arange(len(spectrum)) < latents, level, np.inf)
    residuals = np.minimum(spectrum, reach)
    if noise == "full":
        with np.errstate(divide="ignore"):
            return np.log(2 * np.pi * np.e * residuals).sum(axis=-1) / 2
    variance = residuals.mean(axis=-1) if noise == "scalar" else noise
    return (np.log(2 * np.pi * variance) * len(spectrum) + residuals.sum(axis=-1) / variance) / 2


def sweep(
    s: ArrayLike, t: ArrayLike, beta: ArrayLike, lam: ArrayLike, v: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """One alternating update of decoder, then encoder, of a mode of variance v.

    Exact, with learned decoder noise, for a mode that shares no latent with another.

    Parameters
    ----------
    s : array_like
        Signal-to-noise ratio of the encoder, b^2 v/w for x = b y + N(0, w).
    t : array_like
        Total variance of the latent, b^2 v + w, 1 at every fixed point.
    beta, lam : array_like
        The weights of the rate and of the squared error.
    v : array_like
        Variance of the mode.

    Returns
    -------
    s, t : ndarray
        Ratio and total variance after the update.
    """
    s, t, beta, lam, v = (np.asarray(a, float) for a in (s, t, beta, lam, v))
    # of likelihood and squared error, in units of the likelihood's
    weight = 1 + 2 * lam * v / (1 + s)
    precision = 1 + s * weight / (t * beta)  # of the new posterior
    ratio = s * (1 + s) * weight**2 / (t * beta**2 * precision)
    return ratio, (1 + ratio) / precision


def contraction(
    s: ArrayLike, beta: ArrayLike, lam: ArrayLike = 0.0, v: ArrayLike = 1.0
) -> FloatArray:
    """Signal-to-noise ratio after one alternating sweep from s, at total variance 1.

    At lambda = 0 it is s(1 + s)/(beta(beta + s)) for any v. Near collapse it is
    s (beta_c/beta)^2: the encoder's gain shrinks by beta_c/beta per sweep, vu2026's spectral
    contraction.

    Parameters
    ----------
    s, beta, lam, v : array_like
        Arguments of `sweep`.
    """
    return sweep(s, 1.0, beta, lam, v)[0]
