"""What is committed is in step with what it is made from."""

import importlib.util
from pathlib import Path

import pytest

from betascan.report import comparison, readme

PROJECT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", readme.pages(), ids=lambda page: page.name)
def test_pages_show_the_committed_results(page):
    text = page.read_text()
    assert readme.rewritten(text) == text


def test_the_comparison_is_that_of_the_committed_tables(tmp_path):
    results = PROJECT / "results"
    names = ["comparison.csv", "comparison.md", "summary.csv", "origin.csv"]
    documents = dict.fromkeys(source.document for source in comparison.SOURCES)
    comparison.compare(
        [results / source.table for source in comparison.SOURCES],
        [results / document / "provenance.json" for document in documents],
        *(tmp_path / name for name in names),
    )
    for name in names:
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes(), name


@pytest.mark.parametrize("name", ["data", "train", "figures"])
def test_the_environments_follow_from_the_pins(name):
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (PROJECT / f"envs/{name}.yaml").read_text() == generate.environment(name)
