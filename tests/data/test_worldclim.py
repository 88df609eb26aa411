import hashlib
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections import namedtuple
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import rasterio

from betascan.core.errors import BetascanError, ContentError, DataError
from betascan.data import download, rasters, worldclim
from betascan.data.climate import write_standin
from betascan.data.worldclim import (
    iter_strips,
    obtain,
    obtain_layers,
    read_facts,
    read_layers,
    read_table,
    verify,
    write_table,
)


@pytest.fixture(scope="module")
def planet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planet") / "layers"
    write_standin(folder, rows=45, cols=90)
    return folder


@pytest.fixture
def layers(planet, tmp_path):
    return shutil.copytree(planet, tmp_path / "layers")


def rewrite(path, change=lambda values: values, **profile):
    with rasterio.open(path) as source:
        values, profile = source.read(1), {**source.profile, **profile}
    with rasterio.open(path, "w", **profile) as target:
        target.write(change(values), 1)


def assert_same(one, other):
    for name, column in vars(one).items():
        assert column.dtype == getattr(other, name).dtype
        np.testing.assert_array_equal(column, getattr(other, name))


def test_cells_are_those_valid_everywhere(layers):
    def holes(values):
        land = np.argwhere(values > -1e30)
        values[tuple(land[0])] = -3.4e38
        values[tuple(land[1])] = np.nan
        return values

    before = read_layers(layers)
    rewrite(layers / "wc2.1_standin_bio_8.tif", holes)
    climate = read_layers(layers)
    for name, column in vars(climate).items():
        np.testing.assert_array_equal(column, getattr(before, name)[2:])
    for k, path in enumerate(rasters.layer_paths(layers)):
        with rasterio.open(path) as source:
            np.testing.assert_array_equal(
                climate.values[:, k], source.read(1)[climate.rows, climate.cols]
            )
            lon, lat = rasterio.transform.xy(source.transform, climate.rows, climate.cols)
    np.testing.assert_allclose(climate.lat, lat)
    np.testing.assert_allclose(climate.lon, lon)


def test_strips_and_table_hold_the_same_cells(planet, tmp_path, monkeypatch):
    whole = read_layers(planet)
    write_table(planet, tmp_path / "one.h5")
    assert_same(read_table(tmp_path / "one.h5"), whole)
    monkeypatch.setattr(rasters, "_STRIP_BYTES", 4 * 19 * 90 * 7)
    monkeypatch.setattr(worldclim, "_CHUNK", 100)
    strips = list(iter_strips(planet))
    assert len(strips) == 7
    assert max(np.ptp(strip.rows) for strip in strips if len(strip.rows)) < 7
    assert_same(read_layers(planet), whole)
    write_table(planet, tmp_path / "many.h5")
    assert_same(read_table(tmp_path / "many.h5"), whole)
    with h5py.File(tmp_path / "one.h5") as one, h5py.File(tmp_path / "many.h5") as many:
        assert one.attrs["fingerprint"] == many.attrs["fingerprint"]
        assert len(one.attrs["fingerprint"]) == 64
        assert one.attrs["source"] == "stand-in: a made-up planet, not WorldClim"
        assert tuple(one.attrs["layers"]) == worldclim.LAYERS
        assert tuple(one.attrs["shape"]) == (45, 90)
        assert one.attrs["resolution"] == pytest.approx(4)


def test_the_fingerprint_follows_the_values(layers, tmp_path):
    write_table(layers, tmp_path / "a.h5")
    rewrite(layers / "wc2.1_standin_bio_8.tif", lambda values: np.nextafter(values, np.float32(0)))
    write_table(layers, tmp_path / "b.h5")
    with h5py.File(tmp_path / "a.h5") as a, h5py.File(tmp_path / "b.h5") as b:
        assert a.attrs["fingerprint"] != b.attrs["fingerprint"]


def test_the_same_layers_twice_are_the_same_bytes(planet, tmp_path):
    digests = set()
    for name in ("a.h5", "b.h5"):
        write_table(planet, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("block", [1, 3, 64, 256])
@pytest.mark.parametrize("layers", [1, 19])
def test_strips_of_30_arc_seconds_are_bounded(block, layers):
    source = SimpleNamespace(shape=(21600, 43200), block_shapes=[(block, 43200)])
    windows = list(rasters.iter_windows([source] * layers))
    assert sum(window.height for window in windows) == 21600
    assert max(window.height for window in windows) * 43200 * 4 * layers <= 32 << 20
    aligned = all(window.row_off % block == 0 for window in windows)
    assert aligned or windows[0].height < block


FAULTS = {
    r"lacks bio_3, bio_12 \(wc2": lambda folder: [
        (folder / f"wc2.1_standin_bio_{k}.tif").unlink() for k in (3, 12)
    ],
    r"mixes the resolutions 10m, standin": lambda folder: (folder / "wc2.1_10m_bio_1.tif").touch(),
    r"bio_5\.tif: not a readable GeoTIFF": lambda folder: (
        folder / "wc2.1_standin_bio_5.tif"
    ).write_text("<html>not found</html>"),
    r"bio_5\.tif: truncated or damaged": lambda folder: os.truncate(
        folder / "wc2.1_standin_bio_5.tif",
        (folder / "wc2.1_standin_bio_5.tif").stat().st_size * 2 // 3,
    ),
    r"bio_6\.tif: \(44, 90\) pixels where wc2\.1_standin_bio_1\.tif has": lambda folder: rewrite(
        folder / "wc2.1_standin_bio_6.tif", lambda values: values[1:], height=44
    ),
    r"bio_6\.tif: coordinates in EPSG:3857": lambda folder: rewrite(
        folder / "wc2.1_standin_bio_6.tif", crs="EPSG:3857"
    ),
    r"bio_6\.tif: no value declared": lambda folder: rewrite(
        folder / "wc2.1_standin_bio_6.tif", nodata=None
    ),
    r"bio_6\.tif: pixels lie elsewhere": lambda folder: rewrite(
        folder / "wc2.1_standin_bio_6.tif", transform=rasterio.Affine(4, 0, -178, 0, -4, 90)
    ),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_bad_folder_is_one_line_and_leaves_nothing(layers, tmp_path, capfd, message):
    FAULTS[message](layers)
    with pytest.raises(DataError, match=message) as caught:
        write_table(layers, tmp_path / "table.h5")
    assert "\n" not in str(caught.value)
    assert str(layers) in str(caught.value)
    assert list(tmp_path.iterdir()) == [layers]
    assert capfd.readouterr() == ("", "")


def test_a_planet_does_not_pass_for_worldclim(planet):
    with pytest.raises(DataError, match=r"bio_1\.tif: \(45, 90\) pixels, .* have \(1080, 2160\)"):
        verify(planet)


@pytest.mark.parametrize("read", [read_table, read_facts])
@pytest.mark.parametrize("content", [b"", b"not HDF5", None])
def test_a_bad_table_is_one_line(tmp_path, read, content):
    path = tmp_path / "table.h5"
    with pytest.raises(DataError, match=r"table\.h5 is missing: run again to have it made"):
        read(path)
    if content is None:
        h5py.File(path, "w").close()
    else:
        path.write_bytes(content)
    with pytest.raises(ContentError, match=r"table\.h5 is damaged: delete it and run again"):
        read(path)


@pytest.mark.parametrize("read", [read_table, read_facts])
def test_a_table_locked_by_another_program_is_not_damaged(planet, tmp_path, read):
    write_table(planet, tmp_path / "table.h5")
    code = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "table.h5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(DataError, match=r"table\.h5 is locked: close it in") as caught:
            read(tmp_path / "table.h5")
        holder.communicate(b"\n")
    assert "delete" not in str(caught.value)


def test_a_full_disk_is_noticed_before_hdf5_crashes(planet, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 10, 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"is full: .* MB are needed"):
        write_table(planet, tmp_path / "table.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_one_line(small_disk):
    with pytest.raises(DataError, match=r"is full: make room and run again"):
        write_standin(small_disk / "planet", rows=180, cols=360)
    assert list(small_disk.iterdir()) == []


URL = "https://somewhere/base/wc2.1_10m_bio.zip"


@pytest.fixture
def archive(planet, tmp_path):
    """A zip file with the planet's layers, and worse."""
    path = tmp_path / "offered.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("../../evil.txt", "evil")
        for layer in planet.iterdir():
            members.write(layer, f"../../base/{layer.name}")
    return path


@pytest.fixture
def planet_passes(planet, monkeypatch):
    """Take the planet's layers for WorldClim's."""

    def verify(folder):
        assert_same(read_layers(folder), read_layers(planet))

    monkeypatch.setattr(worldclim, "verify", verify)


def serve(monkeypatch, *contents):
    """Let addresses send these bytes, one after the other; return the list of those asked."""
    asked, remaining = [], list(contents)

    def retrieve(url, destination, part, progress):
        asked.append(url)
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(remaining.pop(0))

    monkeypatch.setattr(download, "_retrieve", retrieve)
    return asked


def test_only_the_layers_are_unpacked_and_nowhere_else(
    archive, planet, planet_passes, tmp_path, monkeypatch
):
    serve(monkeypatch, archive.read_bytes())
    obtain(str(tmp_path / "new" / "layers"), [URL], None)
    assert_same(read_layers(tmp_path / "new" / "layers"), read_layers(planet))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["layers"]
    assert not list(tmp_path.glob("**/evil.txt"))
    assert not (tmp_path / "base").exists()


def damaged(archive, damage):
    content = bytearray(archive.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "web page":
        content[:] = b"<html>"
    elif damage == "empty":
        content.clear()
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    elif damage == "Deflate64":
        place = content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 1) + 10
        content[place : place + 2] = struct.pack("<H", 9)
        place = content.find(b"PK\x03\x04", 10) + 8
        content[place : place + 2] = struct.pack("<H", 9)
    return content


DAMAGES = ["cut", "web page", "empty", "flipped", "Deflate64"]


@pytest.mark.parametrize("damage", [*DAMAGES, "another"])
def test_a_bad_archive_is_removed(archive, tmp_path, monkeypatch, damage):
    serve(monkeypatch, damaged(archive, damage))
    with pytest.raises(DataError, match=r"\(its reply is (damaged|not Wor)") as caught:
        obtain(tmp_path / "new" / "layers", [URL], None)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_address_is_asked_after_a_bad_archive(
    archive, planet, planet_passes, tmp_path, monkeypatch, damage
):
    asked = serve(monkeypatch, damaged(archive, damage), archive.read_bytes())
    obtain(tmp_path / "layers", [URL, "https://mirror/wc.zip"], None)
    assert asked == [URL, "https://mirror/wc.zip"]
    assert_same(read_layers(tmp_path / "layers"), read_layers(planet))


def test_a_good_archive_survives_what_is_not_its_fault(archive, tmp_path, monkeypatch):
    def fail(_):
        raise BetascanError("PROJ finds no coordinate systems")

    monkeypatch.setattr(worldclim, "verify", fail)
    serve(monkeypatch, archive.read_bytes())
    with pytest.raises(BetascanError, match="PROJ finds no"):
        obtain(tmp_path / "new" / "layers", [URL], None)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["wc2.1_10m_bio.zip"]
    assert (tmp_path / "new/wc2.1_10m_bio.zip").read_bytes() == archive.read_bytes()


@pytest.fixture
def genuine_names(planet, tmp_path):
    """A data folder; and a function that puts the layers, under WorldClim's names, into it."""
    root = tmp_path / "root"

    def put(place, suffix=".tif"):
        (root / place).mkdir(parents=True)
        for path in planet.iterdir():
            name = path.stem.replace("standin", "10m") + suffix
            shutil.copyfile(path, root / place / name)

    return root, put


LAYOUTS = {
    "the layers themselves": (".", ".tif"),
    "documented": ("worldclim", ".tif"),
    "zip unpacked into a folder of its name": ("worldclim/wc2.1_10m_bio", ".tif"),
    "geodata of R": ("climate/wc2.1_10m", ".tif"),
    "upper case": ("worldclim", ".TIF"),
}


@pytest.mark.parametrize(("place", "suffix"), LAYOUTS.values(), ids=LAYOUTS)
def test_layers_are_found_in_the_data_folder(
    genuine_names, planet, planet_passes, tmp_path, monkeypatch, place, suffix
):
    root, put = genuine_names
    put(place, suffix)
    monkeypatch.setenv("BETASCAN_DATA", str(root))
    asked = serve(monkeypatch)
    obtain_layers(tmp_path / "new/worldclim", [URL], None)
    assert asked == []
    assert_same(read_layers(tmp_path / "new/worldclim"), read_layers(planet))
    assert len(list((root / place).iterdir())) == 19


def test_the_packed_zip_is_found_in_the_data_folder(
    archive, planet, planet_passes, tmp_path, monkeypatch
):
    (tmp_path / "root/worldclim").mkdir(parents=True)
    packed = shutil.copyfile(archive, tmp_path / "root/worldclim/wc2.1_10m_bio.zip")
    monkeypatch.setenv("BETASCAN_DATA", str(tmp_path / "root"))
    obtain_layers(tmp_path / "worldclim", [URL], None)
    assert_same(read_layers(tmp_path / "worldclim"), read_layers(planet))
    packed.write_bytes(b"PK")
    with pytest.raises(ContentError, match=r"bio\.zip is damaged: replace it and run"):
        obtain_layers(tmp_path / "worldclim", [URL], None)
    assert packed.exists()


def test_a_data_folder_without_layers_is_never_passed_over_in_silence(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("BETASCAN_DATA", str(tmp_path))
    nobody = "http://127.0.0.1:9/wc2.1_10m_bio.zip"
    with pytest.raises(DataError) as caught:
        obtain_layers(tmp_path / "worldclim", [nobody], None)
    absent = f"no wc2.1_10m_bio_*.tif or wc2.1_10m_bio.zip in {tmp_path} (BETASCAN_DATA)"
    assert absent in str(caught.value)
    assert absent in capsys.readouterr().err


def test_an_incomplete_folder_of_the_user_is_not_passed_over(genuine_names, tmp_path):
    root, put = genuine_names
    put("worldclim")
    (root / "worldclim/wc2.1_10m_bio_9.tif").unlink()
    with pytest.raises(ContentError, match="lacks bio_9"):
        obtain(tmp_path / "got", [URL], root)
    assert len(list((root / "worldclim").iterdir())) == 18


def test_a_layer_that_the_system_refuses_is_not_damaged(layers, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(
        DataError, match=r"bio_1\.tif cannot be read \(Permission denied\)"
    ) as caught:
        read_layers(layers)
    assert type(caught.value) is DataError
