import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betascan.linear_vae import Scan
from betascan.spectroscopy import beta_from_temperature, temperature_from_beta

positive = st.floats(1e-9, 1e9)


@given(positive, positive, positive)
def test_temperature_and_beta_are_inverse(beta, V, sigma2):
    T = temperature_from_beta(beta, V, sigma2)
    np.testing.assert_allclose(T, beta * sigma2 / V, rtol=1e-14)
    np.testing.assert_allclose(beta_from_temperature(T, V, sigma2), beta, rtol=1e-14)


def test_the_document_s_temperature():
    # hirn2026: 19 standardised layers, sigma_dec = 1; the first mode collapses at beta = 10.7
    assert temperature_from_beta(1.9, V=19) == pytest.approx(0.1)
    np.testing.assert_allclose(beta_from_temperature([0.5643, 1], V=19), [10.7217, 19])


def test_a_scan_has_the_same_temperatures():
    """Bit for bit: tables are joined by them."""
    betas, V = np.geomspace(1e-7, 1, 57) * 18.99, 18.99
    scan = Scan(betas, V, {}, np.zeros(57, int), np.zeros(57, int), np.zeros(57), {})
    assert (temperature_from_beta(betas, V) == scan.temperatures).all()
