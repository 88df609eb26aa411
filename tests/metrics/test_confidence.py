import numpy as np
import pytest
from scipy import stats

from betascan.metrics import MetricError, bootstrap, mig


def coverage(truth, intervals):
    return np.mean([low[0] <= truth <= high[0] for _, low, high in intervals])


def of_the_mean(x, **options):
    return bootstrap(lambda rows: x[rows].mean(), [len(x)], **options)


def test_covers_the_mean_of_many_rows_and_of_few():
    rng = np.random.default_rng(0)
    columns = rng.exponential(size=(200, 600))  # samples, one a column
    found = bootstrap(lambda rows: columns[rows].mean(0), [200])
    assert np.mean((found.low <= 1) & (found.high >= 1)) == pytest.approx(0.95, abs=0.05)
    assert np.mean(found.high - found.low) == pytest.approx(3.92 / 200**0.5, rel=0.06)
    for n in 2, 3, 5, 10:
        columns = rng.normal(size=(n, 600))
        found = bootstrap(lambda rows, x=columns: x[rows].mean(0), [n])
        covered = np.mean((found.low <= 0) & (found.high >= 0))
        assert covered == pytest.approx(0.95, abs=0.05)  # percentiles of 3: 0.75


def test_the_interval_of_a_gaussian_mean_is_student_s():
    x = np.random.default_rng(1).normal(size=12)
    actual = of_the_mean(x, resamples=20_000)
    error = stats.sem(x) * stats.t(11).ppf(0.975)
    assert actual.high[0] - actual.low[0] == pytest.approx(2 * error, rel=0.03)


def test_covers_the_score_at_the_sample_s_number_of_rows():
    """Resamples have fewer distinct rows, which shifts the MIG but not the interval."""
    rng = np.random.default_rng(0)
    scores, intervals, resampled = [], [], []
    for _ in range(80):
        factors = np.column_stack([rng.integers(8, size=200), rng.integers(9, size=200)])
        codes = np.column_stack([factors @ [1, 0.3], factors @ [0.3, 1], factors @ [1, 1]])
        codes = codes + 2 * rng.normal(size=codes.shape)

        def score(rows, z=codes, v=factors):
            return mig(z[rows], v[rows])

        intervals.append(bootstrap(score, [200], resamples=80))
        scores.append(intervals[-1].value[0])
        resampled.append(score(rng.integers(200, size=200)))
    assert abs(np.mean(resampled) - np.mean(scores)) > 0.2 * np.std(scores)
    assert coverage(np.mean(scores), intervals) == pytest.approx(0.95, abs=0.05)


def test_a_shift_of_all_resamples_does_not_shift_the_interval():
    value, low, high = bootstrap(lambda rows: len(set(rows)), [1000])  # resamples have 632
    assert value == 1000
    assert 970 < low < 1000 < high < 1030


def test_several_scores_of_two_sets_at_once():
    a, b = np.arange(50.0), np.arange(80.0) ** 2
    actual = bootstrap(lambda r, s: (a[r].mean(), b[s].mean(), a[r].mean() + b[s].mean()), [50, 80])
    np.testing.assert_allclose(actual.value, [a.mean(), b.mean(), a.mean() + b.mean()])
    assert (actual.low < actual.value).all()
    assert (actual.value < actual.high).all()
    width = actual.high - actual.low
    assert width[2] < width[0] + width[1]


def test_seeded():
    x = np.random.default_rng(0).normal(size=100)
    one, two = of_the_mean(x), of_the_mean(x)
    assert one == two
    assert one != of_the_mean(x, seed=1)
    assert one != of_the_mean(x, purpose="another")


def test_without_resamples_there_is_no_interval_and_of_one_row_none_can_be_had():
    actual = bootstrap(lambda rows: 3.0, [5], resamples=0)
    assert actual.value == 3
    assert np.isnan([actual.low, actual.high]).all()
    with pytest.raises(MetricError, match="at least two rows"):
        bootstrap(lambda rows: 3.0, [1])
