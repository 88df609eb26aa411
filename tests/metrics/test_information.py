import math
from inspect import unwrap
from itertools import permutations

import numpy as np
import plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betascan.metrics import (
    MetricError,
    matched_information,
    matched_sum,
    mig,
    mig_denardin,
    modularity,
    mutual_information,
    squared_correlation,
    top_gap,
)
from betascan.metrics.information import _information

seeds = st.integers(0, 10_000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bins", [20, 7])
def test_equals_scikit_learn_and_counting(dtype, bins):
    codes, factors = plain.example(1, n=2000, dtype=dtype)
    codes[:, 5] = np.round(codes[:, 5], 1)  # values on edges
    ours = mutual_information(codes, factors, bins)
    assert ours.shape == (6, 4)
    np.testing.assert_allclose(ours, plain.mutual_information(codes, factors, bins), atol=1e-12)
    counted = plain.information_by_counting(plain.bins_of(codes[:, 2], bins), factors[:, 1])
    assert ours[2, 1] == pytest.approx(counted, abs=1e-12)
    assert mig(codes, factors, bins) == pytest.approx(plain.mig(codes, factors, bins), abs=1e-12)


def test_bins_are_those_of_the_precision_of_the_codes():
    code = np.repeat(np.linspace(0.1, 0.7, 21).astype(np.float32), 10)
    assert (plain.bins_of(code) != plain.bins_of(code.astype(float))).any()
    factors = np.random.default_rng(0).integers(3, size=(210, 1))
    for codes in code[:, None], code[:, None].astype(float):
        actual = mutual_information(codes, factors)
        np.testing.assert_allclose(actual, plain.mutual_information(codes, factors), atol=1e-12)


def test_modularity_equals_the_definition():
    codes, factors = plain.example(2)
    codes[:, 3] = 0.5
    assert modularity(codes, factors) == pytest.approx(plain.modularity(codes, factors), abs=1e-12)


def test_by_hand():
    factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5)
    codes = np.column_stack([factors[:, 0] * 3.0, factors[:, 1] - 7.0, np.zeros(20)])
    table = mutual_information(codes, factors)
    np.testing.assert_array_equal(table == 0, [[False, True], [True, False], [True, True]])
    assert table[0, 0] == pytest.approx(math.log(2), abs=1e-14)  # nats, not bits
    assert mig(codes, factors) == pytest.approx(1)
    assert modularity(codes[:, :2], factors) == 1
    assert modularity(codes, factors) == pytest.approx(2 / 3)  # the collapsed latent counts 0
    assert mig(codes[:, [0, 0, 1, 1]], factors) == 0
    # half of the rows tell factor 0: I = H(1/4, 3/4) - H(1/2)/2 with a code of 3 in 4
    code = factors[:, 0] * factors[:, 1]
    expected = 0.25 * math.log(0.25 / (0.25 * 0.5)) + 0.5 * math.log(0.5 / (0.75 * 0.5))
    expected += 0.25 * math.log(0.25 / (0.75 * 0.5))
    assert mutual_information(code[:, None], factors)[0, 0] == pytest.approx(expected, abs=1e-14)


def test_a_constant_factor_is_left_out_of_the_means():
    codes, factors = plain.example(3)
    with_constant = np.column_stack([factors, np.full(len(factors), 4)])
    assert mutual_information(codes, with_constant)[:, -1].tolist() == [0] * 6
    assert mig(codes, with_constant) == mig(codes, factors)
    assert modularity(codes, with_constant) == modularity(codes, factors)


def test_approaches_the_information_of_a_correlated_gaussian():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200_000)
    y = 0.9 * x + math.sqrt(1 - 0.81) * rng.normal(size=len(x))
    classes = np.digitize(y, np.quantile(y, np.linspace(0, 1, 65)[1:-1]))
    actual = mutual_information(x[:, None], classes[:, None], bins=60)[0, 0]
    exact = -math.log(1 - 0.81) / 2
    assert 0.97 * exact < actual < exact
    codes, factors = np.column_stack([x, rng.normal(size=len(x))]), y[:, None]
    assert matched_information(codes, factors) == pytest.approx(exact, rel=0.01)


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(1e-3, 1e3))
def test_invariances(seed, scale):
    codes, factors = plain.example(seed, n=150, dtype=np.float64)
    rng = np.random.default_rng(seed)
    table = mutual_information(codes, factors)
    rows, latents = rng.permutation(150), rng.permutation(6)
    signs = rng.choice([-1.0, 1.0], size=6)
    relabelled = np.column_stack([rng.permutation(9)[f] * 2.5 for f in factors.T])
    np.testing.assert_allclose(mutual_information(codes[rows], factors[rows]), table, atol=1e-12)
    for other in codes * signs, codes * scale, codes + 1:
        np.testing.assert_allclose(mutual_information(other, factors), table, atol=1e-12)
    np.testing.assert_allclose(mutual_information(codes, relabelled), table, atol=1e-12)
    np.testing.assert_array_equal(mutual_information(codes[:, latents], factors), table[latents])
    for score in mig, modularity, matched_information:
        assert score(codes[:, latents] * signs, factors) == pytest.approx(score(codes, factors))
    for score in mig, modularity:
        assert score(codes, relabelled) == pytest.approx(score(codes, factors))
        assert 0 <= score(codes, factors) <= 1
    assert (table <= np.log([3, 6, 5, 4]) + 1e-12).all()


def test_collapsed_latents_whose_range_holds_few_numbers():
    codes, factors = plain.example(4)
    codes[:, 0] = 0.1
    codes[::2, 0] = np.nextafter(np.float32(0.1), np.float32(1))
    codes[:, 1] = 3e8  # +-0.5, the range of a constant, is not representable
    table = mutual_information(codes, factors)
    two_values = plain.information_by_counting(codes[:, 0], factors[:, 0])
    assert table[0, 0] == pytest.approx(two_values, abs=1e-12)
    assert (table[1] == 0).all()


def test_fewer_samples_than_bins():
    codes, factors = plain.example(5, n=7)
    np.testing.assert_allclose(
        mutual_information(codes, factors), plain.mutual_information(codes, factors), atol=1e-12
    )


CODES, FACTORS = plain.example(0, n=30)
BROKEN = CODES.copy()
BROKEN[3, 2] = np.nan


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (CODES.T, FACTORS.T, "codes have 6 rows and factors 4"),
        (CODES[:-1], FACTORS, "codes have 29 rows and factors 30: pass one row per sample"),
        (BROKEN, FACTORS, "codes have NaN in row 3, column 2 (from 0)"),
        (CODES, np.where(FACTORS, FACTORS, np.inf), "factors have infinity in row "),
        (CODES[:, 0], FACTORS, "codes must be a matrix with one row per sample, not "),
        (CODES[:0], FACTORS[:0], "codes must be a matrix with one row per sample, not "),
        (CODES.astype(str), FACTORS, "codes must be numbers, not <U"),
        (CODES, 0 * FACTORS, "no factor varies"),
        (CODES[:1], FACTORS[:1], "no factor varies"),
        (CODES[:, :1], FACTORS, "a gap between latents needs at least two latents"),
    ],
)
def test_one_clear_line_for_what_cannot_be_scored(codes, factors, message):
    with pytest.raises(MetricError) as error:
        mig(codes, factors)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_modularity_needs_two_factors():
    with pytest.raises(MetricError, match="at least two factors"):
        modularity(CODES, FACTORS[:, :1])


def test_matched_information_is_the_best_assignment():
    table = np.random.default_rng(0).random((5, 3))
    best = max(sum(table[p[k], k] for k in range(3)) for p in permutations(range(5), 3))
    assert matched_sum(table) == pytest.approx(best)
    assert matched_sum(table.T) == pytest.approx(best)
    codes, factors = plain.example(6)
    rho2 = np.corrcoef(codes.T.astype(float), factors.T)[:6, 6:] ** 2
    np.testing.assert_allclose(squared_correlation(codes, factors), rho2, atol=1e-12)
    expected = matched_sum(-np.log(1 - rho2) / 2)
    assert matched_information(codes, factors) == pytest.approx(expected)
    histogram = matched_sum(plain.mutual_information(codes, factors))
    assert matched_information(codes, factors, "histogram") == pytest.approx(histogram)
    untyped = unwrap(matched_information)  # of the type check in tests
    with pytest.raises(MetricError, match="gaussian or histogram, not 'ksg'"):
        untyped(codes, factors, "ksg")


def test_a_perfect_correlation_has_the_same_information_however_it_is_rounded():
    _, factors = plain.example(6)
    perfect = matched_information(factors, factors)
    assert perfect == pytest.approx(4 * 6 * math.log(10), rel=1e-4)
    rng = np.random.default_rng(0)
    for scale, shift in rng.normal(size=(20, 2)):
        rows = rng.permutation(len(factors))
        assert matched_information(scale * factors[rows] + shift, factors[rows]) == perfect


@pytest.mark.parametrize("noise", [1e-2, 1e-4])
def test_a_nearly_perfect_correlation_has_the_information_of_its_noise(noise):
    x, e = np.random.default_rng(0).normal(size=(2, 100_000))
    actual = matched_information((x + noise * e)[:, None], x[:, None])
    assert actual == pytest.approx(math.log(1 + noise**-2) / 2, abs=0.01)


@pytest.mark.parametrize("bins", [0, -3])
@pytest.mark.parametrize("score", [mutual_information, mig, modularity])
def test_bins_are_a_whole_number_of_at_least_one(score, bins):
    with pytest.raises(MetricError, match="bins must be a whole number of at least 1, not"):
        score(CODES, FACTORS, bins)
    assert mutual_information(CODES, FACTORS, 1).max() == 0


def test_codes_whose_range_overflows_are_binned_all_the_same():
    codes, factors = plain.example(4, dtype=np.float64)
    codes[:2] = [[-1.0], [1.0]]
    codes = codes.clip(-1, 1)
    for dtype, largest in (np.float64, 2.0**1023), (np.float32, 2.0**127):
        huge = (codes * largest).astype(dtype)
        assert mig(huge, factors) == mig(huge / dtype(2.0**100), factors)


def test_a_factor_that_lacks_labels_counts_as_if_they_did_not_exist():
    codes, factors = plain.example(8, n=200)
    rows = np.flatnonzero(factors[:, 1] != 3)[:120]
    binned = np.stack([plain.bins_of(c) - 1 for c in codes[rows].T], axis=1)
    expected = plain.mutual_information(codes[rows], factors[rows])
    np.testing.assert_allclose(_information(binned, factors[rows]), expected, atol=1e-12)


def test_top_gap():
    assert top_gap([[0.1, 5], [0.4, 2], [0.3, 2]]).tolist() == pytest.approx([0.1, 3])


def dsprites_values(n):
    rng = np.random.default_rng(0)
    choices = [
        np.ones(1),
        np.arange(1.0, 4),
        np.linspace(0.5, 1, 6),
        np.linspace(0, 2 * np.pi, 40),
        np.linspace(0, 1, 32),
        np.linspace(0, 1, 32),
    ]
    return np.column_stack([rng.choice(c, size=n) for c in choices])


def test_mig_denardin_tops_out_at_five_sixths_of_log_2():
    values = dsprites_values(5000)
    truncated = values.astype(int)
    assert [len(set(column)) for column in truncated.T] == [1, 3, 2, 7, 2, 2]
    codes = truncated[:, 1:].astype(np.float32)
    independent = np.random.default_rng(1).permuted(codes, axis=0)
    # each of the five gaps is H nats over H bits, the constant colour counts as 0
    assert mig_denardin(codes, values) == pytest.approx(5 / 6 * math.log(2), abs=0.01)
    assert mig_denardin(independent, values) == pytest.approx(0, abs=0.01)


def test_mig_denardin_by_its_rule():
    codes, factors = plain.example(7, sizes=(3, 6, 60))
    cut = [np.digitize(c, np.linspace(c.min(), c.max(), 20)) for c in codes.T]
    last = np.digitize(factors[:, 2], np.linspace(0, 59, 20))
    table, bits = [], []
    for f in factors[:, 0], factors[:, 1], last:
        table.append([plain.information_by_counting(c, f) for c in cut])
        shares = np.unique(f, return_counts=True)[1] / len(f)
        bits.append(-(shares * np.log2(shares)).sum())
    expected = plain.mig_of(np.array(table).T, bits)
    assert mig_denardin(codes, factors) == pytest.approx(expected, abs=1e-12)
