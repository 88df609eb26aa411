"""The linear VAE, trained at every beta of a scan at once."""

from betascan.linear_vae.result import Scan, total_variance
from betascan.linear_vae.training import scan

__all__ = ["Scan", "scan", "total_variance"]
