"""What the figures of outlook and own show: points from their tables, laws beside them."""

import numpy as np
import pandas as pd
import pytest

from betascan.plots.saving import save
from betascan.studies.outlook import figures, sprite_figures
from betascan.studies.own import figures as own
from betascan.theory import landau

pytestmark = pytest.mark.usefixtures("themed")
RATIOS = np.array([0.6, 0.3])
T = np.geomspace(0.01, 1, 5)


def written(folder, name, rows):
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder / name


def points(ax, marker):
    """The points that are drawn by this marker, as (x, y)."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return {(x, y) for line in lines for x, y in zip(*map(np.ravel, line.get_data()), strict=True)}


@pytest.fixture
def modes(tmp_path):
    rows = [
        {"seed": seed, "split": split, "rank": rank, "pca_ratio": RATIOS[rank - 1],
         "pca_utility": RATIOS[rank - 1] + 0.01, "threshold": T_k, "threshold_se": 0.01,
         "departure": 0.05, "utility": T_k / 2, "inactive_below": 2 * (seed == 0 and rank == 2)}
        for seed in (0, 1) for split in ("train", "test")
        for rank, T_k in ((1, 0.5 + seed / 10), (2, 0.2))
    ]  # fmt: skip
    return written(tmp_path, "modes.csv", rows)


def test_spectrum_has_a_marker_a_seed_beside_pca(modes):
    left, right, *_ = figures.spectrum(modes).axes
    assert points(left, "+") >= {(0.6, 0.61), (0.3, 0.31)}  # PCA
    assert points(left, "o") == {(0.5, 0.25), (0.2, 0.1)}  # seed 0
    assert points(right, "o") == {(1, 0.5), (2, 0.2)}
    assert points(right, "s") >= {(1, 0.6), (2, 0.2)}  # seed 1
    hollow = [line for line in right.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_xydata().tolist() for line in hollow if line.get_marker() == "o"] == [
        [[2, 0.2]]
    ]


def test_signal_has_the_law_at_the_fitted_threshold(modes, tmp_path):
    rows = [
        {"seed": 0, "split": "test", "T": price, "rank": rank, "signal_fraction": fraction}
        for price in T
        for rank, fraction in ((1, 0.9 - price / 2), (2, 0.1))
    ]
    left, right, *_ = figures.signal(written(tmp_path, "observables.csv", rows), modes).axes
    assert points(left, "o") >= {(price, 0.9 - price / 2) for price in T}
    assert points(right, "o") == {(price / 0.5, 0.9 - price / 2) for price in T}
    (law,) = [line for line in left.lines if line.get_marker() == "None"]
    x, y = law.get_data()
    np.testing.assert_allclose(y, landau.signal_fraction(x, 0.5))
    (pruned,) = [line for line in left.lines if line.get_markerfacecolor() == "none"]
    assert set(pruned.get_ydata()) == {0.1}  # inactive below its threshold: no fit


def test_concentration_is_hollow_where_updates_ran_out(tmp_path):
    rows = [
        {"seed": 0, "split": "test", "T": price, "active": 2 - i, "distortion": price / 2,
         "linear_active": 4 - i, "linear_distortion": price, "at_rest": i > 0}
        for i, price in enumerate(T[:3])
    ]  # fmt: skip
    left, right = figures.concentration(written(tmp_path, "points.csv", rows)).axes
    assert points(right, "s") == {(price, 4 - i) for i, price in enumerate(T[:3])}
    hollow = [line for line in left.lines if line.get_markerfacecolor() == "none"]
    (restless,) = (line for line in hollow if line.get_marker() == "o")
    assert restless.get_xydata().tolist() == [[2, T[0] / 2]]


def test_scaling_has_a_line_a_grid_and_a_share(tmp_path):
    rows = [
        {"grid": grid, "share": share, "rank": rank, "threshold": RATIOS[rank - 1] / grid * share,
         "overlap": share}
        for grid, share in ((1, 1.0), (2, 1.0), (1, 0.1)) for rank in (1, 2)
    ]  # fmt: skip
    grids, shares, _, likeness = figures.scaling(written(tmp_path, "scaling.csv", rows)).axes
    assert [line.get_label() for line in grids.lines] == ["1 × 1", "2 × 2"]
    assert [line.get_label() for line in shares.lines] == ["100%", "10%"]
    np.testing.assert_allclose(grids.lines[1].get_ydata(), RATIOS / 2)
    np.testing.assert_allclose(shares.lines[1].get_ydata(), RATIOS / 10)
    np.testing.assert_allclose(likeness.lines[1].get_ydata(), 0.1)


@pytest.fixture
def latents(tmp_path):
    rows = [
        {"seed": seed, "T": price, "rank": rank, "signal_fraction": 0.9 if rank < 2 else 0.05,
         "mig": 0.1 + seed * 0.2, "nmi_shape": 0.25, "nmi_posX": 0.5, "plateau": False}
        for seed in (0, 1) for price in T for rank in (0, 1, 2)
    ]  # fmt: skip
    return written(tmp_path, "latents.csv", rows)


def test_mig_is_a_mean_over_seeds(latents, tmp_path):
    rows = {"seed": [0, 0], "rank": [1, 2], "threshold": [0.5, np.nan], "utility": [0.4, -0.1]}
    left, middle, right, *_ = sprite_figures.dsprites(
        latents, written(tmp_path, "modes.csv", rows | {"inactive_below": [1, 0]}), 0.1
    ).axes
    (line,) = (line for line in right.lines if line.get_marker() == "o")
    np.testing.assert_allclose(line.get_xydata(), np.column_stack([T, np.full(5, 0.2)]))
    assert points(middle, "o") == {(0.5, 0.4)}
    assert points(left, "o") >= {(price, 0.9) for price in T}


def test_a_model_on_a_plateau_is_a_cross_and_in_no_mean(latents, tmp_path):
    table = pd.read_csv(latents)
    table.loc[(table["seed"] == 1) & (table["T"] == T[2]), "plateau"] = True
    empty = (table["seed"] == 0) & (table["T"] == T[4])
    table.loc[empty, "signal_fraction"] = 0.05
    table.to_csv(latents, index=False)
    rows = {"seed": [0], "rank": [1], "threshold": [np.nan], "utility": [0], "inactive_below": [0]}
    modes = written(tmp_path, "modes.csv", rows)
    *_, right, _ = sprite_figures.dsprites(latents, modes, 0.1).axes
    (cross,) = points(right, "x")
    np.testing.assert_allclose(cross, (T[2], 0.3))
    (line,) = (line for line in right.lines if line.get_marker() == "o")
    np.testing.assert_allclose(line.get_xydata()[:, 1], [0.2, 0.2, 0.1, 0.2, 0.2])
    (dashed,) = (line for line in right.lines if line.get_linestyle() == "--")
    assert dashed.get_ydata()[0] == pytest.approx(0.1)  # the empty model's


def test_no_law_is_drawn_of_a_latent_that_is_inactive_below_its_threshold(latents, tmp_path):
    rows = {"seed": [0, 0], "rank": [1, 2], "threshold": [0.5, 0.4], "utility": [0.4, 0.1]}
    left, middle, *_ = sprite_figures.dsprites(
        latents, written(tmp_path, "modes.csv", rows | {"inactive_below": [1, 2]}), 0.1
    ).axes
    (law,) = (line for line in left.lines if line.get_linestyle() == "-")
    T_law, M2 = law.get_xydata().T
    np.testing.assert_allclose(M2, np.maximum(1 - T_law / 0.5, 0))
    for ax in (left, middle):
        dots = [line for line in ax.lines if line.get_marker() in ("o", "s")]
        assert [dot.get_markerfacecolor() == "none" for dot in dots] == [False, True]


def test_without_a_threshold_there_is_no_utility_against_it(latents, tmp_path):
    rows = {
        "seed": [0],
        "rank": [1],
        "threshold": [np.nan],
        "utility": [0.4],
        "inactive_below": [0],
    }
    figure = sprite_figures.dsprites(latents, written(tmp_path, "modes.csv", rows), 0.1)
    save(figure, tmp_path / "a.png", tmp_path / "a.pdf", "")
    assert not figure.axes[1].lines


def test_a_factor_is_shown_of_active_latents_alone(latents):
    (ax,) = sprite_figures.factors(latents, 0.1).axes
    assert points(ax, "s") == {(price, 1) for price in T}  # posX, the second factor
    assert points(ax, ".") == {(price, 2) for price in T}
    assert not points(ax, "o")


def test_the_figure_to_choose_by_marks_what_was_asked_for(tmp_path):
    spectrum = {"model": "linear", "rank": [1, 2], "pca_ratio": RATIOS, "threshold": RATIOS}
    choose = {"model": "linear", "T": T, "active": [2, 2, 1, 1, 0], "distortion": T, "rate": 1 / T}
    choose |= {"chosen": T[2] == T, "at_rest": T[0] < T}
    left, middle, right = own.choose(
        written(tmp_path, "spectrum.csv", {**spectrum, "utility": RATIOS}),
        written(tmp_path, "choose.csv", choose),
    ).axes
    assert points(left, "o") == {(1, 0.6), (2, 0.3)}
    (dashed,) = (line for line in right.lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(dashed.get_xdata(), T[2])
    assert right.texts[0].get_text() == "T = 0.1: 1 active"
    ring = middle.lines[-2].get_xydata()
    np.testing.assert_allclose(ring, [[1 / T[2], T[2]]])
    assert middle.get_legend_handles_labels()[1] == [
        "linear",
        "chosen T",
        "reached the update limit",
    ]
