"""Tables of a scan that follows hirn2026's laws exactly, for the tests of the study."""

import numpy as np
import pandas as pd

from betascan.theory import landau

T = np.geomspace(1e-7, 1, 57)
# PCA ratios of the 19 standardised WorldClim layers, whose covariance has rank 18
RATIOS = np.array(
    [
        *[0.5643, 0.1782, 0.1062, 0.0597, 0.0351, 0.0247, 0.0148, 6.94e-3, 5.00e-3, 3.02e-3],
        *[8.39e-4, 5.98e-4, 2.78e-4, 1.77e-4, 1.47e-4, 5.29e-5, 9.90e-6, 2.69e-6],
    ]
)
RATIOS /= RATIOS.sum()
RANKS = len(RATIOS)


def observables(estimator="sampled", split="train"):
    """Moments of modes on the canonical branch, and of one latent beyond the rank of the data."""
    return pd.concat(
        pd.DataFrame(
            {
                "estimator": estimator,
                "split": split,
                "T": T,
                "beta": 19 * T,
                "rank": rank,
                "mean_mu2": landau.signal_fraction(T, T_k),
                "mean_log_sigma2": landau.log_variance(T, T_k),
                "rate": landau.rate(T, T_k),
                "signal_fraction": landau.signal_fraction(T, T_k),
                "posterior_scale": 1.0,
                "jensen_gap": 0.0,
            }
        )
        for rank, T_k in enumerate([*RATIOS, 1e-17], start=1)
    )


def distortion(estimator="sampled", split="train", variances=RATIOS):
    """Distortions of truncated reconstructions, up to the rank of the data."""
    table = pd.concat(
        pd.DataFrame(
            {
                "estimator": estimator,
                "split": split,
                "T": T,
                "rank": rank,
                "distortion": landau.mean_distortion(T, RATIOS, rank, variances),
            }
        )
        for rank in range(RANKS + 1)
    )
    return table.assign(share=table["distortion"] / variances.sum())


def points(estimator="sampled", split="train", floor=0.1):
    """Each point as a whole; nothing is ordered otherwise than by signal fraction."""
    active = (landau.signal_fraction(T[:, None], RATIOS) > floor).sum(axis=1)
    crossings = [f"crossings_{name}" for name in ("mean_mu2", "mean_log_sigma2", "rate", "greedy")]
    return pd.DataFrame(
        {
            "estimator": estimator,
            "split": split,
            "T": T,
            "distortion": landau.sampled_distortion(T, RATIOS),
            "rate": landau.rate(T[:, None], RATIOS).sum(axis=1),
            "active": active,
            "pairs": active * (active - 1) // 2,
            **dict.fromkeys(crossings, 0),
            "decoder_error": 0.0,
            "rate_error": 0.0 if split == "test" else np.nan,
        }
    )


def protocol(estimator="sampled"):
    """Points that have come to rest at the optimum of the loss."""
    loss = 19 / 2 * landau.loss(T, RATIOS)
    return pd.DataFrame(
        {
            "estimator": estimator,
            "T": T,
            "beta": 19 * T,
            "best_update": 400,
            "last_update": 500,
            "validation_loss": loss,
            "optimum_loss": loss,
        }
    )


def pca(split="train", variances=RATIOS):
    """The principal axes of training on a split with other variances; 19, since bio7 is a sum."""
    return pd.DataFrame(
        {
            "split": split,
            "rank": range(RANKS + 2),
            "pca_ratio": [np.nan, *RATIOS, 1e-17],
            "pca_utility": [np.nan, *variances, 1e-17],
            "pca_distortion": [*np.cumsum(variances[::-1])[::-1], 1e-17, 0],
        }
    )


def joined(parts):
    return pd.concat(parts, ignore_index=True)


def tables(estimators=("sampled",), shift=1.0):
    """All tables, on training and on a test split whose variances are `shift` as large."""
    splits = {"train": RATIOS, "test": shift * RATIOS}
    both = [(estimator, split) for estimator in estimators for split in splits]
    return {
        "observables": joined(observables(*keys) for keys in both),
        "distortion": joined(distortion(*keys, splits[keys[1]]) for keys in both),
        "points": joined(points(*keys) for keys in both),
        "protocol": joined(protocol(estimator) for estimator in estimators),
        "pca": joined(pca(split, variances) for split, variances in splits.items()),
    }
