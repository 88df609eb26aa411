"""vu2026's images in the DAG: every table and figure, and what a model goes on from."""

import copy
import json
import os

import pandas as pd
import pytest
import yaml
from dag import PROJECT, TINY, planned, snakemake
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.studies.vu2026.image_tables import DATASETS, METRICS
from betascan.workflow.config import load

BASE = "runs/vu2026/images/base/dataset~dsprites/seed~0/beta~32"
CONTINUED = "runs/vu2026/images/continued/dataset~dsprites/seed~0/beta~32/lambda~8"
FIGURES = [
    *["boxes", "heatmaps", "information"],
    *[f"{kind}_{dataset}" for kind in ("percent", "traversals") for dataset in DATASETS],
]


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure(finished, figure):
    stem = finished / f"figures/vu2026/image_{figure}"
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_every_table(finished):
    results = finished / "results/vu2026"
    table = pd.read_csv(results / "images.csv")
    assert len(table) == 3 * 4 * 2 * 2
    assert set(table["metric"]) == set(METRICS)
    assert set(table["dataset"]) == set(DATASETS.values())
    assert table["value"].notna().all()
    assert set(pd.read_csv(results / "image_cells.csv")["seeds"]) == {1}
    assert set(pd.read_csv(results / "image_claims.csv")["verdict"]) == {"scale cannot tell"}
    provenance = json.loads((results / "provenance.json").read_text())["images"]
    assert provenance["scale"] == "test"
    assert provenance["trainings"] == 3 * (2 + 4)
    assert sum("stand-in" in data["source"] for data in provenance["data"]) == 2


def test_lambda_goes_on_from_its_beta(finished):
    objectives = {
        run: json.loads((finished / run / "card.json").read_text())["run"]["objective"]
        for run in (BASE, CONTINUED)
    }
    assert objectives[BASE] == {"kind": "beta_vae", "beta": 32}
    assert objectives[CONTINUED] == {"kind": "lambda_beta_vae", "beta": 32, "lam": 8}
    first, second = (pd.read_csv(finished / run / "history.csv") for run in (BASE, CONTINUED))
    assert list(second["step"]) == [2]
    assert second["reconstruction"].iloc[-1] < first["reconstruction"].iloc[0]


def test_one_model_a_job_gives_the_same_bytes(finished, tmp_path):
    (tmp_path / "data").mkdir()
    os.link(finished / "data/dsprites_rendered.h5", tmp_path / "data/dsprites_rendered.h5")
    overlay = copy.deepcopy(TINY)
    overlay["vu2026"]["images"]["points_per_job"] = 1
    run = snakemake(tmp_path, f"{CONTINUED}/model.pt", overlay=overlay)
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / CONTINUED).with_name("lambda~0").exists()
    for name in ("model.pt", "history.csv"):
        ours = (tmp_path / CONTINUED / name).read_bytes()
        assert ours == (finished / CONTINUED / name).read_bytes()


def test_one_figure_needs_only_its_own(finished):
    target = "figures/vu2026/image_traversals_dsprites.png"
    rules = planned(snakemake(finished, target, "--dry-run", "--forceall"))
    assert {"vu2026_image_base", "vu2026_image_continuation", "vu2026_image_evaluate"} <= rules
    assert not rules & {"vu2026_image_table", "vu2026_image_boxes", "denardin2025_train"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lambdas": [2, 8]}, "lambdas need them"),
        ({"continuation_steps": 3}, "let it divide continuation_steps"),
        ({"evaluation": {"wanted": ["mig"]}}, "the tables need matched_information, sap, "),
    ],
)
def test_a_study_that_compares_nothing_is_refused(changed, told):
    papers = yaml.safe_load((PROJECT / "config.yaml").read_text())
    update_config(papers["vu2026"]["images"], changed)
    with pytest.raises(ConfigError, match=f"key 'vu2026.images': .*{told}"):
        load(papers)
