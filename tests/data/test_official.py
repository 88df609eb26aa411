"""Small files in exactly the official layouts, and what can be wrong with them."""

import errno
import io
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from betascan.core.errors import ContentError, DataError
from betascan.data import official
from betascan.data.grid import Grid, evenly
from betascan.data.images import RENDERED

RANDOM = np.random.default_rng(0)
SPRITES = Grid(
    {
        "shape": (1.0, 2.0, 3.0),
        "scale": (0.5, 1.0),
        "orientation": evenly(0, 2 * np.pi, 4),
        "posX": evenly(0, 1, 3),
        "posY": evenly(0, 1, 2),
    }
)
ROOM = Grid(
    {
        "floor_hue": (0.0, 0.1),
        "wall_hue": (0.0, 0.1, 0.2),
        "object_hue": (0.0, 0.1),
        "scale": evenly(0.75, 1.25, 2),
        "shape": (0.0, 1.0),
        "orientation": evenly(-30, 30, 3),
    }
)
ARM = Grid({name: tuple(map(float, range(2))) for name in "abcdefg"})
BLACK_AND_WHITE = RANDOM.integers(0, 2, (len(SPRITES), 64, 64), dtype=np.uint8)
ROOMS = RANDOM.integers(0, 256, (len(ROOM), 64, 64, 3), dtype=np.uint8)
ARMS = RANDOM.integers(0, 256, (len(ARM), 64, 64, 3), dtype=np.uint8)


class Trap:
    """Something that must never be unpickled."""

    def __reduce__(self):
        return os._exit, (13,)


def sprite_arrays():
    classes = np.pad(SPRITES.classes(range(len(SPRITES))), ((0, 0), (1, 0)))
    values = np.pad(SPRITES.values(classes[:, 1:]), ((0, 0), (1, 0)), constant_values=1)
    return {"imgs": BLACK_AND_WHITE, "latents_classes": classes, "latents_values": values}


def write_sprites_npz(path, **changes):
    np.savez_compressed(path, **{**sprite_arrays(), **changes})
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    with zipfile.ZipFile(path, "a") as members:  # as the metadata of the official file
        members.writestr("metadata.npy", header.getvalue() + pickle.dumps(Trap(), protocol=2))


def write_sprites_hdf5(path, **changes):
    arrays = {**sprite_arrays(), **changes}
    with h5py.File(path, "w") as file:
        file.create_dataset("imgs", data=arrays["imgs"], chunks=(5, 2, 4), compression="gzip")
        file["latents/classes"] = arrays["latents_classes"]
        file["latents/values"] = arrays["latents_values"]


def write_room(path, **changes):
    labels = ROOM.values(ROOM.classes(range(len(ROOM))))
    with h5py.File(path, "w") as file:
        for name, array in ({"images": ROOMS, "labels": labels} | changes).items():
            file[name] = array


def write_arm(path, **changes):
    np.savez_compressed(path, **{"images": ARMS, **changes})


FILES = {
    "sprites.npz": ("dsprites", SPRITES, BLACK_AND_WHITE[..., None], write_sprites_npz),
    "sprites.hdf5": ("dsprites", SPRITES, BLACK_AND_WHITE[..., None], write_sprites_hdf5),
    "3dshapes.h5": ("shapes3d", ROOM, ROOMS, write_room),
    "mpi3d_real.npz": ("mpi3d_real", ARM, ARMS, write_arm),
    "complicated.npz": ("mpi3d_real_complex", ARM, ARMS, write_arm),
}


def read(path, name, grid):
    return np.concatenate(list(official.blocks(path, name, grid)))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("block", [1024, 10])
def test_images_come_in_order_and_nothing_is_unpickled(tmp_path, monkeypatch, file, block):
    name, grid, expected, make = FILES[file]
    make(tmp_path / file)
    monkeypatch.setattr(official, "_BLOCK", block)
    images = list(official.blocks(tmp_path / file, name, grid))
    assert max(map(len, images)) <= block
    np.testing.assert_array_equal(np.concatenate(images), expected)


FAULTS = [
    ("sprites.npz", {"imgs": BLACK_AND_WHITE[:-1]}, r"'imgs' is uint8 \(143, 64, 64\), the offic"),
    ("sprites.npz", {"imgs": 2 * BLACK_AND_WHITE}, "'imgs' must be uint8 up to 1, not uint8 up t"),
    ("sprites.npz", {"imgs": BLACK_AND_WHITE.astype("f4")}, "'imgs' must be uint8 .* not float32"),
    ("sprites.npz", {"imgs": np.asfortranarray(BLACK_AND_WHITE)}, "has numbers .* row by row"),
    ("sprites.npz", {"latents_classes": np.zeros((144, 6), int)}, "not in the official order"),
    ("sprites.hdf5", {"imgs": BLACK_AND_WHITE[:, :32]}, r"\(144, 32, 64\)"),
    ("sprites.hdf5", {"latents_classes": np.zeros((144, 6), int)}, "between images 0 and 144"),
    ("3dshapes.h5", {"labels": np.zeros((144, 6))}, "'labels' is not in the official order"),
    ("3dshapes.h5", {"images": ROOMS.astype("i2")}, "must be uint8 up to 255, not int16"),
    ("3dshapes.h5", {"images": np.full(ROOMS.shape, b"x")}, r"'images' is \|S1"),
    ("mpi3d_real.npz", {"images": ARMS[..., 0]}, r"\(128, 64, 64\), the official one"),
    ("mpi3d_real.npz", {"images": ARMS[:-1]}, r"\(127, 64, 64, 3\)"),
]


@pytest.mark.parametrize(("file", "changes", "message"), FAULTS)
def test_another_layout_is_one_line(tmp_path, file, changes, message):
    name, grid, _, make = FILES[file]
    make(tmp_path / file, **changes)
    with pytest.raises(ContentError, match=message) as caught:
        read(tmp_path / file, name, grid)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / file) in str(caught.value)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["cut", "text", "empty", "flipped", "renamed"])
def test_a_damaged_file_is_one_line(tmp_path, file, damage):
    name, grid, _, make = FILES[file]
    path = tmp_path / file
    make(path)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        if path.suffix != ".npz":
            pytest.skip("HDF5 files have no checksums of their own: the hash of the file is")
        content[len(content) // 2] ^= 0xFF
    contents = {"cut": content[: len(content) // 2], "text": b"<html>", "empty": b""}
    path.write_bytes(contents.get(damage, content))
    if damage == "renamed":
        if path.suffix == ".npz":
            np.savez(path, pictures=ARMS)
        else:
            with h5py.File(path, "w") as other:
                other["pictures"] = ARMS
    message = r"is damaged: replace it and run again \(.+\)$"
    with pytest.raises(ContentError, match=message) as caught:
        read(path, name, grid)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("method", "message"), [(9, "method is not supported"), (0, "encrypted")])
def test_an_archive_that_python_cannot_unpack_is_one_line(tmp_path, method, message):
    path = tmp_path / "mpi3d_real.npz"
    write_arm(path)
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature) + flags
        if method:  # Deflate64, of Windows' Explorer and 7-Zip
            content[place + 2] = method
        else:
            content[place] |= 1
    path.write_bytes(content)
    with pytest.raises(ContentError, match=message) as caught:
        read(path, "mpi3d_real", ARM)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_the_system_refuses_is_not_damaged(tmp_path, monkeypatch, file):
    name, grid, _, make = FILES[file]
    make(tmp_path / file)

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)") as caught:
        read(tmp_path / file, name, grid)
    assert type(caught.value) is DataError


def test_an_archive_larger_than_memory_is_streamed(tmp_path):
    many = Grid({"a": tuple(map(float, range(5000)))})
    path = tmp_path / "mpi3d_real.npz"
    np.savez_compressed(path, images=np.zeros((5000, 64, 64, 3), np.uint8))  # 61 MB
    tracemalloc.start()
    assert sum(len(block) for block in official.blocks(path, "mpi3d_real", many)) == 5000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 45e6  # a block of 13 MB while it is unpacked


def test_the_table_of_versions():
    for name in RENDERED:
        assert official.versions(name)
        for version in official.versions(name):
            assert official._LAYOUTS[name, Path(version.file).suffix]
            assert version.urls
            assert all(url.startswith("https://") for url in version.urls)
            assert version.hash.split(":")[0] in ("", "md5", "sha256")
            assert version.terms in ("Apache-2.0", "CC BY 4.0")
