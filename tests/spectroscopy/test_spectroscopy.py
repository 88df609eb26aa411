import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from sklearn.decomposition import PCA

from betascan.core.errors import DataError
from betascan.linear_vae import Scan
from betascan.spectroscopy import (
    Pca,
    fit_slope,
    fit_threshold,
    observe,
    truncated_distortion,
    utilities,
)

FEATURES, LATENTS = 5, 3


def build(seed):
    """A scan of two betas, in falling order, with arbitrary parameters, and 40 samples."""
    draw = np.random.default_rng(seed).normal
    shapes = {
        "encoder_mean": (LATENTS, FEATURES),
        "encoder_mean_bias": (LATENTS,),
        "encoder_log_variance": (LATENTS, FEATURES),
        "encoder_log_variance_bias": (LATENTS,),
        "decoder": (FEATURES, LATENTS),
        "decoder_bias": (FEATURES,),
    }
    parameters = {name: draw(0, 0.5, (2, *shape)) for name, shape in shapes.items()}
    counts = np.zeros(2, np.int64)
    scan = Scan(np.array([2.0, 0.5]), 7.0, parameters, counts, counts, np.zeros(2), {})
    return scan, draw(0.3, 1.5, (40, FEATURES)).astype(np.float32)


@pytest.fixture(scope="module", params=range(3))
def case(request):
    return build(request.param)


def posterior(scan, point, x):
    """Mean and log-variance (latents,) of one sample."""
    p = {name: array[point] for name, array in scan.parameters.items()}
    mean = p["encoder_mean"] @ x + p["encoder_mean_bias"]
    return mean, p["encoder_log_variance"] @ x + p["encoder_log_variance_bias"]


def test_observables_are_averages_over_samples(case):
    scan, x = case
    table = observe(scan, x)
    assert len(table) == 2 * LATENTS
    for _, row in table.iterrows():
        point, k = list(scan.betas).index(row["beta"]), int(row["latent"])
        posteriors = [posterior(scan, point, sample) for sample in x.astype(float)]
        mu = np.array([mean[k] for mean, _ in posteriors])
        log_sigma2 = np.array([log_variance[k] for _, log_variance in posteriors])
        sigma2 = np.exp(log_sigma2)
        expected = {
            "T": row["beta"] / 7,
            "mean_mu2": np.mean(mu**2),
            "mean_sigma2": np.mean(sigma2),
            "mean_log_sigma2": np.mean(log_sigma2),
            "rate": np.mean(mu**2 + sigma2 - 1 - log_sigma2) / 2,
            "signal_fraction": np.mean(mu**2) / (np.mean(mu**2) + np.mean(sigma2)),
            "posterior_scale": np.mean(mu**2) + np.mean(sigma2),
            "jensen_gap": np.log(np.mean(sigma2)) - np.mean(log_sigma2),
        }
        np.testing.assert_allclose(row[list(expected)].tolist(), list(expected.values()))


def test_latents_are_ranked_by_signal_fraction(case):
    for _, mode in observe(*case).groupby("beta"):
        assert mode["rank"].tolist() == [1, 2, 3]
        assert sorted(mode["latent"]) == [0, 1, 2]
        assert mode["signal_fraction"].is_monotonic_decreasing


@given(st.integers(0, 2**32 - 1))
def test_rate_of_log_variance_and_posterior_scale(seed):
    table = observe(*build(seed))
    expected = -table["mean_log_sigma2"] / 2 + (table["posterior_scale"] - 1) / 2  # Eq. 61
    np.testing.assert_allclose(table["rate"], expected, rtol=1e-12, atol=1e-12)


def test_truncated_distortion_is_that_of_the_reconstructions(case):
    scan, x = case
    expected = np.zeros((2, LATENTS + 1))
    table = observe(scan, x)
    for point, beta in enumerate(scan.betas):
        order = table[table["beta"] == beta].sort_values("rank")["latent"]
        for rank in range(LATENTS + 1):
            kept = order[:rank]
            for sample in x.astype(float):
                z = np.zeros(LATENTS)
                z[kept] = posterior(scan, point, sample)[0][kept]
                p = {name: array[point] for name, array in scan.parameters.items()}
                residual = sample - p["decoder"] @ z - p["decoder_bias"]
                expected[point, rank] += residual @ residual / len(x) / 7
    np.testing.assert_allclose(truncated_distortion(scan, x, table), expected, rtol=1e-12)
    alike = replace(scan, betas=np.ones(2))
    measured = truncated_distortion(alike, x, observe(alike, x))
    np.testing.assert_allclose(measured, expected, rtol=1e-12)


def test_utilities_are_taken_at_the_point_that_is_best_on_training():
    train = np.array([[1.0, 0.5, 0.4], [1.1, 0.6, 0.2]])
    test = np.array([[2.0, 1.5, 1.4], [2.5, 1.7, 1.3]])
    np.testing.assert_allclose(utilities(train, test), [2.0 - 1.5, 1.5 - 1.3])


shares = st.lists(st.floats(0.05, 0.85), min_size=2, max_size=8, unique=True)


@given(st.floats(1e-9, 1), shares)
def test_a_threshold_on_the_law_is_exact(T_k, shares):
    T = np.append(np.array(shares) * T_k, [0.95 * T_k, 2 * T_k])
    fitted, error = fit_threshold(T, np.maximum(0, 1 - T / T_k))
    np.testing.assert_allclose(fitted, T_k, rtol=1e-12)
    assert error <= 1e-12 * T_k


def test_points_at_the_floor_or_below_do_not_count():
    T, M2 = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.8, 0.6, 0.1, 0.05])
    assert fit_threshold(T, M2, floor=0.1)[0] == pytest.approx(0.5)
    assert fit_threshold(T, M2, floor=0.09)[0] == pytest.approx(0.14 / (0.02 + 0.08 + 0.27))


def test_no_threshold_without_points():
    np.testing.assert_equal(fit_threshold([0.1, 0.2], [0.05, 0.0]), (np.nan, np.nan))
    T_k, error = fit_threshold([0.1, 0.2], [0.5, 0.0])
    assert T_k == pytest.approx(0.2)
    assert np.isnan(error)


def test_threshold_and_error_are_those_of_least_squares():
    random = np.random.default_rng(0)
    T = np.geomspace(1e-3, 0.08, 12)
    M2 = 1 - T / 0.1 + random.normal(0, 0.01, T.size)
    (inverse,), covariance = curve_fit(lambda T, inverse: 1 - inverse * T, T, M2, p0=[1])
    expected = 1 / inverse, np.sqrt(covariance[0, 0]) / inverse**2
    np.testing.assert_allclose(fit_threshold(T, M2), expected, rtol=1e-6)  # of its differences


def test_slope_and_error_are_those_of_least_squares():
    random = np.random.default_rng(0)
    T, active = np.geomspace(1e-6, 1, 20), np.arange(20) < 15
    values = 0.3 + 0.9 * np.log(T) + random.normal(0, 0.1, 20)
    law = curve_fit(lambda u, a, slope: a + slope * u, np.log(T[active]), values[active])
    expected = law[0][1], np.sqrt(law[1][1, 1])
    np.testing.assert_allclose(fit_slope(T, values, active), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def splits():
    random = np.random.default_rng(0)
    mixing = random.standard_normal((4, 6))  # rank 4 of 6
    train, test = (random.standard_normal((n, 4)) @ mixing + s for n, s in ((500, 1), (90, 2)))
    return train.astype(np.float32), test.astype(np.float32)


def test_pca_is_that_of_scikit_learn(splits):
    train, _ = splits
    ours, theirs = Pca.fit(train), PCA(svd_solver="full").fit(train.astype(float))
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(ours.ratios, theirs.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(ours.total_variance, train.astype(float).var(axis=0).sum())
    overlap = abs(ours.axes @ theirs.components_.T)
    np.testing.assert_allclose(overlap[:4, :4], np.eye(4), atol=1e-7)


def test_utilities_are_the_distortion_that_each_axis_removes(splits):
    train, test = splits
    pca, centred = Pca.fit(train), splits[1].astype(float) - splits[0].mean(axis=0, dtype=float)
    reconstruction, left = np.zeros_like(centred), [np.mean(np.sum(centred**2, axis=1))]
    for axis in pca.axes:
        reconstruction += np.outer(centred @ axis, axis)
        left.append(np.mean(np.sum((centred - reconstruction) ** 2, axis=1)))
    expected = -np.diff(left) / pca.total_variance
    np.testing.assert_allclose(pca.utilities(test), expected, atol=1e-12)
    np.testing.assert_allclose(pca.utilities(train), pca.ratios, atol=1e-12)


KINDS = {
    "list": lambda a: a.tolist(),
    "float64": lambda a: a.astype(np.float64),
    "tensor": torch.tensor,
    "DataFrame": pd.DataFrame,
}


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_any_kind_are_measured_alike(kind, splits):
    scan, x = build(0)
    samples = KINDS[kind](x)
    seen = observe(scan, x)
    np.testing.assert_allclose(observe(scan, samples), seen)
    np.testing.assert_allclose(
        truncated_distortion(scan, samples, seen), truncated_distortion(scan, x, seen)
    )
    pca, other = Pca.fit(splits[0]), Pca.fit(KINDS[kind](splits[0]))
    np.testing.assert_allclose(other.ratios, pca.ratios, atol=1e-12)
    np.testing.assert_allclose(pca.utilities(KINDS[kind](splits[1])), pca.utilities(splits[1]))


def test_one_clear_line_for_samples_that_cannot_be_measured(splits):
    scan, x = build(0)
    seen = observe(scan, x)
    x[7, 3] = np.nan
    for measure in (
        lambda: observe(scan, x),
        lambda: truncated_distortion(scan, x, seen),
        lambda: Pca.fit(x),
        lambda: Pca.fit(splits[0]).utilities(x),
    ):
        with pytest.raises(DataError, match=r"has nan in row 7 \(from 0\), column 3"):
            measure()
    with pytest.raises(DataError, match="the samples are all alike"):
        Pca.fit(np.ones((5, 3)))


@pytest.mark.parametrize(
    ("T", "M2", "message"),
    [
        ([0.1, 0.2], [0.5], r"T is \(2,\) and signal fractions \(1,\)"),
        ([0.1, -0.2], [0.5, 0.4], "T must be positive, not -0.2"),
        ([0.1, np.nan], [0.5, 0.4], "T must be positive, not nan"),
        ([0.1, 0.2], [0.5, np.nan], "signal fractions must be finite"),
    ],
)
def test_one_clear_line_for_points_that_cannot_be_fitted(T, M2, message):
    with pytest.raises(DataError, match=message):
        fit_threshold(T, M2)


def test_tables_and_figures_need_no_torch():
    script = "import sys; sys.modules['torch'] = None; import betascan.spectroscopy"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
