"""The linear VAE written in plain torch, float64, and samples to train it on."""

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence


def samples(n, variances, seed=0):
    """Gaussian samples (n, features) with these variances along random axes."""
    draw = np.random.default_rng(seed).standard_normal
    axes = np.linalg.qr(draw((len(variances), len(variances))))[0]
    return (draw((n, len(variances))) * np.sqrt(variances) @ axes).astype(np.float32)


def terms(p, x, noise, weights):
    """Mean D, over the draws of the noise too, and mean R."""
    mean = x @ p["encoder_mean"].T + p["encoder_mean_bias"]
    log_variance = x @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
    posterior = Normal(mean, (log_variance / 2).exp())
    z = mean + posterior.scale * noise
    squares = (z @ p["decoder"].T + p["decoder_bias"] - x).square() @ weights
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return squares.mean() / 2, kl_divergence(posterior, prior).sum(1).mean()


def cubature(latents):
    """Draws whose average is the expectation under N(0, I) of any quadratic."""
    draws = np.sqrt(latents) * torch.eye(latents, dtype=torch.float64)
    return torch.cat([draws, -draws])[:, None]


def model(layout, row):
    """The parameters in a row as float64 tensors."""
    arrays = layout.unpack(row[None])
    return {name: torch.tensor(array[0], dtype=torch.float64) for name, array in arrays.items()}
