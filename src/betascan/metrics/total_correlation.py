"""The KL term of the ELBO split up: index-code information, total correlation, the rest.

chen2018: KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j)),
with the aggregate posterior q(z) = mean_n q(z|x_n). Everything is differentiable.
"""

import math
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from torch import Tensor

from betascan.metrics.errors import MetricError

# densities held at a time, whatever the set's size: on a CPU they stay in the cache; on a GPU,
# where launches would take longer than arithmetic, a minibatch of 2048 is one piece
CHUNK = {"cpu": 1 << 17, "cuda": 1 << 22}

Method = Literal["exact", "mws", "mss", "mss_as_coded"]


def _log_normal(
    z: Float[Tensor, "B D"], mean: Float[Tensor, "B D"], log_variance: Float[Tensor, "B D"]
) -> Float[Tensor, "B D"]:
    scaled = (z - mean) * torch.exp(-log_variance / 2)
    return -(scaled.square() + log_variance + math.log(2 * math.pi)) / 2


def log_aggregate(
    z: Float[Tensor, "B D"],
    mean: Float[Tensor, "M D"],
    log_variance: Float[Tensor, "M D"],
    log_weights: Float[Tensor, "B M"] | float,
) -> tuple[Float[Tensor, " B"], Float[Tensor, "B D"]]:
    """Log-densities of weighted mixtures of posteriors, joint and latent by latent.

    Without gradients the memory is bounded by CHUNK densities; with them all B x M x D are kept.

    Parameters
    ----------
    z : Tensor of shape (B, D)
        Where the densities are evaluated.
    mean, log_variance : Tensor of shape (M, D)
        The mixture's members.
    log_weights : float or Tensor of shape (B, M)
        One weight for all members, or one for each at each z.

    Returns
    -------
    log_q : Tensor of shape (B,)
        log q(z) in nats.
    log_q_j : Tensor of shape (B, D)
        log q(z_j) in nats.
    """
    inverse = torch.exp(-log_variance / 2) * math.sqrt(0.5)
    constant = -(log_variance + math.log(2 * math.pi)) / 2
    # the members side by side in memory, like the densities
    mean, inverse, constant = (a.T.contiguous() for a in (mean, inverse, constant))
    members = mean.shape[1]
    rows_at_once = max(1, CHUNK[z.device.type] // members)
    latents_at_once = max(1, CHUNK[z.device.type] // (min(rows_at_once, len(z)) * members))
    # a common weight is added to the sums, which saves a pass over the densities
    one_for_all = 0.0 if isinstance(log_weights, Tensor) else log_weights
    # filled in place, as small tensors kept between large freed ones fragment the heap
    log_q, log_q_j = torch.empty_like(z[:, 0]), torch.empty_like(z)
    for start in range(0, len(z), rows_at_once):
        rows = slice(start, start + rows_at_once)
        weights = log_weights[rows] if isinstance(log_weights, Tensor) else None
        joint = torch.zeros((), dtype=z.dtype, device=z.device) if weights is None else weights
        for first in range(0, z.shape[1], latents_at_once):
            js = slice(first, first + latents_at_once)
            scaled = (z[rows, js, None] - mean[js]) * inverse[js]
            density = torch.addcmul(constant[js], scaled, scaled, value=-1)  # rows, js, M
            joint = joint + density.sum(1)
            weighted = density if weights is None else density + weights[:, None]
            log_q_j[rows, js] = torch.logsumexp(weighted, 2)
        log_q[rows] = torch.logsumexp(joint, 1)
    return log_q + one_for_all, log_q_j + one_for_all


def stratified_log_weights(
    index: Int[Tensor, " B"], batch_size: int, dataset_size: int
) -> Float[Tensor, "B M"]:
    """Log-weights of minibatch-stratified sampling, chen2018 appendix C.2.

    1/N on a sample's own posterior, (N - M + 1)/(N (M - 1)) on the next one, 1/(M - 1) on the
    rest; the estimate of q(z) is then unbiased.

    Parameters
    ----------
    index : Tensor of shape (B,)
        Column of each sample's own posterior among the M of the minibatch.
    batch_size, dataset_size
        M and N.
    """
    others = batch_size - 1
    shape = len(index), batch_size
    weights = torch.full(shape, 1 / others, dtype=torch.float64, device=index.device)
    own, following = index[:, None], (index[:, None] + 1) % batch_size
    weights.scatter_(1, own, 1 / dataset_size)
    weights.scatter_(1, following, (dataset_size - others) / (dataset_size * others))
    return weights.log()


def misfilled_log_weights(
    batch_size: int, dataset_size: int, device: torch.device
) -> Float[Tensor, "M M"]:
    """Return the weights that the public code of chen2018 uses for stratified sampling.

    It fills the flat matrix with a stride of M instead of M + 1, so that 1/N lands in column 0,
    the weight of the next posterior in column 1, and a sample's own posterior gets 1/(M - 1).

    Parameters
    ----------
    batch_size, dataset_size
        M and N.
    device
        Device of the weights.
    """
    others = batch_size - 1
    following = (dataset_size - others) / (dataset_size * others)
    shape = batch_size, batch_size
    weights = torch.full(shape, 1 / others, dtype=torch.float64, device=device)
    weights[:, 0], weights[:, 1] = 1 / dataset_size, following
    weights[others - 1, 0] = following
    return weights.log()


def _to_tensor(values: Any) -> Float[Tensor, "..."]:
    if isinstance(values, Tensor):
        return values if values.is_floating_point() else values.double()
    array = np.asarray(values)
    single = array.dtype == np.float32
    return torch.from_numpy(array.astype(np.float32 if single else np.float64))


def elbo_samples(
    z: Tensor | ArrayLike,
    mean: Tensor | ArrayLike,
    log_variance: Tensor | ArrayLike,
    *,
    method: Method = "exact",
    dataset_size: int,
    index: Tensor | ArrayLike | None = None,
) -> Float[Tensor, "B 3"]:
    """Return the three terms of `elbo_terms` at each z; parameters as there."""
    z, mean, log_variance = (_to_tensor(a) for a in (z, mean, log_variance))
    if z.ndim != 2 or mean.ndim != 2 or mean.shape != log_variance.shape:
        raise MetricError(
            f"z {tuple(z.shape)}, mean {tuple(mean.shape)} and log-variance "
            f"{tuple(log_variance.shape)} must be (B, D), (M, D) and (M, D)"
        )
    if z.shape[1] != mean.shape[1]:
        raise MetricError(f"z has {z.shape[1]} latents, the posteriors have {mean.shape[1]}")
    if index is None:
        index = torch.arange(len(z), device=z.device)
        known = len(z) <= len(mean)
    else:
        index = torch.as_tensor(index)
        known = index.shape == (len(z),) and 0 <= int(index.min()) <= int(index.max()) < len(mean)
    if not known:
        raise MetricError(f"index must name one of {len(mean)} posteriors for each of {len(z)} z")
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
        log_weights = stratified_log_weights(index, M, N).to(z.dtype)
    elif method == "mss_as_coded" and M > 1 and len(z) == M:
        log_weights = misfilled_log_weights(M, N, z.device).to(z.dtype)
    elif method in ("mss", "mss_as_coded"):
        raise MetricError("stratified sampling needs a minibatch of at least two, all of it")
    else:
        raise MetricError(f"method must be exact, mws, mss or mss_as_coded, not {method!r}")
    log_q, log_q_j = log_aggregate(z, mean, log_variance, log_weights)
    conditional = _log_normal(z, mean[index], log_variance[index]).sum(dim=1)
    prior = _log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(dim=1)
    product = log_q_j.sum(dim=1)
    return torch.stack([conditional - log_q, log_q - product, product - prior], dim=1)


def elbo_terms(
    z: Tensor | ArrayLike,
    mean: Tensor | ArrayLike,
    log_variance: Tensor | ArrayLike,
    *,
    method: Method = "exact",
    dataset_size: int,
    index: Tensor | ArrayLike | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """Index-code mutual information, total correlation, dimension-wise KL: nats, mean over z.

    The three add up to log q(z|x) - log p(z), with the prior p = N(0, I). NaN in, NaN out.

    Parameters
    ----------
    z : array_like of shape (B, D)
        Samples of q(z|x).
    mean, log_variance : array_like of shape (M, D)
        The posteriors that are summed over: all `dataset_size` of them for "exact", those of the
        minibatch otherwise.
    method
        Estimate of q(z). "mws", minibatch-weighted sampling: low by up to a factor N. "mss",
        minibatch-stratified sampling: unbiased for q(z). "mss_as_coded": with the mistaken
        weights of chen2018's public code, for comparison.
    dataset_size
        N.
    index : array_like of shape (B,), optional
        Which of the M posteriors each z was drawn from, by default arange(B).

    Raises
    ------
    MetricError
        If shapes, method and sizes do not match.

    References
    ----------
    Chen, R. T. Q., Li, X., Grosse, R. and Duvenaud, D. (2018). Isolating sources of
    disentanglement in variational autoencoders. Appendix C.
    """
    terms = elbo_samples(
        z, mean, log_variance, method=method, dataset_size=dataset_size, index=index
    ).mean(dim=0)
    return terms[0], terms[1], terms[2]
