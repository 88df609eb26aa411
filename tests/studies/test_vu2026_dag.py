"""vu2026 in the DAG: its tables, what a model continues, and a fourth data set."""

import copy
import json
import os

import pandas as pd
import pytest
import torch
import yaml
from dag import PROJECT, TINY, planned, signature, snakemake
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.models import load
from betascan.studies.judgement import Verdict
from betascan.studies.vu2026.image_config import DOCUMENT
from betascan.studies.vu2026.image_tables import METRICS
from betascan.studies.vu2026.statements import IMAGES
from betascan.training.batches import ImageBatches
from betascan.training.loop import train
from betascan.workflow import config

BETA_VAE = {"dataset": "dsprites", "model": "beta_vae", "beta": 32}
CONTINUED = {"dataset": "dsprites", "model": "lambda_beta_vae", "beta": 32, "lambda": 8}


def tiny(**images):
    """The tiny configuration with other settings of the image study."""
    overlay = copy.deepcopy(TINY)
    overlay["vu2026"]["images"] |= images
    return overlay


def test_tables_of_the_linear_study(finished):
    results = finished / "results/vu2026"
    cells = pd.read_csv(results / "linear.csv")
    named = ["n", "method", "metric", "lambda", "beta", "mean", "standard_error", "published"]
    assert list(cells.columns[: len(named)]) == named
    assert set(cells["metric"]) == {"recon", "SAP", "Im"}
    assert len(cells) == 2 * 2 * 3 * 2 * 2  # sizes, methods, metrics, lambdas, betas
    assert cells["mean"].notna().all()
    runs = pd.read_csv(results / "linear_runs.csv.gz")
    assert len(runs) == 2 * 2 * 2 * 2 * 3  # with starts in place of metrics
    # alternating updates come near the optimum in as little as 30 sweeps
    exact = cells[(cells["method"] == "fixed_point") & cells["closed_form"].notna()]
    assert (exact["mean"] - exact["closed_form"]).abs().max() < 0.01
    provenance = json.loads((results / "provenance.json").read_text())["linear"]
    assert provenance["scale"] == "test"
    assert len(provenance["device"]) == 2  # what does the arithmetic of either method


def test_tables_of_the_image_study(finished):
    results = finished / "results/vu2026"
    table = pd.read_csv(results / "images.csv")
    assert len(table) == 3 * 4 * 2 * 2
    assert set(table["metric"]) == set(METRICS)
    assert set(table["dataset"]) == set(DOCUMENT.values())
    assert table["value"].notna().all()
    assert set(pd.read_csv(results / "image_cells.csv")["seeds"]) == {1}
    spectrum = pd.read_csv(results / "image_spectrum.csv")
    assert {"information", "total_correlation"} <= set(spectrum["metric"])
    statements = pd.read_csv(results / "image_statements.csv")
    assert len(statements) == len(IMAGES)
    # a handful of steps show nothing
    assert set(statements["verdict"]) == {Verdict.UNDECIDED, Verdict.CONTRADICTION}
    provenance = json.loads((results / "provenance.json").read_text())["images"]
    assert provenance["scale"] == "test"
    assert provenance["trainings"] == 3 * (2 + 1 + 4)  # one again, from the next lower beta
    assert sum("stand-in" in data["source"] for data in provenance["data"]) == 2


def test_a_row_of_the_table_is_what_its_models_card_says(finished):
    name = signature(finished, "vu2026", **CONTINUED)
    card = json.loads((finished / f"runs/models/{name}/card.json").read_text())
    assert card["run"]["objective"] == {"kind": "lambda_beta_vae", "beta": 32, "lam": 8}
    assert card["source"] == "dSprites, rendered"
    table = pd.read_csv(finished / "results/vu2026/images.csv")
    row = table.query("dataset == 'dSprites' and beta == 32 and `lambda` == 8 and metric == 'NLL'")
    assert row["value"].item() == pytest.approx(card["ended"]["reconstruction"])


def test_lambda_continues_the_model_of_its_beta(finished):
    images = ImageBatches(finished / "data/dsprites_rendered.h5", 32, torch.device("cpu"))

    def saved(**keys):
        return load(finished / f"runs/models/{signature(finished, 'vu2026', **keys)}/model.pt")

    continued = saved(**CONTINUED)
    for beta in (1, 32):
        again = train(continued.run, images, start=saved(**BETA_VAE | {"beta": beta}).final)
        same = [torch.equal(again.final[k], tensor) for k, tensor in continued.final.items()]
        assert all(same) == (beta == 32)


def test_one_model_a_job_gives_the_same_bytes(finished, tmp_path):
    (tmp_path / "data").mkdir()
    os.link(finished / "data/dsprites_rendered.h5", tmp_path / "data/dsprites_rendered.h5")
    base, continued = (signature(finished, "vu2026", **keys) for keys in (BETA_VAE, CONTINUED))
    target = f"runs/models/{continued}/model.pt"
    run = snakemake(tmp_path, target, overlay=tiny(points_per_job=1))
    assert run.returncode == 0, run.stderr
    assert {path.name for path in (tmp_path / "runs/models").iterdir()} == {base, continued}
    for name in ("model.pt", "history.csv"):
        ours = (tmp_path / target).with_name(name).read_bytes()
        assert ours == (finished / target).with_name(name).read_bytes()


def test_one_figure_needs_only_its_own(finished):
    target = "figures/vu2026/image_traversals_dsprites.png"
    rules = planned(snakemake(finished, target, "--dry-run", "--forceall"))
    assert {"vu2026_train_dsprites_rendered", "vu2026_evaluate_dsprites_rendered"} <= rules
    assert not rules & {"vu2026_image_table", "vu2026_train_shapes3d_standin"}


def test_a_fourth_data_set_is_one_line(finished):
    overlay = tiny(datasets=[*DOCUMENT, "mpi3d_real_complex"])
    rules = planned(snakemake(finished, "vu2026_images", "--dry-run", overlay=overlay))
    data = "mpi3d_real_complex_standin"
    assert {f"vu2026_train_{data}", f"vu2026_evaluate_{data}"} <= rules
    assert {"vu2026_image_table", "vu2026_image_information"} <= rules
    assert "vu2026_image_traversals_mpi3d_real_complex" in rules
    assert "vu2026_image_percent_mpi3d_real_complex" not in rules  # of what is published
    assert "vu2026_train_dsprites_rendered" not in rules  # which is as it was


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lambdas": [2, 8]}, "lambdas need them"),
        ({"continuation_steps": 3}, "let it divide continuation_steps"),
        ({"evaluation": {"wanted": ["mig"]}}, "the tables need matched_information, sap, "),
        ({"datasets": ["dsprites", "cars3d"]}, "no such data set: cars3d; there are dsprites, "),
    ],
)
def test_a_study_that_cannot_be_tabulated_is_refused(changed, message):
    papers = yaml.safe_load((PROJECT / "config.yaml").read_text())
    update_config(papers["vu2026"]["images"], changed)
    with pytest.raises(ConfigError, match=rf"key 'vu2026.images.*': .*{message}"):
        config.load(papers)
