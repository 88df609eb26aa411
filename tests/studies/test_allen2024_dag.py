"""allen2024 in the DAG: every table, from models that are trained once."""

import copy
import json
import os

import pandas as pd
import pytest
import yaml
from dag import PROJECT, TINY, planned, signature, snakemake
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.studies.allen2024.config import EXPERIMENTS
from betascan.workflow.config import load


def papers():
    return yaml.safe_load((PROJECT / "config.yaml").read_text())


def test_every_table(finished):
    results = finished / "results/allen2024"
    for name in EXPERIMENTS:
        table = pd.read_csv(results / f"{name}.csv")
        assert set(table["dataset"]) == {"dSprites", "Shapes3D"}
        assert table[["mig", "squared_error", "taylor_hessian"]].notna().all(axis=None)
        assert not table.duplicated(["dataset", "seed", "cell"]).any()
    pushforward = pd.read_csv(results / "pushforward.csv")
    assert {"penalty_10", "decoder_mlp+posterior_full"} <= set(pushforward["cell"])
    assert set(pushforward["dataset"]) == {"dSprites", "Shapes3D"}
    assert {"dependence", "recovered", "instability"} <= set(pushforward.columns)
    operations = pd.read_csv(results / "operations.csv")
    full = operations.set_index(["dataset", "cell"])["operations"]
    assert full["dSprites", "posterior_full"] > full["dSprites", "reference"] > 0
    identity = pd.read_csv(results / "identity.csv")
    exact = identity[identity["dataset"] == "linear-Gaussian"]
    assert len(exact) == 2 * 2
    assert exact["relative_error"].max() < 1e-5
    provenance = json.loads((results / "provenance.json").read_text())
    assert provenance["scale"] == "test"
    assert any("stand-in" in data["source"] for data in provenance["data"])


def test_verdicts(finished):
    results = finished / "results/allen2024"
    linear = pd.read_csv(results / "linear_statements.csv").set_index("statement")["verdict"]
    assert set(linear[["linear_axes", "linear_identity"]]) == {"reproduced"}
    assert linear["linear_pairs"] == "by construction"
    assert linear["linear_fall"] == "document contradicts itself"
    images = pd.read_csv(results / "image_statements.csv").set_index("statement")["verdict"]
    beyond = ["volume", "prior_laplace", "prior_uniform", "bernoulli", "laplace"]
    beyond += ["expanded", "expanded_more"]
    assert set(images[beyond]) == {"beyond the document"}
    assert set(images.drop([*beyond, "efficient", "collapse"])) == {"inconclusive"}


def test_one_model_a_job_gives_the_same_bytes(finished, tmp_path):
    (tmp_path / "data").mkdir()
    os.link(finished / "data/dsprites_rendered.h5", tmp_path / "data/dsprites_rendered.h5")
    overlay = copy.deepcopy(TINY)
    overlay["allen2024"]["images"]["points_per_job"] = 1
    name = signature(finished, "allen2024", dataset="dsprites", seed=0, cell="posterior_full")
    targets = [f"runs/models/{name}/{file}" for file in ("model.pt", "history.csv")]
    targets += [f"runs/allen2024/{name}/{file}" for file in ("jacobian.csv", "identity.csv")]
    run = snakemake(tmp_path, *targets, overlay=overlay)
    assert run.returncode == 0, run.stderr
    assert [path.name for path in (tmp_path / "runs/models").iterdir()] == [name]
    for target in targets:
        assert (tmp_path / target).read_bytes() == (finished / target).read_bytes()


def test_one_figure_needs_only_its_own(finished):
    target = "figures/allen2024/deterministic_elbo.png"
    rules = planned(snakemake(finished, target, "--dry-run", "--forceall"))
    assert {"allen2024_train_dsprites_rendered", "allen2024_measure_shapes3d_standin"} <= rules
    assert {"allen2024_deterministic_elbo_models", "allen2024_runaway"} <= rules
    assert not rules & {"allen2024_linear_solutions", "allen2024_tradeoff_models"}


def test_every_model_is_trained_once_and_named_by_what_it_changes():
    images = load(papers()).allen2024.images
    variants = images.variants()
    assert len({variant.model_dump_json() for variant in variants.values()}) == len(variants)
    assert variants["reference"] == images.variant()
    assert variants["beta_0.1+variance_1"].beta == 0.1
    assert list(images.experiment("posterior_covariance")) == [
        *["reference", "posterior_full", "beta_5", "beta_5+posterior_full"],
    ]
    short = images.run(variants["penalty_100+share_0.3"], seed=1)
    assert (short.objective.weight, short.training.steps) == (100, 30_000)
    rescaled = images.run(variants["variance_10"], seed=0)
    assert (rescaled.objective.beta, rescaled.likelihood.variance) == (1, 10)
    second_order = images.run(variants["activation_relu+expanded_1"], seed=0)
    assert second_order.objective.curvature == "gauss_newton"
    assert second_order.model.activation == "relu"
    perceptron = images.run(variants["decoder_mlp+posterior_full"], seed=0).model
    assert (perceptron.decoder, perceptron.posterior) == ("mlp", "full")
    pushed = images.pushed_forward()
    assert {"reference", "penalty_100", "prior_laplace", "decoder_mlp"} <= set(pushed)
    assert len(set(pushed)) == len(pushed)
    assert set(pushed) <= set(variants)


@pytest.mark.parametrize(
    ("part", "changed", "message"),
    [
        ("images", {"rescaled_pairs": [7]}, "rescaled_pairs are some of the scan's betas"),
        ("images", {"betas": [2, 5]}, "betas need 1, activations and second_order silu"),
        ("images", {"model": {"posterior": "full"}}, "the reference has decoder convolutional"),
        ("images", {"priors": ["laplace", "uniform"]}, "priors need gaussian"),
        ("images", {"evaluation": {"wanted": ["mig"]}}, "the tables need spectroscopy"),
        ("linear", {"variances": [2, 2]}, "2 is listed twice"),
        ("linear", {"beta_sigma2": 3}, "every factor must be encoded"),
        ("linear", {"observed": 5}, "more observed variables than factors"),
    ],
)
def test_a_study_that_compares_nothing_is_refused(part, changed, message):
    raw = papers()
    update_config(raw["allen2024"][part], changed)
    with pytest.raises(ConfigError, match=rf"key 'allen2024.{part}.*: .*{message}"):
        load(raw)
