import errno
import gzip
import io
import json
import os
import shutil
import struct
import time
import zipfile
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from betascan.core.errors import BetascanError, ContentError, DataError
from betascan.core.files import (
    check_space,
    read_csv,
    read_json,
    read_npz,
    reading,
    staged,
    write_csv,
    write_json,
    write_npz,
)

ARRAYS = {"loss": np.array([[0.1, np.inf], [np.nan, -0.0]]), "running": np.array([True, False])}
FACTS = {"identity": "ab", "done": 3, "seconds": 0.1}
FRAME = pd.DataFrame({"T": [1e-7, 1 / 3], "name": ["one, two", "ö"]})
WRITERS = {
    "a.npz": lambda path: write_npz(path, ARRAYS, **FACTS),
    "a.csv": lambda path: write_csv(FRAME, path),
    "a.csv.gz": lambda path: write_csv(FRAME, path),
    "a.json": lambda path: write_json(FACTS, path),
}
READERS = {"a.npz": read_npz, "a.csv": read_csv, "a.csv.gz": read_csv, "a.json": read_json}
writers = pytest.mark.parametrize(("name", "write"), WRITERS.items())
readers = pytest.mark.parametrize(("name", "read"), READERS.items())


@pytest.fixture
def npz(tmp_path):
    write_npz(tmp_path / "a.npz", ARRAYS, **FACTS)
    return tmp_path / "a.npz"


def error_of(call, *arguments, kind=DataError):
    """The one line of the error that a call raises."""
    with pytest.raises(BetascanError) as caught:
        call(*arguments)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


@writers
def test_the_same_content_is_the_same_bytes(tmp_path, monkeypatch, name, write):
    write(tmp_path / "one" / name)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e8)
    write(str(tmp_path / "other" / name))
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@writers
def test_nothing_appears_before_it_is_complete(tmp_path, monkeypatch, name, write):
    path = tmp_path / name
    path.write_bytes(b"old")

    def fail(source, destination):
        assert destination == path
        assert source.stat().st_size > len(b"old")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    message = error_of(write, path)
    assert message == f"the disk of {path} is full: make room and run again; nothing is lost"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def interrupt(path, error):
    with staged(path) as temporary:
        temporary.write_bytes(b"half")
        raise error


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "another file"),
        KeyboardInterrupt(),
        KeyError("a bug"),
    ],
)
def test_errors_of_something_else_pass_and_leave_the_old_file(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(type(error)) as caught:
        interrupt(tmp_path / "a", error)
    assert caught.value is error
    assert (tmp_path / "a").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize("error", [OSError(errno.EDQUOT, "quota"), RuntimeError("no number")])
def test_a_full_disk_is_the_cause_whatever_a_library_raises(tmp_path, monkeypatch, error):
    usage = namedtuple("usage", "total used free")(10, 10, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert error_of(interrupt, tmp_path / "a", error).startswith(
        f"the disk of {tmp_path / 'a'} is full"
    )


@writers
def test_a_full_disk_is_one_line(small_disk, name, write):
    old, path = small_disk / name, small_disk / name
    write(path)
    content = old.read_bytes()
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    assert "is full: make room and run again" in error_of(write, path)
    assert old.read_bytes() == content
    assert len(list(small_disk.iterdir())) == 2


@writers
def test_a_destination_that_cannot_be_written_is_one_line(tmp_path, name, write):
    (tmp_path / "file").touch()
    message = error_of(write, tmp_path / "file" / name)
    assert message.startswith(f"{tmp_path / 'file' / name} cannot be written (")
    too_long = tmp_path / ("x" * 300 + name)
    assert f"{too_long} cannot be written (File name too long)" in error_of(write, too_long)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@writers
def test_a_read_only_folder_is_one_line(tmp_path, monkeypatch, name, write):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(io, "open", refuse)
    message = error_of(write, tmp_path / name)
    assert message.startswith(f"{tmp_path / name} cannot be written (Read-only file system): cho")


@writers
def test_a_file_never_replaces_a_folder(tmp_path, name, write):
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").touch()
    assert "cannot be written (Is a directory)" in error_of(write, tmp_path / name)
    assert [path.name for path in (tmp_path / name).iterdir()] == ["mine"]


def fill(destination, error):
    with staged(destination) as temporary:
        temporary.mkdir()
        (temporary / "half").touch()
        raise error


def test_a_folder_is_replaced_or_left_alone(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    for text in ("old", "new"):
        with staged(folder) as temporary:
            temporary.mkdir()
            (temporary / text).touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    with pytest.raises(KeyboardInterrupt):
        fill(folder, KeyboardInterrupt())
    assert "is full" in error_of(fill, folder, OSError(errno.ENOSPC, "No space left on device"))
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_the_rest_of_a_killed_run_is_cleared_away(tmp_path):
    (tmp_path / "file.partial").mkdir()
    with staged(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_arrays_and_facts_come_back(npz):
    arrays, facts = read_npz(str(npz))
    assert facts == FACTS
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_tables_keep_nine_digits(tmp_path, name):
    write_csv(FRAME, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    assert content.decode() == 'T,name\n1e-07,"one, two"\n0.333333333,ö\n'
    back = read_csv(tmp_path / name)
    pd.testing.assert_frame_equal(back, FRAME, check_exact=False, rtol=1e-8)
    assert list(read_csv(tmp_path / name, index_col="name").index) == ["one, two", "ö"]


def test_json_comes_back(tmp_path):
    write_json(FACTS, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == FACTS
    assert read_json(tmp_path / "a.json") == FACTS


@readers
@pytest.mark.parametrize("damage", ["empty", "zeros", "cut", "web page"])
def test_a_damaged_file_is_one_line(tmp_path, name, read, damage):
    path = tmp_path / name
    WRITERS[name](path)
    size = path.stat().st_size
    contents = {
        "empty": b"",  # as a crash of the machine leaves it
        "zeros": bytes(size),
        "cut": path.read_bytes()[: size - 3],
        "web page": b"<html>not found</html>",
    }
    path.write_bytes(contents[damage])
    message = error_of(read, path, kind=ContentError)
    assert message.startswith(f"{path} is damaged: delete it and run again (")


@readers
def test_a_missing_file_is_one_line(tmp_path, name, read):
    assert (
        error_of(read, tmp_path / name) == f"{tmp_path / name} is missing: run again to "
        "have it made"
    )


@readers
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ESTALE])
def test_what_the_system_refuses_is_not_damaged(tmp_path, monkeypatch, name, read, number):
    WRITERS[name](tmp_path / name)

    def refuse(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    message = error_of(read, tmp_path / name)
    assert f"{tmp_path / name} cannot be read ({os.strerror(number)})" in message
    assert "delete" not in message


def test_a_lack_of_memory_is_no_damage(tmp_path):
    with pytest.raises(MemoryError), reading(tmp_path):
        raise MemoryError


def test_a_cut_archive_is_one_line(npz):
    for size in reversed(range(npz.stat().st_size)):
        os.truncate(npz, size)
        error_of(read_npz, npz, kind=ContentError)


def test_an_array_in_place_of_an_archive_is_one_line(npz):
    with npz.open("wb") as file:
        np.save(file, np.arange(3))
    error_of(read_npz, npz, kind=ContentError)


def test_a_compression_that_python_cannot_read_is_one_line(npz):
    content = bytearray(npz.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.find(signature) + offset
        content[place : place + 2] = struct.pack("<H", 9)  # Deflate64, of Windows' Explorer
    npz.write_bytes(content)
    assert zipfile.ZipFile(npz).infolist()[0].compress_type == 9
    assert "compression method is not supported" in error_of(read_npz, npz, kind=ContentError)


def test_a_flipped_byte_is_noticed_or_harmless(npz):
    content, noticed = npz.read_bytes(), 0
    for place, byte in enumerate(content):
        npz.write_bytes(content[:place] + bytes([byte ^ 0xFF]) + content[place + 1 :])
        try:
            arrays, facts = read_npz(npz)
        except ContentError:
            noticed += 1
        else:
            assert facts == FACTS
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, ARRAYS[name], strict=True)
    assert noticed > len(content) / 2


def test_room_on_the_disk_is_checked(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    check_space(tmp_path, free / 2)
    message = error_of(check_space, tmp_path, 1e18)
    assert message.startswith(f"the disk of {tmp_path} is full: 1,000,000,000,000.0 MB are needed")
