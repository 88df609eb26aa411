"""Observables of a scan, latent by latent at every beta."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from betascan.linear_vae.inputs import as_table
from betascan.linear_vae.result import Scan
from betascan.metrics.moments import posterior_moments

ROWS = 1 << 15  # samples held at a time: 8 MB per float64 array of 32 latents


def observe(scan: Scan, test: ArrayLike) -> pd.DataFrame:
    """Measure the observables of hirn2026, Eqs. 10-13 and 25, on samples.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
    test : array_like of shape (n, features)

    Returns
    -------
    DataFrame
        One row per (T, latent), ranked by signal fraction at each T: T, beta, rank (from 1),
        latent and `metrics.moments.posterior_moments`. Sums are float64.

    Raises
    ------
    DataError
        If the samples cannot be used.
    """
    samples = as_table(test, "test")
    frames = []
    for point, (T, beta) in enumerate(zip(scan.temperatures, scan.betas, strict=True)):
        p = {name: array[point] for name, array in scan.parameters.items()}
        sums = np.zeros((3, len(p["encoder_mean_bias"])))
        for start in range(0, len(samples), ROWS):
            x = samples[start : start + ROWS].astype(np.float64)
            mu = x @ p["encoder_mean"].T + p["encoder_mean_bias"]
            log_sigma2 = x @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
            sums += [a.sum(0) for a in (mu * mu, np.exp(log_sigma2), log_sigma2)]
        mu2, sigma2, log_sigma2 = sums / len(samples)
        frame = pd.DataFrame(
            {
                "T": T,
                "beta": beta,
                "rank": 0,
                "latent": np.arange(len(mu2)),
                **posterior_moments(mu2, sigma2, log_sigma2),
            }
        ).sort_values("signal_fraction", ascending=False, kind="stable", ignore_index=True)
        frame["rank"] = np.arange(1, len(frame) + 1)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
