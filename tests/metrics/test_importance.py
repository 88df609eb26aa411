from inspect import unwrap

import numpy as np
import plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy, spearmanr

from betascan.metrics import MetricError, dci
from betascan.metrics.boosting import boost
from betascan.metrics.importance import completeness, disentanglement, importances

TRAIN = plain.example(0, n=150, sizes=(2, 4, 3), latents=5)
TEST = plain.example(0, n=300, sizes=(2, 4, 3), latents=5)
TEST = (TEST[0][150:], TEST[1][150:])


def test_scores_of_known_importances():
    assert disentanglement(np.eye(4)) == pytest.approx(1)
    assert completeness(np.eye(4)) == pytest.approx(1)
    assert disentanglement(np.ones((4, 3))) == pytest.approx(0)
    assert completeness(np.ones((4, 3))) == pytest.approx(0)
    shared = np.array([[0.5, 0.5], [0.5, 0], [0, 0.5], [0, 0]])
    # latents 1 and 2 of weight 1/4 serve one factor, latent 0 of weight 1/2 serves two;
    # each factor needs two of four latents: 1 - log 2/log 4
    assert disentanglement(shared) == pytest.approx(0.5)
    assert completeness(shared) == pytest.approx(0.5)
    assert disentanglement(np.zeros((3, 2))) == pytest.approx(0)


def test_scores_equal_the_definition():
    table = np.random.default_rng(0).random((6, 4)) ** 4
    table[2] = 0
    per_latent = 1 - entropy(table.T + 1e-11, base=4)
    per_factor = 1 - entropy(table + 1e-11, base=6)
    weights = table / table.sum()
    assert disentanglement(table) == pytest.approx(per_latent @ weights.sum(axis=1), abs=1e-12)
    assert completeness(table) == pytest.approx(per_factor @ weights.sum(axis=0), abs=1e-12)


def test_reference_equals_scikit_learn_bit_for_bit():
    table, models = plain.importances(*TRAIN)
    accuracy = [np.mean(m.predict(TEST[0]) == f) for m, f in zip(models, TEST[1].T, strict=True)]
    actual = importances(*TRAIN, *TEST)
    np.testing.assert_array_equal(actual[0], table)
    np.testing.assert_allclose(actual[1], accuracy, rtol=1e-15)
    scores = dci(*TRAIN, *TEST)
    assert scores == (disentanglement(table), completeness(table), np.mean(accuracy))


@pytest.mark.parametrize("size", [2, 4])
def test_lightgbm_equals_the_reference_where_codes_take_few_values(size):
    codes, factors = plain.example(1, 500, (size, 3), latents=4, noise=0.3)
    codes = np.round(codes, 1)
    table, (model, _) = plain.importances(codes, factors)
    actual, labels = boost(codes, factors[:, 0], codes)
    np.testing.assert_allclose(actual, table[:, 0], atol=5e-3)  # ties among splits
    assert np.mean(labels == model.predict(codes)) > 0.99


def test_lightgbm_ranks_twenty_representations_as_the_reference_does():
    ours, reference = [], []
    for case in range(20):
        rng = np.random.default_rng(case)
        noise, mixing = rng.uniform(0.05, 0.5), rng.uniform(0, 1)
        codes, factors = plain.example(case, 400, (2, 3), 4, noise, mixing)
        sets = codes[:300], factors[:300], codes[300:], factors[300:]
        ours.append(dci(*sets, "lightgbm"))
        reference.append(dci(*sets))
    for expected, actual in zip(np.transpose(reference), np.transpose(ours), strict=True):
        assert spearmanr(expected, actual)[0] > 0.98
        assert np.abs(expected - actual).max() < 0.08


@pytest.mark.parametrize("booster", ["reference", "lightgbm", "forest", "l1"])
def test_a_perfect_representation(booster):
    _, factors = plain.example(1, n=600, sizes=(2, 3, 4))
    codes = np.column_stack([-factors[:, 1], factors[:, 2], factors[:, 0] * 3, 0 * factors[:, 0]])
    scores = dci(codes[:400], factors[:400], codes[400:], factors[400:], booster)
    least = 0.9 if booster == "forest" else 0.99  # its trees are denied some of the codes
    assert min(scores) > least
    mixed = codes @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    assert dci(mixed[:400], factors[:400], mixed[400:], factors[400:], booster)[0] < 0.8


def test_l1_of_a_single_relevant_code_is_the_soft_threshold():
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(5, size=5000), rng.integers(2, size=5000)])
    table, score = importances(factors[:, ::-1], factors, factors[:, ::-1], factors, "l1")
    np.testing.assert_allclose(table, [[0, 0.98], [0.98, 0]], atol=0.03)
    np.testing.assert_allclose(score, 1 - 0.02**2, atol=1e-3)


@pytest.mark.parametrize("booster", ["lightgbm", "forest", "l1"])
def test_same_call_same_numbers_and_constant_factors_left_out(booster):
    scores = dci(*TRAIN, *TEST, booster)
    assert dci(*TRAIN, *TEST, booster, workers=1) == scores
    more = [np.column_stack([np.full(len(f), 7), f]) for f in (TRAIN[1], TEST[1])]
    assert dci(TRAIN[0], more[0], TEST[0], more[1], booster) == scores


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_lightgbm_survives_any_codes(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([10, 60, 300]))
    noise, mixing = rng.choice([0, 1e-3, 0.5]), rng.choice([0, 0.3])
    codes, factors = plain.example(seed, n, (int(rng.integers(2, 9)), 3), 4, noise, mixing)
    codes[:, rng.integers(4)] = 0.1
    factors[:2, :] = [[0, 0], [1, 1]]
    scores = dci(codes, factors, codes, factors, "lightgbm")
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in scores)


@pytest.mark.parametrize("constant", [0.0, 0.3])
@pytest.mark.parametrize("sizes", [(3, 4), (2, 2)])
def test_lightgbm_of_collapsed_codes_is_the_reference(constant, sizes):
    codes, factors = plain.example(2, n=301, sizes=sizes)
    codes[:] = constant
    factors[:160, 0] = 1  # a majority, of more than half
    train, test = (codes[:201], factors[:201]), (codes[201:], factors[201:])
    most = [np.bincount(column).argmax() for column in train[1].T]
    majority = [np.mean(column == label) for column, label in zip(test[1].T, most, strict=True)]
    expected = dci(*train, *test)
    assert expected == pytest.approx((0, 0, np.mean(majority)))
    assert dci(*train, *test, "lightgbm") == pytest.approx(expected)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_invariances_of_the_scores(seed):
    rng = np.random.default_rng(seed)
    table = rng.random((5, 4)) ** 3
    shuffled = table[rng.permutation(5)][:, rng.permutation(4)]
    assert disentanglement(shuffled) == pytest.approx(disentanglement(table))
    assert completeness(shuffled) == pytest.approx(completeness(table))
    assert disentanglement(table) == pytest.approx(completeness(table.T))


def test_one_clear_line_for_what_cannot_be_scored():
    for function in dci, importances:
        untyped = unwrap(function)  # of the type check in tests
        with pytest.raises(
            MetricError, match=r"booster must be one of reference, .* not 'xgboost'"
        ):
            untyped(*TRAIN, *TEST, "xgboost")
    with pytest.raises(MetricError, match="two latents and two factors"):
        dci(TRAIN[0], TRAIN[1][:, :1], TEST[0], TEST[1][:, :1], "l1")
