"""outlook: what is measured of nonlinear scans, and its statements."""

from dataclasses import fields

import h5py
import numpy as np
import pandas as pd
import pytest

from betascan.core.errors import DataError
from betascan.core.files import read_json
from betascan.data import blocks
from betascan.data.worldclim import Climate
from betascan.spectroscopy import Pca, spectrum
from betascan.studies.judgement import Verdict
from betascan.studies.outlook import scaling as scaled
from betascan.studies.outlook.cells import load
from betascan.studies.outlook.statements import CLIMATE, DSPRITES
from betascan.theory import landau

RATIOS = np.array([0.6, 0.3, 0.08, 0.02])
T = np.geomspace(1e-3, 1, 13)


def modes(utility=RATIOS, threshold=RATIOS, departure=0.01, scatter=0.01, seeds=(0, 1, 2)):
    """A spectrum of each seed, on both splits."""
    frames = []
    for seed in seeds:
        factor = np.exp(scatter * (seed - 1))
        frame = {"seed": seed, "rank": range(1, 5), "pca_ratio": RATIOS, "pca_utility": RATIOS}
        frame |= {"threshold": np.multiply(threshold, factor), "threshold_se": 0.001}
        frame |= {"departure": departure * factor, "utility": np.multiply(utility, factor)}
        frame["inactive_below"] = 0
        frames += [pd.DataFrame(frame).assign(split=split) for split in ("train", "test")]
    return pd.concat(frames, ignore_index=True)


def points(fewer, seeds=(0, 1, 2)):
    """Active latents over T, by so many fewer than the linear law at the same distortion."""
    law = (landau.signal_fraction(T[:, None], RATIOS) > 0.1).sum(1)
    frames = []
    for seed in seeds:
        frame = {"seed": seed, "split": "test", "T": T, "at_rest": T > 2e-3}
        frame |= {"linear_active_at_distortion": law}
        frame |= {"active": np.maximum(law - fewer - (seed == 1) * (T < 0.1), 0)}
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames)


def scaling(factor):
    """Thresholds on a coarse grid, and of few data, by this factor from those of all cells."""
    frames = [
        pd.DataFrame({"grid": grid, "share": share, "rank": range(1, 5), "threshold": RATIOS * f})
        for grid, share, f in [(1, 1, 1), (2, 1, 1.01), (8, 1, factor), (1, 0.01, 1 / factor)]
    ]
    return pd.concat(frames)


def sprites(gain, seeds=(0, 1, 2)):
    """MIG over T that gains so much at T = 0.1, in every seed."""
    rows = [
        {
            "seed": seed,
            "rank": 0,
            "T": T,
            "mig": 0.1 + 0.01 * seed + gain * (T == 0.1),
            "plateau": False,
        }
        for seed in seeds
        for T in (0.001, 0.01, 0.1, 1)
    ]
    return pd.DataFrame(rows)


STATEMENTS = [*CLIMATE, *DSPRITES]
CASES = {  # the tables that bear a statement out, and those that refute it
    "nonlinear_concentrates": ({"points": points(1)}, {"points": points(-1)}),
    "first_latent": (
        {"modes": modes(utility=[0.8, 0.15, 0.04, 0.01])},
        {"modes": modes(utility=[0.4, 0.3, 0.2, 0.1])},
    ),
    "nonlinear_duality": ({"modes": modes()}, {"modes": modes(threshold=RATIOS / 3)}),
    "nonlinear_law": ({"modes": modes()}, {"modes": modes(departure=0.3)}),
    "nonlinear_stable": ({"modes": modes()}, {"modes": modes(scatter=1)}),
    **dict.fromkeys(
        ("coarse_graining", "data_size"), ({"scaling": scaling(1.1)}, {"scaling": scaling(2)})
    ),
    "disentangled_at_some_temperature": ({"latents": sprites(0.2)}, {"latents": sprites(0)}),
    "dsprites_duality": (
        {"sprite_modes": modes()},
        {"sprite_modes": modes(threshold=RATIOS / 3)},
    ),
}


def test_every_statement_has_its_cases():
    assert [statement.name for statement in STATEMENTS] == list(CASES)
    assert {statement.about for statement in STATEMENTS} == {"beyond"}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_can_come_out_either_way(statement):
    for_it, against_it = CASES[statement.name]
    assert statement.judge(**for_it).verdict == Verdict.REPRODUCED
    assert statement.judge(**against_it).verdict == Verdict.NOT_REPRODUCED


def test_points_whose_updates_ran_out_say_nothing_about_concentration():
    restless = points(1)
    restless.loc[~restless["at_rest"], "active"] = 100
    judge = next(s.judge for s in STATEMENTS if s.name == "nonlinear_concentrates")
    assert judge(points=restless) == judge(points=points(1))


def test_seeds_are_compared_at_the_same_temperatures():
    every = points(1)
    at_lowest = every["T"] == every.loc[every["at_rest"], "T"].min()
    every.loc[at_lowest, "active"] = 100
    every.loc[at_lowest & (every["seed"] == 2), "at_rest"] = False
    judge = next(s.judge for s in STATEMENTS if s.name == "nonlinear_concentrates")
    assert judge(points=every) == judge(points=every[~at_lowest])


def test_latents_that_do_not_follow_the_law_have_no_duality():
    strange = modes()
    strange.loc[strange["rank"] == 4, ["utility", "inactive_below"]] = [1e-9, 5]
    judge = next(s.judge for s in STATEMENTS if s.name == "nonlinear_duality")
    assert judge(modes=strange) == judge(modes=strange[strange["rank"] < 4])


def test_latents_that_are_inactive_below_their_threshold_are_counted():
    T = np.geomspace(0.01, 1, 9)
    law, jump = landau.signal_fraction(T, 0.5), np.where(T < 0.05, 0.999, 0.0)
    observed = pd.DataFrame(
        {"rank": np.repeat([1, 2], 9), "T": [*T, *T], "signal_fraction": [*law, *jump]}
    )
    ones = np.ones(2)
    first, second = spectrum(observed, ones, ones, ones, 0.1).to_dict("records")
    assert first["threshold"] == pytest.approx(0.5)
    assert first["inactive_below"] == 0
    assert second["threshold"] > 1
    assert second["inactive_below"] == (T > 0.05).sum()
    assert first["departure"] < 0.01
    # at most of the points the law is close to 1 and the latent inactive
    assert second["departure"] > 0.5


SPLIT = {"side_km": 700, "train": 0.6, "min_cells": 1, "seed": 0}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Cells of one degree with three variables, in HDF5 as of WorldClim."""
    rows, cols = (axis.ravel().astype(np.int32) for axis in np.indices((60, 60)))
    lat, lon = 30.5 - rows, cols + 0.5
    smooth = np.stack([np.sin(lat / 9), np.cos(lon / 5), np.sin((lat + lon) / 3)], axis=1)
    rough = np.random.default_rng(0).normal(size=smooth.shape) * [0.1, 0.2, 0.3]
    climate = Climate((smooth * [3, 2, 1] + rough).astype(np.float32), rows, cols, lat, lon)
    path = tmp_path_factory.mktemp("climate") / "climate.h5"
    with h5py.File(path, "w") as file:
        for field in fields(Climate):
            file[field.name] = getattr(climate, field.name)
    return path, climate


def test_cells_are_those_of_the_blocks_standardised_on_training(table):
    path, climate = table
    label = blocks.split(climate.lat, climate.lon, **SPLIT)
    training = climate.values[label == blocks.TRAIN].astype(float)
    expected = (climate.values - training.mean(0)) / training.std(0)
    for name, cells in load(path, **SPLIT).items():
        (split,) = (s for s, known in blocks.NAMES.items() if known == name)
        np.testing.assert_allclose(cells, expected[label == split], atol=1e-5)


def test_coarse_cells_are_means_within_a_split(table):
    path, climate = table
    label = blocks.split(climate.lat, climate.lon, **SPLIT)
    means = []
    for row in range(15):
        for col in range(15):
            inside = (climate.rows // 4 == row) & (climate.cols // 4 == col)
            some = climate.values[inside & (label == blocks.TRAIN)].astype(float)
            means += [some.mean(0)] if len(some) else []
    means = np.array(means)
    coarse = load(path, **SPLIT, grid=4)["train"]
    np.testing.assert_allclose(coarse, (means - means.mean(0)) / means.std(0), atol=1e-5)


def test_a_share_takes_whole_blocks_of_training_alone(table):
    path, climate = table
    label = blocks.split(climate.lat, climate.lon, **SPLIT)
    block = blocks.block_ids(climate.lat, climate.lon, SPLIT["side_km"])
    whole, part = load(path, **SPLIT), load(path, **SPLIT, share=0.25)
    assert len(part["test"]) == len(whole["test"])
    sizes = np.bincount(block[label == blocks.TRAIN])
    sizes = np.sort(sizes[sizes > 0])
    kept = int(np.ceil(0.25 * len(sizes)))
    assert sizes[:kept].sum() <= len(part["train"]) <= sizes[-kept:].sum()
    with pytest.raises(DataError, match="too few blocks of 100000 km"):
        load(path, **{**SPLIT, "side_km": 1e5})


def test_scaling_has_the_spectrum_of_each_condition(table, tmp_path):
    path, _ = table
    conditions = [{"grid": 1, "share": 1.0}, {"grid": 2, "share": 1.0}]
    files = (tmp_path / "scaling.csv", tmp_path / "scaling.json")
    scaled.scans(
        path, *files, SPLIT, conditions, [0.01, 0.05, 0.1, 0.2, 1.0], 0.1, 1,
        latents=3, updates=900, batch_size=64, lr=1e-2, patience=1.0, seed=0, device="cpu",
    )  # fmt: skip
    table = pd.read_csv(files[0])
    for condition in conditions:
        ratios = Pca.fit(load(path, **SPLIT, **condition)["train"]).ratios
        rows = table[table["grid"] == condition["grid"]]
        np.testing.assert_allclose(rows["pca_ratio"], ratios, rtol=1e-5)
        np.testing.assert_allclose(rows["threshold"], ratios, rtol=0.15)
    assert table.loc[table["grid"] == 1, "like_rank"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(table.loc[table["grid"] == 1, "overlap"], 1, rtol=1e-6)
    assert read_json(files[1])["seconds"] > 0
    assert not list(tmp_path.glob("*.npz"))
