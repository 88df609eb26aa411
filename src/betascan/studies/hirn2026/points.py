"""What a trained scan does at each T as a whole, and how its latents can be ranked."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from betascan.core.randomness import stream
from betascan.linear_vae import Scan
from betascan.spectroscopy.observables import ROWS
from betascan.spectroscopy.utility import second_moments

RANKINGS = ("mean_mu2", "mean_log_sigma2", "rate", "greedy")
"""Observables that could rank latents in place of the signal fraction (section IV)."""


def points(
    scan: Scan, x: Float[np.ndarray, "n features"], observables: pd.DataFrame, floor: float
) -> pd.DataFrame:
    """Measure each point of a scan as a whole.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
    x : ndarray of shape (n, features)
        Samples.
    observables : DataFrame
        Table that `betascan.spectroscopy.observe` returns for these samples.
    floor : float
        Latents with a signal fraction above it are active.

    Returns
    -------
    DataFrame
        One row per T: T; distortion of reconstructions from samples of z, in units of the
        training V; rate (nats), both with all latents; number of active latents; the pairs among
        those, and how many of them are discordant between each of `RANKINGS` and the signal
        fraction; and decoder_error, the relative distance of the decoder's active columns from
        the best ones at fixed posteriors (Eq. 26), in the Frobenius norm.
    """
    moments = second_moments(x)
    rows = []
    for point, (T, latents) in enumerate(observables.groupby("T", sort=False)):
        p = {name: array[point] for name, array in scan.parameters.items()}
        order = latents["latent"].to_numpy()
        encoder = np.column_stack([p["encoder_mean"], p["encoder_mean_bias"]])[order]
        decoder = p["decoder"].T[order]
        centred = np.column_stack([np.eye(x.shape[1]), -p["decoder_bias"]])
        with_x = encoder @ moments @ centred.T  # E[mu_k (x - c)]
        overlap = (encoder @ moments @ encoder.T) * (decoder @ decoder.T)
        gain = (with_x * decoder).sum(1)
        left = np.vdot(centred @ moments, centred) - 2 * gain.sum() + overlap.sum()
        noise = (decoder**2).sum(1) @ latents["mean_sigma2"].to_numpy()

        active = int((latents["signal_fraction"] > floor).sum())
        shown = latents.iloc[:active]
        best = with_x[:active] / shown["posterior_scale"].to_numpy()[:, None]
        error = np.linalg.norm(decoder[:active] - best)
        keys = {
            "mean_mu2": shown["mean_mu2"].to_numpy(),
            "mean_log_sigma2": -shown["mean_log_sigma2"].to_numpy(),
            "rate": shown["rate"].to_numpy(),
            "greedy": -np.argsort(greedy_forward(gain, overlap))[:active],
        }
        rows.append(
            {
                "T": T,
                "distortion": (left + noise) / scan.total_variance,
                "rate": latents["rate"].sum(),
                "active": active,
                "pairs": active * (active - 1) // 2,
                **{f"crossings_{name}": crossings(key) for name, key in keys.items()},
                "decoder_error": error / np.linalg.norm(best) if active else np.nan,
            }
        )
    return pd.DataFrame(rows)


def crossings(key: Float[np.ndarray, " latents"]) -> int:
    """Count the discordant pairs of a key, which should fall from one latent to the next."""
    return int(np.triu(key[:, None] < key[None, :], 1).sum())


def greedy_forward(
    gain: Float[np.ndarray, " latents"], overlap: Float[np.ndarray, "latents latents"]
) -> np.ndarray:
    """Rank latents one by one, each time the one that removes most of the remaining distortion.

    Parameters
    ----------
    gain : ndarray of shape (latents,)
        E[mu_k w_k . (x - c)].
    overlap : ndarray of shape (latents, latents)
        E[mu_j mu_k] w_j . w_k.

    Returns
    -------
    ndarray of int, shape (latents,)
        Latents in that order.
    """
    chosen: list[int] = []
    removed = 2 * gain - np.diag(overlap)
    for _ in gain:
        best = int(np.argmax(removed))
        chosen.append(best)
        removed = removed - 2 * overlap[best]
        removed[chosen] = -np.inf
    return np.array(chosen)


def rate_error(
    scan: Scan, x: Float[np.ndarray, "n features"], observables: pd.DataFrame
) -> list[float]:
    """Compare the rate with its definition, E[log q(z|x) - log p(z)], with one z per sample.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
    x : ndarray of shape (n, features)
        Samples.
    observables : DataFrame
        Table that `betascan.spectroscopy.observe` returns for these samples; its rate is Eq. 61.

    Returns
    -------
    list of float
        For each T, the largest absolute difference over latents, in nats.
    """
    differences = []
    for point, (_, latents) in enumerate(observables.groupby("T", sort=False)):
        p = {name: array[point] for name, array in scan.parameters.items()}
        draw = stream(scan.facts["seed"], "rate", point)
        total = np.zeros(len(latents))
        for start in range(0, len(x), ROWS):
            rows = x[start : start + ROWS].astype(np.float64)
            log_sigma2 = rows @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
            noise = draw.standard_normal(log_sigma2.shape)
            z = rows @ p["encoder_mean"].T + p["encoder_mean_bias"] + np.exp(log_sigma2 / 2) * noise
            total += (z**2 - noise**2 - log_sigma2).sum(0) / 2
        by_latent = latents.sort_values("latent")["rate"].to_numpy()
        differences.append(float(np.abs(total / len(x) - by_latent).max()))
    return differences
