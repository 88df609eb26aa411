import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betascan.linear_vae import Scan
from betascan.metrics import (
    MetricError,
    active_units,
    aggregate_covariance,
    gaussian_total_correlation,
    posterior_summary,
)
from betascan.spectroscopy import observe


def posteriors(seed, n=500, latents=6):
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(n, latents)) * rng.uniform(0, 2, latents) + 0.1
    return mean, rng.normal(size=(n, latents)) * 0.5 - rng.uniform(0, 3, latents)


def test_the_rate_is_the_divergence_from_the_prior():
    mean, log_variance = posteriors(0)
    frame = posterior_summary(mean, log_variance)
    kl = (mean**2 + np.exp(log_variance) - log_variance - 1) / 2
    assert frame["rate"].sum() == pytest.approx(kl.sum(axis=1).mean())
    by_latent = frame.set_index("latent").sort_index()
    np.testing.assert_allclose(by_latent["rate"], kl.mean(axis=0))
    second = (mean**2).mean(axis=0)
    np.testing.assert_allclose(
        by_latent["signal_fraction"], second / (second + np.exp(log_variance).mean(axis=0))
    )
    assert frame["signal_fraction"].is_monotonic_decreasing
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    identity = -frame["mean_log_sigma2"] / 2 + (frame["posterior_scale"] - 1) / 2
    np.testing.assert_allclose(frame["rate"], identity)  # hirn2026, Eq. 61


def test_the_same_numbers_as_the_spectroscopy():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    shapes = {"encoder_mean": (4, 5), "encoder_log_variance": (4, 5)}
    shapes |= {"encoder_mean_bias": (4,), "encoder_log_variance_bias": (4,)}
    p = {name: rng.normal(size=(1, *shape)) for name, shape in shapes.items()}
    none = np.zeros(1, np.int64)
    scan = Scan(np.array([2.0]), 20.0, p, none, none, np.zeros(1), {})
    wide = x.astype(np.float64)
    mean = wide @ p["encoder_mean"][0].T + p["encoder_mean_bias"][0]
    log_variance = wide @ p["encoder_log_variance"][0].T + p["encoder_log_variance_bias"][0]
    theirs, ours = observe(scan, x), posterior_summary(mean, log_variance)
    shared = [name for name in theirs if name not in ("T", "beta")]
    assert shared == list(ours)[: len(shared)]
    np.testing.assert_allclose(ours[shared], theirs[shared], rtol=1e-12)


def test_active_units_vary_and_do_not_just_lie_off_zero():
    rng = np.random.default_rng(2)
    mean = rng.normal(size=(20_000, 4)) * [1, 0.11, 0.09, 0] + [0, 0, 0, 5]
    assert active_units(mean) == 2
    frame = posterior_summary(mean, np.zeros_like(mean)).set_index("latent").sort_index()
    assert frame["active"].tolist() == [True, True, False, False]
    assert frame["rate"].iloc[3] == pytest.approx(12.5)


def test_gaussian_total_correlation_of_known_covariances():
    rho = 0.8
    assert gaussian_total_correlation([[4, 2 * rho], [2 * rho, 1]]) == pytest.approx(
        -np.log(1 - rho**2) / 2
    )
    assert gaussian_total_correlation(np.diag([1.0, 5.0, 1e-9])) == pytest.approx(0, abs=1e-12)
    assert gaussian_total_correlation([[1, 1], [1, 1]]) == np.inf
    rho = 1 - 1e-6  # and as a float32 computation rounds it
    near = np.array([[1, rho], [rho, 1]], np.float32)
    assert gaussian_total_correlation(near) == pytest.approx(-np.log(1 - rho**2) / 2, rel=0.01)


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1, 2], [2, 1.0]], "no negative eigenvalue"),
        (-np.eye(3), "the variance of latent 0 is -1, not positive"),
        (np.diag([1.0, 0, 2]), "the variance of latent 1 is 0, not positive: leave it out"),
        ([[1, 0.5], [0.4, 1]], "symmetric"),
        (np.ones((4, 2)), r"square, not \(4, 2\): pass numpy.cov\(codes.T\)"),
        ([[1, np.nan], [np.nan, 1]], "covariances have NaN in row 0, column 1"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, message):
    with pytest.raises(MetricError, match=message):
        gaussian_total_correlation(covariance)


def test_aggregate_covariance_is_that_of_samples():
    mean, log_variance = posteriors(3, n=2000, latents=3)
    mean[:, 1] += mean[:, 0]
    rng = np.random.default_rng(0)
    z = np.repeat(mean, 100, 0) + np.exp(np.repeat(log_variance, 100, 0) / 2) * rng.normal(
        size=(200_000, 3)
    )
    np.testing.assert_allclose(
        aggregate_covariance(mean, log_variance), np.cov(z.T), atol=0.05, rtol=0.02
    )
    # a collapsed latent adds nothing; the total correlation of the means alone would be infinite
    more = np.column_stack([mean, np.zeros(2000)]), np.column_stack([log_variance, np.zeros(2000)])
    expected = gaussian_total_correlation(aggregate_covariance(mean, log_variance))
    assert gaussian_total_correlation(aggregate_covariance(*more)) == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_invariances(seed):
    mean, log_variance = posteriors(seed, n=50)
    rng = np.random.default_rng(seed)
    latents, rows = rng.permutation(6), rng.permutation(50)
    signs = rng.choice([-1, 1], 6)
    other = (mean * signs)[rows][:, latents], log_variance[rows][:, latents]
    ours, theirs = posterior_summary(mean, log_variance), posterior_summary(*other)
    columns = [name for name in ours if name != "latent"]
    for name in columns:
        np.testing.assert_allclose(theirs[name].astype(float), ours[name].astype(float), rtol=1e-9)
    tc = gaussian_total_correlation(aggregate_covariance(mean, log_variance))
    assert tc >= 0
    assert gaussian_total_correlation(aggregate_covariance(*other)) == pytest.approx(tc)


def test_one_clear_line_for_what_cannot_be_summarised():
    mean, log_variance = posteriors(0)
    with pytest.raises(MetricError, match=r"means are \(500, 6\) and log-variances \(500, 5\)"):
        posterior_summary(mean, log_variance[:, :5])
    with pytest.raises(
        MetricError, match=r"log-variances have NaN in row 0, column 0 .* and 2999 more"
    ):
        posterior_summary(mean, log_variance * np.nan)
