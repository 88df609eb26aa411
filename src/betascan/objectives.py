"""What image VAEs minimise: one function each, on top of one distortion D and one rate R.

D is summed over the pixels of an image and R over latents, in nats; a loss is the mean over the
minibatch, as in all the documents.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
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

N_JACOBIANS = 16  # images of a minibatch whose Jacobians the orthogonality penalty takes


def distortion(likelihood: Likelihood, output: Tensor, x: Tensor) -> Tensor:
    """-log p(x|z) of each image, (B,), summed over pixels, in nats.

    output, x (B, C, H, W). "squared_error" is |sigmoid(output) - x|^2, without 1/2 and constant
    (denardin2025 for MPI3D). Targets of a Bernoulli pixel may lie between 0 and 1.
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


def derivatives(likelihood: Likelihood, output: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """First and second derivative of `distortion` in each output, in the outputs' shape."""
    if likelihood.kind == "gaussian":
        return (output - x) / likelihood.variance, torch.full_like(output, 1 / likelihood.variance)
    if likelihood.kind == "laplace":
        scale = math.sqrt(likelihood.variance / 2)
        return (output - x).sign() / scale, torch.zeros_like(output)
    seen = torch.sigmoid(output)
    slope = seen * (1 - seen)
    if likelihood.kind == "bernoulli":
        return seen - x, slope
    error = seen - x
    return 2 * error * slope, 2 * slope.square() + 2 * error * slope * (1 - 2 * seen)


@dataclass
class ForwardPass:
    """A minibatch x (B, C, H, W) seen through a VAE, with one noise (B, latents) an image.

    pixel_scale multiplies sums over pixels, so that smaller images weigh as much against the
    rate as those of the documents. What is not asked for is not computed.
    """

    vae: Vae
    x: Tensor
    noise: Tensor
    likelihood: Likelihood
    pixel_scale: float = 1.0

    @cached_property
    def posterior(self) -> Gaussian:
        """q(z|x)."""
        return self.vae.encode(self.x)

    @cached_property
    def z(self) -> Tensor:
        """One sample of q(z|x) an image, (B, latents)."""
        return self.posterior.sample(self.noise)

    @cached_property
    def output(self) -> Tensor:
        """What the decoder makes of it, (B, C, H, W)."""
        return self.vae.decode(self.z).to(self.x.dtype)

    @cached_property
    def distortion(self) -> Tensor:
        """D (B,)."""
        return self.distortion_of(self.output)

    def distortion_of(self, output: Tensor) -> Tensor:
        """D (B,) of other outputs (B, C, H, W) for the same images."""
        return self.pixel_scale * distortion(self.likelihood, output, self.x)

    @cached_property
    def rate(self) -> Tensor:
        """R = KL(q(z|x) || p(z)) (B,)."""
        return self.posterior.rate(self.vae.model.prior)


def beta_vae(draw: ForwardPass, *, beta: float) -> Tensor:
    """D + beta R (Higgins et al. 2017)."""
    return (draw.distortion + beta * draw.rate).mean()


def lambda_beta_vae(draw: ForwardPass, *, beta: float, lam: float) -> Tensor:
    """D + beta R + lambda |x - reconstruction|^2, without 1/2 (vu2026)."""
    error = (mean_image(draw.output, draw.likelihood) - draw.x).square().flatten(1).sum(1)
    return (draw.distortion + beta * draw.rate + lam * draw.pixel_scale * error).mean()


def factor_vae(draw: ForwardPass, discriminator: nn.Module, *, gamma: float) -> Tensor:
    """D + R + gamma TC, where TC is the mean logit that codes are real (Kim and Mnih 2018)."""
    total_correlation = discriminator(draw.z).to(draw.z.dtype).mean()
    return (draw.distortion + draw.rate).mean() + gamma * total_correlation


def permute_dims(z: Tensor, noise: Tensor) -> Tensor:
    """Permute each latent of z (B, D) over the minibatch, as the order of noise (B, D) says."""
    return z.gather(0, noise.argsort(0))


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Cross-entropy of the logits (B, 1) of real and of permuted codes, the mean of both."""
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    cross_entropy = functional.binary_cross_entropy_with_logits
    return (cross_entropy(real, ones) + cross_entropy(fake, zeros)) / 2


def beta_tcvae(
    draw: ForwardPass, *, alpha: float, beta: float, gamma: float, sampling: str, dataset_size: int
) -> Tensor:
    """D + alpha MI + beta TC + gamma dimension-wise KL, minibatch estimates (chen2018, Eq. 4)."""
    posterior = draw.posterior
    information, total_correlation, dimension_wise = elbo_terms(
        draw.z,
        posterior.mean,
        2 * posterior.log_scale,
        method="mss" if sampling == "mss" else "mws",
        dataset_size=dataset_size,
    )
    penalty = alpha * information + beta * total_correlation + gamma * dimension_wise
    return draw.distortion.mean() + penalty


def orthogonal(draw: ForwardPass, *, beta: float, weight: float) -> Tensor:
    """D + beta R + weight x mean |offdiag(J^T J)|_F / |J^T J|_F, on some images (allen2024, N1)."""
    J = decoder_jacobian(draw.vae.decode, draw.z[:N_JACOBIANS])
    penalty = offdiagonal_mass(J.transpose(1, 2) @ J).mean()
    return beta_vae(draw, beta=beta) + weight * penalty


def second_order_distortion(draw: ForwardPass, *, curvature: str) -> Tensor:
    """E_q[D] to second order around the encoder mean, (B,): D(mean) + tr(H Sigma)/2.

    H is the Hessian of D in z, "hessian" exact; "gauss_newton" leaves out the decoder's own
    curvature: J^T (d^2 D / d output^2) J, which is J^T J / sigma^2 for a Gaussian likelihood and
    0 for a Laplace one (allen2024, mechanism 3).
    """
    columns = draw.posterior.scale_tril.transpose(1, 2)  # Sigma = sum over them of l l^T
    output, first, second = jet(draw.vae.decoder, draw.posterior.mean, columns)
    slope, bend = derivatives(draw.likelihood, output, draw.x)
    curved = bend[:, None] * first.square()
    if curvature == "hessian":
        curved = curved + slope[:, None] * second
    trace = draw.pixel_scale * curved.flatten(1).sum(1)
    return draw.distortion_of(output) + trace / 2


def deterministic(draw: ForwardPass, *, beta: float, curvature: str) -> Tensor:
    """The deterministic ELBO, negative: `second_order_distortion` + beta R (allen2024, E4).

    With the exact Hessian of a decoder that is curved (not ReLU) it has no lower bound: where
    H is indefinite, a wider posterior pays without end, and a training runs away.
    """
    return (second_order_distortion(draw, curvature=curvature) + beta * draw.rate).mean()


def loss(
    draw: ForwardPass,
    objective: Objective,
    *,
    dataset_size: int,
    discriminator: nn.Module | None = None,
) -> Tensor:
    """Return the loss that an objective of the configuration names."""
    match objective:
        case BetaVae(beta=beta):
            return beta_vae(draw, beta=beta)
        case LambdaBetaVae(beta=beta, lam=lam):
            return lambda_beta_vae(draw, beta=beta, lam=lam)
        case FactorVae(gamma=gamma):
            assert discriminator is not None
            return factor_vae(draw, discriminator, gamma=gamma)
        case BetaTcVae(alpha=alpha, beta=beta, gamma=gamma, sampling=sampling):
            return beta_tcvae(
                draw, alpha=alpha, beta=beta, gamma=gamma, sampling=sampling,
                dataset_size=dataset_size,
            )  # fmt: skip
        case Orthogonal(beta=beta, weight=weight):
            return orthogonal(draw, beta=beta, weight=weight)
        case Deterministic(beta=beta, curvature=curvature):
            return deterministic(draw, beta=beta, curvature=curvature)
