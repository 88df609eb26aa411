import hashlib
import os
import shutil
import zipfile
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import rasterio

from betascan.core.errors import DataError
from betascan.data import rasters, worldclim
from betascan.data.climate import write_standin
from betascan.data.worldclim import (
    iter_strips,
    obtain,
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
    for k, path in enumerate(rasters.paths(layers)):
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
    windows = list(rasters.windows([source] * layers))
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


@pytest.mark.parametrize("content", [b"", b"not HDF5", None])
def test_a_bad_table_is_one_line(tmp_path, content):
    path = tmp_path / "table.h5"
    if content is None:
        h5py.File(path, "w").close()
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match="delete it and run again"):
        read_table(path)


URL = "https://somewhere/base/wc2.1_10m_bio.zip"


@pytest.fixture
def offered(planet, tmp_path, monkeypatch):
    """A zip with the planet's layers and worse, which `fetch` is made to deliver."""
    archive = tmp_path / "offered.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("../../evil.txt", "evil")
        for path in planet.iterdir():
            members.write(path, f"../../base/{path.name}")
    monkeypatch.setattr(worldclim, "fetch", lambda _, target: shutil.copyfile(archive, target))
    return archive


def test_only_the_layers_are_unpacked_and_nowhere_else(offered, planet, tmp_path, monkeypatch):
    monkeypatch.setattr(worldclim, "verify", lambda _: None)
    (tmp_path / "empty").mkdir()
    obtain(tmp_path / "new" / "layers", [URL], tmp_path / "empty")
    assert_same(read_layers(tmp_path / "new" / "layers"), read_layers(planet))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["layers"]
    assert not list(tmp_path.glob("**/evil.txt"))
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize("damage", ["cut", "html", "flipped", "another"])
def test_a_bad_archive_is_removed(offered, tmp_path, damage):
    content = bytearray(offered.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "html":
        content[:] = b"<html>"
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    offered.write_bytes(content)
    with pytest.raises(DataError, match=r"wc2\.1_10m_bio\.zip is damaged or not .* removed, run"):
        obtain(tmp_path / "new" / "layers", [URL], None)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_incomplete_folder_of_the_user_is_not_passed_over(layers, tmp_path):
    (layers / "wc2.1_standin_bio_9.tif").unlink()
    with pytest.raises(DataError, match="lacks bio_9"):
        obtain(tmp_path / "got", [URL], layers)
