import numpy as np
import plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betascan.metrics import MetricError, explicitness, sap, sap_continuous
from betascan.metrics.predictability import sap_correct

TRAIN = plain.example(0, n=800)
TEST = plain.example(100, n=400)


def test_equals_the_definition_bit_for_bit():
    assert sap(*TRAIN, *TEST) == plain.sap(*TRAIN, *TEST)


def test_by_hand():
    factor = np.repeat([0, 1], 50)[:, None]
    other = np.tile([0, 1], 50)[:, None]
    codes = np.hstack([factor * 10.0 - 5, np.where(np.arange(100) < 60, -5.0, 5.0)[:, None]])
    correct = sap_correct(codes, factor, codes, factor)
    assert correct.shape == (100, 2, 1)
    assert correct.mean(axis=0).ravel().tolist() == [1.0, 0.9]
    assert sap(codes, factor, codes, factor) == pytest.approx(0.1)
    both = np.hstack([factor, other])
    # the second factor is at chance with either code
    assert sap(codes, both, codes, both) == pytest.approx(0.05, abs=0.02)


def test_values_that_are_no_integers_and_values_unseen_in_training():
    codes, factors = TRAIN
    halves = factors / 2 + 0.25
    assert sap(codes, halves, TEST[0], TEST[1] / 2 + 0.25) == sap(*TRAIN, *TEST)
    unseen = TEST[1].copy()
    unseen[:200] += 10
    correct = sap_correct(codes, factors, TEST[0], unseen)
    assert not correct[:200].any()
    assert (correct[200:] == sap_correct(*TRAIN, *TEST)[200:]).all()


def test_constant_factors_are_left_out_and_collapsed_latents_stay():
    codes, factors = TRAIN
    more = [np.column_stack([f, np.full(len(f), 3)]) for f in (factors, TEST[1])]
    assert sap(codes, more[0], TEST[0], more[1]) == sap(*TRAIN, *TEST)
    codes, test_codes = codes.copy(), TEST[0].copy()
    codes[:, :5], test_codes[:, :5] = 0.5, 0.5
    assert 0 <= sap(codes, factors, test_codes, TEST[1]) <= 1


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_invariances(seed):
    codes, factors = plain.example(seed, n=200)
    test_codes, test_factors = plain.example(seed + 1, n=200)
    score = sap(codes, factors, test_codes, test_factors)
    rng = np.random.default_rng(seed)
    latents, relabel = rng.permutation(6), rng.permutation(6)
    signs = rng.choice([-1, 1], 6).astype(np.float32)
    other = sap(
        (codes * signs)[:, latents], factors, (test_codes * signs)[:, latents], test_factors
    )
    # sign flips may move a test sample that lies on a boundary to within the solver's tolerance
    assert other == pytest.approx(score, abs=0.01)
    same = sap(codes, relabel[factors], test_codes, relabel[test_factors], workers=1)
    assert same == pytest.approx(score, abs=0.01)


def test_continuous_equals_the_definition():
    codes, factors = TRAIN
    codes = codes.copy()
    codes[:, 2] = factors[:, 1] * 1e-7  # collapsed, though not exactly constant
    table = np.zeros((6, 4))
    for i, c in enumerate(codes.T):
        for k, f in enumerate(factors.T):
            ((var_c, cov), (_, var_f)) = np.cov(c, f, ddof=1)
            table[i, k] = cov**2 / (var_c * var_f) if var_c > 1e-12 else 0
    table.sort(axis=0)
    expected = np.mean(table[-1] - table[-2])
    assert sap_continuous(codes, factors) == pytest.approx(expected, abs=1e-9)
    with_constant = np.column_stack([factors, np.ones(800)])
    assert sap_continuous(codes, with_constant) == pytest.approx(expected, abs=1e-9)


def test_continuous_of_a_known_mixture():
    v = np.random.default_rng(0).normal(size=(100_000, 2))
    codes = np.column_stack([3 * v[:, 0] + 4 * v[:, 1], v[:, 0], -v[:, 1]])
    # squared correlations 1, 9/25 and 16/25 with each other's factor
    expected = ((1 - 9 / 25) + (1 - 16 / 25)) / 2
    assert sap_continuous(codes, v) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_explicitness_equals_the_definition(dtype):
    train = plain.example(0, n=500, sizes=(2, 5, 4), dtype=dtype)
    test = plain.example(0, n=900, sizes=(2, 5, 4), dtype=dtype)
    test = test[0][500:], test[1][500:]
    assert explicitness(*train, *test) == pytest.approx(plain.explicitness(*train, *test), abs=1e-9)


def test_explicitness_where_the_library_fails():
    codes, factors = plain.example(1, n=400, sizes=(2, 5))
    train, test = (codes[:300], factors[:300]), (codes[300:], factors[300:])
    score = explicitness(*train, *test)
    collapsed = np.column_stack([codes, np.full(len(codes), 0.3, np.float32)])
    with_it = explicitness(collapsed[:300], train[1], collapsed[300:], test[1])
    assert with_it == pytest.approx(score, abs=1e-6)
    kept = test[1][:, 1] != 4
    lacking = explicitness(*train, test[0][kept], test[1][kept])
    assert 0.5 < lacking <= 1
    with pytest.raises(MetricError, match="single value in the test set"):
        explicitness(*train, test[0], 0 * test[1])


def test_explicitness_of_a_linear_and_of_no_representation():
    _, factors = plain.example(2, n=1000, sizes=(2, 3))
    one_hot = np.column_stack([factors[:, 0]] + [factors[:, 1] == v for v in range(3)])
    assert explicitness(one_hot, factors, one_hot, factors) == pytest.approx(1)
    noise = np.random.default_rng(0).normal(size=(1000, 4))
    assert explicitness(noise[:500], factors[:500], noise[500:], factors[500:]) == pytest.approx(
        0.5, abs=0.05
    )


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (TRAIN, (TEST[0][:, :5], TEST[1]), "training has 6 latents and test 5"),
        (TRAIN, (TEST[0][:10], TEST[1]), "codes have 10 rows and factors 400"),
        ((TRAIN[0], 0 * TRAIN[1]), TEST, "no factor varies"),
        (TRAIN, (TEST[0], TEST[1][:, :3]), "training has 4 and test 3 factors"),
        ((TRAIN[0] * np.nan, TRAIN[1]), TEST, "codes have NaN in row 0, column 0"),
        ((TRAIN[0][:, :1], TRAIN[1]), (TEST[0][:, :1], TEST[1]), "at least two latents"),
    ],
)
def test_one_clear_line_for_what_cannot_be_scored(train, test, message):
    with pytest.raises(MetricError, match=message):
        sap(*train, *test)
