"""Variational autoencoders of images: networks, posteriors, priors."""

from betascan.models.networks import mlp_discriminator
from betascan.models.posterior import Gaussian
from betascan.models.saved import Saved, load, save
from betascan.models.vae import Vae

__all__ = ["Gaussian", "Saved", "Vae", "load", "mlp_discriminator", "save"]
