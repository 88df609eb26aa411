"""Splitting, training and measuring in hirn2026, on small data whose answers are known."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from betascan.core.errors import DataError
from betascan.core.files import read_npz, write_npz
from betascan.data import blocks
from betascan.linear_vae import Scan, scan
from betascan.spectroscopy import observe
from betascan.studies.hirn2026 import points, tables
from betascan.studies.hirn2026.measure import measure, principal_components
from betascan.studies.hirn2026.split import load_split, split_cells
from betascan.studies.hirn2026.train import train
from betascan.theory import landau

SPLIT = {"side_km": 2000, "train": 0.6, "min_cells": 4, "seed": 0}


@pytest.fixture
def climate(tmp_path):
    """A table of cells every 5 degrees, with three variables."""
    lat, lon = (axis.ravel() for axis in np.mgrid[-57.5:60:5, -177.5:180:5])
    draw = np.random.default_rng(0).normal(5, 2, (lat.size, 3))
    path = tmp_path / "climate.h5"
    with h5py.File(path, "w") as file:
        file["values"] = (draw + lat[:, None] / 10).astype(np.float32)
        file["rows"] = file["cols"] = np.zeros(lat.size, np.int32)
        file["lat"], file["lon"] = lat, lon
        file.attrs.update(source="made up", fingerprint="0", resolution=5.0)
    return path


@pytest.fixture
def cells(climate, tmp_path):
    """The cells of that table, split."""
    split_cells(climate, tmp_path / "cells.npz", **SPLIT)
    return tmp_path / "cells.npz"


def test_training_alone_sets_the_standard(climate, cells):
    with h5py.File(climate) as file:
        values, lat, lon = (file[name][()] for name in ("values", "lat", "lon"))
    labels = blocks.split(lat, lon, **SPLIT)
    training = values[labels == 0].astype(float)
    for label, name in enumerate(["train", "validation", "test"]):
        expected = (values[labels == label] - training.mean(0)) / training.std(0)
        np.testing.assert_allclose(load_split(cells, name), expected, atol=1e-6)
    facts = read_npz(cells)[1]
    np.testing.assert_allclose(facts["mean"], training.mean(0))
    assert facts["source"] == "made up"


def test_a_constant_variable_is_refused(climate, tmp_path):
    with h5py.File(climate, "a") as file:
        file["values"][:, 1] = 3
    with pytest.raises(DataError, match=r"climate\.h5: a variable is constant in training"):
        split_cells(climate, tmp_path / "cells.npz", **SPLIT)


def test_too_few_blocks_name_the_empty_splits(climate, tmp_path):
    with pytest.raises(DataError, match=r"no block is left for .*lower hirn2026\.split\.side_km"):
        split_cells(climate, tmp_path / "cells.npz", **{**SPLIT, "side_km": 50_000, "train": 0.9})


def test_the_sizes_of_the_splits_are_counted(climate, cells, tmp_path):
    tables.split_sizes(climate, cells, tmp_path / "splits.csv", SPLIT["side_km"])
    table = pd.read_csv(tmp_path / "splits.csv").set_index("split")
    label = read_npz(cells)[0]["split"]
    assert table["cells"].tolist() == [(label == s).sum() for s in range(3)]
    assert table["published"].tolist() == [499_599, 153_897, 154_027]
    with h5py.File(climate) as file:
        lat, lon = file["lat"][()], file["lon"][()]
    block = blocks.block_ids(lat, lon, SPLIT["side_km"])
    assert table["blocks"].sum() == len(np.unique(block[label >= 0]))
    area = np.cos(np.radians(lat))
    for label_of, name in enumerate(table.index):
        share = area[label == label_of].sum() / area[label >= 0].sum()
        assert table.loc[name, "area_share"] == pytest.approx(share)


def test_training_scans_the_temperatures_asked_for(cells, tmp_path):
    temperatures = [0.01, 0.3]
    protocol = {"estimator": "sampled", "latents": 2, "updates": 40, "batch_size": 16, "lr": 1e-2}
    protocol |= {"patience": 1.0, "seed": 3, "device": "cpu"}
    paths = tmp_path / "scan.npz", tmp_path / "record.json"
    train(cells, *paths, temperatures, protocol, 1)
    trained = Scan.load(paths[0])
    np.testing.assert_allclose(trained.temperatures, temperatures)
    training, validation = load_split(cells, "train"), load_split(cells, "validation")
    V = training.astype(float).var(0).sum()
    same = scan(training, validation, np.multiply(temperatures, V), workers=1, **protocol)
    np.testing.assert_array_equal(trained.validation_loss, same.validation_loss)
    np.testing.assert_array_equal(trained.parameters["decoder"], same.parameters["decoder"])
    assert json.loads(paths[1].read_text()).keys() == {"device", "seconds"}
    assert not list(tmp_path.glob("*checkpoint*"))


def optimum(variances, T):
    """The linear VAE on uncorrelated data that the theory calls the canonical branch."""
    share = variances / variances.sum()
    M2 = landau.signal_fraction(T, share)
    features = len(variances)
    return {
        "encoder_mean": np.diag(np.sqrt(M2 / variances)),
        "encoder_mean_bias": np.zeros(features),
        "encoder_log_variance": np.zeros((features, features)),
        "encoder_log_variance_bias": landau.log_variance(T, share),
        "decoder": np.diag(np.sqrt(M2 * variances)),
        "decoder_bias": np.zeros(features),
    }


@pytest.fixture
def uncorrelated(tmp_path):
    """Cells whose covariance is exactly diagonal on every split, and the variances there."""
    signs = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)], np.float32)
    variances = {"train": [4.0, 1.0], "validation": [4.0, 1.0], "test": [9.0, 0.25]}
    x = np.concatenate([signs * np.sqrt(v, dtype=np.float32) for v in variances.values()])
    write_npz(tmp_path / "flat.npz", {"x": x, "split": np.repeat(np.arange(3), 4)})
    return tmp_path / "flat.npz", {name: np.array(v) for name, v in variances.items()}


def test_a_scan_on_the_canonical_branch_is_measured_as_the_laws_say(uncorrelated, tmp_path):
    cells, variances = uncorrelated
    T, V = np.array([0.5, 0.1, 0.02]), 5.0
    parts = [tmp_path / "scan-0.npz", tmp_path / "scan-1.npz"]
    for path, part in zip(parts, ([0, 1], [2]), strict=True):
        models = [optimum(variances["train"], T[point]) for point in part]
        parameters = {name: np.stack([m[name] for m in models]) for name in models[0]}
        updates = np.array(part) * 10
        facts = {"estimator": "analytic", "seed": 0}
        Scan(T[part] * V, V, parameters, updates, updates + 5, T[part], facts).save(path)
    names = ["observables", "distortion", "points", "protocol"]
    made = {name: tmp_path / f"{name}.csv" for name in names}
    measure(cells, parts, **made, name="analytic", floor=0.1)
    observables, distortion, wholes, protocol = (pd.read_csv(path) for path in made.values())

    keys = ["estimator", "split", "T", "rank"]
    assert set(observables["estimator"]) == set(distortion["estimator"]) == {"analytic"}
    observed = observables.set_index(keys).loc["analytic"]
    left = distortion.set_index(keys).sort_index().loc["analytic", "distortion"]
    ratios = variances["train"] / V
    for t in T:
        for rank, share in enumerate(ratios, start=1):
            law = landau.signal_fraction(t, share)
            assert observed.loc[("train", t, rank), "signal_fraction"] == pytest.approx(law)
        for split, present in variances.items():
            expected = [landau.mean_distortion(t, ratios, rank, present / V) for rank in range(3)]
            assert left.loc[split, t].tolist() == pytest.approx(expected, rel=1e-6)
    collapsed = distortion.query("rank == 0")
    np.testing.assert_allclose(collapsed["share"], 1)  # Eq. 7, on every split
    whole = wholes.set_index(["split", "T"])
    for t in T:
        law = landau.sampled_distortion(t, ratios)
        assert whole.loc[("train", t), "distortion"] == pytest.approx(law)
        rate = landau.rate(t, ratios).sum()
        assert whole.loc[("train", t), "rate"] == pytest.approx(rate, abs=1e-6)
        assert whole.loc[("train", t), "active"] == (t < 0.9 * ratios).sum()
        assert whole.loc[("train", t), "decoder_error"] == pytest.approx(0, abs=1e-6)  # Eq. 26
    crossings = [column for column in wholes if column.startswith("crossings_")]
    assert (wholes.query("split == 'train'")[crossings] == 0).all().all()
    # the loss of the law's optimum is that of the same model, measured
    for t, least in zip(T, protocol["optimum_loss"], strict=True):
        row = whole.loc[("validation", t)]
        assert least == pytest.approx(V / 2 * (row["distortion"] + 2 * t * row["rate"]))
    assert protocol["T"].tolist() == T.tolist()
    assert protocol["best_update"].tolist() == [0, 10, 20]
    assert protocol["last_update"].tolist() == [5, 15, 25]


def test_principal_components_are_those_of_scikit_learn(cells, tmp_path):
    principal_components(cells, tmp_path / "pca.csv")
    table = pd.read_csv(tmp_path / "pca.csv").set_index(["split", "rank"])
    training = load_split(cells, "train").astype(float)
    V = training.var(0).sum()
    for split in ("train", "test"):
        x = load_split(cells, split).astype(float)
        for rank in (1, 2, 3):
            axes = PCA(rank).fit(training)
            ratio = axes.explained_variance_ratio_[rank - 1]
            assert table["pca_ratio"][split, rank] == pytest.approx(ratio)
            residual = x - axes.inverse_transform(axes.transform(x))
            left = (residual**2).sum(1).mean() / V
            assert table["pca_distortion"][split, rank] == pytest.approx(left, abs=1e-8)
            removed = table["pca_distortion"][split, rank - 1] - left
            assert table["pca_utility"][split, rank] == pytest.approx(removed, abs=1e-8)


def test_a_decoder_that_is_not_the_best_one_is_seen(uncorrelated, tmp_path):
    cells, variances = uncorrelated
    model = optimum(variances["train"], 0.02)
    model["decoder"] = model["decoder"] * [1.3, 1]
    parameters = {name: value[None] for name, value in model.items()}
    T, once = np.array([0.02]), np.array([1])
    trained = Scan(T * 5, 5.0, parameters, once, once, T, {"seed": 0})
    x = load_split(cells, "train")
    (row,) = points.points(trained, x, observe(trained, x), 0.1).to_dict("records")
    best = np.array([4.0, 1.0]) - 0.02 * 5  # squared columns, M^2 lambda
    assert row["decoder_error"] == pytest.approx(0.3 * np.sqrt(best[0] / best.sum()))


def test_rankings_that_differ_are_counted_by_pairs():
    assert points.crossings(np.array([4.0, 3.0, 2.0, 1.0])) == 0
    assert points.crossings(np.array([3.0, 4.0, 2.0, 1.0])) == 1
    assert points.crossings(np.array([1.0, 2.0, 3.0, 4.0])) == 6


def test_greedy_forward_takes_what_helps_most_given_what_it_has():
    rng = np.random.default_rng(0)
    x, decoder, encoder = (rng.standard_normal(shape) for shape in ((200, 5), (6, 5), (6, 5)))
    mu = x @ encoder.T / 5

    def left(chosen):
        return ((x - mu[:, chosen] @ decoder[chosen]) ** 2).sum(1).mean()

    gain = ((x.T @ mu / 200).T * decoder).sum(1)
    overlap = (mu.T @ mu / 200) * (decoder @ decoder.T)
    chosen = []
    for _ in range(6):
        rest = [k for k in range(6) if k not in chosen]
        chosen.append(min(rest, key=lambda k: left([*chosen, k])))
    assert points.greedy_forward(gain, overlap).tolist() == chosen


def test_the_rate_is_the_divergence_that_samples_show(cells):
    x = load_split(cells, "train")
    protocol = {"latents": 3, "updates": 60, "batch_size": 32, "lr": 0.03, "workers": 1}
    trained = scan(x, x, [0.05], **protocol, progress=False)
    observed = observe(trained, x)
    assert observed["rate"].max() > 0.5
    (error,) = points.rate_error(trained, x, observed)
    assert error < 5 / np.sqrt(len(x))
    (error,) = points.rate_error(trained, x, observed.assign(rate=observed["rate"] + 0.5))
    assert error > 0.4
