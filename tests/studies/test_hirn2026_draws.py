"""What the laws alone show on draws of the split, on a small made-up planet."""

import h5py
import numpy as np
import pandas as pd
import pytest

from betascan.data import blocks
from betascan.spectroscopy import fit_threshold
from betascan.studies.hirn2026 import draws
from betascan.studies.hirn2026.measure import principal_components
from betascan.studies.hirn2026.split import split_cells
from betascan.theory import landau

SPLIT = {"side_km": 2000, "train": 0.6, "min_cells": 4}
T = np.geomspace(1e-6, 1, 49)


@pytest.fixture
def climate(tmp_path):
    """Cells every 4 degrees; three variables whose spread depends on the place, and a sum."""
    lat, lon = (axis.ravel() for axis in np.mgrid[-58:60:4, -178:180:4].astype(float))
    draw = np.random.default_rng(0).standard_normal((lat.size, 3))
    values = draw * [1, 0.5, 0.2] @ np.array([[1, 1, 0], [1, -1, 1], [0, 1, 1]])
    values *= 1 + np.abs(lat[:, None]) / 60
    path = tmp_path / "climate.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.column_stack([values, values[:, 0] - values[:, 1]]).astype(np.float32)
        file["rows"] = file["cols"] = np.zeros(lat.size, np.int32)
        file["lat"], file["lon"] = lat, lon
        file.attrs.update(source="made up", fingerprint="0", resolution=4.0)
    return path


def test_variances_from_blocks_are_those_of_the_cells(climate, tmp_path):
    for seed in range(3):
        split_cells(climate, tmp_path / "cells.npz", **SPLIT, seed=seed)
        principal_components(tmp_path / "cells.npz", tmp_path / "pca.csv")
        pca = pd.read_csv(tmp_path / "pca.csv").query("rank > 0").set_index(["split", "rank"])
        with h5py.File(climate) as file:
            values, lat, lon = (file[name][()] for name in ("values", "lat", "lon"))
        block = blocks.block_ids(lat, lon, SPLIT["side_km"])
        area = np.bincount(block, np.cos(np.radians(lat)))
        label = blocks.assign(np.bincount(block), area, 0.6, 4, seed)
        ratios, variances, V = draws.variances_of(draws.block_moments(values, block), label)
        assert pytest.approx(4) == V
        assert len(ratios) == 3  # the fourth variable is a difference
        np.testing.assert_allclose(ratios, pca.loc["train", "pca_ratio"][:3], rtol=1e-5)
        np.testing.assert_allclose(variances, pca.loc["test", "pca_utility"][:3], rtol=1e-5)


def test_without_a_shift_thresholds_and_utilities_are_the_ratios():
    ratios = np.array([0.7, 0.29, 0.01])
    table = draws.modes_by_the_laws(T, ratios, ratios, 0.1)
    np.testing.assert_allclose(table["threshold"], ratios)
    np.testing.assert_allclose(table["utility"], ratios, rtol=1e-6)


def test_a_shift_moves_utilities_by_itself_and_thresholds_by_the_moments_it_changes():
    ratios, variances = np.array([0.7, 0.29, 0.01]), np.array([0.9, 0.28, 0.013])
    table = draws.modes_by_the_laws(T, ratios, variances, 0.1)
    np.testing.assert_allclose(table["utility"], variances, rtol=1e-6)
    for k in range(3):
        M2 = landau.signal_fraction(T, ratios[k])
        mu2 = M2 * variances[k] / ratios[k]
        expected, _ = fit_threshold(T, mu2 / (mu2 + 1 - M2), 0.1)
        assert table["threshold"][k] == pytest.approx(expected)


def test_modes_that_trade_places_are_ranked_as_the_split_shows_them():
    table = draws.modes_by_the_laws(T, np.array([0.51, 0.49]), np.array([0.4, 0.6]), 0.1)
    np.testing.assert_allclose(table["utility"], [0.6, 0.4], rtol=1e-6)


def test_every_draw_has_its_modes(climate, tmp_path, monkeypatch):
    monkeypatch.setattr(draws, "DRAWS", 4)
    draws.split_draws(climate, tmp_path / "draws.csv", list(T), 0.1, **SPLIT)
    table = pd.read_csv(tmp_path / "draws.csv")
    assert table.groupby("seed")["rank"].max().tolist() == [3] * 4
    np.testing.assert_allclose(table["ratio"], table["utility"] / table["threshold"], rtol=1e-8)
    assert table["V"].nunique() == 4
    assert table["V"].between(2, 8).all()
