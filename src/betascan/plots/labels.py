"""What models, data sets, scores and quantities are called in figures."""

from collections.abc import Collection
from typing import SupportsFloat

from betascan.data.catalog import IMAGE_SETS
from betascan.metrics import registry

MODELS = {
    "beta_vae": r"$\beta$-VAE",
    "tcvae_mws": r"$\beta$-TCVAE, MWS",
    "tcvae_mss": r"$\beta$-TCVAE, MSS",
    "factor_vae": "FactorVAE",
}
METRICS = {
    metric.name if len(scores) == 1 else score.name: f"{score.label} ({score.unit})"
    if score.unit
    else score.label
    for metric in registry.METRICS.values()
    for scores in [[score for part in metric.statistics.values() for score in part]]
    for score in scores
}
"""Labels by the name of the metric, or of the score where a metric has several; with units."""
METRICS |= {"nll": "NLL (nats)", "elbo": "ELBO (nats)"}
SYMBOLS = {"beta": r"$\beta$", "gamma": r"$\gamma$", "lam": r"$\lambda$"}
TEMPERATURE = r"$T=\beta\sigma_\mathrm{dec}^2/V$"
STEPS = "training steps"


def dataset(key: str, standins: Collection[str]) -> str:
    """Return the name of an image data set, which says so if a stand-in takes its place."""
    label = IMAGE_SETS[key].label
    return f"{label} stand-in" if key in standins else label


def setting(**values: SupportsFloat) -> str:
    r"""Return the setting of a model: ``setting(beta=4, lam=0)`` is ``β = 4, λ = 0``."""
    return ", ".join(f"{SYMBOLS[name]} = {value:g}" for name, value in values.items())


def number(value: SupportsFloat, form: str = "g") -> str:
    """Return a formatted number with the minus sign of text, as on axes."""
    return f"{value:{form}}".replace("-", "−")


def level(value: object) -> str:
    """Return a level of an axis or a legend as text."""
    return value if isinstance(value, str) else f"{value:g}"
