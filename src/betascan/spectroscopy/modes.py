"""The spectrum of a scan by rank: thresholds and utilities next to those of the PCA."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from betascan.spectroscopy.thresholds import fit_threshold
from betascan.theory import landau

Spectrum = Float[np.ndarray, " ranks"]


def spectrum(
    observed: pd.DataFrame, utility: Spectrum, ratios: Spectrum, variances: Spectrum, floor: float
) -> pd.DataFrame:
    """Put the threshold and utility of each rank next to the PCA's.

    Parameters
    ----------
    observed : DataFrame
        rank, T and signal_fraction, as `observe` returns them.
    utility, ratios, variances : ndarray of shape (ranks,)
        Utilities, and the PCA's ratios and utilities, by rank; if the lengths differ, the ranks
        that all have are used.
    floor : float
        A latent is active where its signal fraction exceeds it.

    Returns
    -------
    DataFrame
        A row per rank: rank, pca_ratio, pca_utility, threshold, threshold_se, inactive_below (the
        number of T below the threshold at which the latent is inactive), departure (root mean
        square distance of the signal fraction from the fitted law, where the latent is active or
        should be according to the law) and utility.

    References
    ----------
    hirn2026, Eqs. 16 and 18.
    """
    rows = []
    for rank in range(1, min(len(ratios), len(utility)) + 1):
        latent = observed[observed["rank"] == rank]
        T, M2 = latent["T"].to_numpy(), latent["signal_fraction"].to_numpy()
        threshold, error = fit_threshold(T, M2, floor)
        judged = (floor < M2) | (threshold > T)
        residual = (M2 - landau.signal_fraction(T, threshold))[judged]
        rows.append(
            {
                "rank": rank,
                "pca_ratio": ratios[rank - 1],
                "pca_utility": variances[rank - 1],
                "threshold": threshold,
                "threshold_se": error,
                "inactive_below": int(((threshold > T) & (floor >= M2)).sum()),
                "departure": np.sqrt((residual**2).mean()) if len(residual) else np.nan,
                "utility": utility[rank - 1],
            }
        )
    return pd.DataFrame(rows)
