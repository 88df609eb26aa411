import numpy as np
import pytest

from betascan.core.errors import DataError
from betascan.data import dsprites, mpi3d, shapes3d
from betascan.data.grid import Grid

GRID = Grid({"a": (0.0, 0.5), "b": (1.0, 2.0, 3.0), "c": (0.0, 1.0, 2.0, 3.0)})


def test_the_last_factor_changes_fastest():
    assert (len(GRID), GRID.names, GRID.sizes) == (24, ("a", "b", "c"), (2, 3, 4))
    classes = GRID.classes(range(24))
    np.testing.assert_array_equal(
        classes[:5], [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 1, 0]]
    )
    np.testing.assert_array_equal(GRID.indices(classes), np.arange(24))
    np.testing.assert_array_equal(GRID.values(classes)[-1], [0.5, 3, 3])


def test_the_sizes_of_the_data_sets():
    assert len(dsprites.GRID) == 737_280
    assert len(shapes3d.GRID) == 480_000
    assert (len(mpi3d.REAL), len(mpi3d.REAL_COMPLEX)) == (1_036_800, 460_800)
    assert mpi3d.REAL_COMPLEX.sizes == (4, 4, 2, 3, 3, 40, 40)
    assert shapes3d.GRID.levels["orientation"][0] == -30


def test_subgrids_keep_the_other_factors_whole():
    rows = GRID.subgrid(b=[2, 0, 2], c=[1])
    np.testing.assert_array_equal(GRID.classes(rows), [[0, 0, 1], [0, 2, 1], [1, 0, 1], [1, 2, 1]])
    assert len(GRID.subgrid()) == 24


def test_drawn_images_are_different_in_order_and_nested():
    small, large = GRID.draw(5, seed=3), GRID.draw(11, seed=3)
    assert len(set(large.tolist())) == 11
    assert set(small) < set(large)
    np.testing.assert_array_equal(large, np.sort(large))
    assert not np.array_equal(large, GRID.draw(11, seed=4))
    np.testing.assert_array_equal(GRID.draw(100, seed=0), np.arange(24))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GRID.classes([24]), "numbered from 0 to 23, not 24"),
        (lambda: GRID.classes([-1]), "numbered from 0 to 23, not -1"),
        (lambda: GRID.subgrid(d=[0]), "no factor d; there are a, b, c"),
        (lambda: GRID.subgrid(b=[3]), r"b has the classes 0 to 2, not 3 \(row "),
        (lambda: GRID.classes([0.5]), "indices of images must be integers, not float64"),
        (lambda: GRID.classes(np.ones(24, bool)), "must be integers, not bool"),
        (lambda: GRID.subgrid(b=[0.5]), "classes of b must be integers, not float64"),
        (lambda: Grid({}), "at least one factor"),
        (lambda: Grid({"a": ()}), "levels of a must be finite numbers, at least one"),
        (lambda: Grid({"a": (0.0, np.nan)}), "levels of a must be finite numbers"),
        (lambda: Grid({"colour": ("red", "blue")}), "levels of colour must be numbers, not"),
    ],
)
def test_what_the_grid_does_not_have_is_one_line(call, message):
    with pytest.raises(DataError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, list])
def test_levels_may_be_any_numbers(kind):
    levels = [1, 2, 4]
    array = levels if kind is list else np.array(levels, kind)
    assert Grid({"a": array}) == Grid({"a": (1.0, 2.0, 4.0)})
    assert Grid({"a": array}).values([[2]]) == 4
