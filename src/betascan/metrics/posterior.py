"""What the posteriors alone tell of each latent, for every model and for the spectroscopy."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from betascan.metrics.arrays import Codes, Floats, MetricError, matrix
from betascan.metrics.moments import observables

ACTIVE = 0.01  # variance of the posterior means above which a unit is active (Burda et al. 2016)


def _posteriors(mean: ArrayLike, log_variance: ArrayLike) -> tuple[Codes, Codes]:
    mu, log_var = matrix(mean, "means"), matrix(log_variance, "log-variances")
    if mu.shape != log_var.shape:
        raise MetricError(f"means are {mu.shape} and log-variances {log_var.shape}")
    return mu.astype(np.float64), log_var.astype(np.float64)


def posterior_summary(mean: ArrayLike, log_variance: ArrayLike) -> pd.DataFrame:
    """Return `observables`, variance of the means and activity, one row a latent.

    mean, log_variance (n, latents). Ranked by signal fraction. Raises MetricError.
    """
    mu, log_var = _posteriors(mean, log_variance)
    moments = observables((mu**2).mean(0), np.exp(log_var).mean(0), log_var.mean(0))
    variance = mu.var(axis=0)
    frame = pd.DataFrame(
        {"rank": 0, "latent": np.arange(mu.shape[1])}
        | moments
        | {"variance": variance, "active": variance > ACTIVE}
    ).sort_values("signal_fraction", ascending=False, kind="stable", ignore_index=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame


def active_units(mean: ArrayLike) -> int:
    """Count latents whose posterior means (n, latents) have a variance above 0.01."""
    return int((matrix(mean, "means").var(axis=0, dtype=np.float64) > ACTIVE).sum())


def aggregate_covariance(mean: ArrayLike, log_variance: ArrayLike) -> Floats:
    """Covariance (latents, latents) of the aggregate posterior, from its n mixture members."""
    mu, log_var = _posteriors(mean, log_variance)
    centred = mu - mu.mean(axis=0)
    return centred.T @ centred / len(mu) + np.diag(np.exp(log_var).mean(axis=0))


def gaussian_total_correlation(covariance: ArrayLike) -> float:
    """Total correlation in nats of a Gaussian with this covariance (latents, latents).

    Of `aggregate_covariance` for the aggregate posterior. disentanglement_lib's score of this
    name is that of the means alone, numpy.cov(codes.T), and infinite once a latent collapses.
    """
    c = matrix(covariance, "covariances").astype(np.float64)
    with np.errstate(divide="ignore"):
        log_det = np.linalg.slogdet(c)[1]
        return float((np.log(np.diag(c)).sum() - log_det) / 2)
