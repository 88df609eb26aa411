"""A VAE of multilayer perceptrons, trained at every beta of a scan at once."""

from betascan.nonlinear_vae.measure import observe, truncated_distortion
from betascan.nonlinear_vae.training import scan

__all__ = ["observe", "scan", "truncated_distortion"]
