"""Information from samples of q(z|x), without bins: the MIG and ELBO terms of chen2018."""

import math

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betascan.core.randomness import stream
from betascan.metrics.arrays import matrix, paired, varying, whole_number
from betascan.metrics.errors import MetricError
from betascan.metrics.information import entropy, top_gap
from betascan.metrics.inputs import ScoreInputs, Statistic

SAMPLES = 10_000
POINTS, MEMBERS = 64, 512  # whose densities are computed at a time


def _pointwise(
    mu: Float[np.ndarray, "N latents"],
    log_var: Float[np.ndarray, "N latents"],
    v: Int[np.ndarray, "N factors"],
    samples: int,
    seed: int,
) -> Float[np.ndarray, "samples factors latents"]:
    import torch  # only here: working with tables of scores needs no torch

    rows = np.sort(stream(seed, "mig_chen/images").permutation(len(mu))[:samples])
    noise = stream(seed, "mig_chen/samples").standard_normal((len(rows), mu.shape[1]))
    z = torch.from_numpy(mu[rows] + np.exp(log_var[rows] / 2) * noise).T.contiguous()
    means, spreads = (torch.from_numpy(a.T.astype(np.float64)).contiguous() for a in (mu, log_var))
    # log-densities to base 2, as torch's exp is slow where it underflows and exp2 is not
    inverse = torch.exp(-spreads / 2) * math.sqrt(0.5 / math.log(2))
    constant = -(spreads + math.log(2 * math.pi)) / (2 * math.log(2))

    def marginals(
        points: Int[np.ndarray, " points"], members: Int[np.ndarray, " members"]
    ) -> Float[np.ndarray, "points latents"]:
        """Log-densities of the mixture of members, in pieces that stay in the cache."""
        total = torch.zeros((z.shape[0], len(points)), dtype=torch.float64)
        for j in range(len(total)):
            parts = [a[j, members].split(MEMBERS) for a in (means, inverse, constant)]
            for some, sums in zip(z[j, points].split(POINTS), total[j].split(POINTS), strict=True):
                for mean, scale, height in zip(*parts, strict=True):
                    scaled = (some[:, None] - mean).mul_(scale)
                    # each z is near its own posterior, which is a member: the sum cannot vanish
                    sums += torch.addcmul(height, scaled, scaled, value=-1).exp2_().sum(1)
        return (total / len(members)).log().T.numpy()

    aggregate = marginals(np.arange(len(rows)), np.arange(len(mu)))
    result = np.empty((len(rows), v.shape[1], mu.shape[1]))
    for k, factor in enumerate(v.T):
        for value in np.unique(factor[rows]):
            points, members = (np.flatnonzero(a == value) for a in (factor[rows], factor))
            result[points, k] = marginals(points, members) - aggregate[points]
    return result


def pointwise_information(
    mean: ArrayLike,
    log_variance: ArrayLike,
    factors: ArrayLike,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Float[np.ndarray, "samples factors latents"]:
    """Return log q(z_j | v_k) - log q(z_j) in nats at samples z of q(z|x).

    Both densities are exact mixtures, of all N posteriors and of those with the factor's value.

    Parameters
    ----------
    mean, log_variance : array_like of shape (N, latents)
        The posteriors of all N images.
    factors : array_like of shape (N, factors)
        Discrete.
    samples
        How many images give one z each; all if there are fewer.
    seed
        Seed for the choice of images and for the noise.

    Raises
    ------
    MetricError
        If an argument cannot be used.
    """
    mu, v = paired(mean, factors)
    log_var = matrix(log_variance, "log-variances")
    if log_var.shape != mu.shape:
        raise MetricError(f"means are {mu.shape} and log-variances {log_var.shape}")
    return _pointwise(mu, log_var, v, whole_number(samples, "samples"), seed)


def gap_of_information(
    information: Float[np.ndarray, "factors latents"], entropies: Float[np.ndarray, " factors"]
) -> float:
    """MIG from information and entropies in nats; negative estimates count as 0."""
    return float(np.mean(top_gap(np.maximum(information, 0.0).T) / entropies))


def mig_chen(
    mean: ArrayLike,
    log_variance: ArrayLike,
    factors: ArrayLike,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> float:
    """MIG as chen2018 measured it: samples of q(z|x) against all N posteriors, without bins.

    The same `samples` images are used for q(z_j) and q(z_j | v_k); the authors draw new ones for
    each value, which has the same expectation on a full grid, and gives the same number if
    N <= samples.

    Parameters
    ----------
    mean, log_variance : array_like of shape (N, latents)
        The posteriors of all N images.
    factors : array_like of shape (N, factors)
        Discrete; the factors to be scored: on dSprites scale, orientation and the positions,
        without shape.
    samples
        How many images give one z each; all if there are fewer.
    seed
        Seed for the choice of images and for the noise.

    Raises
    ------
    MetricError
        If an argument cannot be used, no factor varies, or there is a single latent.
    """
    mu, v = paired(mean, factors)
    v = v[:, varying(v)]
    points = pointwise_information(mu, log_variance, v, samples=samples, seed=seed)
    return gap_of_information(points.mean(axis=0), entropy(v))


def mig_chen_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `mig_chen` of the chosen factors for the bootstrap; the mixture is held fixed."""
    v = inputs.factors
    if inputs.mig_factors is not None:
        v = v[:, list(inputs.mig_factors)]
    v = v[:, varying(v)]
    points = _pointwise(inputs.codes, inputs.log_variance, v, SAMPLES, inputs.seed)
    entropies = entropy(v)
    return Statistic(
        lambda rows: gap_of_information(points[rows].mean(axis=0), entropies), (len(points),)
    )


def elbo_terms_statistic(inputs: ScoreInputs) -> Statistic:
    """Return the exact `elbo_terms` for the bootstrap; the mixture is held fixed."""
    import torch

    from betascan.metrics.total_correlation import elbo_samples

    mean, log_variance = (
        torch.from_numpy(a.astype(np.float64)) for a in (inputs.codes, inputs.log_variance)
    )
    noise = stream(inputs.seed, "scores/samples").standard_normal(mean.shape)
    z = mean + torch.exp(log_variance / 2) * torch.from_numpy(noise)
    terms = elbo_samples(z, mean, log_variance, dataset_size=len(z)).numpy()
    return Statistic(lambda rows: terms[rows].mean(axis=0), (len(terms),))
