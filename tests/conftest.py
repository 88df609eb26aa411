"""What several folders of tests share."""

import os
import re
from functools import cache

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


@cache
def reads_the_dag(module):
    return "finished" in module.read_text()


@cache
def runs_programs(module):
    return re.search("snakemake|subprocess", module.read_text()) is not None


class Scheduler(LoadFileScheduling):
    """A module of tests runs in one process, and so do all that read the finished DAG."""

    def _split_scope(self, nodeid):
        module = super()._split_scope(nodeid)
        return "finished" if reads_the_dag(dag.PROJECT / module) else module


def pytest_collection_modifyitems(items):
    """Put modules first that start programs, which take longest; above all those of the DAG."""

    def place(item):
        return 0 if reads_the_dag(item.path) else 1 if runs_programs(item.path) else 2

    items.sort(key=place)


def pytest_xdist_make_scheduler(config, log):
    return Scheduler(config, log)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the whole DAG, every table and figure of all studies, has run once."""
    folder = tmp_path_factory.mktemp("dag")
    run = dag.snakemake(folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="module", autouse=True)
def priority(request):
    """The DAG goes first, as many tests wait for it."""
    if not reads_the_dag(request.path):
        os.nice(max(0, 10 - os.nice(0)))


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
