import hashlib
import os

import h5py
import numpy as np
import pytest

from betascan.core.errors import DataError
from betascan.data.grid import Grid
from betascan.data.store import Images, write

GRID = Grid({"a": tuple(map(float, range(6))), "b": (0.5, 1.0, 1.5, 2.0, 2.5)})
COLOUR = np.random.default_rng(0).integers(0, 256, (30, 8, 6, 3), dtype=np.uint8)
BINARY = np.random.default_rng(1).integers(0, 2, (30, 9, 5, 1), dtype=np.uint8)


def written(path, images=COLOUR, maximum=255, rows=None, block=7):
    rows = np.arange(len(GRID)) if rows is None else rows
    parts = np.split(images[rows], range(block, len(rows), block))
    write(path, GRID, rows, iter(parts), source="made up", maximum=maximum)
    return path


@pytest.fixture
def path(tmp_path):
    return written(tmp_path / "images.h5")


WAYS = [
    (COLOUR, 255, 1, "memory"),
    (COLOUR, 255, 0, "disk"),
    (BINARY, 1, 1, "memory, packed"),
    (BINARY, 1, 0, "disk"),
]


@pytest.mark.parametrize(("images", "maximum", "memory_mb", "place"), WAYS)
def test_batches_by_row_from_everywhere(tmp_path, images, maximum, memory_mb, place):
    path = written(tmp_path / "images.h5", images, maximum)
    wanted = [29, 3, 3, 0, 17]
    with Images(path, memory_mb=memory_mb) as stored:
        assert stored.place == place
        batch = stored[wanted]
        assert batch.dtype == np.uint8
        np.testing.assert_array_equal(batch, images[wanted])
        assert stored.shape == images.shape[1:]
        np.testing.assert_array_equal(stored.factors, GRID.classes(np.arange(30)))
        assert stored[[]].shape == (0, *images.shape[1:])


@pytest.mark.parametrize(("images", "maximum", "memory_mb", "place"), WAYS)
def test_some_rows_are_renumbered(tmp_path, images, maximum, memory_mb, place):
    path = written(tmp_path / "images.h5", images, maximum)
    rows = [20, 4, 28, 4]
    with Images(path, rows, memory_mb=memory_mb) as stored:
        assert (len(stored), stored.place) == (4, place)
        np.testing.assert_array_equal(stored[[3, 0, 2]], images[[4, 20, 28]])
        np.testing.assert_array_equal(stored.factors, GRID.classes(rows))


def test_the_bound_on_memory_is_that_of_the_images(tmp_path):
    path = written(tmp_path / "images.h5", BINARY, 1)
    packed = 30 * -(-9 * 5 // 8) / 1e6
    with Images(path, memory_mb=packed) as fits, Images(path, memory_mb=0.99 * packed) as does_not:
        assert (fits.place, does_not.place) == ("memory, packed", "disk")


def test_the_layout_of_the_file(path):
    with h5py.File(path) as file:
        assert file["images"].dtype == np.uint8
        assert file["images"].compression == "gzip"
        np.testing.assert_array_equal(file["images"], COLOUR)
        np.testing.assert_array_equal(file["factors"], GRID.classes(np.arange(30)))
        assert list(file.attrs["names"]) == ["a", "b"]
        assert file.attrs["sizes"].tolist() == [6, 5]
        assert len(file.attrs["fingerprint"]) == 64
    with Images(path) as stored:
        assert stored.facts.grid == GRID
        assert (stored.facts.source, stored.facts.maximum) == ("made up", 255)


def test_the_same_images_are_the_same_bytes(tmp_path):
    files = [written(tmp_path / name) for name in ("a.h5", "b.h5")]
    assert len({hashlib.sha256(file.read_bytes()).hexdigest() for file in files}) == 1


def test_the_fingerprint_follows_pixels_and_rows(tmp_path):
    changed = COLOUR.copy()
    changed[4, 3, 2, 1] ^= 1
    files = [
        written(tmp_path / "a.h5"),
        written(tmp_path / "b.h5", changed),
        written(tmp_path / "c.h5", rows=np.arange(29)),
    ]
    prints = set()
    for file in files:
        with Images(file) as stored:
            prints.add(stored.facts.fingerprint)
    assert len(prints) == 3


@pytest.mark.parametrize("number", [29, 31])
def test_a_wrong_number_of_images_leaves_nothing(tmp_path, number):
    with pytest.raises(DataError, match=f"made up has {number} images where 30 are expected"):
        write(
            tmp_path / "images.h5",
            GRID,
            np.arange(30),
            iter([np.zeros((number, 4, 4, 1), np.uint8)]),
            source="made up",
            maximum=1,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["missing", "text", "other", "cut"])
def test_a_bad_file_is_one_line(path, damage):
    if damage == "missing":
        path.unlink()
    elif damage == "text":
        path.write_text("<html>")
    elif damage == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        with h5py.File(path, "w") as file:
            file["factors"] = [1]
    with pytest.raises(DataError, match=r"images\.h5: no file of images .* delete it") as caught:
        Images(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("memory_mb", [0, 1])
def test_a_damaged_chunk_is_one_line(path, memory_mb):
    with h5py.File(path) as file:
        chunk = file["images"].id.get_chunk_info(0)
    with path.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(b"\xff" * chunk.size)

    def read():
        with Images(path, memory_mb=memory_mb) as stored:
            stored[[0]]

    with pytest.raises(DataError, match=r"images\.h5 is damaged \(.*\); delete it and run again"):
        read()


def test_rows_beyond_the_file_are_one_line(path):
    with pytest.raises(DataError, match="has the rows 0 to 29"):
        Images(path, [0, 30])
