"""What repeated scores say of a metric: its noise and its dependence on settings."""

import numpy as np
import pandas as pd

MODEL = ["model", "beta", "seed"]
LABELS = {
    "mig_chen": "MIG (chen2018)",
    "mig": "MIG (20 bins)",
    "sap": "SAP",
    "dci_disentanglement": "DCI disent.",
    "factor_vae_score": "FactorVAE score",
    "beta_vae_score": r"$\beta$-VAE score",
}


def spread(repeated: pd.DataFrame) -> pd.Series:
    """Standard deviation between models of each metric: what a difference is measured in.

    Of means over repeats, at the usual setting and the most samples. A metric that tells no
    models apart has no unit: NaN.
    """
    means = settled(repeated)
    between = means[means["usual"]].groupby("metric")["value"].std()
    return between.where(between > 0)


def settled(repeated: pd.DataFrame) -> pd.DataFrame:
    """Return the means over repeats at the most samples: metric, setting, usual, MODEL, value."""
    most = repeated[repeated["samples"] == repeated["samples"].max()]
    keys = ["metric", "setting", "usual", *MODEL]
    return most.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()


def errors(repeated: pd.DataFrame) -> pd.DataFrame:
    """Root mean square distance of single scores from the settled one, in units of `spread`.

    metric, samples, MODEL, error: noise and bias of few samples alike.
    """
    usual = repeated[repeated["usual"]]
    settled_at = settled(repeated)
    whole = settled_at[settled_at["usual"]].rename(columns={"value": "settled"})
    joined = usual.merge(whole[["metric", *MODEL, "settled"]], on=["metric", *MODEL])
    unit = spread(repeated)
    joined["square"] = (joined["value"] - joined["settled"]) ** 2
    mean = joined.groupby(["metric", "samples", *MODEL])["square"].mean().reset_index()
    mean["error"] = np.sqrt(mean.pop("square")) / mean["metric"].map(unit)
    return mean


def by_setting(repeated: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return settled scores of one metric, models x settings."""
    means = settled(repeated)
    return means[means["metric"] == metric].pivot_table(
        index=MODEL, columns="setting", values="value", sort=False
    )
