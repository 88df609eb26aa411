import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.markers import MarkerStyle

from betascan.plots.boxes import boxes, places

LOOKS = {
    "beta_vae": {"color": "black", "marker": "o"},
    "factor_vae": {"color": "red", "marker": "s"},
}
MANY = [0.9, 0.1, 0.2, 0.3, 0.5, 0.4, 3.0]  # 3.0 is an outlier
ROWS = [
    *[(4.0, "factor_vae", value) for value in MANY],
    *[(4.0, "factor_vae", np.nan)],
    *[(1.0, "beta_vae", value) for value in (0.2, 0.7, 0.3, 0.4)],
]


def drawn(rows, order=(1.0, 4.0)):
    table = pd.DataFrame(rows, columns=["beta", "model", "mig"])
    ax = plt.figure().subplots()
    boxes(ax, table, x="beta", y="mig", hue="model", order=list(order), looks=LOOKS)
    return ax


def points(ax):
    found = [c for c in ax.collections if isinstance(c, PathCollection) and len(c.get_offsets())]
    return [(c.get_offsets(), c.get_facecolor()[0]) for c in found]


def test_many_values_are_a_box_of_quartiles_at_its_place():
    (container,) = drawn(ROWS).containers
    (box,), (median,), (fliers,) = container.boxes, container.medians, container.fliers
    first, second, third = np.quantile(MANY, [0.25, 0.5, 0.75])
    assert {min(box.get_ydata()), max(box.get_ydata())} == {first, third}
    assert set(median.get_ydata()) == {second}
    assert np.mean([min(box.get_xdata()), max(box.get_xdata())]) == pytest.approx(1.2)
    assert to_rgba(box.get_color()) == to_rgba(LOOKS["factor_vae"]["color"])
    assert list(fliers.get_ydata()) == [3.0]
    top = max(line.get_ydata().max() for line in container.whiskers)
    assert top == 0.9  # the farthest within 1.5 interquartile ranges


def test_few_values_are_points_with_a_line_at_their_mean():
    ax = drawn(ROWS)
    ((offsets, colour),) = points(ax)
    assert sorted(offsets[:, 1]) == [0.2, 0.3, 0.4, 0.7]
    assert set(offsets[:, 0]) == {-0.2}
    assert tuple(colour) == to_rgba(LOOKS["beta_vae"]["color"])
    (line,) = [c for c in ax.collections if isinstance(c, LineCollection)]
    ((start, end),) = line.get_segments()
    assert start == pytest.approx((-0.4, 0.4))
    assert end == pytest.approx((0, 0.4))


def test_points_have_the_markers_of_their_models():
    ax = drawn([(1.0, "factor_vae", 0.3), (4.0, "beta_vae", 0.3)])
    paths = [c.get_paths()[0] for c in ax.collections if isinstance(c, PathCollection)]
    square = MarkerStyle("s")
    assert any(
        np.array_equal(path.vertices, square.get_transform().transform(square.get_path().vertices))
        for path in paths
    )


def test_five_values_are_many():
    five = [(1.0, "beta_vae", value) for value in (0.2, 0.7, 0.3, 0.4, 0.1)]
    ax = drawn(five)
    assert len(ax.containers) == 1
    assert not points(ax)


def test_groups_stand_in_their_order_also_those_without_a_value():
    ax = drawn(ROWS, order=(4.0, 2.5, 1.0))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4", "2.5", "1"]
    ((offsets, _),) = points(ax)
    assert set(offsets[:, 0]) == {1.8}
    assert ax.get_xlim() == (-0.5, 2.5)


def test_no_value_at_all_leaves_the_groups():
    ax = drawn([(1.0, "beta_vae", np.nan)])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "4"]


def test_places_are_where_the_values_are_drawn():
    at = places([1.0, 4.0], LOOKS)
    ax = drawn([(1.0, "factor_vae", 0.3), (4.0, "beta_vae", 0.3)])
    centres = [offsets[0, 0] for offsets, _ in points(ax)]
    assert sorted(centres) == pytest.approx([at[1.0, "factor_vae"], at[4.0, "beta_vae"]])
