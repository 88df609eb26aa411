"""The metrics that `evaluation.wanted` can name: what each needs, computes and is called.

A new metric is one module with a function that makes a `Statistic` from `ScoreInputs`, and one row
here. The rows name functions instead of importing them, so that a configuration can be checked
without NumPy, SciPy, scikit-learn or PyTorch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Need = Literal["factors", "log_variance", "values", "test", "encoder"]
"""In addition to posterior means: factor labels, log-variances, factor values, a test set, and
images of any factors encoded on demand."""


@dataclass(frozen=True)
class Score:
    """One score: a row of `score_table`.

    Attributes
    ----------
    name, convention
        Contents of the columns "metric" and "convention", which says whose definition it is.
    label
        What figures and tables call it.
    unit
        Unit of its value; empty for scores without one.
    """

    name: str
    convention: str
    label: str
    unit: str = ""


@dataclass(frozen=True)
class Metric:
    """What one name in `evaluation.wanted` asks for.

    Attributes
    ----------
    name
        Name in the configuration.
    needs
        What it is computed from.
    statistics
        Dotted names of functions that take `ScoreInputs` and return a `Statistic`, with the scores
        that each computes.
    refits
        Whether models are refitted in each resample of the bootstrap.
    """

    name: str
    needs: tuple[Need, ...]
    statistics: Mapping[str, tuple[Score, ...]]
    refits: bool = False


LIBRARY = "disentanglement_lib"

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "mig",
            needs=("factors",),
            statistics={
                "betascan.metrics.information.mig_statistic": (Score("mig", LIBRARY, "MIG"),)
            },
        ),
        Metric(
            "mig_chen",
            needs=("factors", "log_variance"),
            statistics={
                "betascan.metrics.sampled_information.mig_chen_statistic": (
                    Score("mig", "chen2018", "MIG (chen2018)"),
                )
            },
        ),
        Metric(
            "mig_denardin",
            needs=("values",),
            statistics={
                "betascan.metrics.information.mig_denardin_statistic": (
                    Score("mig", "denardin2025", "MIG (denardin2025)"),
                )
            },
        ),
        Metric(
            "modularity",
            needs=("factors",),
            statistics={
                "betascan.metrics.information.modularity_statistic": (
                    Score("modularity", LIBRARY, "Modularity"),
                )
            },
        ),
        Metric(
            "matched_information",
            needs=("factors",),
            statistics={
                "betascan.metrics.information.matched_information_statistic": (
                    Score("matched_information", "vu2026", "$I_m$", "nats"),
                )
            },
        ),
        Metric(
            "sap",
            needs=("factors", "test"),
            statistics={
                "betascan.metrics.predictability.sap_statistic": (Score("sap", LIBRARY, "SAP"),)
            },
        ),
        Metric(
            "dci",
            needs=("factors", "test"),
            statistics={
                "betascan.metrics.importance.dci_statistic": (
                    Score("dci_disentanglement", "lightgbm", "DCI disentanglement"),
                    Score("dci_completeness", "lightgbm", "DCI completeness"),
                    Score("dci_informativeness", "lightgbm", "DCI informativeness"),
                )
            },
            refits=True,
        ),
        Metric(
            "explicitness",
            needs=("factors", "test"),
            statistics={
                "betascan.metrics.predictability.explicitness_statistic": (
                    Score("explicitness", LIBRARY, "Explicitness"),
                )
            },
            refits=True,
        ),
        Metric(
            "factor_vae_score",
            needs=("encoder",),
            statistics={
                "betascan.metrics.intervention.factor_vae_statistic": (
                    Score("factor_vae_score", LIBRARY, "FactorVAE score"),
                )
            },
        ),
        Metric(
            "beta_vae_score",
            needs=("encoder",),
            statistics={
                "betascan.metrics.intervention.beta_vae_statistic": (
                    Score("beta_vae_score", LIBRARY, r"$\beta$-VAE score"),
                )
            },
        ),
        Metric(
            "spectroscopy",
            needs=("log_variance",),
            statistics={
                "betascan.metrics.posterior.active_units_statistic": (
                    Score("active_units", "burda2016", "Active latents"),
                ),
                "betascan.metrics.posterior.rate_statistic": (
                    Score("rate", "hirn2026", "Rate (diagonal)", "nats"),
                ),
                "betascan.metrics.posterior.total_correlation_statistic": (
                    Score("total_correlation", "gaussian", "Total correlation (Gaussian)", "nats"),
                ),
            },
        ),
        Metric(
            "elbo_terms",
            needs=("log_variance",),
            statistics={
                "betascan.metrics.sampled_information.elbo_terms_statistic": (
                    Score("index_code_mi", "exact", "Index-code mutual information", "nats"),
                    Score("total_correlation", "exact", "Total correlation", "nats"),
                    Score("dimension_wise_kl", "exact", "Dimension-wise KL", "nats"),
                )
            },
        ),
    )
}

SCORES: Mapping[tuple[str, str], Score] = {
    (score.name, score.convention): score
    for metric in METRICS.values()
    for scores in metric.statistics.values()
    for score in scores
}
"""Each score by its name and convention."""
