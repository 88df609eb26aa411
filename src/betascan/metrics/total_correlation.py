"""The KL term of the ELBO taken apart: index-code information, total correlation, the rest.

chen2018: KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j)),
with the aggregate posterior q(z) = mean_n q(z|x_n). Everything is differentiable.
"""

import math
from typing import Any, Literal

import torch
from torch import Tensor

from betascan.metrics.arrays import MetricError

CHUNK = 1 << 17  # densities held at a time: they stay in the cache, whatever the set's size

Method = Literal["exact", "mws", "mss", "mss_as_coded"]


def _log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    scaled = (z - mean) * torch.exp(-log_variance / 2)
    return -(scaled.square() + log_variance + math.log(2 * math.pi)) / 2


def log_aggregate(
    z: Tensor, mean: Tensor, log_variance: Tensor, log_weights: Tensor | float
) -> tuple[Tensor, Tensor]:
    """log q(z) (B,) and log q(z_j) (B, D) in nats of weighted mixtures of M posteriors.

    z (B, D); mean, log_variance (M, D); log_weights one number for all, or (B, M). Without
    gradients the memory is bounded by CHUNK densities; with them all B x M x D are kept.
    """
    inverse = torch.exp(-log_variance / 2) * math.sqrt(0.5)
    constant = -(log_variance + math.log(2 * math.pi)) / 2
    step = max(1, CHUNK // len(mean))
    # a common weight is added to the sums, which saves a pass over the densities
    one_for_all = 0.0 if isinstance(log_weights, Tensor) else log_weights
    # filled, not collected: small tensors kept between large freed ones fragment the heap
    log_q, log_q_j = torch.empty_like(z[:, 0]), torch.empty_like(z)
    for start in range(0, len(z), step):
        rows = slice(start, start + step)
        weights = log_weights[rows] if isinstance(log_weights, Tensor) else None
        joint = torch.zeros((), dtype=z.dtype, device=z.device) if weights is None else weights
        for j in range(z.shape[1]):
            scaled = (z[rows, j, None] - mean[:, j]) * inverse[:, j]
            density = torch.addcmul(constant[:, j], scaled, scaled, value=-1)
            joint = joint + density
            log_q_j[rows, j] = torch.logsumexp(density if weights is None else density + weights, 1)
        log_q[rows] = torch.logsumexp(joint, 1)
    return log_q + one_for_all, log_q_j + one_for_all


def stratified_log_weights(own: Tensor, batch_size: int, dataset_size: int) -> Tensor:
    """Log-weights of minibatch-stratified sampling, (B, M), chen2018 appendix C.2.

    own (B,) is the column of each sample's own posterior among the M of the minibatch. With
    the M - 1 others: 1/N on the own one, (N - M + 1)/(N (M - 1)) on the next, 1/(M - 1) on the
    rest; the estimate of q(z) is then unbiased.
    """
    others = batch_size - 1
    weights = torch.full((len(own), batch_size), 1 / others, dtype=torch.float64, device=own.device)
    rows = torch.arange(len(own), device=own.device)
    weights[rows, own] = 1 / dataset_size
    weights[rows, (own + 1) % batch_size] = (dataset_size - others) / (dataset_size * others)
    return weights.log()


def misfilled_log_weights(batch_size: int, dataset_size: int, device: torch.device) -> Tensor:
    """The weights (M, M) that the public code of chen2018 has for them.

    It fills the flat matrix with a stride of M instead of M + 1, so that 1/N lands in column 0,
    the weight of the next posterior in column 1, and a sample's own posterior counts 1/(M - 1).
    """
    others = batch_size - 1
    following = (dataset_size - others) / (dataset_size * others)
    shape = batch_size, batch_size
    weights = torch.full(shape, 1 / others, dtype=torch.float64, device=device)
    weights[:, 0], weights[:, 1] = 1 / dataset_size, following
    weights[others - 1, 0] = following
    return weights.log()


def elbo_samples(
    z: Any,
    mean: Any,
    log_variance: Any,
    *,
    method: Method = "exact",
    dataset_size: int,
    own: Any = None,
) -> Tensor:
    """The three terms at each sample, (B, 3): `elbo_terms` is their mean."""
    z, mean, log_variance = (torch.as_tensor(a) for a in (z, mean, log_variance))
    if z.ndim != 2 or mean.ndim != 2 or mean.shape != log_variance.shape:
        raise MetricError(
            f"z {tuple(z.shape)}, mean {tuple(mean.shape)} and log-variance "
            f"{tuple(log_variance.shape)} must be (B, D), (M, D) and (M, D)"
        )
    if z.shape[1] != mean.shape[1]:
        raise MetricError(f"z has {z.shape[1]} latents, the posteriors have {mean.shape[1]}")
    if own is None:
        own = torch.arange(len(z), device=z.device)
        known = len(z) <= len(mean)
    else:
        own = torch.as_tensor(own)
        known = own.shape == (len(z),) and int(own.min()) >= 0 and int(own.max()) < len(mean)
    if not known:
        raise MetricError(f"own must name one of {len(mean)} posteriors for each of {len(z)} z")
    M, N = len(mean), dataset_size
    log_weights: Tensor | float
    if method == "exact" and M == N:
        log_weights = -math.log(N)
    elif method == "exact":
        raise MetricError(f"the exact sum needs the posteriors of all {N} data, not {M}")
    elif M > N:
        raise MetricError(f"a minibatch of {M} is larger than the data set of {N}")
    elif method == "mws":
        log_weights = -math.log(N * M)
    elif method == "mss" and M > 1:
        log_weights = stratified_log_weights(own, M, N).to(z.dtype)
    elif method == "mss_as_coded" and M > 1 and len(z) == M:
        log_weights = misfilled_log_weights(M, N, z.device).to(z.dtype)
    elif method in ("mss", "mss_as_coded"):
        raise MetricError("stratified sampling needs a minibatch of at least two, all of it")
    else:
        raise MetricError(f"method must be exact, mws, mss or mss_as_coded, not {method!r}")
    log_q, log_q_j = log_aggregate(z, mean, log_variance, log_weights)
    conditional = _log_normal(z, mean[own], log_variance[own]).sum(dim=1)
    prior = _log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(dim=1)
    product = log_q_j.sum(dim=1)
    return torch.stack([conditional - log_q, log_q - product, product - prior], dim=1)


def elbo_terms(
    z: Any,
    mean: Any,
    log_variance: Any,
    *,
    method: Method = "exact",
    dataset_size: int,
    own: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Index-code mutual information, total correlation, dimension-wise KL: nats, mean over z.

    z (B, D) samples of q(z|x); mean, log_variance (M, D) the posteriors summed over: all
    dataset_size of them for "exact", the minibatch for "mws" and "mss" (chen2018, appendix C;
    "mss_as_coded": with the mistaken weights of its public code, for comparison);
    own (B,) the index of each sample's posterior among the M, default arange(B); prior N(0, I).
    The three add up to log q(z|x) - log p(z). Minibatch-weighted sampling estimates
    q(z) by (q_own + sum of the others)/(N M), which is low by up to a factor N; stratified
    sampling is unbiased for q(z). NaN in, NaN out. Raises MetricError.
    """
    terms = elbo_samples(
        z, mean, log_variance, method=method, dataset_size=dataset_size, own=own
    ).mean(dim=0)
    return terms[0], terms[1], terms[2]
