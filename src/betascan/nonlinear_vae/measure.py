"""Observables and utilities of a nonlinear scan, as `betascan.spectroscopy` for linear ones."""

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor

from betascan.linear_vae import Scan
from betascan.linear_vae.inputs import as_table
from betascan.metrics.moments import posterior_moments
from betascan.nonlinear_vae.networks import decode, encode

ROWS = 1024  # samples held at a time


def _layers(scan: Scan) -> dict[str, Tensor]:
    return {name: torch.from_numpy(layer).float() for name, layer in scan.parameters.items()}


@torch.no_grad()
def observe(scan: Scan, test: ArrayLike) -> pd.DataFrame:
    """Measure the observables of hirn2026, Eqs. 10-13 and 25, on samples.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
        Result of `betascan.nonlinear_vae.scan`.
    test : array_like of shape (n, features)

    Returns
    -------
    DataFrame
        The columns of `betascan.spectroscopy.observe`. Sums are float64.

    Raises
    ------
    DataError
        If the samples cannot be used.
    """
    samples, layers = torch.from_numpy(as_table(test, "test")).float(), _layers(scan)
    sums = []
    for x in samples.split(ROWS):
        mean, log_variance = encode(layers, x)
        parts = (mean.square(), log_variance.exp(), log_variance)
        sums.append(torch.stack([part.sum(1, dtype=torch.float64) for part in parts]))
    mu2, sigma2, log_sigma2 = (torch.stack(sums).sum(0) / len(samples)).numpy()
    points, latents = mu2.shape
    moments = posterior_moments(mu2.ravel(), sigma2.ravel(), log_sigma2.ravel())
    table = pd.DataFrame(
        {
            "T": np.repeat(scan.temperatures, latents),
            "beta": np.repeat(scan.betas, latents),
            "rank": 0,
            "latent": np.tile(np.arange(latents), points),
            **moments,
        }
    )
    fractions = moments["signal_fraction"].reshape(points, latents)
    order = np.argsort(-fractions, axis=1, kind="stable") + latents * np.arange(points)[:, None]
    ranked = table.iloc[order.ravel()].reset_index(drop=True)
    return ranked.assign(rank=np.tile(np.arange(1, latents + 1), points))


@torch.no_grad()
def truncated_distortion(
    scan: Scan, test: ArrayLike, observables: pd.DataFrame
) -> Float[np.ndarray, "points ranks"]:
    """Distortion of reconstructions from the first k ranked latents (hirn2026, Eq. 18).

    Pruned latents are set to 0, the prior mean; posterior means replace samples.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
        Result of `betascan.nonlinear_vae.scan`.
    test : array_like of shape (n, features)
    observables : DataFrame
        Table returned by `observe`, whose ranks are used.

    Returns
    -------
    ndarray of shape (points, latents + 1)
        Distortion in units of the scan's total variance V, in the order of its betas; k from 0.

    Raises
    ------
    DataError
        If the samples cannot be used.
    """
    samples, layers = torch.from_numpy(as_table(test, "test")).float(), _layers(scan)
    points = len(scan.betas)
    order = torch.tensor(observables["latent"].to_numpy()).reshape(points, -1)
    latents = order.shape[1]
    kept = torch.zeros(points, latents + 1, latents)
    for k in range(1, latents + 1):
        kept[:, k] = kept[:, k - 1].scatter(1, order[:, k - 1 : k], 1.0)
    total = torch.zeros(points, latents + 1, dtype=torch.float64)
    for x in samples.split(ROWS):
        mean, _ = encode(layers, x)
        for k in range(latents + 1):
            error = decode(layers, mean * kept[:, k, None]) - x
            total[:, k] += error.square().sum((1, 2)).double()
    return (total / len(samples)).numpy() / scan.total_variance
