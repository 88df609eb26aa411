import statistics
import warnings

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from betascan.data.climate import SOURCE, bioclim, write_standin
from betascan.data.worldclim import read_layers


def column(*months):
    return np.array(months, dtype=float)[:, None]


def by_definition(tmin, tmax, rain):
    """The 19 variables of one place, month by month, in plain Python."""
    mean = [(low + high) / 2 for low, high in zip(tmin, tmax, strict=True)]
    quarters = [[m % 12 for m in (first, first + 1, first + 2)] for first in range(12)]

    def over(values, quarter):
        return sum(values[m] for m in quarter)

    wettest = max(quarters, key=lambda quarter: over(rain, quarter))
    driest = min(quarters, key=lambda quarter: over(rain, quarter))
    warmest = max(quarters, key=lambda quarter: over(mean, quarter))
    coldest = min(quarters, key=lambda quarter: over(mean, quarter))
    diurnal = statistics.fmean(high - low for low, high in zip(tmin, tmax, strict=True))
    annual = max(tmax) - min(tmin)
    return [
        statistics.fmean(mean),
        diurnal,
        diurnal / annual * 100,
        statistics.stdev(mean) * 100,
        max(tmax),
        min(tmin),
        annual,
        *(over(mean, quarter) / 3 for quarter in (wettest, driest, warmest, coldest)),
        sum(rain),
        max(rain),
        min(rain),
        statistics.stdev(rain) / (1 + statistics.fmean(rain)) * 100,
        *(over(rain, quarter) for quarter in (wettest, driest, warmest, coldest)),
    ]


def test_the_example_of_dismo_by_hand():
    # The months are those of the manual page of biovars (R package dismo).
    tmin = column(10, 12, 14, 16, 18, 20, 22, 21, 19, 17, 15, 12)
    rain = column(0, 2, 10, 30, 80, 160, 80, 20, 40, 60, 20, 0)
    got = dict(enumerate(bioclim(tmin, tmin + 5, rain)[:, 0], start=1))
    by_hand = {1: 196 / 12 + 2.5, 2: 5, 3: 500 / 17, 5: 27, 6: 10, 7: 17, 8: 22.5, 9: 34 / 3 + 2.5}
    by_hand |= {10: 23.5, 11: 34 / 3 + 2.5, 12: 502, 13: 160, 14: 0, 16: 320, 17: 2, 18: 260, 19: 2}
    assert {k: got[k] for k in by_hand} == pytest.approx(by_hand, rel=1e-14)


def test_quarters_run_over_the_turn_of_the_year():
    rain = column(60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 40)
    tmin = column(*range(12))
    layers = bioclim(tmin, tmin + 2, rain)[:, 0]
    assert layers[15] == 120
    assert layers[7] == (10 + 11 + 0) / 3 + 1


def test_a_single_millimetre_gives_the_seasonality_of_the_genuine_layers():
    rain = column(1, *[0] * 11)
    assert bioclim(rain, rain + 1, rain)[14, 0] == pytest.approx(26.646936, abs=1e-6)


halves = st.lists(st.integers(-80, 80).map(lambda n: n / 2), min_size=12, max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    halves,
    st.lists(st.integers(1, 40), min_size=12, max_size=12),
    st.lists(st.integers(0, 900), min_size=12, max_size=12),
)
def test_every_variable_is_its_definition(low, ranges, rain):
    high = [a + b for a, b in zip(low, ranges, strict=True)]
    got = bioclim(column(*low), column(*high), column(*rain))[:, 0]
    np.testing.assert_allclose(got, by_definition(low, high, rain), rtol=1e-12, atol=1e-12)


def test_places_do_not_mix():
    months = np.random.default_rng(0).uniform(0, 30, (3, 12, 4, 5))
    months[1] += months[0]
    whole = bioclim(*months)
    assert whole.shape == (19, 4, 5)
    np.testing.assert_allclose(whole[:, 2, 3], bioclim(*months[:, :, 2, 3, None])[:, 0], rtol=1e-12)


@pytest.fixture(scope="module")
def planet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planet") / "layers"
    write_standin(folder)
    return folder


def test_the_files_are_laid_out_as_the_genuine_ones(planet):
    assert len(list(planet.iterdir())) == 19
    with rasterio.open(planet / "wc2.1_standin_bio_19.tif") as layer:
        assert layer.crs.to_epsg() == 4326
        assert tuple(layer.bounds) == pytest.approx((-180, -90, 180, 90))
        assert (layer.dtypes, layer.nodata, layer.shape) == (
            ("float32",),
            np.float32(-3.4e38),
            (180, 360),
        )
        assert layer.tags()["SOURCE"] == SOURCE


def test_the_climate_is_that_of_an_earth(planet):
    climate = read_layers(planet)
    assert 15_000 < len(climate.values) < 25_000
    low, high = climate.values.min(axis=0), climate.values.max(axis=0)
    assert -75 < low[5] < -40
    assert 40 < high[4] < 50
    assert -45 < low[0] < high[0] < 40
    assert 0 <= low[11] < 50
    assert 2000 < high[11] < 6000
    tropics, polar = np.abs(climate.lat) < 15, np.abs(climate.lat) > 65
    mean = climate.values[:, 0]
    assert mean[tropics].mean() > 20
    assert mean[polar].mean() < -5
    rounded = climate.values[:, 11:14]
    np.testing.assert_array_equal(rounded, np.round(rounded))


def test_its_spectrum_has_rank_18_over_six_decades(planet):
    values = read_layers(planet).values
    np.testing.assert_array_equal(values[:, 6], values[:, 4] - values[:, 5])
    standardised = (values - values.mean(axis=0, dtype=float)) / values.std(axis=0, dtype=float)
    ratios = np.linalg.eigvalsh(np.cov(standardised.T))[::-1] / 19
    assert ratios[18] < 1e-12
    assert ratios[17] > 1e-6
    assert 0.4 < ratios[0] < 0.7
    assert (ratios[:17] / ratios[1:18]).min() > 1.1


def test_the_same_planet_twice_is_the_same_bytes(tmp_path):
    def bytes_of(name, seed):
        write_standin(tmp_path / name, rows=18, cols=36, seed=seed)
        return [path.read_bytes() for path in sorted((tmp_path / name).iterdir())]

    assert bytes_of("a", 0) == bytes_of("b", 0)
    assert bytes_of("a", 0) != bytes_of("c", 1)


def test_the_grid_samples_the_planet(planet, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_standin(tmp_path / "coarse", rows=60, cols=120)
    coarse, fine = read_layers(tmp_path / "coarse"), read_layers(planet)
    # Every third centre of the fine grid is a centre of the coarse one; a coast may differ.
    places = {(r, c): k for k, (r, c) in enumerate(zip(fine.rows, fine.cols, strict=True))}
    pairs = [
        (k, places[3 * r + 1, 3 * c + 1])
        for k, (r, c) in enumerate(zip(coarse.rows, coarse.cols, strict=True))
        if (3 * r + 1, 3 * c + 1) in places
    ]
    assert len(pairs) > 0.97 * len(coarse.values)
    here, there = map(list, zip(*pairs, strict=True))
    correlation = np.corrcoef(coarse.values[here, 0], fine.values[there, 0])[0, 1]
    assert correlation > 0.999
