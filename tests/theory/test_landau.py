import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from betascan.metrics.moments import posterior_moments
from betascan.theory import lambda_beta, landau
from betascan.theory.temperature import temperature_from_beta


def loss(branch, variance, beta):
    """Eq. 23: one mode of this variance, sigma_dec = 1."""
    a, log_sigma2, w = branch
    sigma2 = np.exp(log_sigma2)
    distortion = ((1 - w * a) ** 2 * variance + w**2 * sigma2) / 2
    return distortion + beta * (a**2 * variance + sigma2 - 1 - log_sigma2) / 2


@pytest.mark.parametrize("variance", [0.04, 1.0, 9.0])
@pytest.mark.parametrize("tau", [0.003, 0.1, 0.5, 0.9, 1.2, 5.0])
def test_the_laws_are_where_the_loss_is_least(variance, tau):
    starts = [(0.5 / variance**0.5, -1.0, 0.5 * variance**0.5), (1e-3, 0.1, 1e-3)]
    arguments = {"args": (variance, tau * variance), "method": "Nelder-Mead"}
    tight = {"xatol": 1e-10, "fatol": 1e-16, "maxfev": 20_000}
    optima = [minimize(loss, start, **arguments, options=tight) for start in starts]
    a, log_sigma2, w = min(optima, key=lambda optimum: optimum.fun).x
    mu2, sigma2 = a**2 * variance, np.exp(log_sigma2)
    T, T_k = tau / 3, 1 / 3  # of three such modes, the other two without latents
    measured = {
        landau.signal_fraction: mu2 / (mu2 + sigma2),
        landau.log_variance: log_sigma2,
        landau.rate: (mu2 + sigma2 - 1 - log_sigma2) / 2,
    }
    # rounding of the loss, 1e-16, hides its parabola within about 1e-7 of the minimum
    for law, value in measured.items():
        np.testing.assert_allclose(law(T, T_k), value, atol=1e-6)
    left = (2 + (1 - w * a) ** 2) / 3
    np.testing.assert_allclose(landau.mean_distortion(T, [T_k] * 3, 1), left, atol=1e-6)


@given(
    st.lists(st.floats(1e-6, 1), min_size=1, max_size=6),
    st.lists(st.floats(1e-7, 2), min_size=1, max_size=4),
    st.data(),
)
def test_modes_add_up(weights, T, data):
    ratios = np.sort(weights)[::-1] / np.sum(weights)
    rank = data.draw(st.integers(0, ratios.size))
    left = [
        sum(r * (min(1, t / r) ** 2 if k < rank else 1) for k, r in enumerate(ratios)) for t in T
    ]
    np.testing.assert_allclose(landau.mean_distortion(T, ratios, rank), left, atol=1e-12)


def test_laws_broadcast_over_temperatures_and_modes():
    T, T_k = np.array([[0.1], [0.2], [0.4]]), np.array([0.1, 0.4])
    np.testing.assert_allclose(landau.signal_fraction(T, T_k), [[0, 0.75], [0, 0.5], [0, 0]])
    np.testing.assert_allclose(np.exp(landau.log_variance(T, T_k)), [[1, 0.25], [1, 0.5], [1, 1]])
    np.testing.assert_allclose(np.exp(2 * landau.rate(T, T_k)), [[1, 4], [1, 2], [1, 1]])


@pytest.mark.parametrize("kind", [list, pd.Series, torch.tensor])
def test_any_kind_of_numbers_gives_arrays(kind):
    T = [0.1, 0.2, 0.4]
    for law in (landau.signal_fraction, landau.log_variance, landau.rate):
        actual = law(kind(T), kind([0.2, 0.3, 0.3]))
        assert type(actual) is np.ndarray
        np.testing.assert_allclose(actual, law(np.array(T), np.array([0.2, 0.3, 0.3])))
    assert type(temperature_from_beta(kind(T), 2.0)) is np.ndarray
    assert type(lambda_beta.contraction(kind(T), kind(T))) is np.ndarray


T = np.array([1e-4, 0.01, 0.1, 0.3, 0.8])


def test_the_best_decoder_is_the_ratio_of_signal_to_scale():
    """Eqs. 26 to 29: at any posterior, and what is then left."""
    for a, log_sigma2, variance, beta in [(0.4, -0.1, 1.7, 0.3), (2.0, -2.3, 0.2, 0.7)]:
        sigma2 = np.exp(log_sigma2)
        mu2 = a**2 * variance
        A2, M2 = mu2 + sigma2, mu2 / (mu2 + sigma2)
        w = a * variance / A2
        around = [loss((a, log_sigma2, w + step), variance, beta) for step in (-1e-3, 0, 1e-3)]
        assert around[1] < min(around[0], around[2])
        np.testing.assert_allclose(around[0], around[2])
        left = (1 - w * a) ** 2 * variance + w**2 * sigma2
        np.testing.assert_allclose(left, variance * (1 - M2))
        reduced = landau.reduced_loss(M2, A2, beta / variance) * variance / 2
        np.testing.assert_allclose(reduced, around[1])


def test_the_snr_ranks_as_the_signal_fraction():
    """Eqs. 14 and 15."""
    mu2, sigma2 = np.random.default_rng(0).uniform(0.01, 2, (2, 50))
    snr = mu2 / sigma2
    measured = posterior_moments(mu2, sigma2, np.log(sigma2))["signal_fraction"]
    np.testing.assert_allclose(measured, snr / (1 + snr))
    np.testing.assert_array_equal(np.argsort(measured), np.argsort(snr))


def test_rescaling_a_latent_moves_the_scale_and_not_the_signal_fraction():
    """Eq. 37: D stays, and of the rest of the loss the scale alone."""
    a, sigma2, w, variance, tau = 0.6, 0.5, 0.7, 1.3, 0.4
    left = [
        (1 - (w / s) * (s * a)) ** 2 * variance + (w / s) ** 2 * s**2 * sigma2 for s in (1, 0.3, 4)
    ]
    np.testing.assert_allclose(left, left[0])
    mu2 = a**2 * variance
    M2 = mu2 / (mu2 + sigma2)
    scales = np.array([1, 0.3, 4]) ** 2 * (mu2 + sigma2)
    losses = landau.reduced_loss(M2, scales, tau)
    np.testing.assert_allclose(losses - tau * (scales - np.log(scales)), losses[0] - tau * (
        scales[0] - np.log(scales[0])
    ))  # fmt: skip
    assert landau.reduced_loss(M2, 1.0, tau) < losses.min()  # Eqs. 39 and 40


@pytest.mark.parametrize("tau", [0.2, 0.9, 1.0, 1.4])
def test_the_landau_coefficients(tau):
    """Eqs. 35 and 51: (tau - 1) M^2 + tau/2 M^4, to the third order."""
    M2 = np.array([1e-3, 1e-2, 5e-2])
    exact = landau.reduced_loss(M2, 1.0, tau) - landau.reduced_loss(0.0, 1.0, tau)
    expansion = (tau - 1) * M2 + tau / 2 * M2**2
    np.testing.assert_allclose((exact - expansion) / M2**3, tau / 3, rtol=0.06)


@pytest.mark.parametrize("tau", [0.05, 0.3, 0.9])
def test_the_reduced_loss_is_least_on_the_branch(tau):
    """Eqs. 32 to 34."""
    M2 = np.linspace(0, 0.999, 9991)
    assert M2[np.argmin(landau.reduced_loss(M2, 1.0, tau))] == pytest.approx(1 - tau, abs=1e-4)
    assert np.argmin(landau.reduced_loss(M2, 1.0, 1 + tau)) == 0


def test_distortion_of_samples_is_linear_in_temperature_until_a_mode_collapses():
    ratios = np.array([0.9, 0.1])
    np.testing.assert_allclose(landau.sampled_distortion(T, ratios), [2e-4, 0.02, 0.2, 0.4, 0.9])
    assert landau.sampled_distortion([1.0, 7.0], ratios).tolist() == pytest.approx([1, 1])


def test_the_loss_of_the_optimum_is_that_of_each_mode_and_least():
    ratios = np.array([0.6, 0.3, 0.1])
    M2 = landau.signal_fraction(T[:, None], ratios)
    by_mode = ratios * landau.reduced_loss(M2, 1.0, T[:, None] / ratios)
    np.testing.assert_allclose(landau.loss(T, ratios), by_mode.sum(1))
    # on another split: Eq. 23 with its variance, at the parameters that training sets
    variances, beta = np.array([0.7, 0.2, 0.15]), 2 * T  # V = 2
    for point, t in enumerate(T):
        total = 0.0
        for ratio, present in zip(ratios, variances, strict=True):
            m = float(landau.signal_fraction(t, ratio))
            branch = (np.sqrt(m / (2 * ratio)), np.log(1 - m), np.sqrt(m * 2 * ratio))
            total += loss(branch, 2 * present, beta[point])
        np.testing.assert_allclose(landau.loss([t], ratios, variances), total / (2 / 2))


def test_relative_entropy_of_a_posterior_on_a_fine_grid():
    """Eqs. 53 to 60: KL(q|p) = -H(q) - sum q log p, for a uniform reference log N - H."""
    mu, sigma = 0.7, 0.4
    edges = np.linspace(-9, 9, 200_001)
    q = np.diff(stats.norm.cdf(edges, mu, sigma))
    p = np.diff(stats.norm.cdf(edges))
    H = stats.entropy(q)
    uniform = np.full(q.size, 1 / q.size)
    assert stats.entropy(q, uniform) == pytest.approx(np.log(q.size) - H)
    divergence = -H - np.sum(q * np.log(np.maximum(p, 1e-300)))
    one = (np.array([value]) for value in (mu**2, sigma**2, np.log(sigma**2)))
    (rate,) = posterior_moments(*one)["rate"]
    assert divergence == pytest.approx(rate, abs=1e-6)
    # the entropy depends on the unit of z, the divergence to a reference does not
    scaled = np.diff(stats.norm.cdf(np.linspace(-9, 9, 100_001), mu, sigma))
    assert abs(stats.entropy(scaled) - H) == pytest.approx(np.log(2), abs=1e-6)
    # S_rel = -R is at most 0, its value upon collapse
    collapsed = posterior_moments(np.zeros(1), np.ones(1), np.zeros(1))["rate"]
    assert collapsed == 0 < rate


def test_dividing_the_loss_by_a_constant_moves_no_optimum():
    T_k = np.array([0.6, 0.3, 0.1])
    V, beta = 19.0, 19 * 0.2
    np.testing.assert_allclose(
        landau.signal_fraction(temperature_from_beta(beta, V), T_k),
        landau.signal_fraction(temperature_from_beta(beta / 7, V, 7.0), T_k),
    )
