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
from betascan.studies.hirn2026 import curves, figures
from betascan.studies.hirn2026.tables import utilities
from betascan.theory import landau

COLOURS = {rank: look["color"] for rank, look in ordinal(range(1, laws.RANKS + 1)).items()}
THRESHOLDS = laws.RATIOS * np.where(np.arange(18) < 16, 1, 4)  # 17 and 18 as published


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
    ratio = np.exp(np.linspace(-0.3, 0.3, 41))
    tables["draws"] = pd.concat(
        pd.DataFrame({"rank": rank, "pca_ratio": laws.RATIOS[rank - 1], "ratio": ratio * rank})
        for rank in range(1, 19)
    )
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
    ax = figures.fig1(paths["observables"], paths["modes"], "sampled", 0.1).axes[panel]
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


def test_figure_1_marks_the_noise_of_the_points_it_shows_and_prints_their_slopes(paths):
    table = pd.read_csv(paths["observables"])
    shown = (table["estimator"] == "sampled") & (table["split"] == "test")
    noisy = shown & (table["T"] < 1.01e-6) & (np.arange(len(table)) % 2 == 0)
    table.loc[noisy, "posterior_scale"] = 2.0
    table.loc[shown & (table["rank"] == 2), "mean_log_sigma2"] *= 1.25
    table.to_csv(paths["observables"])
    figure = figures.fig1(paths["observables"], paths["modes"], "sampled", 0.1)
    text = legend(figure.legends[0])[-1]
    assert text == "most points noisy\nbelow 1.3e−06\n(published: about 1e−05)"
    dotted = [[line for line in ax.lines if line.get_linestyle() == ":"] for ax in figure.axes[:3]]
    onsets = [[line.get_xdata()[0] for line in panel] for panel in dotted]
    assert onsets == [[pytest.approx(1.33e-6, rel=0.01)], [], [pytest.approx(1.33e-6, rel=0.01)]]
    text = figure.axes[2].texts[0].get_text()
    assert text == "slopes in log T by rank:\n1.00 to 1.25 (law: 1)"


def test_figure_1_has_no_line_where_there_is_no_noise(paths):
    figure = figures.fig1(paths["observables"], paths["modes"], "sampled", 0.1)
    assert not any("noise" in text for text in legend(figure.legends[0]))


def test_figure_2_draws_levels_over_temperature_and_the_best_by_rank(paths):
    left, right = figures.fig2(paths["distortion"], paths["pca"], "sampled").axes[:2]
    variances = laws.RATIOS  # in units of the test split's own, though it has 1.3 of training's
    best = utilities(pd.read_csv(paths["distortion"])).query("split == 'test'")
    best = best.set_index(["estimator", "rank"])["share"]
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
        "least after rank 18\nsampled: 5e−09\nanalytic: 5e−09\n"
        "law at the lowest T: 5e−09\npublished: near 1e−07",
    ]
    assert left.lines[2].get_ydata()[-1] == pytest.approx(1)  # a collapsed model
    (square,) = (line for line in left.lines if line.get_marker() == "s")
    shown = pd.read_csv(paths["distortion"]).query("split == 'test' and rank == 18")
    expected = shown[shown["estimator"] == "analytic"]["share"]
    np.testing.assert_allclose(square.get_ydata(), expected, rtol=1e-6)
    assert legend(left.get_legend()) == ["sampled", "analytic, rank 18", "law, not fitted"]


def test_figure_3_has_utility_over_threshold_of_the_split_in_the_title(paths):
    axes = figures.fig3(paths["modes"], paths["draws"], "sampled").axes
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
    assert legend(shown) == [
        *["sampled", "analytic", "utility = threshold"],
        "law, 90 % of the draws\nof the split",
    ]
    assert [handle.get_marker() for handle in shown.legend_handles[:3]] == ["o", "s", "None"]


def test_figure_3_has_the_band_of_the_draws_on_the_test_split_alone(paths):
    axes = figures.fig3(paths["modes"], paths["draws"], "sampled").axes
    assert [len(ax.collections) - 36 for ax in axes[:4]] == [1, 0, 1, 0]  # error bars: 36
    for ax, scale in ((axes[0], laws.RATIOS), (axes[2], np.ones(18))):
        edge = ax.collections[-1].get_paths()[0].vertices
        for rank in (1, 7, 18):
            at = edge[np.isclose(edge[:, 0], laws.RATIOS[rank - 1]), 1] / scale[rank - 1]
            assert at.min() == pytest.approx(rank * np.exp(-0.27), rel=1e-3)
            assert at.max() == pytest.approx(rank * np.exp(0.27), rel=1e-3)


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
    assert gap.get_title() == f"largest gap 1e−03 nats\n(that latent's rate: {rate:.1f} nats)"


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


@pytest.fixture
def replicates(tmp_path):
    """Five scans with another value at every rank and scan."""
    names = ("log_threshold_ratio", "log_utility_ratio", "log_variance_slope", "rate_slope")
    rows = [
        (draw, seed, "train", name, rank, 0.1 * place + 0.01 * rank + 0.001 * run)
        for run, (draw, seed) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)])
        for place, name in enumerate(names)
        for rank in range(1, 19)
    ]
    rows.append((0, 0, "test", "log_threshold_ratio", 1, 9.0))
    columns = ["draw", "seed", "split", "quantity", "rank", "value"]
    path = tmp_path / "replicates.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def test_by_rank_draws_every_scan_and_the_other_estimator(paths, replicates):
    modes = pd.read_csv(paths["modes"]).assign(log_threshold_ratio=0.7, log_utility_ratio=-0.7)
    modes.to_csv(paths["modes"], index=False)
    axes = curves.by_rank(replicates, paths["modes"], "sampled").axes
    for place, (ax, label) in enumerate(
        zip(axes, ("threshold / PCA", "utility / PCA", "log-variance", "rate"), strict=True)
    ):
        assert label in ax.get_ylabel()
        scans = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 18]
        drawn = [values for values in scans if np.ptp(values) > 0]
        for run, values in enumerate(drawn):
            expected = 0.1 * place + 0.01 * np.arange(1, 19) + 0.001 * run
            np.testing.assert_allclose(values, np.exp(expected) if place < 2 else expected)
        assert len(drawn) == 5
        if place < 2:
            (other,) = (values for values in scans if np.ptp(values) == 0)
            np.testing.assert_allclose(other, np.exp([0.7, -0.7][place]))


def test_rate_distortion_draws_the_curve_its_collapses_and_the_counts(paths):
    table = pd.read_csv(paths["points"])
    table.loc[table["split"] == "test", "active"] += 2
    table.to_csv(paths["points"], index=False)
    left, right = curves.rate_distortion(paths["points"], paths["modes"], "sampled").axes[:2]
    expected = laws.points()
    curve, sampled = left.lines[0].get_xydata().T, left.lines[2].get_xydata().T
    order = np.argsort(curve[0])
    on_law = np.interp(sampled[0], curve[0][order], np.log(curve[1][order]))
    np.testing.assert_allclose(sampled, expected[["rate", "distortion"]].to_numpy().T)
    np.testing.assert_allclose(on_law, np.log(expected["distortion"]), atol=0.01)
    events = left.collections[0].get_offsets()
    np.testing.assert_allclose(events[:, 1], landau.sampled_distortion(laws.RATIOS, laws.RATIOS))
    assert tuple(events[0]) == pytest.approx((0, 1))  # before any mode is active
    counts = [line.get_ydata() for line in right.lines[1:]]
    np.testing.assert_array_equal(counts[0], expected["active"])
    np.testing.assert_array_equal(counts[1], expected["active"] + 2)
    assert right.lines[0].get_ydata().max() == 18


def test_ranking_draws_the_share_of_pairs_that_each_observable_orders_otherwise(paths):
    table = pd.read_csv(paths["points"])
    table["crossings_greedy"] = table["pairs"] / 5
    table.to_csv(paths["points"], index=False)
    figure = curves.ranking(paths["points"], "sampled")
    names = legend(figure.legends[0])
    assert "greedy forward: 20.0 %" in names
    greedy = figure.axes[0].lines[3].get_ydata()
    np.testing.assert_allclose(greedy[np.isfinite(greedy)], 20)


def test_convergence_draws_excess_and_weak_thresholds_of_each_scan(tmp_path):
    points = pd.DataFrame({"T": [1e-7, 1e-6], "excess": [0.25, 0.001], "last_update": [500, 400]})
    points = points.assign(updates=500, lr=3e-4, epsilon=1e-8, annealed=0.0)
    other = points.assign(scan="other", excess=0.0, epsilon=1e-12, annealed=0.5)
    points = pd.concat([points.assign(scan="sampled"), other])
    modes = pd.DataFrame({"rank": [17, 18], "pca_ratio": [2e-6, 1e-6], "threshold": [4e-6, 9e-6]})
    modes = pd.concat([modes.assign(scan="sampled"), modes.assign(scan="other", threshold=1e-6)])
    points.to_csv(tmp_path / "points.csv")
    modes.to_csv(tmp_path / "modes.csv")
    figure = curves.convergence(tmp_path / "points.csv", tmp_path / "modes.csv")
    left, right = figure.axes[:2]
    line, rest, budget = left.lines[:3]
    np.testing.assert_allclose(line.get_ydata(), [25, 0.1])
    assert (rest.get_xdata().tolist(), budget.get_xdata().tolist()) == ([1e-6], [1e-7])
    assert [line.get_ydata().tolist() for line in right.lines[:2]] == [[2, 9], [0.5, 1]]
    names = legend(figure.legends[0])
    assert names[0] == "sampled: 500 updates, rate 0.0003"
    assert names[1].startswith("other: 500 updates, rate 0.0003, ")
    assert "1e-12" in names[1]
    assert "50 %" in names[1]
