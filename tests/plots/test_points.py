import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from betascan.plots.points import means


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_arithmetic_means_and_standard_errors_also_on_a_logarithmic_axis(scale):
    table = pd.DataFrame(
        {"beta": [1, 1, 4, 4, 4, 16, 32], "mse": [1.0, 9.0, 2.0, 4.0, 6.0, 5.0, np.nan]}
    )
    ax = plt.figure().subplots()
    ax.set_yscale(scale)
    means(ax, table, "beta", "mse", label="dSprites", ls=":")
    (container,) = ax.containers
    line, _, (bars,) = container
    assert list(line.get_xdata()) == [1, 4, 16]
    assert list(line.get_ydata()) == [5, 4, 5]
    assert line.get_linestyle() == ":"
    lengths = [bar[1, 1] - bar[0, 1] for bar in bars.get_segments() if len(bar)]
    # sd / sqrt(n), twice: of (1, 9) 5.657 / 1.414, of (2, 4, 6) 2 / 1.732, of one value none
    assert lengths == pytest.approx([8, 4 / np.sqrt(3)])
    assert ax.get_legend_handles_labels()[1] == ["dSprites"]


def test_a_column_without_a_value_draws_nothing():
    ax = plt.figure().subplots()
    means(ax, pd.DataFrame({"beta": [1, 2], "mse": [np.nan, np.nan]}), "beta", "mse")
    assert not ax.containers
