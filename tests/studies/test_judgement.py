"""Verdicts: each test confirms what is so, refutes what is not, and knows when it cannot tell."""

import numpy as np
import pytest
from scipy import stats

from betascan.studies import judgement
from betascan.studies.judgement import Verdict

YES, NO, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.21, 0.22, 0.23, 0.22], YES),
        ([0.41, 0.42, 0.43, 0.42], NO),
        ([0.10, 0.45, 0.22, 0.05], OPEN),  # the mean is close, and could be anywhere
        ([0.22], OPEN),  # one training has no interval
        ([np.nan], OPEN),
    ],
)
def test_a_number_is_equal_within_its_margin_or_not(values, verdict):
    assert judgement.number(values, published=0.22, margin=0.05).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.22, YES), (0.3, NO)])
def test_a_closed_form_has_no_seeds(value, verdict):
    assert judgement.number(value, published=0.22, margin=0.05, exact=True).verdict == verdict


def test_the_error_of_a_published_mean_counts_too():
    values = [0.0, 0.1, 0.2, 0.3]
    alone = judgement.number(values, published=0.15, margin=1)
    beside = judgement.number(values, published=0.15, margin=1, published_n=4)
    assert beside.high - beside.low == pytest.approx(np.sqrt(2) * (alone.high - alone.low))


def test_the_interval_of_a_number_is_student_s():
    values = [0.1, 0.3, 0.25, 0.2]
    result = judgement.number(values, 0.2, 0.01)
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    assert (result.low, result.high) == (pytest.approx(low), pytest.approx(high))


def test_equivalence_is_two_one_sided_tests():
    values = np.array([0.21, 0.25, 0.2, 0.23, 0.24])
    for margin in np.linspace(0.005, 0.06, 40):
        p = max(
            stats.ttest_1samp(values, 0.2 - margin, alternative="greater").pvalue,
            stats.ttest_1samp(values, 0.2 + margin, alternative="less").pvalue,
        )
        assert (judgement.number(values, 0.2, margin).verdict == YES) == (p <= 0.05)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([1.0, 1.2, 0.9, 1.1], YES),
        ([-1.0, -1.2, -0.9, -1.1], NO),
        ([0.05, -0.05, 0.04, -0.03], NO),  # if there is one, it is too small
        ([3.0, -2.0, 1.0, -1.5], OPEN),
        ([2.0], OPEN),
        ([0.0, 0.0, 0.0], NO),
    ],
)
def test_a_difference_is_positive_or_not(differences, verdict):
    assert judgement.difference(differences, least=0.5).verdict == verdict


BETAS = [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize(
    ("y", "rises", "verdict"),
    [
        ([1, 2, 3, 5, 4, 6, 7], True, YES),
        ([1, 2, 3, 5, 4, 6, 7], False, NO),
        ([7, 6, 4, 5, 3, 2, 1], False, YES),
        ([3, 1, 4, 2, 7, 5, 6], True, YES),
        ([4, 1, 6, 3, 7, 2, 5], True, OPEN),
        ([1, 1, 1, 1, 1, 1, 1], True, OPEN),
    ],
)
def test_a_trend_goes_the_way_stated_or_not(y, rises, verdict):
    assert judgement.trend(BETAS, y, rises=rises).verdict == verdict


def test_three_points_in_order_are_no_trend():
    assert judgement.trend([1, 2, 3], [1, 2, 3], rises=True).verdict == OPEN


def test_a_trend_s_p_is_exact():
    """Of the 24 orders of four points, one is rising throughout."""
    assert judgement.trend([1, 2, 3, 4], [1, 2, 3, 4], rises=True).reason == "p = 0.042, n = 4"


def test_no_trend_in_much_data_is_refuted():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100))
    result = judgement.trend(x, y, rises=True)
    assert result.verdict == NO
    assert result.low < stats.spearmanr(x, y).statistic == result.estimate < result.high


def test_a_pattern_is_that_of_the_published_cells_or_not():
    rng = np.random.default_rng(0)
    published = rng.normal(size=(5, 5))
    assert judgement.pattern(2 * published + 7, published).verdict == YES
    assert judgement.pattern(-published, published).verdict == NO
    missing = np.where(np.arange(25).reshape(5, 5) < 22, np.nan, published)
    assert judgement.pattern(missing, published).verdict == OPEN


def test_a_pattern_whose_columns_hang_together():
    rng = np.random.default_rng(0)
    published = np.arange(25.0).reshape(5, 5, order="F")  # columns one above the other
    panels = published + rng.normal(0, 0.1, (5, 5, 5))
    found = judgement.pattern_of_columns(panels, published)
    assert found.verdict == YES
    assert found.reason == "p = 0.0083 over 5 columns, n = 5"  # one of 120 orders
    assert judgement.pattern_of_columns(-panels, published).verdict == NO
    assert judgement.pattern_of_columns(panels[:, :, :3], published[:, :3]).verdict == OPEN
    assert judgement.pattern_of_columns(panels[:1], published).verdict == OPEN
    more = np.concatenate([published, np.full((5, 3), np.nan)], axis=1)  # columns of ours alone
    ours = np.concatenate([panels, panels[:, :, :3]], axis=2)
    assert judgement.pattern_of_columns(ours, more) == found


def test_an_order_within_columns_is_no_pattern_of_columns():
    """All columns are alike, so any order of them fits as well: 25 cells are no 25 observations."""
    published = np.repeat(np.arange(5.0), 5).reshape(5, 5)
    found = judgement.pattern_of_columns(np.stack([published] * 5), published)
    assert (found.estimate, found.verdict) == (pytest.approx(1), OPEN)
    assert found.reason.startswith("p = 1 ")


def test_a_difference_too_small_to_matter_refutes():
    assert judgement.difference([0.004, 0.005, 0.006], 0.01).verdict == NO
    assert judgement.difference([0.004, 0.005, 0.006], 0).verdict == YES


def test_five_in_a_hundred_empty_trends_pass():
    rng = np.random.default_rng(1)
    passed = [
        judgement.trend(range(8), rng.normal(size=8), rises=True).verdict == YES for _ in range(100)
    ]
    assert 0 < sum(passed) <= 11  # binomial, 99 % of draws
