"""Metrics of disentanglement and their estimators: README.md has the table of definitions.

Codes are (n, latents) and factors (n, factors), one row a sample, everywhere. Information is in
nats. `total_correlation` and `jacobian` work on tensors and are imported by themselves.
"""

from betascan.metrics.arrays import MetricError
from betascan.metrics.classifier import beta_vae_score, explicitness, factor_vae_score
from betascan.metrics.confidence import Interval, bootstrap, over_seeds
from betascan.metrics.dci import Dci, dci
from betascan.metrics.mutual_information import (
    matched_information,
    matched_sum,
    mig,
    mig_denardin,
    modularity,
    mutual_information,
    squared_correlation,
    top_gap,
)
from betascan.metrics.posterior import (
    active_units,
    aggregate_covariance,
    gaussian_total_correlation,
    posterior_summary,
)
from betascan.metrics.sampled_information import mig_chen
from betascan.metrics.sap import sap, sap_continuous

__all__ = [
    "Dci",
    "Interval",
    "MetricError",
    "active_units",
    "aggregate_covariance",
    "beta_vae_score",
    "bootstrap",
    "dci",
    "explicitness",
    "factor_vae_score",
    "gaussian_total_correlation",
    "matched_information",
    "matched_sum",
    "mig",
    "mig_chen",
    "mig_denardin",
    "modularity",
    "mutual_information",
    "over_seeds",
    "posterior_summary",
    "sap",
    "sap_continuous",
    "squared_correlation",
    "top_gap",
]
