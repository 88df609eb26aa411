import errno
import os
import time

import numpy as np
import pandas as pd
import pytest

from betascan.core.errors import DataError
from betascan.core.files import read_npz, staged, write_csv, write_json, write_npz

ARRAYS = {"loss": np.array([[0.1, np.inf], [np.nan, -0.0]]), "running": np.array([True, False])}
FACTS = {"identity": "ab", "done": 3, "seconds": 0.1}
FRAME = pd.DataFrame({"T": [1e-7, 1 / 3], "name": ["one, two", "ö"]})
WRITERS = {
    "a.npz": lambda path: write_npz(path, ARRAYS, **FACTS),
    "a.csv": lambda path: write_csv(FRAME, path),
    "a.csv.gz": lambda path: write_csv(FRAME, path),
    "a.json": lambda path: write_json(FACTS, path),
}
writers = pytest.mark.parametrize(("name", "write"), WRITERS.items())


@pytest.fixture
def stored(tmp_path):
    write_npz(tmp_path / "a.npz", ARRAYS, **FACTS)
    return tmp_path / "a.npz"


@writers
def test_the_same_content_is_the_same_bytes(tmp_path, monkeypatch, name, write):
    write(tmp_path / "one" / name)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e8)
    write(tmp_path / "other" / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@writers
def test_nothing_is_seen_before_it_is_whole(tmp_path, monkeypatch, name, write):
    path = tmp_path / name
    path.write_bytes(b"old")

    def full(source, destination):
        assert destination == path
        assert source.stat().st_size > len(b"old")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(DataError, match="is full: make room and run again") as caught:
        write(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def interrupt(path, mishap):
    with staged(path) as temporary:
        temporary.write_bytes(b"half")
        raise mishap


@pytest.mark.parametrize(
    ("mishap", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DataError),
        (PermissionError(errno.EACCES, "Permission denied"), PermissionError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_half_a_file_is_cleared_away(tmp_path, mishap, told):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(told):
        interrupt(tmp_path / "a", mishap)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_arrays_and_facts_come_back(stored):
    arrays, facts = read_npz(stored)
    assert facts == FACTS
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_tables_keep_nine_digits(tmp_path):
    write_csv(FRAME, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == 'T,name\n1e-07,"one, two"\n0.333333333,ö\n'
    write_csv(FRAME, tmp_path / "a.csv.gz")
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "a.csv.gz"), FRAME, check_exact=False, rtol=1e-8
    )


def assert_damaged(path):
    with pytest.raises(DataError, match=r"a\.npz is damaged: delete it and run again$") as caught:
        read_npz(path)
    assert "\n" not in str(caught.value)


def test_a_cut_archive_is_one_line(stored):
    for size in reversed(range(stored.stat().st_size)):
        os.truncate(stored, size)
        assert_damaged(stored)


def test_an_array_in_place_of_an_archive_is_one_line(stored):
    with stored.open("wb") as file:
        np.save(file, np.arange(3))
    assert_damaged(stored)


def test_a_flipped_byte_is_noticed_or_harmless(stored):
    content, noticed = stored.read_bytes(), 0
    for place, byte in enumerate(content):
        stored.write_bytes(content[:place] + bytes([byte ^ 0xFF]) + content[place + 1 :])
        try:
            arrays, facts = read_npz(stored)
        except DataError:
            noticed += 1
        else:
            assert facts == FACTS
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, ARRAYS[name], strict=True)
    assert noticed > len(content) / 2
