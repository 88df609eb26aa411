"""Metrics of disentanglement and their estimators: README.md has the table of definitions.

Codes are (n, latents) and factors (n, factors), one row per sample, everywhere: arrays, tensors,
DataFrames or nested lists. Information is in nats. `total_correlation` and `jacobian` work on
tensors and are imported separately. Names are imported on first use, so that the registry
needs none of the libraries that the metrics need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from betascan.metrics.confidence import Interval, bootstrap
    from betascan.metrics.errors import MetricError
    from betascan.metrics.importance import Dci, dci
    from betascan.metrics.information import (
        matched_information,
        matched_sum,
        mig,
        mig_denardin,
        modularity,
        mutual_information,
        squared_correlation,
        top_gap,
    )
    from betascan.metrics.intervention import beta_vae_score, factor_vae_score
    from betascan.metrics.posterior import (
        active_units,
        aggregate_covariance,
        gaussian_total_correlation,
        posterior_summary,
    )
    from betascan.metrics.predictability import explicitness, sap, sap_continuous
    from betascan.metrics.sampled_information import mig_chen

_MODULE = {
    "Dci": "importance",
    "Interval": "confidence",
    "MetricError": "errors",
    "active_units": "posterior",
    "aggregate_covariance": "posterior",
    "beta_vae_score": "intervention",
    "bootstrap": "confidence",
    "dci": "importance",
    "explicitness": "predictability",
    "factor_vae_score": "intervention",
    "gaussian_total_correlation": "posterior",
    "matched_information": "information",
    "matched_sum": "information",
    "mig": "information",
    "mig_chen": "sampled_information",
    "mig_denardin": "information",
    "modularity": "information",
    "mutual_information": "information",
    "posterior_summary": "posterior",
    "sap": "predictability",
    "sap_continuous": "predictability",
    "squared_correlation": "information",
    "top_gap": "information",
}

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
    "posterior_summary",
    "sap",
    "sap_continuous",
    "squared_correlation",
    "top_gap",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
