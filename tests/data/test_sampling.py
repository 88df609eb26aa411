import numpy as np
import pytest

from betascan.core.errors import DataError
from betascan.data.grid import Grid
from betascan.data.sampling import jointly, sharing, split

GRID = Grid(
    {name: tuple(map(float, range(size))) for name, size in zip("abc", (3, 4, 5), strict=True)}
)
FACTORS = GRID.classes(np.arange(60))
PART = FACTORS[GRID.draw(30, seed=0)]


def test_a_split_holds_every_row_once():
    parts = split(1003, seed=19)
    assert [len(part) for part in parts] == [803, 100, 100]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1003))
    for part, same, other in zip(parts, split(1003, 19), split(1003, 20), strict=True):
        np.testing.assert_array_equal(part, same)
        assert not np.array_equal(part, other)
    assert [len(part) for part in split(10, 0, (0.5, 0.5))] == [5, 5]
    with pytest.raises(DataError, match="must add up to 1"):
        split(10, 0, (0.5, 0.4))


@pytest.mark.parametrize("factors", [FACTORS, PART])
def test_groups_share_one_factor_and_vary_the_rest(factors):
    rows = sharing(factors, 1, 4000, 6, np.random.default_rng(0))
    assert rows.shape == (4000, 6)
    taken = factors[rows]
    assert (np.ptp(taken[..., 1], axis=1) == 0).all()
    assert (np.ptp(taken[..., 0], axis=1) > 0).any()
    # classes come evenly, and all rows of a class do
    np.testing.assert_allclose(np.bincount(taken[:, 0, 1]) / 4000, 1 / 4, atol=0.03)
    assert set(rows.ravel()) == set(range(len(factors)))


@pytest.mark.parametrize("factors", [FACTORS, PART])
def test_two_factors_depend_as_the_weights_say(factors):
    weights = np.array([[4, 0, 0, 1, 0], [0, 2, 0, 1, 0], [0, 0, 1, 1, 3]], float)
    present = np.zeros_like(weights)
    present[factors[:, 0], factors[:, 2]] = 1
    weights *= present
    rows = jointly(factors, (0, 2), weights, 20_000, np.random.default_rng(0))
    taken = factors[rows]
    frequencies = np.zeros_like(weights)
    np.add.at(frequencies, (taken[:, 0], taken[:, 2]), 1 / len(rows))
    np.testing.assert_allclose(frequencies, weights / weights.sum(), atol=0.015)
    if len(factors) == 60:
        np.testing.assert_allclose(np.bincount(taken[:, 1]) / len(rows), 1 / 4, atol=0.015)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((3, 4)), r"5 of the second, not \(3, 4\)"),
        (np.full((3, 5), -1.0), "none negative"),
        (np.zeros((3, 5)), "one of them above 0"),
        (np.full((3, 5), np.nan), "must be finite"),
        (np.ones((4, 5)), "has weight, but no image"),
    ],
)
def test_wrong_weights_are_one_line(weights, message):
    with pytest.raises(DataError, match=message):
        jointly(FACTORS, (0, 2), weights, 5, np.random.default_rng(0))


def test_an_unknown_factor_is_one_line():
    with pytest.raises(DataError, match="numbered from 0 to 2, not 3"):
        sharing(FACTORS, 3, 1, 1, np.random.default_rng(0))
