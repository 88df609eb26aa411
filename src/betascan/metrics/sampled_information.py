"""The MIG of chen2018: information of samples of q(z|x), no bins."""

import math

import numpy as np
from numpy.typing import ArrayLike

from betascan.core.randomness import stream
from betascan.metrics.arrays import Floats, MetricError, labels, matrix, paired, varying
from betascan.metrics.mutual_information import entropy, top_gap


def pointwise_information(
    mean: ArrayLike,
    log_variance: ArrayLike,
    factors: ArrayLike,
    *,
    samples: int = 10_000,
    seed: int = 0,
) -> Floats:
    """log q(z_j | v_k) - log q(z_j) in nats at samples z of q(z|x), (samples, factors, latents).

    mean and log_variance (N, latents) are the posteriors of all N images, factors (N, factors).
    One z for each of `samples` images (all if N is less). Both densities are exact mixtures, of
    all N posteriors and of those with the factor's value. Raises MetricError.
    """
    import torch  # only here: whoever draws tables from scores needs no torch
    from torch import Tensor

    from betascan.metrics.total_correlation import log_aggregate

    mu, v = paired(mean, factors)
    log_var = matrix(log_variance, "log-variances")
    if log_var.shape != mu.shape:
        raise MetricError(f"means are {mu.shape} and log-variances {log_var.shape}")
    rows = np.sort(stream(seed, "mig_chen/images").permutation(len(mu))[:samples])
    noise = stream(seed, "mig_chen/samples").standard_normal((len(rows), mu.shape[1]))
    z = torch.from_numpy(mu[rows] + np.exp(log_var[rows] / 2) * noise)
    mu_, log_var_ = (torch.from_numpy(a.astype(np.float64)) for a in (mu, log_var))

    def marginals(points: Tensor, members: Tensor) -> Floats:
        weight = -math.log(int(members.sum()))
        return log_aggregate(z[points], mu_[members], log_var_[members], weight)[1].numpy()

    aggregate = marginals(torch.ones(len(z)) > 0, torch.ones(len(mu)) > 0)
    result = np.empty((len(rows), v.shape[1], mu.shape[1]))
    for k, factor in enumerate(v.T):
        for value in np.unique(factor[rows]):
            points, members = (torch.from_numpy(a == value) for a in (factor[rows], factor))
            result[points, k] = marginals(points, members) - aggregate[points]
    return result


def mig_chen(
    mean: ArrayLike,
    log_variance: ArrayLike,
    factors: ArrayLike,
    *,
    samples: int = 10_000,
    seed: int = 0,
) -> float:
    """MIG as chen2018 measured it: samples of q(z|x) against all N posteriors, no bins.

    mean and log_variance (N, latents), factors (N, factors): the *chosen* ones, on dSprites
    scale, orientation and the positions, without shape. The same `samples` images serve for
    q(z_j) and q(z_j | v_k); the authors draw anew for each value, which has the same
    expectation on a full grid, and is the same number if N <= samples. Raises MetricError.
    """
    v = labels(factors)
    v = v[:, varying(v)]
    points = pointwise_information(mean, log_variance, v, samples=samples, seed=seed)
    return chen_gap(points.mean(axis=0), v)


def chen_gap(information: Floats, factors: ArrayLike) -> float:
    """MIG from information (factors, latents) in nats; negative estimates count as 0."""
    return float(np.mean(top_gap(np.maximum(information, 0.0).T) / entropy(labels(factors))))
