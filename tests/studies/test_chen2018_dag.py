"""chen2018 in the DAG: every table and figure, dependent factors, and jobs of one model."""

import copy
import json
import os

import numpy as np
import pandas as pd
from dag import TINY, planned, signature, snakemake

from betascan.data.store import Images
from betascan.studies.chen2018.config import MODELS, REPEATED, VARIANTS
from betascan.studies.chen2018.tables import KEYS


def of_models(finished, **keys):
    keys = {"dataset": "dsprites", "beta": 4, "model": "factor_vae", **keys}
    return signature(finished, "chen2018", **keys)


def test_every_table(finished):
    results = finished / "results/chen2018"
    scores = pd.read_csv(results / "scores.csv")
    assert list(scores.columns) == [*KEYS, "metric", "value"]
    assert len(scores.groupby(KEYS)) == 2 * 2 * len(MODELS) + len(VARIANTS)
    assert set(scores["sampling"]) == {"A"}
    joint = pd.read_csv(results / "joint_scores.csv")
    assert list(joint.columns) == list(scores.columns)
    assert len(joint.groupby(KEYS)) == len(MODELS)
    assert set(joint["sampling"]) == {"B"}
    assert {"mig", "mig_chen", "elbo", "rate", "total_correlation"} <= set(scores["metric"])
    assert scores["value"].notna().all()
    assert joint["value"].notna().all()
    wide = scores.pivot_table(index=KEYS, columns="metric", values="value")
    np.testing.assert_allclose(wide["elbo"], -wide["reconstruction"] - wide["rate"], rtol=1e-7)
    terms = pd.read_csv(results / "elbo_terms.csv")
    assert set(terms["estimator"]) == {"exact", "mws", "mss", "mss_as_coded"}
    assert len(terms) == 2 * 2 * len(MODELS) * 3 * 4
    assert (terms.loc[terms["estimator"] == "exact", "bias"] == 0).all()
    again = pd.read_csv(results / "stability.csv")
    assert set(again["samples"]) == {10, 20}
    assert set(again["model"]) == set(REPEATED)
    rotation = pd.read_csv(results / "rotation.csv")
    assert set(rotation["model"]) == {*MODELS, "beta_vae_laplace"}
    statements = pd.read_csv(results / "statements.csv").set_index("statement")
    assert set(statements["verdict"].drop(["mss", "mws"])) == {"inconclusive"}
    provenance = json.loads((results / "provenance.json").read_text())
    assert provenance["scale"] == "test"
    assert provenance["trainings"] == 2 * 2 * len(MODELS) + len(VARIANTS)
    joint = json.loads((results / "joint_provenance.json").read_text())
    assert joint["trainings"] == len(MODELS)
    (data,) = joint["data"]
    assert "posX and posY as in B" in data["source"]


def test_models_are_trained_on_dependent_factors(finished):
    with Images(finished / "data/dsprites_joint_B.h5") as drawn:
        fingerprint = drawn.facts.fingerprint
    card = finished / f"runs/models/{of_models(finished, sampling='B')}/card.json"
    assert json.loads(card.read_text())["fingerprint"] == fingerprint


def test_one_model_a_job_gives_the_same_bytes(finished, tmp_path):
    (tmp_path / "data").mkdir()
    os.link(finished / "data/dsprites_rendered.h5", tmp_path / "data/dsprites_rendered.h5")
    overlay = copy.deepcopy(TINY)
    overlay["chen2018"]["points_per_job"] = 1
    name = of_models(finished, sampling="A")
    targets = [f"runs/models/{name}/model.pt", f"runs/models/{name}/history.csv"]
    targets.append(f"runs/chen2018/{name}/terms.csv")
    run = snakemake(tmp_path, *targets, overlay=overlay)
    assert run.returncode == 0, run.stderr
    assert [path.name for path in (tmp_path / "runs/models").iterdir()] == [name]
    for target in targets:
        assert (tmp_path / target).read_bytes() == (finished / target).read_bytes()


def test_one_figure_needs_only_its_own(finished):
    rules = planned(snakemake(finished, "figures/chen2018/mig_beta.png", "--dry-run", "--forceall"))
    assert "chen2018_scores" in rules
    assert not rules & {"chen2018_train_dsprites_joint_B", "chen2018_joint_scores"}
    target = "figures/chen2018/metric_stability.png"
    rules = planned(snakemake(finished, target, "--dry-run", "--forceall"))
    assert {"chen2018_repeat_dsprites_rendered", "chen2018_stability"} <= rules
    assert {"chen2018_train_dsprites_rendered", "chen2018_metric_stability"} <= rules
    assert not rules & {"chen2018_train_dsprites_joint_B", "chen2018_scores", "chen2018_statements"}
