"""The modes and quantities of hirn2026, from tables whose laws are known."""

import hirn2026_laws as laws
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from betascan.core.files import write_csv
from betascan.studies.hirn2026 import tables as made
from betascan.studies.hirn2026.replicates import (
    intervals,
    noise,
    noise_onset,
    quantities,
    replicates,
    slopes,
)
from betascan.studies.hirn2026.tables import fitted_modes, utilities
from betascan.theory import landau

FLOOR = 0.1
INPUTS = ("observables", "distortion", "points", "protocol", "pca")


def fit(tables, floor=FLOOR):
    return fitted_modes(*(tables[name] for name in ("observables", "distortion", "pca")), floor)


def of(tables):
    """The quantities of tables, by split, quantity and rank."""
    table = quantities(*(tables[name] for name in INPUTS), FLOOR)
    return table.set_index(["split", "quantity", "rank"])["value"]


def test_modes_of_the_laws_have_equal_thresholds_utilities_and_ratios():
    table = fit(laws.tables(shift=1.3))
    assert len(table) == 2 * laws.RANKS
    for split, rows in table.groupby("split"):
        np.testing.assert_allclose(rows["pca_ratio"], laws.RATIOS, rtol=1e-8)
        np.testing.assert_allclose(rows["threshold"], laws.RATIOS, rtol=1e-8)
        np.testing.assert_allclose(rows["beta_c"], 19 * laws.RATIOS, rtol=1e-8)  # Eq. 46
        np.testing.assert_allclose(rows["log_threshold_ratio"], 0, atol=1e-8)
        scale = {"train": 1.0, "test": 1.3}[split]
        np.testing.assert_allclose(rows["utility"], scale * laws.RATIOS, rtol=0.002)
        np.testing.assert_allclose(rows["log_utility_ratio"], 0, atol=0.002)
        np.testing.assert_allclose(rows["log_duality"], np.log(scale), atol=0.002)


def test_points_below_the_floor_do_not_move_a_threshold():
    tables = laws.tables()
    spoilt = tables["observables"]["signal_fraction"].between(1e-9, 0.3)
    tables["observables"].loc[spoilt, "signal_fraction"] *= 0.9
    np.testing.assert_allclose(fit(tables, floor=0.3)["log_threshold_ratio"], 0, atol=1e-8)
    assert (fit(tables, floor=0.1)["log_threshold_ratio"] < -1e-4).any()


def test_utilities_use_the_temperature_that_training_chooses():
    rows = [
        *[("train", 1.0, 0, 1.0), ("train", 1.0, 1, 0.9), ("train", 0.1, 0, 1.0)],
        *[("train", 0.1, 1, 0.4), ("test", 1.0, 0, 1.2), ("test", 1.0, 1, 0.3)],
        *[("test", 0.1, 0, 1.2), ("test", 0.1, 1, 0.5)],
    ]
    frame = pd.DataFrame(rows, columns=["split", "T", "rank", "distortion"])
    table = utilities(frame.assign(estimator="sampled")).set_index(["split", "rank"])
    assert np.isclose(table["utility"]["train", 1], 0.6)
    assert np.isclose(table["utility"]["test", 1], 0.7)  # 0.9 at the T that would suit test


def test_a_scan_that_follows_the_laws_is_off_nowhere():
    found = of(laws.tables(shift=1.3))
    for quantity in ("share_off", "most_too_many", "most_too_few", "decoder_error"):
        assert found["train", quantity, 0] == 0, quantity
    for quantity in ("curve_distortion", "curve_rate", "eliminated_distortion", "jensen_gap"):
        assert found["train", quantity, 0] == pytest.approx(0, abs=1e-12), quantity
    assert found["train", "collapsed_distortion", 0] == pytest.approx(1)
    assert found["test", "rate_error", 0] == 0
    assert found["validation", "largest_excess", 0] == 0
    assert found["test", "variance", 0] == pytest.approx(1.3)
    # four ratios are above 1/19, seven above 1 %
    assert found["train", "active_at_beta_one", 0] == 4
    assert found["train", "kept", 0] == 7
    assert found["train", "kept_but_useless", 0] == 0
    # at the lowest T, 1e-7, the law's distortion is T^2 times the sum of 1/T_k
    assert 10 ** found["test", "log10_plateau", 0] == pytest.approx(
        1.3e-14 * (1 / laws.RATIOS).sum()
    )
    assert found["test", "log10_plateau_over_law", 0] == pytest.approx(0, abs=1e-6)
    assert found["test", "log10_noise_onset", 0] == pytest.approx(-7)  # none


def test_latents_beyond_the_law_are_counted():
    tables = laws.tables()
    points = tables["points"]
    points.loc[points["T"].between(2e-5, 5e-5), "active"] += 3
    found = of(tables)
    expected = np.mean((laws.T > 2e-5) & (laws.T < 5e-5))
    assert found["train", "share_off", 0] == pytest.approx(expected)
    assert (found["train", "most_too_many", 0], found["train", "most_too_few", 0]) == (3, 0)


def test_crossings_are_a_share_of_all_pairs():
    tables = laws.tables()
    points = tables["points"]
    points["crossings_mean_mu2"] = points["pairs"] // 4
    found = of(tables)
    assert found["test", "crossings_mean_mu2", 0] == pytest.approx(0.25, abs=0.01)
    assert found["test", "crossings_greedy", 0] == 0


def test_a_distortion_that_is_off_is_seen_in_the_curve_and_in_the_elimination():
    tables = laws.tables()
    rows = tables["points"]["T"] > 0.1
    tables["points"].loc[rows, "distortion"] *= 1.2
    found = of(tables)
    assert found["train", "curve_distortion", 0] == pytest.approx(0.2)
    assert found["train", "eliminated_distortion", 0] == pytest.approx(0.2)


def test_a_loss_above_the_optimum_is_an_excess():
    tables = laws.tables()
    tables["protocol"].loc[3, "validation_loss"] *= 1.07
    found = of(tables)
    assert found["validation", "largest_excess", 0] == pytest.approx(0.07)


def test_slopes_are_taken_by_rank_where_a_latent_is_active():
    observables = laws.observables()
    for column, law in (("mean_log_sigma2", 1), ("rate", -0.5)):
        found = slopes(observables, column, FLOOR)
        assert set(found) == set(range(1, 17))
        assert list(found.values()) == pytest.approx([law] * len(found))
    observables.loc[observables["T"] < 1e-5, "rate"] = 7.0
    assert slopes(observables, "rate", FLOOR)[1] == pytest.approx(-0.5)
    observables.loc[observables["rank"] == 3, "rate"] *= 1.2
    assert slopes(observables, "rate", FLOOR)[3] == pytest.approx(-0.6)


def test_noise_is_the_standard_deviation_of_what_is_added():
    observables = laws.observables()
    draw = np.random.default_rng(0).standard_normal
    observables["posterior_scale"] = np.exp(0.2 * draw(len(observables)))
    observables["mean_log_sigma2"] += 0.05 * draw(len(observables))
    found = noise(observables, FLOOR).dropna()
    assert found["scale"].iloc[:20].mean() == pytest.approx(0.2, rel=0.15)
    assert found["log_variance"].iloc[:20].mean() == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize("shift", [0.7, 1.0, 1.5])
def test_a_shift_between_splits_and_a_drift_of_the_scale_are_no_noise(shift):
    observables = laws.observables()
    M2 = observables["signal_fraction"]
    observables["posterior_scale"] = (M2 * shift + 1 - M2) * observables["T"] ** -0.02
    assert np.isnan(noise_onset(observables, FLOOR))


def test_noise_begins_where_points_scatter_by_a_tenth():
    observables = laws.observables()
    low = (observables["T"] < 1.01e-5) & (np.arange(len(observables)) % 2 == 0)
    observables.loc[low, "posterior_scale"] = 1.3
    onset = noise_onset(observables, FLOOR)
    assert 0.9e-5 < onset < 1.4e-5  # the neighbour in T sees it too
    observables.loc[observables["T"] > 0.05, "posterior_scale"] *= np.tile([1, 2], 500)[
        : (observables["T"] > 0.05).sum()
    ]
    assert noise_onset(observables, FLOOR) == onset  # not at the low end


def test_every_scan_has_its_quantities(tmp_path):
    runs = [{"draw": 0, "seed": 0}, {"draw": 0, "seed": 1}, {"draw": 4, "seed": 0}]
    paths = {name: [] for name in INPUTS}
    for run, shift in enumerate((1.0, 1.2, 1.4)):
        for name, table in laws.tables(shift=shift).items():
            paths[name].append(tmp_path / f"{name}-{run}.csv")
            write_csv(table, paths[name][-1])
    replicates(**paths, replicates=tmp_path / "joined.csv", runs=runs, floor=FLOOR)
    table = pd.read_csv(tmp_path / "joined.csv")
    keys = ["draw", "seed", "estimator", "split", "quantity", "rank", "value"]
    assert list(table.columns) == keys
    variance = table[(table["quantity"] == "variance") & (table["split"] == "test")]
    assert variance[["draw", "seed"]].to_dict("records") == runs
    assert variance["value"].tolist() == pytest.approx([1.0, 1.2, 1.4])

    intervals(tmp_path / "joined.csv", tmp_path / "intervals.csv")
    found = pd.read_csv(tmp_path / "intervals.csv").query("quantity == 'variance'")
    found = found.set_index(["over", "split"])
    for over, values in (("seeds", [1.0, 1.2]), ("draws", [1.0, 1.4])):
        row = found.loc[(over, "test")]
        interval = stats.ttest_1samp(values, 0).confidence_interval()
        assert row["n"] == 2
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
        assert row["mean"] == pytest.approx(np.mean(values))


def test_weak_modes_are_compared_over_the_temperatures_that_all_scans_have(tmp_path):
    low = laws.T <= 6e-5
    tables = {"sampled": laws.observables(), "longer": laws.observables("longer")}
    early = tables["sampled"]["rank"] == 17
    fractions = landau.signal_fraction(tables["sampled"].loc[early, "T"], laws.RATIOS[16] / 5)
    tables["sampled"].loc[early, "signal_fraction"] = fractions
    tables["longer"] = tables["longer"][tables["longer"]["T"] <= 6e-5]
    protocols = {"sampled": laws.protocol(), "longer": laws.protocol("longer")[low]}
    protocols["sampled"].loc[0, "validation_loss"] *= 1.25
    for name in tables:
        write_csv(tables[name], tmp_path / f"observables-{name}.csv")
        write_csv(protocols[name], tmp_path / f"protocol-{name}.csv")
    write_csv(laws.pca(), tmp_path / "pca.csv")
    kinds = ("observables", "protocol")
    settings = {"lr": 1e-3, "batch_size": 8, "updates": 500, "epsilon": 1e-8, "annealed": 0.0}
    made.convergence(
        *([tmp_path / f"{kind}-{name}.csv" for name in tables] for kind in kinds),
        tmp_path / "pca.csv", tmp_path / "convergence.csv", tmp_path / "remedies.csv",
        [{"name": name, **settings} for name in tables], FLOOR,
    )  # fmt: skip
    points = pd.read_csv(tmp_path / "convergence.csv").set_index(["scan", "T"])
    assert points.loc["sampled", "excess"].iloc[0] == pytest.approx(0.25)
    assert points["excess"].iloc[1:].abs().max() < 1e-8
    assert len(points) == len(laws.T) + low.sum()
    modes = pd.read_csv(tmp_path / "remedies.csv").set_index(["scan", "rank"])
    assert modes.loc[("longer", 17), "threshold"] == pytest.approx(laws.RATIOS[16])
    assert modes.loc[("sampled", 17), "threshold"] == pytest.approx(laws.RATIOS[16] / 5)
    assert modes.loc[("sampled", 17), "last_active"] < modes.loc[("longer", 17), "last_active"]
    assert modes.index.get_level_values("rank").unique().tolist() == [16, 17, 18]
