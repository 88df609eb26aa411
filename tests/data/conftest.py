import disk
import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 400 kB."""
    (tmp_path / "disk").mkdir()
    with disk.mounted(tmp_path / "disk") as folder:
        yield folder
