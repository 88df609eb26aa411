import numpy as np
import pytest

from betascan.metrics import MetricError, bootstrap, mig, over_seeds


def covered(truth, intervals):
    return np.mean([low[0] <= truth <= high[0] for _, low, high in intervals])


def test_covers_the_mean_of_many_rows_and_of_few_seeds():
    rng = np.random.default_rng(0)
    samples = rng.exponential(size=(150, 200))
    found = [bootstrap(lambda r, x=x: x[r].mean(), [200]) for x in samples]
    assert covered(1, found) == pytest.approx(0.95, abs=0.05)
    assert np.mean([f.high - f.low for f in found]) == pytest.approx(3.92 / 200**0.5, rel=0.06)
    for seeds in 2, 3, 5, 10:
        found = [over_seeds(x, resamples=200) for x in rng.normal(size=(150, seeds))]
        assert covered(0, found) == pytest.approx(0.95, abs=0.05)  # percentiles of 3: 0.75


def test_covers_the_score_at_its_own_number_of_rows():
    """Resamples have fewer distinct rows, which shifts the MIG but not the interval."""
    rng = np.random.default_rng(0)
    scores, found, resampled = [], [], []
    for _ in range(80):
        factors = np.column_stack([rng.integers(8, size=200), rng.integers(9, size=200)])
        codes = np.column_stack([factors @ [1, 0.3], factors @ [0.3, 1], factors @ [1, 1]])
        codes = codes + 2 * rng.normal(size=codes.shape)

        def score(rows, z=codes, v=factors):
            return mig(z[rows], v[rows])

        found.append(bootstrap(score, [200], resamples=80))
        scores.append(found[-1].value[0])
        resampled.append(score(rng.integers(200, size=200)))
    assert abs(np.mean(resampled) - np.mean(scores)) > 0.2 * np.std(scores)
    assert covered(np.mean(scores), found) == pytest.approx(0.95, abs=0.05)


def test_a_shift_of_all_resamples_does_not_shift_the_interval():
    value, low, high = bootstrap(lambda r: len(set(r)), [1000])  # resamples have 632
    assert value == 1000
    assert 970 < low < 1000 < high < 1030


def test_several_scores_of_two_sets_at_once():
    a, b = np.arange(50.0), np.arange(80.0) ** 2
    found = bootstrap(lambda r, s: (a[r].mean(), b[s].mean(), a[r].mean() + b[s].mean()), [50, 80])
    np.testing.assert_allclose(found.value, [a.mean(), b.mean(), a.mean() + b.mean()])
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()
    width = found.high - found.low
    assert width[2] < width[0] + width[1]


def test_seeded():
    x = np.random.default_rng(0).normal(size=100)
    one, two = (bootstrap(lambda r: x[r].mean(), [100]) for _ in range(2))
    assert one == two
    assert one != bootstrap(lambda r: x[r].mean(), [100], seed=1)
    assert one != bootstrap(lambda r: x[r].mean(), [100], purpose="another")


def test_without_resamples_or_with_one_seed_there_is_no_interval():
    found = bootstrap(lambda r: 3.0, [5], resamples=0)
    assert found.value == 3
    assert np.isnan([found.low, found.high]).all()
    found = over_seeds([[0.25, 0.5]])
    assert found.value.tolist() == [0.25, 0.5]
    assert np.isnan([found.low, found.high]).all()
    found = over_seeds([[1.0, 2.0], [3.0, 2.0]])
    assert found.value.tolist() == [2, 2]
    assert found.low[1] == found.high[1] == 2  # as far as the seeds tell
    assert found.low[0] < 1
    assert found.high[0] > 3
    with pytest.raises(MetricError, match="at least two rows"):
        bootstrap(lambda r: 3.0, [1])
