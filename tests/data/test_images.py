"""From an official file, had or downloaded, or from a renderer, to the canonical one."""

import hashlib

import numpy as np
import pytest

from betascan.core.errors import DataError
from betascan.data import images, official
from betascan.data.grid import Grid
from betascan.data.images import ImageSet, write_official, write_rendered
from betascan.data.store import Images

ARM = Grid({name: tuple(map(float, range(2))) for name in "abcdefg"})
ARMS = np.random.default_rng(0).integers(0, 256, (len(ARM), 64, 64, 3), dtype=np.uint8)


@pytest.fixture
def arms(tmp_path, monkeypatch):
    """A data root, a folder for the result, and MPI3D shrunk to 128 images."""
    small = ImageSet(ARM, 255, lambda classes: ARMS[ARM.indices(classes)], "stand-in: small")
    monkeypatch.setitem(images.IMAGE_SETS, "mpi3d_real", small)
    monkeypatch.delenv("BETASCAN_DATA", raising=False)
    (tmp_path / "root/mpi3d").mkdir(parents=True)
    return tmp_path


def known(monkeypatch, **facts):
    version = official.versions("mpi3d_real")[0]
    changed = official.Version(**{**vars(version), "hash": "", **facts})
    monkeypatch.setattr(official, "versions", lambda _: [changed])


def offer(monkeypatch, content):
    """Make `fetch` deliver these bytes."""

    def deliver(urls, destination):
        assert urls == official.versions("mpi3d_real")[0].urls
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(content)

    monkeypatch.setattr(official, "fetch", deliver)


@pytest.fixture
def archive(tmp_path):
    np.savez_compressed(tmp_path / "offered.npz", images=ARMS)
    return (tmp_path / "offered.npz").read_bytes()


def test_the_users_own_copy_is_converted_and_left_alone(arms, monkeypatch, archive):
    known(monkeypatch)
    own = arms / "root/mpi3d/mpi3d_real.npz"
    own.write_bytes(archive)
    write_official(arms / "new/mpi3d.h5", "mpi3d_real", 40, 0, str(arms / "root"))
    assert own.exists()
    with Images(arms / "new/mpi3d.h5") as stored:
        rows = ARM.draw(40, 0)
        np.testing.assert_array_equal(stored.factors, ARM.classes(rows))
        np.testing.assert_array_equal(stored[range(40)], ARMS[rows])
        assert stored.facts.source == "mpi3d_real.npz, Gondal et al. 2019, CC BY 4.0"


def test_a_downloaded_file_is_removed_and_its_hash_remembered(arms, monkeypatch, archive):
    known(monkeypatch)
    offer(monkeypatch, archive)
    folder = arms / "new/official"
    write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    kept = folder / "mpi3d_real.npz.sha256"
    assert list(folder.iterdir()) == [kept]
    assert kept.read_text() == f"sha256:{hashlib.sha256(archive).hexdigest()}\n"
    write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    offer(monkeypatch, archive + b"x")
    with pytest.raises(DataError, match="differs from the first copy seen"):
        write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list(folder.iterdir()) == [kept]


@pytest.mark.parametrize("content", [b"<html>", "cut"])
def test_a_bad_download_is_removed_and_not_remembered(arms, monkeypatch, archive, content):
    known(monkeypatch)
    offer(monkeypatch, archive[:-5000] if content == "cut" else content)
    with pytest.raises(DataError, match="it has been removed, run again to download it afresh"):
        write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list((arms / "new/official").iterdir()) == []
    assert not (arms / "new/mpi3d.h5").exists()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"hash": "md5:00"}, "differs from the official file, it has md5:[0-9a-f]{32}; remove"),
        ({"bytes": 1}, "has [0-9]+ bytes, the official file 1; remove it"),
    ],
)
def test_a_wrong_copy_is_refused(arms, monkeypatch, archive, facts, message):
    known(monkeypatch, **facts)
    (arms / "root/mpi3d/mpi3d_real.npz").write_bytes(archive)
    with pytest.raises(DataError, match=message):
        write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, str(arms / "root"))
    assert (arms / "root/mpi3d/mpi3d_real.npz").exists()
    offer(monkeypatch, archive)
    with pytest.raises(DataError, match=message):
        write_official(arms / "new/mpi3d.h5", "mpi3d_real", 128, 0, None)
    assert list((arms / "new/official").iterdir()) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_rendered_images_are_stored_in_order(arms, monkeypatch, threads):
    monkeypatch.setattr(images, "_BLOCK", 9)
    write_rendered(arms / "new/mpi3d.h5", "mpi3d_real", 100, 1, threads)
    with Images(arms / "new/mpi3d.h5") as stored:
        np.testing.assert_array_equal(stored[range(100)], ARMS[ARM.draw(100, 1)])
        assert stored.facts.source == "stand-in: small"
