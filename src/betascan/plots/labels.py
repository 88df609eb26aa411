"""What models, data sets, scores and quantities are called in figures."""

from collections.abc import Collection
from typing import SupportsFloat

from betascan.data.catalog import IMAGE_SETS

MODELS = {
    "beta_vae": r"$\beta$-VAE",
    "tcvae_mws": r"$\beta$-TCVAE, MWS",
    "tcvae_mss": r"$\beta$-TCVAE, MSS",
    "factor_vae": "FactorVAE",
}
METRICS = {
    "nll": "NLL (nats)",
    "elbo": "ELBO (nats)",
    "rate": "rate (nats)",
    "total_correlation": "total correlation (nats)",
    "matched_information": r"$I_m$ (nats)",
    "mig": "MIG",
    "mig_chen": "MIG (chen2018)",
    "mig_denardin": "MIG (denardin2025)",
    "sap": "SAP",
    "dci_disentanglement": "DCI disentanglement",
    "dci_completeness": "DCI completeness",
    "dci_informativeness": "DCI informativeness",
    "factor_vae_score": "FactorVAE score",
    "beta_vae_score": r"$\beta$-VAE score",
    "modularity": "modularity",
    "active_units": "active latents",
}
SYMBOLS = {"beta": r"$\beta$", "gamma": r"$\gamma$", "lam": r"$\lambda$"}
TEMPERATURE = r"$T=\beta\sigma_\mathrm{dec}^2/V$"
STEPS = "training steps"


def dataset(key: str, standins: Collection[str]) -> str:
    """Return the name of an image data set, which says where a stand-in takes its place."""
    label = IMAGE_SETS[key].label
    return f"{label} stand-in" if key in standins else label


def setting(**values: SupportsFloat) -> str:
    r"""Return the setting of a model: ``setting(beta=4, lam=0)`` is ``β = 4, λ = 0``."""
    return ", ".join(f"{SYMBOLS[name]} = {value:g}" for name, value in values.items())


def number(value: SupportsFloat, form: str = "g") -> str:
    """Return a formatted number with the minus sign of text, as axes have it."""
    return f"{value:{form}}".replace("-", "−")


def level(value: object) -> str:
    """Return a level of an axis or a legend as text."""
    return value if isinstance(value, str) else f"{value:g}"
