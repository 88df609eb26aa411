"""Moments of the posterior, latent by latent, along a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:  # tables and figures use this package, and need no torch
    from betascan.linear_vae import Scan

ROWS = 1 << 15  # samples held at a time: 8 MB a float64 array of 32 latents


def observables(
    mu2: NDArray[np.float64], sigma2: NDArray[np.float64], log_sigma2: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Derive a model's observables, latent by latent, from the means of its moments."""
    return {
        "mean_mu2": mu2,
        "mean_sigma2": sigma2,
        "mean_log_sigma2": log_sigma2,
        "rate": (mu2 + sigma2 - log_sigma2 - 1) / 2,
        "signal_fraction": mu2 / (mu2 + sigma2),
        "posterior_scale": mu2 + sigma2,
        "jensen_gap": np.log(sigma2) - log_sigma2,
    }


def observe(scan: Scan, test: NDArray[np.float32]) -> pd.DataFrame:
    """Measure the observables of hirn2026, Eqs. 10-13 and 25, on samples (n, features).

    Returns one row a (T, latent), ranked by signal fraction at each T, with the columns
    T, beta, rank (from 1), latent, mean_mu2, mean_sigma2, mean_log_sigma2, rate (nats),
    signal_fraction (M^2), posterior_scale (A^2), jensen_gap (J). Sums are float64.
    """
    frames = []
    for point, (T, beta) in enumerate(zip(scan.temperatures, scan.betas, strict=True)):
        p = {name: array[point] for name, array in scan.parameters.items()}
        sums = np.zeros((3, len(p["encoder_mean_bias"])))
        for start in range(0, len(test), ROWS):
            x = test[start : start + ROWS].astype(np.float64)
            mu = x @ p["encoder_mean"].T + p["encoder_mean_bias"]
            log_sigma2 = x @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
            sums += [a.sum(0) for a in (mu * mu, np.exp(log_sigma2), log_sigma2)]
        mu2, sigma2, log_sigma2 = sums / len(test)
        frame = pd.DataFrame(
            {
                "T": T,
                "beta": beta,
                "rank": 0,
                "latent": np.arange(len(mu2)),
                **observables(mu2, sigma2, log_sigma2),
            }
        ).sort_values("signal_fraction", ascending=False, kind="stable", ignore_index=True)
        frame["rank"] = np.arange(1, len(frame) + 1)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
