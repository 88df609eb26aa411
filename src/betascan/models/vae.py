"""A VAE: an encoder, a decoder, and the families of its posterior and prior."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from betascan.config.vae import Likelihood, Model
from betascan.models import networks
from betascan.models.posterior import Gaussian, to_prior_support

Images = Float[Tensor, "batch channels size size"]


@contextmanager
def single_precision() -> Iterator[None]:
    """Let torch make float32 tensors if no other type is asked for, whatever its default is."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(default)


class Vae(nn.Module):
    """A VAE of images (batch, channels, size, size) in [0, 1].

    Parameters
    ----------
    model : Model
        Networks, posterior and prior.
    channels : int
        1 or 3.
    """

    @single_precision()
    def __init__(self, model: Model, channels: int) -> None:
        super().__init__()
        self.model, self.channels = model, channels
        size, width, latents = model.size, model.width, model.latents
        encoder = {
            "convolutional": networks.convolutional_encoder,
            "mlp": networks.mlp_encoder,
        }[model.encoder]
        self.encoder = encoder(
            size, channels, width, Gaussian.n_parameters(latents, model.posterior)
        )
        if model.decoder == "linear":
            self.decoder = networks.linear_decoder(size, channels, latents)
        else:
            decoder = {
                "convolutional": networks.convolutional_decoder,
                "mlp": networks.mlp_decoder,
            }[model.decoder]
            self.decoder = decoder(size, channels, width, latents, model.activation)

    def encode(self, x: Images) -> Gaussian:
        """Return q(z|x) of images."""
        outputs = self.encoder(x).to(x.dtype)  # also under autocast
        return Gaussian.from_encoder(outputs, self.model.latents, self.model.posterior)

    def decode(self, z: Float[Tensor, "batch latents"]) -> Images:
        """Return the decoder's outputs for codes.

        They are logits for a Bernoulli likelihood and for the squared error, with their sigmoids
        as images, and means for a Gaussian or Laplace one.
        """
        output: Tensor = self.decoder(to_prior_support(z, self.model.prior))
        return output


def mean_image(output: Float[Tensor, "*shape"], likelihood: Likelihood) -> Float[Tensor, "*shape"]:
    """Return E[x|z], the image that a decoder's output represents.

    Parameters
    ----------
    output : Tensor
        Output of the decoder, see `Vae.decode`.
    likelihood : Likelihood
        Likelihood that the VAE was trained with.
    """
    if likelihood.kind in ("bernoulli", "squared_error"):
        return torch.sigmoid(output)
    return output
