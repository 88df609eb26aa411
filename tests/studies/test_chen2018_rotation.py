import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betascan.data import dsprites
from betascan.studies.chen2018 import rotation
from betascan.studies.chen2018.stability import Posteriors


def posteriors(latents=5):
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(50, latents)) * np.linspace(1, 3, latents)  # the last varies most
    return Posteriors(mean, rng.normal(-3, 1, size=mean.shape), np.zeros((50, 1), int), (0,))


@given(st.floats(-180, 180))
def test_each_pair_of_latents_is_rotated_in_its_plane(degrees):
    before, after = posteriors(), rotation.rotated(posteriors(), degrees)
    for one, other in ((4, 3), (2, 1)):
        turned = np.exp(1j * np.radians(degrees)) * (
            before.mean[:, one] + 1j * before.mean[:, other]
        )
        np.testing.assert_allclose(after.mean[:, [one, other]], np.c_[turned.real, turned.imag])
    np.testing.assert_array_equal(after.mean[:, 0], before.mean[:, 0])  # has no partner


def test_variances_are_the_diagonal_of_the_rotated_covariance():
    before, after = posteriors(), rotation.rotated(posteriors(), 30)
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    R = np.array([[c, -s], [s, c]])
    for x, y in zip(before.log_variance, after.log_variance, strict=True):
        expected = np.diag(R @ np.diag(np.exp(x[[4, 3]])) @ R.T)
        np.testing.assert_allclose(np.exp(y[[4, 3]]), expected)
        assert y[0] == pytest.approx(x[0])


def test_mig_falls_between_the_axes():
    factors = dsprites.GRID.classes(dsprites.GRID.draw(5000, 0))
    scaled = factors / (np.array(dsprites.GRID.sizes) - 1)
    noise = 0.3 * np.random.default_rng(0).normal(size=(len(scaled), 3))
    mean = np.concatenate([scaled, noise], axis=1)
    codes = Posteriors(mean, np.full_like(mean, -8.0), factors, (1, 2, 3, 4))
    table = rotation.over_degrees(codes, 500, seed=0)
    score = table.pivot_table(index="degrees", columns="metric", values="value")
    assert list(score.index) == list(rotation.DEGREES)
    for metric in ("mig", "mig_chen"):
        assert score[metric][0] > 2 * score[metric][45]
        assert score[metric][90] == pytest.approx(score[metric][0], abs=0.05)
