"""Collapse spectroscopy: latents along a scan over beta (hirn2026, section II)."""

from betascan.spectroscopy.modes import spectrum
from betascan.spectroscopy.observables import observe
from betascan.spectroscopy.thresholds import fit_slope, fit_threshold
from betascan.spectroscopy.utility import RANK_FLOOR, Pca, truncated_distortion, utilities
from betascan.theory.temperature import beta_from_temperature, temperature_from_beta

__all__ = [
    "RANK_FLOOR",
    "Pca",
    "beta_from_temperature",
    "fit_slope",
    "fit_threshold",
    "observe",
    "spectrum",
    "temperature_from_beta",
    "truncated_distortion",
    "utilities",
]
