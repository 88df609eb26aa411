"""allen2024 in the DAG: every table and figure, from models that are trained once."""

import copy
import json
import os

import pandas as pd
import pytest
import yaml
from dag import PROJECT, TINY, planned, snakemake
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.studies.allen2024.config import EXPERIMENTS
from betascan.workflow.config import load

REFERENCE = "runs/allen2024/dataset~dsprites/seed~0/cell~reference"
FIGURES = [*EXPERIMENTS, "q2", "linear_truth", "identity"]


def papers():
    return yaml.safe_load((PROJECT / "config.yaml").read_text())


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure(finished, figure):
    stem = finished / f"figures/allen2024/{figure}"
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_every_table(finished):
    results = finished / "results/allen2024"
    for name in EXPERIMENTS:
        table = pd.read_csv(results / f"{name}.csv")
        assert set(table["dataset"]) == {"dSprites", "Shapes3D"}
        assert table[["mig", "squared_error", "taylor_hessian"]].notna().all(axis=None)
        assert not table.duplicated(["dataset", "seed", "cell"]).any()
    assert set(pd.read_csv(results / "cost.csv")["cell"]) >= {"reference", "posterior_full"}
    identity = pd.read_csv(results / "identity.csv")
    exact = identity[identity["dataset"] == "linear-Gaussian"]
    assert len(exact) == 2 * 2
    assert exact["relative_error"].max() < 1e-5
    provenance = json.loads((results / "provenance.json").read_text())
    assert provenance["scale"] == "test"
    assert any("stand-in" in data["source"] for data in provenance["data"])


def test_verdicts(finished):
    found = pd.read_csv(finished / "results/allen2024/claims.csv")
    linear = found[found["dataset"] == "linear-Gaussian"].set_index("item")["verdict"]
    assert set(linear[["linear_axes", "linear_identity", "linear_equality"]]) == {"holds"}
    assert "does not hold" not in set(found[found["dataset"] != "linear-Gaussian"]["verdict"])


def test_one_model_a_job_gives_the_same_bytes(finished, tmp_path):
    (tmp_path / "data").mkdir()
    os.link(finished / "data/dsprites_rendered.h5", tmp_path / "data/dsprites_rendered.h5")
    overlay = copy.deepcopy(TINY)
    overlay["allen2024"]["images"]["points_per_job"] = 1
    run = snakemake(tmp_path, f"{REFERENCE}/jacobian.csv", overlay=overlay)
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / REFERENCE).with_name("cell~posterior_full").exists()
    for name in ("model.pt", "history.csv", "jacobian.csv", "identity.csv"):
        assert (tmp_path / REFERENCE / name).read_bytes() == (
            finished / REFERENCE / name
        ).read_bytes()


def test_one_figure_needs_only_its_own(finished):
    target = "figures/allen2024/e3.png"
    rules = planned(snakemake(finished, target, "--dry-run", "--forceall"))
    assert {"allen2024_train", "allen2024_measure", "allen2024_e3"} <= rules
    assert not rules & {"allen2024_linear_solve", "allen2024_run_away", "allen2024_e2"}


def test_every_model_is_trained_once_and_named_by_what_it_changes():
    images = load(papers()).allen2024.images
    cells = images.cells()
    assert len({cell.model_dump_json() for cell in cells.values()}) == len(cells)
    assert cells["reference"] == images.reference
    assert cells["beta_0.1+variance_1"].beta == 0.1
    assert [c.named(images.reference) for c in images.experiment("e2")] == [
        *["reference", "posterior_full", "beta_5", "beta_5+posterior_full"],
    ]
    short = images.run("penalty_100+share_0.3", seed=1)
    assert (short.objective.weight, short.training.steps) == (100, 30_000)
    twin = images.run("variance_10", seed=0)
    assert (twin.objective.beta, twin.likelihood.variance) == (1, 10)
    assert sum(1 for _ in images.trainings()) == 2 * len(images.seeds) * len(cells)


@pytest.mark.parametrize(
    ("part", "changed", "told"),
    [
        ("images", {"twins": [7]}, "twins are some of the scan's betas"),
        ("images", {"betas": [2, 5]}, "betas need 1, activations silu"),
        ("images", {"model": {"posterior": "full"}}, "the reference has decoder convolutional"),
        ("images", {"priors": ["laplace", "uniform"]}, "priors need gaussian"),
        ("images", {"evaluation": {"wanted": ["mig"]}}, "the tables need spectroscopy"),
        ("linear", {"variances": [2, 2]}, "not identified"),
        ("linear", {"price": 3}, "every factor must be seen"),
    ],
)
def test_a_study_that_compares_nothing_is_refused(part, changed, told):
    raw = papers()
    update_config(raw["allen2024"][part], changed)
    with pytest.raises(ConfigError, match=rf"key 'allen2024.{part}': .*{told}"):
        load(raw)
