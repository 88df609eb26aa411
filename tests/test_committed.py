"""What is committed is in step with what it is made from."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

from betascan.report import readme

PROJECT = Path(__file__).parent.parent


def test_pages_show_the_committed_results():
    for path, text in readme.made().items():
        assert path.read_text() == text, path  # make readme


def test_gallery_and_reference_have_every_figure_and_every_public_name():
    for path, text in readme.written().items():
        assert headings(path.read_text()) == headings(text), path  # make readme


def headings(page):
    return [line for line in page.splitlines() if line.startswith("#")]


def test_wall_times_are_no_results():
    for path in (PROJECT / "results").rglob("*.csv*"):
        assert not any(re.search("second|hour", column) for column in pd.read_csv(path, nrows=1))


def test_what_joins_the_studies_is_of_the_committed_tables(tmp_path):
    readme.collect(tmp_path)
    for name in "comparison.csv", "origin.csv", "statements.csv", "statements.md", "summary.csv":
        committed = PROJECT / "results" / name
        assert (tmp_path / "results" / name).read_bytes() == committed.read_bytes(), name


def test_no_line_begins_with_a_number_that_is_made():
    for page in readme.pages():  # or Markdown takes the line for HTML
        assert "\n<!-- value of" not in page.read_text(), page


@pytest.mark.parametrize("name", ["data", "train", "figures"])
def test_the_environments_follow_from_the_pins(name):
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (PROJECT / f"envs/{name}.yaml").read_text() == generate.environment(name)
