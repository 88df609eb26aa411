"""Objectives of image VAEs: one function each, all built on the same distortion D and rate R.

D is summed over the pixels of an image and R over latents, in nats; a loss is the mean over the
minibatch, as in all the documents.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    Deterministic,
    FactorVae,
    LambdaBetaVae,
    Likelihood,
    Objective,
    Orthogonal,
)
from betascan.metrics.jacobian import decoder_jacobian, offdiagonal_mass
from betascan.metrics.total_correlation import elbo_terms
from betascan.models import Gaussian, Vae
from betascan.models.taylor_mode import jet
from betascan.models.vae import mean_image

N_JACOBIANS = 16  # images of a minibatch from which the orthogonality penalty is estimated

Images = Float[Tensor, "batch channels height width"]
Scalar = Float[Tensor, ""]
Curvature = Literal["hessian", "gauss_newton"]


def distortion(likelihood: Likelihood, output: Images, x: Images) -> Float[Tensor, " batch"]:
    """Return -log p(x|z) of each image, summed over pixels.

    Parameters
    ----------
    likelihood : Likelihood
        "squared_error" is |sigmoid(output) - x|^2, without the factor 1/2 and the constant
        (denardin2025 for MPI3D); the others are negative log-densities.
    output : Tensor of shape (batch, channels, height, width)
        Output of the decoder, see `Vae.decode`.
    x : Tensor of shape (batch, channels, height, width)
        The images, in [0, 1]; for a Bernoulli likelihood they need not be binary.

    Returns
    -------
    Tensor of shape (batch,)
        -log p(x|z) in nats.
    """
    match likelihood.kind:
        case "bernoulli":
            pixels = functional.binary_cross_entropy_with_logits(output, x, reduction="none")
        case "squared_error":
            pixels = (torch.sigmoid(output) - x).square()
        case "gaussian":
            variance = likelihood.variance
            pixels = (output - x).square() / (2 * variance) + math.log(2 * math.pi * variance) / 2
        case "laplace":
            scale = math.sqrt(likelihood.variance / 2)
            pixels = (output - x).abs() / scale + math.log(2 * scale)
    return pixels.flatten(1).sum(1)


def derivatives(
    likelihood: Likelihood, output: Float[Tensor, "*shape"], x: Float[Tensor, "*shape"]
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Return the first two derivatives of `distortion` with respect to each output.

    Parameters
    ----------
    likelihood, output, x
        Arguments of `distortion`, in any shape.

    Returns
    -------
    grad, hess_diag : Tensor
        Gradient and diagonal of the Hessian, whose other entries are 0.
    """
    if likelihood.kind == "gaussian":
        return (output - x) / likelihood.variance, torch.full_like(output, 1 / likelihood.variance)
    if likelihood.kind == "laplace":
        scale = math.sqrt(likelihood.variance / 2)
        return (output - x).sign() / scale, torch.zeros_like(output)
    image = torch.sigmoid(output)
    slope = image * (1 - image)
    if likelihood.kind == "bernoulli":
        return image - x, slope
    error = image - x
    return 2 * error * slope, 2 * slope.square() + 2 * error * slope * (1 - 2 * image)


@dataclass
class ForwardPass:
    """Forward pass of a minibatch; every quantity is computed on first use and kept.

    Attributes
    ----------
    vae : Vae
    x : Tensor of shape (batch, channels, height, width)
        The images.
    noise : Tensor of shape (batch, latents)
        Standard normal, for the one sample of z per image; may be empty if no sample is taken.
    likelihood : Likelihood
    pixel_scale : float
        Multiplies sums over pixels, so that smaller images weigh as much against the rate as those
        of the documents (`ImageBatches.pixel_scale`).
    """

    vae: Vae
    x: Images
    noise: Float[Tensor, "..."]
    likelihood: Likelihood
    pixel_scale: float = 1.0

    @cached_property
    def posterior(self) -> Gaussian:
        """q(z|x)."""
        return self.vae.encode(self.x)

    @cached_property
    def z(self) -> Float[Tensor, "batch latents"]:
        """A sample of q(z|x)."""
        return self.posterior.sample(self.noise)

    @cached_property
    def output(self) -> Images:
        """The decoder's outputs for z."""
        return self.vae.decode(self.z).to(self.x.dtype)

    @cached_property
    def distortion(self) -> Float[Tensor, " batch"]:
        """D in nats."""
        return self.distortion_of(self.output)

    def distortion_of(self, output: Images) -> Float[Tensor, " batch"]:
        """D of other outputs for the same images."""
        return self.pixel_scale * distortion(self.likelihood, output, self.x)

    @cached_property
    def rate(self) -> Float[Tensor, " batch"]:
        """R = KL(q(z|x) || p(z)) in nats."""
        return self.posterior.rate(self.vae.model.prior)


def beta_vae(forward: ForwardPass, *, beta: float) -> Scalar:
    """Return D + beta R (Higgins et al. 2017)."""
    return (forward.distortion + beta * forward.rate).mean()


def lambda_beta_vae(forward: ForwardPass, *, beta: float, lam: float) -> Scalar:
    """Return D + beta R + lambda |x - reconstruction|^2, without 1/2 (vu2026)."""
    error = (mean_image(forward.output, forward.likelihood) - forward.x).square().flatten(1).sum(1)
    return (forward.distortion + beta * forward.rate + lam * forward.pixel_scale * error).mean()


def factor_vae(forward: ForwardPass, discriminator: nn.Module, *, gamma: float) -> Scalar:
    """Return D + R + gamma TC (Kim and Mnih 2018, Eq. 2).

    Parameters
    ----------
    forward : ForwardPass
    discriminator : Module
        Maps codes (batch, latents) to the logit (batch, 1) that they are not permuted; the mean
        logit estimates the total correlation.
    gamma : float
        Weight of the total correlation.
    """
    total_correlation = discriminator(forward.z).to(forward.z.dtype).mean()
    return (forward.distortion + forward.rate).mean() + gamma * total_correlation


def permute_dims(
    z: Float[Tensor, "batch latents"], keys: Float[Tensor, "batch latents"]
) -> Float[Tensor, "batch latents"]:
    """Shuffle each latent dimension across the batch (Kim and Mnih 2018, algorithm 1).

    Parameters
    ----------
    z : Tensor of shape (batch, latents)
        Codes.
    keys : Tensor of shape (batch, latents)
        Random sort keys: each column's order is the permutation.
    """
    return z.gather(0, keys.argsort(0))


def discriminator_loss(
    real: Float[Tensor, "batch 1"], permuted: Float[Tensor, "batch 1"]
) -> Scalar:
    """Return the cross-entropy of the discriminator's logits for codes and for permuted codes."""
    ones, zeros = torch.ones_like(real), torch.zeros_like(permuted)
    cross_entropy = functional.binary_cross_entropy_with_logits
    return (cross_entropy(real, ones) + cross_entropy(permuted, zeros)) / 2


def beta_tcvae(
    forward: ForwardPass,
    *,
    alpha: float,
    beta: float,
    gamma: float,
    sampling: Literal["mws", "mss"],
    dataset_size: int,
) -> Scalar:
    """Return D + alpha MI + beta TC + gamma dimension-wise KL (chen2018, Eq. 4).

    Parameters
    ----------
    forward : ForwardPass
    alpha, beta, gamma : float
        Weights of the three terms of R.
    sampling : {"mws", "mss"}
        How the terms are estimated from the minibatch, see `metrics.total_correlation.elbo_terms`.
    dataset_size : int
        How many images are trained on.
    """
    posterior = forward.posterior
    information, total_correlation, dimension_wise = elbo_terms(
        forward.z,
        posterior.mean,
        2 * posterior.log_scale,
        method=sampling,
        dataset_size=dataset_size,
    )
    penalty = alpha * information + beta * total_correlation + gamma * dimension_wise
    return forward.distortion.mean() + penalty


def orthogonal(forward: ForwardPass, *, beta: float, weight: float) -> Scalar:
    """Return D + beta R + weight x mean |offdiag(J^T J)|_F / |J^T J|_F (allen2024, next check 1).

    J is the decoder's Jacobian at the codes of the minibatch's first `N_JACOBIANS` images.
    """
    J = decoder_jacobian(forward.vae.decode, forward.z[:N_JACOBIANS])
    penalty = offdiagonal_mass(J.transpose(1, 2) @ J).mean()
    return beta_vae(forward, beta=beta) + weight * penalty


def second_order_distortion(
    forward: ForwardPass, *, curvature: Curvature
) -> Float[Tensor, " batch"]:
    """Return E_q[D] expanded to second order around the posterior mean, D(mean) + tr(H Sigma)/2.

    Parameters
    ----------
    forward : ForwardPass
        Forward pass, whose noise is not used.
    curvature : {"hessian", "gauss_newton"}
        "hessian": H is the exact Hessian of D in z. "gauss_newton": without the decoder's own
        curvature, H = J^T (d^2 D / d output^2) J, which is J^T J / sigma^2 for a Gaussian
        likelihood and 0 for a Laplace one.

    Returns
    -------
    Tensor of shape (batch,)
        Expanded distortion in nats.

    References
    ----------
    allen2024, mechanism 3.
    """
    columns = forward.posterior.scale_tril.transpose(1, 2)  # Sigma = sum over them of l l^T
    output, first, second = jet(forward.vae.decoder, forward.posterior.mean, columns)
    grad, hess_diag = derivatives(forward.likelihood, output, forward.x)
    curved = hess_diag[:, None] * first.square()
    if curvature == "hessian":
        curved = curved + grad[:, None] * second
    trace = forward.pixel_scale * curved.flatten(1).sum(1)
    return forward.distortion_of(output) + trace / 2


def deterministic(forward: ForwardPass, *, beta: float, curvature: Curvature) -> Scalar:
    """Return the negative deterministic ELBO, `second_order_distortion` + beta R.

    With the exact Hessian of a curved decoder (not ReLU) it has no lower bound: where H is
    indefinite, a wider posterior lowers it without limit, and training diverges.

    Parameters
    ----------
    forward : ForwardPass
    beta : float
        Weight of R.
    curvature : {"hessian", "gauss_newton"}
        See `second_order_distortion`.

    References
    ----------
    allen2024, mechanism 3.
    """
    return (second_order_distortion(forward, curvature=curvature) + beta * forward.rate).mean()


def loss(
    forward: ForwardPass,
    objective: Objective,
    *,
    dataset_size: int,
    discriminator: nn.Module | None = None,
) -> Scalar:
    """Return the loss of an objective of the configuration, a mean over the minibatch in nats.

    Parameters
    ----------
    forward : ForwardPass
        The minibatch.
    objective : Objective
        Which function of this module, and its weights.
    dataset_size : int
        How many images are trained on, for beta-TCVAE.
    discriminator : Module, optional
        For FactorVAE.
    """
    match objective:
        case BetaVae(beta=beta):
            return beta_vae(forward, beta=beta)
        case LambdaBetaVae(beta=beta, lam=lam):
            return lambda_beta_vae(forward, beta=beta, lam=lam)
        case FactorVae(gamma=gamma):
            assert discriminator is not None
            return factor_vae(forward, discriminator, gamma=gamma)
        case BetaTcVae(alpha=alpha, beta=beta, gamma=gamma, sampling=sampling):
            return beta_tcvae(
                forward, alpha=alpha, beta=beta, gamma=gamma, sampling=sampling,
                dataset_size=dataset_size,
            )  # fmt: skip
        case Orthogonal(beta=beta, weight=weight):
            return orthogonal(forward, beta=beta, weight=weight)
        case Deterministic(beta=beta, curvature=curvature):
            return deterministic(forward, beta=beta, curvature=curvature)
