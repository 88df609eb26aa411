"""What the figures of hirn2026 draw, given tables in which every column is another."""

import h5py
import hirn2026_laws as laws
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from betascan import plots
from betascan.core.files import write_npz
from betascan.plots.style import PRUNED, ordinal
from betascan.studies.hirn2026 import figures
from betascan.studies.hirn2026.tables import utilities
from betascan.theory import landau

COLOURS = {rank: look["color"] for rank, look in ordinal(range(1, laws.RANKS + 1)).items()}
THRESHOLDS = laws.RATIOS * np.where(np.arange(18) < 16, 1, 4)  # 17 and 18 as published
CLAIMS = pd.DataFrame(
    {
        "item": ["plateau", "noise_onset", "log_variance_slope", "rate_slope"],
        "published": [1e-7, 1e-5, 1, -0.5],
        "sampled": [2e-7, 1.3e-5, 1.003, -0.502],
        "analytic": [1e-8, 2e-7, 1.0, -0.5],
    }
).melt(["item", "published"], var_name="estimator", value_name="ours")


@pytest.fixture(autouse=True)
def theme():
    with plots.themed():
        yield
    plt.close("all")


@pytest.fixture
def paths(tmp_path):
    """Tables of two estimators; what is not the sampled one on test is changed throughout."""
    tables = laws.tables(["sampled", "analytic"], shift=1.3)
    tables["observables"]["mean_mu2"] *= 1.5  # else it equals the signal fraction
    for name, column in (("observables", "mean_mu2"), ("distortion", "distortion")):
        others = (tables[name]["estimator"] != "sampled") | (tables[name]["split"] != "test")
        for changed in tables[name].columns[tables[name].columns.get_loc(column) :]:
            tables[name].loc[others, changed] *= 0.9
    modes = pd.DataFrame({"rank": range(1, 19), "pca_ratio": laws.RATIOS, "threshold": THRESHOLDS})
    modes["threshold_se"] = 0.1 * modes["threshold"]
    factors = {("sampled", "test"): 1.3, ("sampled", "train"): 1.0}
    factors |= {("analytic", "test"): 1.2, ("analytic", "train"): 1.1}
    tables["modes"] = pd.concat(
        modes.assign(estimator=e, split=s, utility=f * laws.RATIOS) for (e, s), f in factors.items()
    )
    tables["modes"] = tables["modes"].eval("log_duality = log(utility / threshold)")
    tables["claims"] = CLAIMS
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return {name: tmp_path / f"{name}.csv" for name in tables}


def lines(ax, marker, colour):
    """The lines of an axes with a marker and colour: x and y of each."""
    return [
        line.get_xydata().T
        for line in ax.lines
        if line.get_marker() == marker and line.get_color() == colour
    ]


def legend(owner):
    return [text.get_text() for text in owner.get_texts()]


@pytest.mark.parametrize(
    ("panel", "label", "column", "law", "at"),
    [
        (0, r"\mu", "mean_mu2", landau.signal_fraction, laws.RATIOS),
        (1, "signal fraction", "signal_fraction", landau.signal_fraction, THRESHOLDS),
        (2, r"\log\,\sigma", "mean_log_sigma2", landau.log_variance, laws.RATIOS),
    ],
)
def test_figure_1_draws_each_observable_under_its_label(paths, panel, label, column, law, at):
    inputs = {name: paths[name] for name in ("observables", "modes", "claims")}
    ax = figures.fig1(**inputs, estimator="sampled").axes[panel]
    assert label in ax.get_ylabel()
    expected = laws.observables().set_index("rank")
    expected["mean_mu2"] *= 1.5
    for rank, colour in COLOURS.items():
        ((T, values),) = lines(ax, "o", colour)
        np.testing.assert_allclose(T, laws.T)
        np.testing.assert_allclose(values, expected.loc[rank, column], rtol=1e-6)
        x, y = next(xy for xy in lines(ax, "None", colour) if len(xy[0]) > 100)
        np.testing.assert_allclose(y, law(x, at[rank - 1]))
    ((_, collapsed),) = lines(ax, "o", PRUNED)
    np.testing.assert_allclose(collapsed, expected.loc[19, column])
    ticks = [lines(ax, "|", colour) for colour in COLOURS.values()]
    assert [len(tick) for tick in ticks] == [panel == 1] * 18
    if panel == 1:
        np.testing.assert_allclose([tick[0][0, 0] for tick in ticks], laws.RATIOS)


def test_figure_1_prints_our_noise_and_slopes_with_the_published(paths):
    inputs = {name: paths[name] for name in ("observables", "modes", "claims")}
    figure = figures.fig1(**inputs, estimator="sampled")
    assert (
        legend(figure.legends[0])[-1] == "noise on training below 1.3e−05\n(published: about 1e−05)"
    )
    dotted = [[line for line in ax.lines if line.get_linestyle() == ":"] for ax in figure.axes[:3]]
    assert [[line.get_xdata()[0] for line in panel] for panel in dotted] == [[1.3e-5], [], [1.3e-5]]
    text = figure.axes[2].texts[0].get_text()
    assert text == "slope in log T: 1.003 (law: 1),\nof the rate −0.502 (law: −1/2)"


def test_figure_1_has_no_line_where_there_is_no_noise(paths):
    CLAIMS.assign(ours=CLAIMS["ours"].where(CLAIMS["item"] != "noise_onset")).to_csv(
        paths["claims"]
    )
    inputs = {name: paths[name] for name in ("observables", "modes", "claims")}
    figure = figures.fig1(**inputs, estimator="sampled")
    assert not any("noise" in text for text in legend(figure.legends[0]))


def test_figure_2_draws_levels_over_temperature_and_the_best_by_rank(paths):
    inputs = {name: paths[name] for name in ("distortion", "pca", "claims")}
    left, right = figures.fig2(**inputs, estimator="sampled").axes[:2]
    variances = 1.3 * laws.RATIOS
    best = utilities(pd.read_csv(paths["distortion"])).query("split == 'test'")
    best = best.set_index(["estimator", "rank"])["distortion"]
    for rank, colour in COLOURS.items():
        ((_, values),) = lines(left, "o", colour)
        expected = landau.mean_distortion(laws.T, laws.RATIOS, rank, variances)
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        level, law = sorted(lines(left, "None", colour), key=lambda xy: xy.shape[1])
        np.testing.assert_allclose(level[1], best["sampled", rank])
        expected = landau.mean_distortion(law[0], laws.RATIOS, rank, variances)
        np.testing.assert_allclose(law[1], expected, rtol=1e-6)
        for estimator, marker in (("sampled", "o"), ("analytic", "s")):
            ((k, value),) = lines(right, marker, colour)
            assert (k, value) == (rank, pytest.approx(best[estimator, rank]))
    assert legend(right.get_legend()) == ["VAE, sampled", "VAE, analytic", "PCA fitted on training"]
    handles = right.get_legend().legend_handles
    assert [handle.get_marker() for handle in handles] == ["o", "s", "None"]
    pca = next(line for line in right.lines if len(line.get_xdata()) > 1)
    remaining = [variances[k:].sum() for k in range(18)]
    np.testing.assert_allclose(pca.get_ydata(), remaining, rtol=1e-6)
    assert [text.get_text() for text in right.texts] == [
        "PCA at rank 18: below 1e−12",
        "plateau after rank 18\nsampled: 2e−07\nanalytic: 1e−08\n"
        "law at the lowest T: 7e−09\npublished: near 1e−07",
    ]


def test_figure_3_has_utility_over_threshold_of_the_split_in_the_title(paths):
    axes = figures.fig3(paths["modes"], "sampled").axes
    factors = {"test split": {"o": 1.3, "s": 1.2}, "training split": {"o": 1.0, "s": 1.1}}
    for (top, bottom), (title, by_marker) in zip(
        (axes[:4:2], axes[1:4:2]), factors.items(), strict=True
    ):
        assert top.get_title().startswith(title)
        for marker, factor in by_marker.items():
            for rank, colour in COLOURS.items():
                ((x, y),) = lines(top, marker, colour)
                assert x == pytest.approx(THRESHOLDS[rank - 1])
                assert y == pytest.approx(factor * laws.RATIOS[rank - 1])
                ((x, ratio),) = lines(bottom, marker, colour)
                assert x == pytest.approx(THRESHOLDS[rank - 1])
                assert ratio == pytest.approx(factor / (4 if rank > 16 else 1))
        assert {text.get_text() for text in top.texts} == {"rank 17", "rank 18"}
    shown = axes[0].get_legend()
    assert legend(shown) == ["sampled", "analytic", "utility = threshold"]
    assert [handle.get_marker() for handle in shown.legend_handles] == ["o", "s", "None"]


def test_figure_4_draws_scale_and_gap_and_names_the_largest_gap(paths):
    table = pd.read_csv(paths["observables"])
    shown = (table["estimator"] == "sampled") & (table["split"] == "test")
    table.loc[shown, "posterior_scale"] = 1 + 0.1 * table["rank"]
    table.loc[shown, "jensen_gap"] = 1e-3 * (table["rank"] == 3) * (table["T"] < 2e-7)
    table.to_csv(paths["observables"])
    scale, gap = figures.fig4(paths["observables"], paths["modes"], "sampled").axes[:2]
    for rank, colour in COLOURS.items():
        np.testing.assert_allclose(lines(scale, "o", colour)[0][1], 1 + 0.1 * rank)
    assert lines(gap, "o", COLOURS[3])[0][1].max() == 1e-3
    assert "posterior scale" in scale.get_ylabel()
    assert "Jensen gap" in gap.get_ylabel()
    rate = np.log(laws.RATIOS[2] / 1e-7) / 2
    assert gap.get_title() == f"at most 1e−03, at a rate of {rate:.1f} nats"


def test_the_map_has_each_split_in_the_colour_of_its_key(tmp_path):
    lat = np.repeat([0.0, 10.0], 3)
    label = np.array([0, 0, 0, 1, 1, 2], np.int8)
    with h5py.File(tmp_path / "climate.h5", "w") as file:
        file["values"] = np.zeros((6, 19), np.float32)
        file["rows"] = file["cols"] = np.arange(6, dtype=np.int32)
        file["lat"], file["lon"] = lat, np.arange(6.0)
    write_npz(tmp_path / "cells.npz", {"split": label})
    splits = pd.DataFrame({"split": ["train", "validation", "test"], "cells": [3, 2, 1]})
    splits = splits.assign(blocks=[2, 1, 1], published=[499_599, 153_897, 154_027])
    splits.to_csv(tmp_path / "splits.csv")
    names = ["climate.h5", "cells.npz", "splits.csv"]
    figure = figures.split_map(*(tmp_path / name for name in names), "stand-in climate")
    assert figure.axes[0].get_title() == "stand-in climate"
    key = figure.legends[0]
    assert legend(key)[1] == "validation: 2 cells, 1 blocks\npublished: 153,897 cells"
    drawn = [c for c in figure.axes[0].collections if len(c.get_offsets())]
    for cells, handle, count in zip(drawn, key.legend_handles, (3, 2, 1), strict=True):
        assert len(cells.get_offsets()) == count
        np.testing.assert_array_equal(cells.get_facecolor(), handle.get_facecolor())
