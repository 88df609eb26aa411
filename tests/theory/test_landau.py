import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

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
