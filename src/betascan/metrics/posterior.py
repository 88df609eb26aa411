"""Scores from the posteriors alone: moments of each latent, active units, Gaussian correlation."""

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from betascan.metrics.arrays import matrix
from betascan.metrics.errors import MetricError
from betascan.metrics.inputs import ScoreInputs, Statistic
from betascan.metrics.moments import PerLatent, posterior_moments

ACTIVE = 0.01  # variance of the posterior means above which a unit is active (Burda et al. 2016)
ROUNDING = 1e-6  # of a correlation matrix that comes from float32 codes

Posteriors = Float[np.ndarray, "n latents"]


def _posteriors(mean: ArrayLike, log_variance: ArrayLike) -> tuple[Posteriors, Posteriors]:
    mu, log_var = matrix(mean, "means"), matrix(log_variance, "log-variances")
    if mu.shape != log_var.shape:
        raise MetricError(f"means are {mu.shape} and log-variances {log_var.shape}")
    return mu.astype(np.float64), log_var.astype(np.float64)


def _moments(mu: Posteriors, log_var: Posteriors) -> dict[str, PerLatent]:
    return posterior_moments((mu**2).mean(0), np.exp(log_var).mean(0), log_var.mean(0))


def _posterior_summary(mu: Posteriors, log_var: Posteriors) -> pd.DataFrame:
    moments = _moments(mu, log_var)
    variance = mu.var(axis=0)
    frame = pd.DataFrame(
        {"rank": 0, "latent": np.arange(mu.shape[1])}
        | moments
        | {"variance": variance, "active": variance > ACTIVE}
    ).sort_values("signal_fraction", ascending=False, kind="stable", ignore_index=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame


def posterior_summary(mean: ArrayLike, log_variance: ArrayLike) -> pd.DataFrame:
    """Summarise each latent's posteriors.

    Parameters
    ----------
    mean, log_variance : array_like of shape (n, latents)

    Returns
    -------
    DataFrame
        One row per latent, ranked by signal fraction: rank (from 1), latent, `posterior_moments`,
        variance of the means, active.

    Raises
    ------
    MetricError
        If an argument cannot be used.
    """
    return _posterior_summary(*_posteriors(mean, log_variance))


def rate_statistic(inputs: ScoreInputs) -> Statistic:
    """Return the rate of all latents in nats for the bootstrap."""
    mu, log_var = inputs.codes.astype(np.float64), inputs.log_variance.astype(np.float64)
    return Statistic(lambda rows: _moments(mu[rows], log_var[rows])["rate"].sum(), (len(mu),))


def _active_units(mu: Posteriors) -> int:
    return int((mu.var(axis=0, dtype=np.float64) > ACTIVE).sum())


def active_units(mean: ArrayLike) -> int:
    """Count latents whose posterior means have a variance above 0.01.

    Parameters
    ----------
    mean : array_like of shape (n, latents)

    Raises
    ------
    MetricError
        If the means cannot be used.

    References
    ----------
    Burda, Y., Grosse, R. and Salakhutdinov, R. (2016). Importance weighted autoencoders.
    """
    return _active_units(matrix(mean, "means"))


def active_units_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `active_units` for the bootstrap."""
    mu = inputs.codes
    return Statistic(lambda rows: _active_units(mu[rows]), (len(mu),))


def _aggregate_covariance(
    mu: Posteriors, log_var: Posteriors
) -> Float[np.ndarray, "latents latents"]:
    centred = mu - mu.mean(axis=0)
    return centred.T @ centred / len(mu) + np.diag(np.exp(log_var).mean(axis=0))


def aggregate_covariance(
    mean: ArrayLike, log_variance: ArrayLike
) -> Float[np.ndarray, "latents latents"]:
    """Covariance of the aggregate posterior, the mixture of the posteriors of n samples.

    Parameters
    ----------
    mean, log_variance : array_like of shape (n, latents)

    Raises
    ------
    MetricError
        If an argument cannot be used.
    """
    return _aggregate_covariance(*_posteriors(mean, log_variance))


def _gaussian_total_correlation(c: Float[np.ndarray, "latents latents"]) -> float:
    with np.errstate(divide="ignore"):
        log_det = np.linalg.slogdet(c)[1]
        return float((np.log(np.diag(c)).sum() - log_det) / 2)


def gaussian_total_correlation(covariance: ArrayLike) -> float:
    """Total correlation in nats of a Gaussian; infinite if the correlation is perfect.

    For the aggregate posterior, pass `aggregate_covariance`. disentanglement_lib's score of this
    name uses the means alone, numpy.cov(codes.T), and is infinite once a latent collapses.

    Parameters
    ----------
    covariance : array_like of shape (latents, latents)

    Raises
    ------
    MetricError
        If it is not a covariance: square, symmetric, with positive variances and no negative
        eigenvalue (beyond rounding).
    """
    c = matrix(covariance, "covariances").astype(np.float64)
    if c.shape[0] != c.shape[1]:
        raise MetricError(f"a covariance is square, not {c.shape}: pass numpy.cov(codes.T)")
    if (np.diag(c) <= 0).any():
        latent = int(np.argmax(np.diag(c) <= 0))
        raise MetricError(
            f"the variance of latent {latent} is {c[latent, latent]:g}, not positive: leave it out"
        )
    scale = np.sqrt(np.diag(c))
    correlation = c / np.outer(scale, scale)
    if np.abs(correlation - correlation.T).max() > ROUNDING:
        raise MetricError("a covariance is symmetric, and this matrix is not")
    if np.linalg.eigvalsh(correlation)[0] < -ROUNDING:
        raise MetricError("a covariance has no negative eigenvalue, and this matrix has one")
    return _gaussian_total_correlation(c)


def total_correlation_statistic(inputs: ScoreInputs) -> Statistic:
    """Return the Gaussian total correlation of the aggregate posterior for the bootstrap."""
    mu, log_var = inputs.codes.astype(np.float64), inputs.log_variance.astype(np.float64)
    return Statistic(
        lambda rows: _gaussian_total_correlation(_aggregate_covariance(mu[rows], log_var[rows])),
        (len(mu),),
    )
