import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from betascan.data.blocks import DROPPED, TEST, TRAIN, VALIDATION, assign, block_ids, split
from betascan.data.worldclim import read_layers

STEP = 0.25  # degrees
RADIUS = 6371.0  # km


@pytest.fixture(scope="module")
def globe():
    lat, lon = np.arange(-90, 90, STEP) + STEP / 2, np.arange(-180, 180, STEP) + STEP / 2
    return tuple(axis.ravel() for axis in np.meshgrid(lat, lon, indexing="ij"))


@pytest.fixture(scope="module")
def blocks(globe):
    return block_ids(*globe)


@pytest.fixture(scope="module", params=range(3))
def drawn(request, globe):
    return split(*globe, min_cells=100, seed=request.param)


def test_blocks_have_equal_areas(globe, blocks):
    lat, lon = globe
    area = np.bincount(blocks, np.cos(np.radians(lat)) * np.radians(STEP) ** 2 * RADIUS**2)
    cut = blocks[(abs(lon) > 180 - STEP) | (abs(lat) > 90 - STEP)]  # by the outline of the map
    whole = np.delete(area, cut)
    assert len(whole) > 1500
    np.testing.assert_allclose(whole.mean(), 500**2, rtol=0.01)
    np.testing.assert_allclose(whole, 500**2, rtol=0.07)  # 17 to 19 rows of cells: a row is 6 %
    assert area.max() == whole.max()


def test_blocks_are_in_one_piece(globe, blocks):
    lat, lon = (np.radians(axis) * RADIUS for axis in globe)
    sides = (
        pd.DataFrame({"north": lat, "east": lon * np.cos(lat / RADIUS)}).groupby(blocks).agg(np.ptp)
    )
    assert sides.max().max() < 500 * 1.01  # the Earth is flatter than a sphere


def test_no_block_is_in_two_splits(blocks, drawn):
    assert pd.Series(drawn).groupby(blocks).nunique().max() == 1
    assert set(drawn) == {TRAIN, VALIDATION, TEST, DROPPED}


def test_blocks_of_few_cells_are_dropped(blocks, drawn):
    np.testing.assert_array_equal(drawn == DROPPED, np.bincount(blocks)[blocks] < 100)


def test_training_is_filled_until_no_block_fits_and_validation_takes_half_of_the_rest(
    blocks, drawn
):
    total = np.sum(drawn != DROPPED)
    cells = np.bincount(blocks)[blocks]
    rest = (drawn == VALIDATION) | (drawn == TEST)
    left_train = 0.6187 * total - np.sum(drawn == TRAIN)
    left_validation = rest.sum() / 2 - np.sum(drawn == VALIDATION)
    assert 0 <= left_train < cells[rest].min()
    assert 0 <= left_validation < cells[drawn == TEST].min()


def test_blocks_that_training_leaves_are_split_whatever_their_area():
    # a quarter of the blocks are large, and training takes most of those
    cells = np.repeat([40, 10], [100, 300])
    counts = {s: np.zeros(2) for s in (TRAIN, VALIDATION, TEST)}
    for seed in range(40):
        label = assign(cells, cells.astype(float), seed=seed)
        for s, count in counts.items():
            count += [np.sum(label[:100] == s), np.sum(label[100:] == s)]
    large = {s: count[0] / count.sum() for s, count in counts.items()}
    assert large[TRAIN] > 0.35
    # 40 draws of some 120 blocks each: a standard error of 0.006
    assert abs(large[VALIDATION] - large[TEST]) < 0.025


def test_splits_depend_on_the_seed_alone(globe):
    first, again, other = (split(*globe, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.3


def test_blocks_are_drawn_by_area():
    # Twice the area of the other, four times the cells; training holds only the first drawn.
    lat, lon = np.repeat([60.5, 1.0], [40, 10]), np.repeat([1.0, 31.0], [40, 10])
    drawn = np.array([split(lat, lon, train=0.85, seed=seed)[0] == TRAIN for seed in range(300)])
    share = np.cos(np.radians(60.5)) * 4 / (np.cos(np.radians(60.5)) * 4 + 1)
    assert abs(drawn.mean() - share) < 3 * np.sqrt(share * (1 - share) / 300)


def test_genuine_sizes():
    root = os.environ.get("BETASCAN_DATA")
    if root is None or not (Path(root) / "worldclim").is_dir():
        pytest.skip("needs WorldClim's own layers in $BETASCAN_DATA/worldclim")
    climate = read_layers(Path(root) / "worldclim")
    assert block_ids(climate.lat, climate.lon).max() + 1 == 1119
    drawn = split(climate.lat, climate.lon)
    assert np.sum(drawn == DROPPED) == 530
    sizes = [np.sum(drawn == s) for s in (TRAIN, VALIDATION, TEST)]
    assert sum(sizes) == 807_523
    np.testing.assert_allclose(sizes, [499_599, 153_897, 154_027], rtol=0.0005)  # appendix A
    ids = block_ids(climate.lat, climate.lon)
    counts = [len(np.unique(ids[drawn == s])) for s in (VALIDATION, TEST)]
    assert min(counts) >= 240
    assert max(counts) <= 290  # neither has the small coastal blocks alone
