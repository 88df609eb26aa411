"""Benchmarks are run by hand; what they import from betascan is still there."""

import runpy
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_starts(path):
    assert runpy.run_path(str(path), run_name="imported")["__doc__"]
