"""What repeated scores say about a metric: its noise and its dependence on settings."""

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


def between_model_std(repeated: pd.DataFrame) -> pd.Series:
    """Return each metric's standard deviation between models, the unit of differences.

    The scores are means over repeats, at the usual setting and with the most samples. A metric
    that does not tell models apart has no unit: NaN.

    Parameters
    ----------
    repeated : DataFrame
        Table returned by `stability.repeated`, of several models.
    """
    means = reference_scores(repeated)
    between = means[means["usual"]].groupby("metric")["value"].std()
    return between.where(between > 0)


def reference_scores(repeated: pd.DataFrame) -> pd.DataFrame:
    """Return means over repeats with the most samples: metric, setting, usual, MODEL, value."""
    most = repeated[repeated["samples"] == repeated["samples"].max()]
    keys = ["metric", "setting", "usual", *MODEL]
    return most.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()


def errors(repeated: pd.DataFrame) -> pd.DataFrame:
    """Return root mean square distances of single scores from the reference, at each sample size.

    They include both noise and the bias of small samples; in units of `between_model_std`, at the
    usual setting.

    Returns
    -------
    DataFrame
        metric, samples, MODEL, error.
    """
    usual, reference = repeated[repeated["usual"]], reference_scores(repeated)
    reference = reference[reference["usual"]].rename(columns={"value": "reference"})
    joined = usual.merge(reference[["metric", *MODEL, "reference"]], on=["metric", *MODEL])
    joined["square"] = (joined["value"] - joined["reference"]) ** 2
    mean = joined.groupby(["metric", "samples", *MODEL])["square"].mean().reset_index()
    mean["error"] = np.sqrt(mean.pop("square")) / mean["metric"].map(between_model_std(repeated))
    return mean


def deviations(repeated: pd.DataFrame) -> pd.DataFrame:
    """Return the standard deviation over repeats of each model's score, at the usual setting.

    Returns
    -------
    DataFrame
        metric, samples, MODEL, deviation.
    """
    usual = repeated[repeated["usual"]]
    deviation = usual.groupby(["metric", "samples", *MODEL])["value"].std()
    return deviation.rename("deviation").reset_index()


def by_setting(repeated: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return reference scores of one metric, models x settings."""
    means = reference_scores(repeated)
    return means[means["metric"] == metric].pivot_table(
        index=MODEL, columns="setting", values="value", sort=False
    )
