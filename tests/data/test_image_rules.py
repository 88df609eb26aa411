"""The rules of the image data sets, run by Snakemake for a few images."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from betascan.data import catalog
from betascan.data.images import RENDERED
from betascan.data.store import Images

PROJECT = Path(__file__).parents[2]
FEW = {"scale": "test", "output": ".", "data": {name: {"images": 30} for name in RENDERED}}
FILES = {key: f"data/{key}_{row.offline}.h5" for key, row in catalog.IMAGE_SETS.items()}


def snakemake(folder, *targets):
    (folder / "overlay.yaml").write_text(yaml.safe_dump(FEW))
    return subprocess.run(
        [
            *[sys.executable, "-m", "snakemake", *targets, "--configfile", "overlay.yaml"],
            *["--snakefile", str(PROJECT / "Snakefile"), "--directory", str(folder)],
            *["--cores", "2"],
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "BETASCAN_DATA": str(folder)},
        timeout=900,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    run = snakemake(folder, *FILES.values())
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.parametrize("name", FILES)
def test_the_files_hold_the_rendered_images(files, name):
    with Images(files / FILES[name]) as stored:
        assert len(stored) == 30
        assert stored.facts.source == RENDERED[name].rendered
        assert (stored[range(30)] == RENDERED[name].render(stored.factors)).all()


def test_a_wrong_official_file_is_one_line(tmp_path):
    (tmp_path / "shapes3d").mkdir()
    (tmp_path / "shapes3d/3dshapes.h5").write_text("<html>")
    run = snakemake(tmp_path, "data/shapes3d_official.h5")
    assert run.returncode != 0
    assert "3dshapes.h5 has 6 bytes, the official file 267573662; replace it" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "data/shapes3d_official.h5").exists()
