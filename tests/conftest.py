"""What several folders of tests share."""

import dag
import disk
import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from betascan import plots

# no example may fail because the machine is busy
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


class Scheduler(LoadFileScheduling):
    """A module of tests runs in one process, and so do all that read the finished DAG."""

    def _split_scope(self, nodeid):
        module = super()._split_scope(nodeid)
        return "finished" if "finished" in (dag.PROJECT / module).read_text() else module


def pytest_xdist_make_scheduler(config, log):
    return Scheduler(config, log)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the whole DAG, every table and figure of all studies, has run once."""
    folder = tmp_path_factory.mktemp("dag")
    run = dag.snakemake(folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep torch's threads from waiting for each other over tiny products."""
    torch.set_num_threads(1)


@pytest.fixture
def themed():
    """Figures drawn here are in the theme of all figures."""
    with plots.themed():
        yield
    plt.close("all")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 400 kB."""
    (tmp_path / "disk").mkdir()
    with disk.mounted(tmp_path / "disk") as folder:
        yield folder
