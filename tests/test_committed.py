"""What is committed is in step with what it is made from."""

import importlib.util
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from betascan.report import comparison, readme
from betascan.workflow.config import load, studies

PROJECT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", readme.pages(), ids=lambda page: page.name)
def test_pages_show_the_committed_results(page):
    text = page.read_text()
    assert readme.rewritten(text) == text


def test_the_comparison_is_that_of_the_committed_tables(tmp_path):
    results = PROJECT / "results"
    papers = load(yaml.safe_load((PROJECT / "config.yaml").read_text()))
    sources = [
        (key, asdict(row))
        for key, study in studies(papers, papers).items()
        for row in study.compared
    ]
    names = ["comparison.csv", "comparison.md", "summary.csv", "origin.csv"]
    comparison.compare(
        [results / key / row["table"] for key, row in sources],
        [results / key / "provenance.json" for key in dict(sources)],
        *(tmp_path / name for name in names),
        sources=sources,
    )
    for name in names:
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes(), name


@pytest.mark.parametrize("name", ["data", "train", "figures"])
def test_the_environments_follow_from_the_pins(name):
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (PROJECT / f"envs/{name}.yaml").read_text() == generate.environment(name)
