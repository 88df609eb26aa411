"""A sixth study, added to a copy of the project as docs/sixth_study says."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from dag import ENVIRONMENT, PROJECT, TINY, snakemake

KEY = "rate2030"
SMALL = {"betas": [1, 64], "steps": 3, "batch_size": 4, "model": {"width": 4}}
SMALL |= {"training": {"interval": 1, "held_out": 0}}
SMALL |= {"evaluation": {"samples": 20, "test_samples": 10}}
EDITED = ["src/betascan/studies/registry.py", "config.yaml", "workflow/schemas/config.schema.json"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in ("Snakefile", "config.yaml", "workflow", "src", "envs", "profiles"):
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    example = PROJECT / "docs/sixth_study"
    shutil.copytree(example / KEY, folder / f"src/betascan/studies/{KEY}")
    registry, config, schema = (folder / name for name in EDITED)
    keys = registry.read_text()
    registry.write_text(keys.replace('"own")', f'"own", "{KEY}")'))
    config.write_text(config.read_text() + (example / "config.yaml").read_text())
    written = subprocess.run(
        [sys.executable, "-m", "betascan.workflow.config"],
        env={**ENVIRONMENT, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    schema.write_text(written.stdout)
    return folder


def test_it_is_trained_scored_tabulated_drawn_and_planned(project, tmp_path):
    overlay = {**TINY, KEY: SMALL}
    run = snakemake(tmp_path, KEY, overlay=overlay, project=project)
    assert run.returncode == 0, run.stderr
    assert f"{KEY}: 2 trainings" in run.stderr
    table = pd.read_csv(tmp_path / f"results/{KEY}/rate.csv")
    assert table["beta"].tolist() == [1, 64]
    assert (tmp_path / f"figures/{KEY}/rate.pdf").exists()
    (verdict,) = pd.read_csv(tmp_path / f"results/{KEY}/statements.csv")["verdict"]
    assert verdict == "inconclusive"  # two points
    assert json.loads((tmp_path / f"results/{KEY}/provenance.json").read_text())["trainings"] == 2
    again = snakemake(tmp_path, KEY, "--dry-run", overlay=overlay, project=project)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_it_takes_at_most_thirteen_files(project):
    new = list((project / f"src/betascan/studies/{KEY}").rglob("*.py"))
    assert len(new) + len(EDITED) <= 13
    wrong = snakemake(project, KEY, "-n", overlay={**TINY, KEY: {"betes": [1]}}, project=project)
    assert f"unknown key '{KEY}.betes'; the nearest valid one is 'betas'" in wrong.stderr
