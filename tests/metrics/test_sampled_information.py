import math

import numpy as np
import plain
import pytest
from scipy.stats import norm

from betascan.core.randomness import stream
from betascan.metrics import MetricError, mig_chen, sampled_information
from betascan.metrics.sampled_information import gap_of_information, pointwise_information


def grid(sizes=(2, 3, 4), repeats=1):
    axes = np.meshgrid(*map(np.arange, sizes), indexing="ij")
    return np.repeat(np.stack(axes, axis=-1).reshape(-1, len(sizes)), repeats, axis=0)


def test_separate_posteriors_have_a_gap_of_one():
    factors = grid(repeats=4)
    mean = np.column_stack([factors * 10.0, np.zeros(len(factors))])
    log_variance = np.column_stack([np.zeros(factors.shape), np.zeros(len(factors))])
    log_variance[:, :3] = -4
    assert mig_chen(mean, log_variance, factors) == pytest.approx(1, abs=1e-6)
    table = pointwise_information(mean, log_variance, factors).mean(axis=0)
    expected = np.zeros((3, 4))
    expected[[0, 1, 2], [0, 1, 2]] = np.log([2, 3, 4])
    np.testing.assert_allclose(table, expected, atol=1e-9)
    twice = np.column_stack([mean, mean]), np.column_stack([log_variance, log_variance])
    assert mig_chen(*twice, factors) == pytest.approx(0, abs=1e-6)


def test_collapsed_posteriors_have_none():
    factors = grid()
    assert mig_chen(np.zeros((24, 3)), np.zeros((24, 3)), factors) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("pieces", [(64, 512), (7, 5)])
def test_equals_the_double_loop_of_the_definition(monkeypatch, pieces):
    for name, size in zip(("POINTS", "MEMBERS"), pieces, strict=True):
        monkeypatch.setattr(sampled_information, name, size)
    factors = grid(repeats=2)
    rng = np.random.default_rng(0)
    mean = np.column_stack([factors, factors[:, 0]]) + rng.normal(size=(48, 4))
    log_variance = rng.normal(size=(48, 4)) - 1
    points = pointwise_information(mean, log_variance, factors, seed=3)
    # the samples again: the same stream, one z for each image in order
    noise = stream(3, "mig_chen/samples").standard_normal((48, 4))
    z = mean + np.exp(log_variance / 2) * noise

    def log_density(i, j, members):
        deviation = np.exp(log_variance[members, j] / 2)
        return math.log(norm.pdf(z[i, j], mean[members, j], deviation).mean())

    everything = np.arange(48)
    entropies = np.array(
        [-np.mean([log_density(i, j, everything) for i in everything]) for j in range(4)]
    )
    gaps = []
    for k, size in enumerate((2, 3, 4)):
        conditional = np.zeros(4)
        for value in range(size):  # equal weights, as the authors'
            members = np.flatnonzero(factors[:, k] == value)
            for j in range(4):
                conditional[j] -= np.mean([log_density(i, j, members) for i in members]) / size
        information = np.sort(np.maximum(entropies - conditional, 0))
        np.testing.assert_allclose(np.sort(points.mean(0)[k].clip(0)), information, atol=1e-10)
        gaps.append((information[-1] - information[-2]) / math.log(size))
    assert mig_chen(mean, log_variance, factors, seed=3) == pytest.approx(np.mean(gaps), abs=1e-10)


def test_fewer_samples_estimate_the_same():
    codes, factors = plain.example(0, n=3000)
    log_variance = np.full(codes.shape, -3.0)
    everything = mig_chen(codes, log_variance, factors)
    assert pointwise_information(codes, log_variance, factors, samples=700).shape == (700, 4, 6)
    some = mig_chen(codes, log_variance, factors, samples=700)
    assert some == pytest.approx(everything, abs=0.03)
    assert mig_chen(codes, log_variance, factors, samples=700) == some
    assert mig_chen(codes, log_variance, factors, samples=700, seed=1) != some


def test_samples_know_less_than_means():
    codes, factors = plain.example(1, n=1000)
    scores = [mig_chen(codes, np.full(codes.shape, v), factors) for v in (-8.0, -4.0, 0.0)]
    assert scores[0] > scores[1] > scores[2]


def test_constant_factors_are_left_out_and_order_is_immaterial():
    codes, factors = plain.example(2, n=200)
    log_variance = np.full(codes.shape, -3.0)
    more = np.column_stack([factors, np.zeros(200)])
    assert mig_chen(codes, log_variance, more) == mig_chen(codes, log_variance, factors)
    assert mig_chen(codes, log_variance, 10 - factors) == mig_chen(codes, log_variance, factors)


def test_negative_estimates_count_as_nothing():
    estimates, entropies = np.array([[math.log(2), -0.3]]), np.array([math.log(2)])
    assert gap_of_information(estimates, entropies) == pytest.approx(1)


def test_one_clear_line_for_what_cannot_be_scored():
    codes, factors = plain.example(3, n=20)
    with pytest.raises(MetricError, match="means are"):
        mig_chen(codes, codes[:, :3], factors)
    with pytest.raises(MetricError, match="log-variances have NaN in row 0, column 0"):
        mig_chen(codes, codes * np.nan, factors)
    with pytest.raises(MetricError, match="codes have 20 rows and factors 19"):
        mig_chen(codes, codes, factors[1:])
    with pytest.raises(MetricError, match="samples must be a whole number of at least 1, not 0"):
        mig_chen(codes, codes, factors, samples=0)
    with pytest.raises(MetricError, match="at least two latents"):
        mig_chen(codes[:, :1], codes[:, :1], factors)
