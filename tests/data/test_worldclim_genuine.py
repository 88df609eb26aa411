"""What WorldClim's own pixels must give; skipped where they are not available."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from betascan.core.errors import DataError
from betascan.data import rasters
from betascan.data.climate import bioclim
from betascan.data.worldclim import obtain, read_layers, verify


@pytest.fixture(scope="module")
def genuine():
    root = os.environ.get("BETASCAN_DATA")
    if root is None or not (Path(root) / "worldclim").is_dir():
        pytest.skip("needs WorldClim's own layers in $BETASCAN_DATA/worldclim")
    return Path(root) / "worldclim"


@pytest.fixture(scope="module")
def pixels(genuine):
    return read_layers(genuine)


def test_genuine_pixels_are_the_recorded_ones(genuine):
    verify(genuine)


def test_genuine_cells_are_as_many_as_published(pixels):
    assert pixels.values.shape == (808_053, 19)
    assert pixels.values.dtype == np.float32


def test_genuine_annual_range_is_exactly_a_difference(pixels):
    bio = dict(enumerate(pixels.values.T, start=1))
    np.testing.assert_array_equal(bio[7], bio[5] - bio[6])
    np.testing.assert_allclose(bio[3], 100 * bio[2] / bio[7], rtol=1e-5)


def test_genuine_seasonality_is_that_of_a_sample_over_the_mean_plus_one(pixels):
    # A cell with 1 mm a year can only have had it in a single month.
    millimetre = pixels.values[pixels.values[:, 11] == 1]
    assert len(millimetre) == 4490
    rain = np.eye(12)[:, :1]
    expected = bioclim(rain, rain + 1, rain)[14, 0]
    np.testing.assert_allclose(millimetre[:, 14], expected, rtol=1e-7)


def test_genuine_spectrum(pixels):
    # Ratios of an eigendecomposition made before this project existed (papers/hirn2026.md).
    standardised = (pixels.values - pixels.values.mean(axis=0, dtype=float)) / pixels.values.std(
        axis=0, dtype=float
    )
    ratios = np.linalg.eigvalsh(np.cov(standardised.T))[::-1] / 19
    np.testing.assert_allclose(
        ratios[[0, 1, 2, 9, 16, 17]], [0.5643, 0.1782, 0.1062, 0.00302, 9.9e-6, 2.69e-6], rtol=2e-3
    )
    assert ratios[18] < 1e-12


def test_genuine_centres(pixels):
    # Antarctica is in, and the cells lie in the middle of sixths of a degree.
    assert pixels.lat.min() < -85
    np.testing.assert_allclose(pixels.lat, 90 - (pixels.rows + 0.5) / 6, atol=1e-9)
    np.testing.assert_allclose(pixels.lon, -180 + (pixels.cols + 0.5) / 6, atol=1e-9)


def test_genuine_copies_are_verified_and_left_alone(genuine, tmp_path):
    obtain(tmp_path / "got", ["http://127.0.0.1:9/x.zip"], genuine)
    names = sorted(path.name for path in (tmp_path / "got").iterdir())
    assert names == sorted(f"wc2.1_10m_bio_{k}.tif" for k in range(1, 20))
    assert list(tmp_path.iterdir()) == [tmp_path / "got"]


def test_one_changed_genuine_pixel_is_noticed(genuine, tmp_path):
    def warmer(values):
        values[500, np.argmax(values[500] > -100)] += 0.01
        return values

    folder = tmp_path / "layers"
    folder.mkdir()
    for path in rasters.layer_paths(genuine):
        (folder / path.name).symlink_to(path)
    changed = folder / "wc2.1_10m_bio_4.tif"
    changed.unlink()
    shutil.copyfile(genuine / changed.name, changed)
    with rasterio.open(changed, "r+") as layer:
        layer.write(warmer(layer.read(1)), 1)
    with pytest.raises(DataError, match=r"bio_4\.tif: pixels differ .* \(808053 valid cells"):
        obtain(tmp_path / "got", [], folder)
    assert not (tmp_path / "got").exists()
