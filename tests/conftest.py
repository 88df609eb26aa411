"""What several folders of tests share."""

import dag
import pytest

from betascan import plots


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the whole DAG, every table and figure of all studies, has run once."""
    folder = tmp_path_factory.mktemp("dag")
    run = dag.snakemake(folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture
def themed():
    """Figures drawn here are in the theme of all figures."""
    with plots.themed():
        yield
