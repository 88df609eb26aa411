import numpy as np
import pandas as pd

from betascan.studies.hirn2026.claims import noise_onset, slopes
from betascan.studies.hirn2026.tables import utilities
from betascan.theory import landau

T = np.geomspace(1e-4, 1, 41)
RATIOS = np.array([0.5, 0.3, 0.15, 0.05])


def canonical(noise=None):
    """Observables of modes that follow the laws; below T = 0.01 A^2 is off by `noise`."""
    frames = []
    for rank, T_k in enumerate(RATIOS, start=1):
        scale = np.where(noise and T < 0.01, 1 + (noise or 0), 1.0)
        frames.append(
            pd.DataFrame(
                {
                    "T": T,
                    "rank": rank,
                    "signal_fraction": landau.signal_fraction(T, T_k),
                    "mean_log_sigma2": landau.log_variance(T, T_k),
                    "rate": landau.rate(T, T_k),
                    "posterior_scale": scale,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def test_utilities_use_the_temperature_that_training_chooses():
    rows = [
        *[("train", 1.0, 0, 1.0), ("train", 1.0, 1, 0.9), ("train", 0.1, 0, 1.0)],
        *[("train", 0.1, 1, 0.4), ("test", 1.0, 0, 1.2), ("test", 1.0, 1, 0.3)],
        *[("test", 0.1, 0, 1.2), ("test", 0.1, 1, 0.5)],
    ]
    frame = pd.DataFrame(rows, columns=["split", "T", "rank", "distortion"])
    found = utilities(frame.assign(estimator="sampled")).set_index(["split", "rank"])["utility"]
    assert np.isclose(found["train", 1], 0.6)
    assert np.isclose(found["test", 1], 0.7)  # 0.9 at the T that would suit the test split


def test_the_laws_have_their_slopes():
    seen = canonical()
    assert np.isclose(slopes(seen, "mean_log_sigma2", 0, 0.1), 1)
    assert np.isclose(slopes(seen, "rate", 0, 0.1), -0.5)


def test_noise_is_found_where_it_begins():
    assert np.isnan(noise_onset(canonical(), 0.1))
    assert np.isnan(noise_onset(canonical(noise=0.05), 0.1))
    assert noise_onset(canonical(noise=0.2), 0.1) == T[T < 0.01].max()


def test_the_mean_law_ends_at_the_variance_that_is_left():
    variances = RATIOS * [1.2, 0.8, 1.5, 1.0]
    left = landau.mean_distortion(1e-9, RATIOS, 2, variances)
    assert np.isclose(left, variances[2:].sum())
    assert np.isclose(landau.mean_distortion(1.0, RATIOS, 2, variances), variances.sum())
