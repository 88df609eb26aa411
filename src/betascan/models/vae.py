"""A VAE: an encoder, a decoder, and the families of its posterior and prior."""

import torch
from torch import Tensor, nn

from betascan.config.vae import Likelihood, Model
from betascan.models import networks
from betascan.models.posterior import Gaussian, to_prior_support


class Vae(nn.Module):
    """A VAE of images (B, channels, size, size) in [0, 1].

    The decoder gives `output`s of the images' shape: logits of a Bernoulli pixel or of the
    sigmoid whose squared error counts, means of a Gaussian or Laplace pixel.
    """

    def __init__(self, model: Model, channels: int):
        super().__init__()
        self.model, self.channels = model, channels
        size, width, latents = model.size, model.width, model.latents
        numbers = Gaussian.n_parameters(latents, model.posterior)
        encoder = {
            "convolutional": networks.convolutional_encoder,
            "mlp": networks.mlp_encoder,
        }[model.encoder]
        self.encoder = encoder(size, channels, width, numbers)
        if model.decoder == "linear":
            self.decoder = networks.linear_decoder(size, channels, latents)
        else:
            decoder = {
                "convolutional": networks.convolutional_decoder,
                "mlp": networks.mlp_decoder,
            }[model.decoder]
            self.decoder = decoder(size, channels, width, latents, model.activation)

    def encode(self, x: Tensor) -> Gaussian:
        """Return q(z|x) of images (B, C, H, W)."""
        numbers = self.encoder(x).to(x.dtype)  # also where autocast makes it less
        return Gaussian.from_encoder(numbers, self.model.latents, self.model.posterior)

    def decode(self, z: Tensor) -> Tensor:
        """Return the outputs (B, C, H, W) of codes (B, latents)."""
        output: Tensor = self.decoder(to_prior_support(z, self.model.prior))
        return output


def mean_image(output: Tensor, likelihood: Likelihood) -> Tensor:
    """Return the image that a decoder's output stands for, in the shape of the output."""
    if likelihood.kind in ("bernoulli", "squared_error"):
        return torch.sigmoid(output)
    return output
