"""What the documentation shows, done."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from dag import ENVIRONMENT

from betascan.core.paths import Paths
from betascan.workflow.config import load, read, studies

PROJECT = Path(__file__).parent.parent


def test_the_worked_example_on_a_data_set_of_ones_own(tmp_path):
    command = [
        *[sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--cores", "2"],
        *["--snakefile", str(PROJECT / "docs/example/Snakefile"), "--config", "steps=10"],
    ]
    run = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=600)
    assert run.returncode == 0, run.stderr
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert set(scores["beta"]) == {1, 4, 16}
    assert {"mig", "sap", "active_units"} <= set(scores["metric"])
    assert scores["value"].notna().all()


HEADS = ("README.md", "CONTRIBUTING.md", "figures/README.md")
PAGES = [*(PROJECT / page for page in HEADS), *PROJECT.glob("docs/**/*.md")]


@pytest.fixture(scope="module")
def pictures():
    """What the pipeline draws; not all of it need be committed."""
    papers = load(read(PROJECT / "config.yaml"))
    rows = studies(papers, papers).values()
    return {PROJECT / path for study in rows for path in study.pictures(Paths("."))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page, pictures):
    for link in re.findall(r"\]\(([^)#\s]+)|(?:src|href)=\"([^\"]+)", page.read_text()):
        target = (page.parent / "".join(link)).resolve()
        assert "http" in "".join(link) or target.exists() or target in pictures, link


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (PROJECT / page).read_text(), re.M | re.S)


PYTHON = [
    (page, n) for page in ("docs/library.md", "docs/own.md") for n in range(len(blocks(page)))
]


@pytest.mark.parametrize(("page", "number"), PYTHON)
def test_the_pieces_as_a_library(page, number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told = blocks(page)[number]
    expected = re.findall(r"# -> (.*)", told)
    exec(told, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[: len(expected)] == expected
