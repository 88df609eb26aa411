"""What is committed is in step with what it is made from."""

import importlib.util
from pathlib import Path

import pytest

from betascan import readme

PROJECT = Path(__file__).parent.parent


def test_the_readme_shows_the_committed_results():
    text = (PROJECT / "README.md").read_text()
    assert "| statement |" in text
    assert readme.rewritten(text) == text


@pytest.mark.parametrize("name", ["data", "train", "figures"])
def test_the_environments_follow_from_the_pins(name):
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (PROJECT / f"envs/{name}.yaml").read_text() == generate.environment(name)
