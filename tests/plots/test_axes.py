import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from betascan.plots import labels, style
from betascan.plots.axes import colour_bar, handles, rank_bar, ticks_at


def test_ticks_stand_at_the_values_alone():
    ax = plt.figure().subplots()
    ax.set(xscale="log", xlim=(0.1, 1e6))
    ticks_at(ax.xaxis, [300_000, 0.5, 2, 2])
    assert list(ax.get_xticks()) == [0.5, 2, 300_000]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.5", "2", "300,000"]
    assert not list(ax.get_xticks(minor=True))


def test_handles_of_the_models_of_a_study():
    names = {key: labels.MODELS[key] for key in ("factor_vae", "beta_vae")}
    beta_vae, factor_vae = handles(style.MODEL_LOOKS, names)
    assert beta_vae.get_label() == r"$\beta$-VAE"
    assert factor_vae.get_label() == "FactorVAE"
    assert factor_vae.get_color() == style.MODEL_LOOKS["factor_vae"]["color"]
    assert factor_vae.get_marker() != beta_vae.get_marker()


def test_a_colour_bar_of_several_axes_says_what_and_is_as_wide_as_that_of_one():
    widths = []
    for rows in (1, 3):
        figure, axes = plt.subplots(rows, 1, figsize=(3.5, 2 * rows), squeeze=False)
        image = axes[0, 0].imshow(np.eye(2), aspect="auto")
        bar = colour_bar(image, axes[:, 0], "information (nats)")
        assert bar.ax.get_ylabel() == "information (nats)"
        assert bar.vmax == 1
        figure.draw_without_rendering()
        widths.append(bar.ax.get_window_extent().width / figure.dpi)
    assert widths == pytest.approx([0.07, 0.07], abs=0.02)


def test_the_bar_of_ranks_has_their_colours():
    axes = plt.figure().subplots(2, 1)
    bar = rank_bar(axes, 7)
    assert bar.ax.get_ylabel() == "rank of the latent"
    assert list(bar.get_ticks()) == [1, 3, 6, 7]
    looks = style.ordinal(range(1, 8))
    for rank, look in looks.items():
        assert bar.cmap(bar.norm(rank)) == pytest.approx(to_rgba(look["color"]))
