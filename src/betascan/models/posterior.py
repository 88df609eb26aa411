"""Gaussian posteriors q(z|x) and what they cost under a prior."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from betascan.config.vae import Posterior, Prior

LAPLACE_SCALE = math.sqrt(0.5)  # unit variance, as the other priors
SQRT_3 = math.sqrt(3.0)


@dataclass(frozen=True)
class Gaussian:
    """q(z|x) = N(mean, L L^T), one a row.

    mean, log_scale (B, D): the logarithm of L's diagonal; lower (B, D, D), strictly lower
    triangular, None for a diagonal covariance.
    """

    mean: Tensor
    log_scale: Tensor
    lower: Tensor | None

    @classmethod
    def n_parameters(cls, latents: int, posterior: Posterior) -> int:
        """How many numbers an encoder must give for one posterior."""
        return 2 * latents + (latents * (latents - 1) // 2 if posterior == "full" else 0)

    @classmethod
    def from_encoder(cls, numbers: Tensor, latents: int, posterior: Posterior) -> "Gaussian":
        """Read an encoder's outputs (B, parameters): mean, log-variance, L below the diagonal."""
        mean, log_variance, rest = numbers.split(
            [latents, latents, numbers.shape[1] - 2 * latents], dim=1
        )
        if posterior == "diagonal":
            return cls(mean, log_variance / 2, None)
        lower = numbers.new_zeros(len(numbers), latents, latents)
        rows, columns = torch.tril_indices(latents, latents, -1, device=numbers.device)
        lower[:, rows, columns] = rest
        return cls(mean, log_variance / 2, lower)

    @property
    def scale_tril(self) -> Tensor:
        """L (B, D, D)."""
        diagonal = torch.diag_embed(self.log_scale.exp())
        return diagonal if self.lower is None else diagonal + self.lower

    @property
    def variance(self) -> Tensor:
        """Of each latent, (B, D): the diagonal of L L^T."""
        variance = (2 * self.log_scale).exp()
        return variance if self.lower is None else variance + self.lower.square().sum(2)

    def sample(self, noise: Tensor) -> Tensor:
        """z = mean + L noise, (B, D), for standard normal noise (B, D)."""
        z = torch.addcmul(self.mean, self.log_scale.exp(), noise)
        if self.lower is None:
            return z
        return z + (self.lower * noise[:, None, :]).sum(2)  # a product would be autocast

    def rate(self, prior: Prior) -> Tensor:
        """KL(q || prior) in nats, (B,), exact.

        "gaussian" N(0, 1); "laplace" with unit variance, E|z| being that of a folded normal.
        "uniform": the latent is that of N(0, 1), which `to_prior_support` makes uniform, so the
        rate is the same: KL does not change under an invertible map.
        """
        if prior == "laplace":
            scale = self.variance.sqrt()
            ratio = self.mean / scale
            folded = math.sqrt(2 / math.pi) * scale * torch.exp(-ratio.square() / 2)
            absolute = folded + self.mean * torch.erf(ratio * math.sqrt(0.5))
            cost = absolute / LAPLACE_SCALE + math.log(2 * LAPLACE_SCALE)
        else:
            cost = (self.mean.square() + self.variance + math.log(2 * math.pi)) / 2
        entropy = self.log_scale + (1 + math.log(2 * math.pi)) / 2
        return (cost - entropy).sum(1)


def to_prior_support(z: Tensor, prior: Prior) -> Tensor:
    """What the decoder is given: z itself, or for a uniform prior its quantile.

    A Gaussian posterior has no finite KL to a uniform prior; sqrt(3) (2 Phi(z) - 1) is uniform
    with unit variance where z is N(0, 1), and the posterior is carried along.
    """
    return SQRT_3 * torch.erf(z * math.sqrt(0.5)) if prior == "uniform" else z
