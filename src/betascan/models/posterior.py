"""Gaussian posteriors q(z|x) and their KL divergence from a prior."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from betascan.config.vae import Posterior, Prior

LAPLACE_SCALE = math.sqrt(0.5)  # unit variance, like the other priors
SQRT_3 = math.sqrt(3.0)


@dataclass(frozen=True)
class Gaussian:
    """q(z|x) = N(mean, L L^T), one for each row.

    Attributes
    ----------
    mean : Tensor of shape (batch, latents)
    log_scale : Tensor of shape (batch, latents)
        Logarithm of the diagonal of L.
    lower : Tensor of shape (batch, latents, latents) or None
        L below its diagonal, the rest 0; None for a diagonal covariance.
    """

    mean: Float[Tensor, "batch latents"]
    log_scale: Float[Tensor, "batch latents"]
    lower: Float[Tensor, "batch latents latents"] | None

    @classmethod
    def n_parameters(cls, latents: int, posterior: Posterior) -> int:
        """Return how many outputs an encoder needs for one posterior."""
        return 2 * latents + (latents * (latents - 1) // 2 if posterior == "full" else 0)

    @classmethod
    def from_encoder(
        cls, outputs: Float[Tensor, "batch parameters"], latents: int, posterior: Posterior
    ) -> "Gaussian":
        """Return the posteriors that an encoder's outputs represent.

        Parameters
        ----------
        outputs : Tensor of shape (batch, n_parameters)
            Means, log-variances (twice `log_scale`), and L below its diagonal, row by row.
        latents : int
            Number of latents.
        posterior : {"diagonal", "full"}
            Form of the covariance.
        """
        mean, log_variance, rest = outputs.split(
            [latents, latents, outputs.shape[1] - 2 * latents], dim=1
        )
        if posterior == "diagonal":
            return cls(mean, log_variance / 2, None)
        lower = outputs.new_zeros(len(outputs), latents, latents)
        rows, columns = torch.tril_indices(latents, latents, -1, device=outputs.device)
        lower[:, rows, columns] = rest
        return cls(mean, log_variance / 2, lower)

    @property
    def scale_tril(self) -> Float[Tensor, "batch latents latents"]:
        """The Cholesky factor L."""
        diagonal = torch.diag_embed(self.log_scale.exp())
        return diagonal if self.lower is None else diagonal + self.lower

    @property
    def variance(self) -> Float[Tensor, "batch latents"]:
        """The marginal variances, the diagonal of L L^T."""
        variance = (2 * self.log_scale).exp()
        return variance if self.lower is None else variance + self.lower.square().sum(2)

    def sample(self, noise: Float[Tensor, "batch latents"]) -> Float[Tensor, "batch latents"]:
        """Return z = mean + L noise, for standard normal noise."""
        z = torch.addcmul(self.mean, self.log_scale.exp(), noise)
        if self.lower is None:
            return z
        return z + (self.lower * noise[:, None, :]).sum(2)  # a matrix product would be autocast

    def rate(self, prior: Prior) -> Float[Tensor, " batch"]:
        """Return KL(q || prior) in closed form.

        Parameters
        ----------
        prior : {"gaussian", "laplace", "uniform"}
            All have mean 0 and variance 1. For the Laplace prior, E|z| is the mean of a folded
            normal. The uniform latent is that of N(0, 1) after `to_prior_support`, so its rate is
            that of N(0, 1): KL does not change under an invertible map.

        Returns
        -------
        Tensor of shape (batch,)
            In nats.
        """
        if prior == "laplace":
            scale = self.variance.sqrt()
            ratio = self.mean / scale
            folded = math.sqrt(2 / math.pi) * scale * torch.exp(-ratio.square() / 2)
            absolute = folded + self.mean * torch.erf(ratio * math.sqrt(0.5))
            cross_entropy = absolute / LAPLACE_SCALE + math.log(2 * LAPLACE_SCALE)
        else:
            cross_entropy = (self.mean.square() + self.variance + math.log(2 * math.pi)) / 2
        entropy = self.log_scale + (1 + math.log(2 * math.pi)) / 2
        return (cross_entropy - entropy).sum(1)


def to_prior_support(
    z: Float[Tensor, "batch latents"], prior: Prior
) -> Float[Tensor, "batch latents"]:
    """Map a Gaussian latent to the support of the prior, as the decoder receives it.

    A Gaussian posterior has no finite KL to a uniform prior. So the latent of a uniform prior is
    u = sqrt(3) (2 Phi(z) - 1), the probability integral transform scaled to unit variance: where
    z is N(0, 1), u is uniform, and a Gaussian posterior of z implies one of u.

    Parameters
    ----------
    z : Tensor of shape (batch, latents)
        Codes.
    prior : {"gaussian", "laplace", "uniform"}
        The first two leave z as it is.
    """
    return SQRT_3 * torch.erf(z * math.sqrt(0.5)) if prior == "uniform" else z
