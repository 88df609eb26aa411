"""From an official file, the user's own or downloaded, or from a renderer, to the canonical one."""

import hashlib

import numpy as np
import pytest

from betascan.core.errors import ContentError, DataError
from betascan.data import catalog, download, images, official
from betascan.data.download import DownloadError
from betascan.data.grid import Grid
from betascan.data.images import RENDERED, Renderer, write_official, write_rendered
from betascan.data.store import Images

ARM = Grid({name: tuple(map(float, range(2))) for name in "abcdefg"})
ARMS = np.random.default_rng(0).integers(0, 256, (len(ARM), 64, 64, 3), dtype=np.uint8)
FIRST, SECOND = "https://first/mpi3d_real.npz", "https://second/mpi3d_real.npz"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for data and result, and MPI3D shrunk to 128 images."""
    small = Renderer(ARM, 255, lambda classes: ARMS[ARM.indices(classes)], "stand-in: small")
    monkeypatch.setitem(images.RENDERED, "mpi3d_real", small)
    monkeypatch.delenv("BETASCAN_DATA", raising=False)
    (tmp_path / "root/mpi3d").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def archive(tmp_path):
    """The official file of the shrunk MPI3D."""
    np.savez_compressed(tmp_path / "official.npz", images=ARMS)
    return (tmp_path / "official.npz").read_bytes()


def expect(monkeypatch, *files, **facts):
    """Let the table of versions list these files with these facts, without a hash."""
    known = vars(official.versions("mpi3d_real")[0]) | {"hash": "", "urls": (FIRST, SECOND)}
    versions = [official.Version(**known | facts | {"file": f}) for f in files]
    versions = versions or [official.Version(**known | facts)]
    monkeypatch.setattr(official, "versions", lambda _: versions)


def serve(monkeypatch, **contents):
    """Let the addresses send these bytes, or nothing; return the list of those that are asked."""
    asked = []

    def retrieve(url, destination, part, progress):
        host = url.split("/")[2]
        asked.append(host)
        if host not in contents:
            raise download.requests.ConnectionError
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(contents[host])

    monkeypatch.setattr(download, "_retrieve", retrieve)
    return asked


def assert_all_images(path):
    with Images(path) as stored:
        np.testing.assert_array_equal(stored[range(128)], ARMS)


@pytest.mark.parametrize("place", ["mpi3d", "mpi3d_real", ".", "disentanglement_lib/mpi3d_real"])
def test_the_users_own_copy_is_converted_and_left_alone(folder, monkeypatch, archive, place):
    expect(monkeypatch)
    own = folder / "root" / place / "mpi3d_real.npz"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(archive)
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 40, 0, str(folder / "root"))
    assert own.read_bytes() == archive
    with Images(folder / "new/mpi3d.h5") as stored:
        rows = ARM.draw(40, 0)
        np.testing.assert_array_equal(stored.factors, ARM.classes(rows))
        np.testing.assert_array_equal(stored[range(40)], ARMS[rows])
        assert stored.facts.source == "mpi3d_real.npz, Gondal et al. 2019, CC BY 4.0"


@pytest.mark.parametrize("name", ["real.npz", "REAL.NPZ"])
def test_mpi3d_is_known_by_its_present_name(folder, archive, name):
    (folder / "root/mpi3d" / name).write_bytes(archive)
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, str(folder / "root"))
    assert_all_images(folder / "new/mpi3d.h5")


def test_a_data_folder_without_the_file_is_never_passed_over_in_silence(
    folder, monkeypatch, capsys
):
    asked = serve(monkeypatch)
    with pytest.raises(DownloadError) as caught:
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 40, 0, str(folder / "root"))
    absent = f"no mpi3d_real.npz or real.npz in {folder / 'root'} (BETASCAN_DATA) or two levels"
    assert absent in str(caught.value)
    assert absent in capsys.readouterr().err
    assert "\n" not in str(caught.value)
    assert asked == ["huggingface.co", "storage.googleapis.com"]


def test_a_downloaded_file_is_removed_and_its_hash_remembered(folder, monkeypatch, archive):
    expect(monkeypatch)
    serve(monkeypatch, first=archive)
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    kept = folder / "new/official/mpi3d_real.npz.sha256"
    assert list(kept.parent.iterdir()) == [kept]
    assert kept.read_text() == f"sha256:{hashlib.sha256(archive).hexdigest()}\n"
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    serve(monkeypatch, first=archive + b"x")
    with pytest.raises(DataError, match="differs from the first copy"):
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list(kept.parent.iterdir()) == [kept]


def damaged(archive, damage):
    content = bytearray(archive)
    if damage == "flipped":  # noticed by the archive's checksum alone, at its end
        content[len(content) // 2] ^= 0xFF
    return {"web page": b"<html>", "empty": b"", "cut": content[:-5000]}.get(damage, content)


@pytest.mark.parametrize("damage", ["web page", "empty", "cut", "flipped"])
def test_a_bad_download_is_removed_and_the_next_address_asked(folder, monkeypatch, archive, damage):
    expect(monkeypatch)
    bad = damaged(archive, damage)
    assert serve(monkeypatch, first=bad) == []
    with pytest.raises(DownloadError, match=r"first/mpi3d_real\.npz \(its reply is damaged"):
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list((folder / "new/official").iterdir()) == []
    assert not (folder / "new/mpi3d.h5").exists()
    asked = serve(monkeypatch, first=bad, second=archive)
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert asked == ["first", "second"]
    assert_all_images(folder / "new/mpi3d.h5")


def test_the_next_version_is_asked_for_if_the_preferred_one_cannot_be_had(
    folder, monkeypatch, archive
):
    expect(monkeypatch, "mpi3d_real.npz", "real.npz")
    asked = serve(monkeypatch, second=archive)
    write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert asked == ["first", "second"]
    asked = serve(monkeypatch)
    with pytest.raises(DownloadError, match=r"^mpi3d_real\.npz could .*; real\.npz could not") as e:
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert len(asked) == 4
    assert str(e.value).endswith("to a folder that holds mpi3d_real.npz or real.npz")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"hash": "md5:00"}, "differs from the official file, it has md5:[0-9a-f]{32}"),
        ({"bytes": 1}, "has [0-9]+ bytes, the official file 1"),
    ],
)
def test_a_wrong_copy_is_refused(folder, monkeypatch, archive, facts, message):
    expect(monkeypatch, **facts)
    (folder / "root/mpi3d/mpi3d_real.npz").write_bytes(archive)
    with pytest.raises(ContentError, match=message + "; replace it and run again"):
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, str(folder / "root"))
    assert (folder / "root/mpi3d/mpi3d_real.npz").exists()
    serve(monkeypatch, first=archive)
    with pytest.raises(DownloadError, match=message):
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list((folder / "new/official").iterdir()) == []


def test_a_good_download_survives_a_full_disk(folder, monkeypatch, archive):
    expect(monkeypatch)
    serve(monkeypatch, first=archive)

    def full(*_, **__):
        raise DataError("the disk is full")

    monkeypatch.setattr(images.store, "write", full)
    with pytest.raises(DataError, match="the disk is full"):
        write_official(folder / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert (folder / "new/official/mpi3d_real.npz").read_bytes() == archive


@pytest.mark.parametrize("threads", [1, 3])
def test_rendered_images_are_stored_in_order(folder, monkeypatch, threads):
    monkeypatch.setattr(images, "_BLOCK", 9)
    write_rendered(str(folder / "new/mpi3d.h5"), "mpi3d_real", 100, 1, threads)
    with Images(folder / "new/mpi3d.h5") as stored:
        np.testing.assert_array_equal(stored[range(100)], ARMS[ARM.draw(100, 1)])
        assert stored.facts.source == "stand-in: small"


def test_the_catalog_agrees_with_the_renderers():
    assert list(catalog.IMAGE_SETS) == list(RENDERED)
    for key, row in catalog.IMAGE_SETS.items():
        image = RENDERED[key].render(np.zeros((1, len(RENDERED[key].grid.names)), int))
        assert (row.key, row.channels) == (key, image.shape[3])


def test_stand_ins_say_so_wherever_they_are_named():
    for row in catalog.IMAGE_SETS.values():
        source = RENDERED[row.key].rendered
        assert row.sources["official"] == row.label
        if row.offline == "standin":
            assert row.sources["standin"] == f"stand-in, not {row.label}"
            assert source.startswith("stand-in: ")
            assert source.endswith(f", not {row.label}")
        else:
            assert row.sources["rendered"] == source == f"{row.label}, rendered"
