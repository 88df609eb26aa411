import hashlib
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from collections import namedtuple

import h5py
import numpy as np
import pytest

from betascan.core.errors import ContentError, DataError
from betascan.data.grid import Grid
from betascan.data.store import Images, write

GRID = Grid({"a": tuple(map(float, range(6))), "b": (0.5, 1.0, 1.5, 2.0, 2.5)})
COLOUR = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
BINARY = np.random.default_rng(1).integers(0, 2, (30, 7, 7, 1), dtype=np.uint8)


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
        np.testing.assert_array_equal(stored[17], images[17])
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
    packed = 30 * -(-7 * 7 // 8) / 1e6
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


DAMAGE = r"images\.h5 is damaged: delete it and run again \(.+\)$"


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"images\.h5 is missing: run again to have it made"):
        Images(tmp_path / "images.h5")


@pytest.mark.parametrize("damage", ["text", "other", "cut"])
def test_a_bad_file_is_one_line(path, damage):
    if damage == "text":
        path.write_text("<html>")
    elif damage == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        with h5py.File(path, "w") as file:
            file["factors"] = [1]
    with pytest.raises(ContentError, match=DAMAGE) as caught:
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

    with pytest.raises(ContentError, match=DAMAGE):
        read()


def test_rows_beyond_the_file_are_one_line(path):
    with pytest.raises(DataError, match="has the rows 0 to 29"):
        Images(path, [0, 30])


@pytest.mark.parametrize("rows", [[0.5], np.ones(30, bool), [None]])
def test_rows_that_are_no_integers_are_one_line(path, rows):
    with pytest.raises(DataError, match="rows must be integers, not "):
        Images(path, rows)
    with Images(path) as stored, pytest.raises(DataError, match="rows must be integers, not "):
        stored[rows]


def test_a_file_locked_by_another_program_is_not_damaged(path):
    code = f"import h5py; f = h5py.File({str(path)!r}, 'r+'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(DataError, match=r"images\.h5 is locked: close it in") as caught:
            Images(path)
        holder.communicate(b"\n")
    assert type(caught.value) is DataError
    assert "HDF5_USE_FILE_LOCKING=FALSE" in str(caught.value)
    assert "\n" not in str(caught.value)
    Images(path).close()


def test_a_disk_without_locks_is_one_line(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "Unable to synchronously create file (unable to lock file, errno = 37)")

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(DataError, match="HDF5_USE_FILE_LOCKING=FALSE"):
        written(tmp_path / "images.h5")


def test_closed_images_on_the_disk_are_not_called_damaged(path):
    stored = Images(path, memory_mb=0)
    stored.close()
    with pytest.raises(ValueError, match=r"images\.h5 is closed"):
        stored[[0]]


@pytest.mark.parametrize(("images", "maximum", "memory_mb", "place"), WAYS)
@pytest.mark.parametrize("closed", [False, True])
def test_images_can_be_pickled(tmp_path, images, maximum, memory_mb, place, closed):
    rows = [20, 4, 28, 4]
    stored = Images(written(tmp_path / "a.h5", images, maximum), rows, memory_mb=memory_mb)
    if closed:
        stored.close()
    content = pickle.dumps(stored)
    assert len(content) < 1000  # not the images
    with pickle.loads(content) as again:
        assert (again.place, again.facts) == (place, stored.facts)
        np.testing.assert_array_equal(again[range(4)], images[rows])
    stored.close()


def total(images):
    return int(images[range(len(images))].sum())


def test_workers_that_are_spawned_read_the_same_images(path):
    with Images(path) as stored, multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(total, [stored]) == COLOUR.sum()


BYTES = np.random.default_rng(2).integers(0, 256, (20, 16, 16, 1), dtype=np.uint8)
WRONG = {
    "floats from 0 to 1": (BYTES / 255, 255, "uint8 from 0 to 255, not float64; convert those fr"),
    "0 to 255 as binary": (BYTES, 1, "images go up to 255, above full brightness, maximum=1"),
    "binary as 0 to 255": (BYTES // 128, 255, "are 0 and 1, so that full brightness is maximum=1"),
    "negative": (BYTES.astype(int) - 128, 255, "must be uint8 from 0 to 255, not int64"),
    "uint16": (BYTES.astype(np.uint16) * 200, 255, "must be uint8 from 0 to 255, not uint16"),
    "no channel axis": (BYTES[..., 0], 255, r"not \(10, 16, 16\); add the axis of the channel"),
    "channels first": (np.moveaxis(BYTES, 3, 1), 255, r"\(10, 1, 16, 16\); move the channels"),
    "two channels": (BYTES[:, :, :, [0, 0]], 255, r"must be square .* not \(10, 16, 16, 2\)$"),
    "not square": (BYTES[:, :, :8], 255, r"must be square .* not \(10, 16, 8, 1\)$"),
    "no images": (BYTES[:0], 255, "mine has 0 images where 20 are expected"),
    "brighter than a byte": (BYTES, 1000, "maximum, the value of full brightness, is 1 to 255"),
    "missing": (np.full(BYTES.shape, np.nan), 255, "must be uint8 from 0 to 255, not float64"),
}


@pytest.mark.parametrize(("images", "maximum", "message"), WRONG.values(), ids=WRONG)
def test_images_that_would_be_misread_are_refused(tmp_path, images, maximum, message):
    grid = Grid({"a": range(4), "b": range(5)})
    with pytest.raises(DataError, match=message) as caught:
        write(
            tmp_path / "x.h5", grid, range(20), np.split(images, 2), source="mine", maximum=maximum
        )
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_images_of_two_sizes_are_refused(tmp_path):
    blocks = [np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 4, 4, 1), np.uint8)]
    with pytest.raises(DataError, match=r"of one shape, not \(8, 8, 1\) and \(4, 4, 1\)"):
        write(tmp_path / "x.h5", Grid({"a": range(4)}), range(4), blocks, source="m", maximum=255)


@pytest.mark.parametrize("maximum", [1, 255])
def test_black_images_are_images(tmp_path, maximum):
    path = tmp_path / "x.h5"
    black = np.zeros((4, 8, 8, 1), np.uint8)
    write(str(path), Grid({"a": range(4)}), range(4), [black], source="m", maximum=maximum)
    with Images(str(path)) as stored:
        np.testing.assert_array_equal(stored[range(4)], black)


def test_blocks_are_written_whatever_their_size(tmp_path):
    files = [written(tmp_path / f"{block}.h5", block=block) for block in (1, 7, 30)]
    for file in files:
        with Images(file) as stored:
            np.testing.assert_array_equal(stored[range(30)], COLOUR)


def test_a_full_disk_is_noticed_before_hdf5_crashes(tmp_path, monkeypatch):
    path = written(tmp_path / "images.h5")
    old = path.read_bytes()
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 10, 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"is full: .* MB are needed and 0\.0 MB free"):
        written(path, 255 - COLOUR)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_is_one_line(small_disk):
    grid = Grid({"a": range(2000)})
    noise = np.random.default_rng(0).integers(0, 256, (100, 64, 64, 1), dtype=np.uint8)
    with pytest.raises(DataError, match=r"is full: .* make room and run again"):
        write(small_disk / "x.h5", grid, range(2000), [noise] * 20, source="noise", maximum=255)
    assert list(small_disk.iterdir()) == []
