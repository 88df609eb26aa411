import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawn import smallest
from matplotlib.colors import Normalize, to_rgba
from matplotlib.patches import Rectangle

from betascan.plots import style
from betascan.plots.heatmap import compare, heatmap, mark

OURS = pd.DataFrame([[0.5, -1.25], [2.0, np.nan]], [0.0, 8.0], [1.0, 32.0])
PUBLISHED = pd.DataFrame([[0.5, -1.0], [1.6, 0.3]], [0.0, 8.0], [1.0, 32.0])
ALLOWANCE = pd.DataFrame([[np.nan, 0.5], [0.1, 0.1]], [0.0, 8.0], [1.0, 32.0])


def numbers(ax):
    """The text in each cell: {(row, column): text}."""
    texts = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in ax.texts}
    return {(int(row), int(column)): text for (row, column), text in texts.items()}


def colours(ax):
    mesh = ax.collections[0]
    return mesh.to_rgba(mesh.get_array()).reshape(2, 2, 4)


def frames(ax):
    return {(int(p.get_y()), int(p.get_x())) for p in ax.patches if isinstance(p, Rectangle)}


@pytest.fixture
def panels():
    figure, axes = plt.subplots(1, 3, figsize=(style.PAGE, 2))
    compare(axes, OURS, PUBLISHED, ALLOWANCE, ".2f", "NLL (nats)")
    return figure


def test_every_cell_has_its_number_and_its_row_and_column_a_name():
    ax = plt.figure().subplots()
    heatmap(ax, OURS, ".2f")
    assert numbers(ax) == {(0, 0): "0.50", (0, 1): "−1.25", (1, 0): "2.00", (1, 1): "–"}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "32"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "8"]
    assert list(ax.get_yticks()) == [0.5, 1.5]
    assert ax.get_ylim() == (2, 0)  # the first row on top
    shades = mpl.colormaps[style.SEQUENTIAL]
    assert tuple(colours(ax)[0, 1]) == shades(0.0)
    assert tuple(colours(ax)[1, 0]) == shades(1.0)
    assert colours(ax)[1, 1][3] == 0  # through which the face of the axes is seen
    assert ax.get_facecolor() == to_rgba(style.FAINT)


def test_a_table_of_colours_alone():
    ax = plt.figure().subplots()
    mesh = heatmap(ax, OURS, None, norm=Normalize(0, 4))
    assert not ax.texts
    assert mesh.norm.vmax == 4


def test_ours_and_the_published_table_share_their_colours_and_one_bar(panels):
    ours, published, _, bar, _ = panels.axes
    assert numbers(ours)[1, 0] == "2.00"
    assert numbers(published)[1, 0] == "1.60"
    limits = {
        (ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) for ax in (ours, published)
    }
    assert limits == {(-1.25, 2.0)}
    assert tuple(colours(ours)[0, 0]) == tuple(colours(published)[0, 0])
    assert bar.get_ylabel() == "NLL (nats)"


def test_a_difference_is_coloured_by_what_is_allowed_of_it(panels):
    _, _, difference, _, bar = panels.axes
    assert numbers(difference) == {(0, 0): "+0.00", (0, 1): "−0.25", (1, 0): "+0.40", (1, 1): "–"}
    shades = mpl.colormaps[style.DIVERGING]
    half_the_allowance, four_times = colours(difference)[0, 1], colours(difference)[1, 0]
    assert tuple(half_the_allowance) == pytest.approx(shades((-0.5 + 3) / 6))
    assert tuple(four_times) == shades(1.0)
    assert four_times[0] > four_times[2]  # too much is red
    assert colours(difference)[0, 0][3] == 0  # without an allowance: grey
    assert frames(difference) == {(1, 0)}
    assert bar.get_ylabel() == "difference / allowance"


def test_the_bar_of_differences_is_pointed_where_values_lie_beyond(panels):
    *_, difference = panels.axes
    assert difference._colorbar.extend == "max"
    assert panels.axes[3]._colorbar.extend == "neither"


def test_the_bar_of_values_is_pointed_where_its_ends_were_chosen_within():
    axes = plt.figure().subplots(1, 3)
    compare(axes, OURS, PUBLISHED, ALLOWANCE, ".2f", "NLL (nats)", norm=Normalize(0, 1.8))
    assert axes[0].figure.axes[3]._colorbar.extend == "both"


def test_too_little_is_framed_like_too_much():
    axes = plt.figure().subplots(1, 3)
    compare(axes, PUBLISHED, OURS, ALLOWANCE, ".2f", "NLL (nats)")
    assert numbers(axes[2])[1, 0] == "−0.40"
    assert frames(axes[2]) == {(1, 0)}


def test_no_text_is_too_small_to_read(panels):
    assert smallest(panels) == 6


def test_tables_without_a_number_are_drawn():
    empty = OURS * np.nan
    figure, axes = plt.subplots(1, 3)
    compare(axes, empty, empty, empty, ".2f", "NLL (nats)")
    figure.draw_without_rendering()
    assert set(numbers(axes[2]).values()) == {"–"}


def test_marks_lie_on_their_cells():
    ax = plt.figure().subplots()
    heatmap(ax, OURS, ".2f")
    mark(ax, OURS == -1.25, hatch="////")
    (patch,) = ax.patches
    assert patch.get_xy() == (1, 0)
    assert patch.get_hatch() == "////"
