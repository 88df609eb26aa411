from itertools import permutations

import numpy as np
import pytest
from scipy.spatial import distance_matrix

from betascan.metrics.dependence import distance_correlation
from betascan.metrics.errors import MetricError


def drawn(n, seed=0, columns=2):
    return np.random.default_rng(seed).standard_normal((n, columns))


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.6, 0.9, -0.6])
def test_of_gaussians_it_is_the_closed_form(rho):
    """Székely, Rizzo and Bakirov 2007, theorem 7."""
    z = drawn(1500)
    other = rho * z[:, [0]] + np.sqrt(1 - rho**2) * z[:, [1]]
    top = rho * np.arcsin(rho) + np.sqrt(1 - rho**2) + 1
    top -= rho * np.arcsin(rho / 2) + np.sqrt(4 - rho**2)
    expected = top / (1 + np.pi / 3 - np.sqrt(3))
    assert distance_correlation(z[:, [0]], other) == pytest.approx(expected, abs=0.03)


def covariance(a, b):
    """Unbiased squared distance covariance, enumerated over different samples."""
    mean = {
        k: np.mean([f(*i) for i in permutations(range(len(a)), k)])
        for k, f in (
            (2, lambda i, j: a[i, j] * b[i, j]),
            (3, lambda i, j, k: a[i, j] * b[i, k]),
            (4, lambda i, j, k, m: a[i, j] * b[k, m]),
        )
    }
    return mean[2] - 2 * mean[3] + mean[4]


def test_it_is_a_ratio_of_unbiased_covariances():
    """Székely, Rizzo and Bakirov 2007."""
    x = drawn(8, columns=3)
    y = np.abs(x[:, :2]) + 0.3 * drawn(8, seed=1)
    a, b = (distance_matrix(v, v) for v in (x, y))
    expected = covariance(a, b) / np.sqrt(covariance(a, a) * covariance(b, b))
    assert distance_correlation(x, y) == pytest.approx(expected)


def test_its_mean_is_zero_without_dependence_and_one_of_a_multiple():
    values = [distance_correlation(*np.split(drawn(30, seed), 2, axis=1)) for seed in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    assert distance_correlation(drawn(30), -3 * drawn(30) + 1) == pytest.approx(1)


def test_it_sees_dependence_without_correlation():
    x = drawn(400, columns=1)
    assert abs(np.corrcoef(x[:, 0], x[:, 0] ** 2)[0, 1]) < 0.2
    assert distance_correlation(x, x**2) > 0.2


def test_a_constant_is_independent_of_all():
    assert distance_correlation(np.ones((10, 1)), drawn(10)) == 0


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (drawn(3), drawn(3), "needs four samples, not 3"),
        (drawn(5), drawn(6), "5"),
        (drawn(5)[:, 0], drawn(5), "x must be a matrix"),
        (drawn(5), np.full((5, 1), np.nan), "y have NaN in row 0"),
    ],
)
def test_arguments_that_cannot_be_used(x, y, message):
    with pytest.raises(MetricError, match=message):
        distance_correlation(x, y)
