import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betascan.linear_vae.layout import Layout
from betascan.linear_vae.whitening import Coordinates

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))


def data(features, rank, seed):
    """Samples (50, features) off the origin, on a hyperplane of at most `rank` dimensions."""
    random = np.random.default_rng(seed)
    axes = random.uniform(0.5, 2, (rank, 1)) * random.standard_normal((rank, features))
    return (random.standard_normal((50, rank)) @ axes + random.standard_normal(features)), random


def terms(p, x, weights):
    """D expected over the posterior, and R, of each sample."""
    p = {name: array[0].astype(float) for name, array in p.items()}
    mean = x @ p["encoder_mean"].T + p["encoder_mean_bias"]
    log_variance = x @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
    squares = (mean @ p["decoder"].T + p["decoder_bias"] - x) ** 2 @ weights
    noise = np.exp(log_variance) @ (weights @ p["decoder"] ** 2)
    rate = (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1) / 2
    return (squares + noise) / 2, rate


WAYS = pytest.mark.parametrize("way", [Coordinates.centred, Coordinates.whitened])


@WAYS
@settings(deadline=None)
@given(shape=shapes)
def test_coordinates_leave_the_loss_unchanged(way, shape):
    x, random = data(*shape)
    coordinates = way(x)
    y = (x - coordinates.mean) @ coordinates.from_x.T
    layout = Layout(y.shape[1], 3)
    p = layout.unpack(layout.initial(random)[None])
    inside = terms(p, y, coordinates.variances)
    outside = terms(coordinates.inverse_transform(p), x, np.ones(x.shape[1]))
    np.testing.assert_allclose(outside, inside, rtol=1e-9)


@settings(deadline=None)
@given(shapes)
def test_whitened_coordinates_are_uncorrelated_at_unit_variance(shape):
    x, _ = data(*shape)
    coordinates = Coordinates.whitened(x)
    y = coordinates.transform(x)
    assert y.dtype == np.float32
    assert y.shape[1] == min(shape[:2])
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.T @ y / len(y), np.eye(y.shape[1]), atol=1e-5)
    np.testing.assert_allclose(
        coordinates.mean + y @ coordinates.to_x.T, x, atol=1e-5 * abs(x).max()
    )


def test_centred_coordinates_are_those_of_the_data_less_their_mean():
    x, _ = data(4, 4, 0)
    y = Coordinates.centred(x).transform(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(y - y[0], x - x[0], atol=1e-5)


def test_a_standardised_table_is_trained_on_as_it_is():
    x, random = data(4, 4, 0)
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)
    assert x.mean(axis=0, dtype=np.float64).any()  # rounding
    coordinates, layout = Coordinates.centred(x), Layout(4, 3)
    np.testing.assert_array_equal(coordinates.transform(x), x)
    p = layout.unpack(layout.initial(random)[None])
    for name, array in coordinates.inverse_transform(p).items():
        np.testing.assert_array_equal(array, p[name])
