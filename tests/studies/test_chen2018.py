import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from dag import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.core.randomness import stream
from betascan.data import store
from betascan.data.images import RENDERED, write_rendered
from betascan.metrics.total_correlation import elbo_terms, misfilled_log_weights
from betascan.studies.chen2018 import joints
from betascan.studies.chen2018.config import MODELS
from betascan.studies.chen2018.measure import TERMS, estimates
from betascan.studies.chen2018.tables import KEYS, correlations
from betascan.workflow.config import load, studies

PAPERS = yaml.safe_load((PROJECT / "config.yaml").read_text())
GREEK = ("alpha", "beta", "gamma")
contrasts = st.floats(1, 20)
sizes = st.tuples(st.integers(2, 40), st.integers(2, 40))


@given(contrasts, sizes)
def test_a_joint_distribution_has_its_contrast(contrast, shape):
    joint = joints.joint_probabilities(contrast, shape)
    assert joint.shape == shape
    assert np.isclose(joint.sum(), 1)
    assert np.isclose(joint.max() / joint.min(), contrast)


@given(contrasts, sizes)
def test_dependence_is_the_mutual_information(contrast, shape):
    joint = joints.joint_probabilities(contrast, shape)
    both = stats.entropy(joint.sum(0)) + stats.entropy(joint.sum(1)) - stats.entropy(joint.ravel())
    assert np.isclose(joints.dependence(joint), both, atol=1e-9)


def test_a_is_uniform_and_the_others_depend_more_and_more():
    assert np.all(joints.joint_probabilities(1, (32, 32)) == 1 / 1024)
    told = [joints.dependence(joints.joint_probabilities(c, (32, 32))) for c in (1, 2, 3, 4)]
    assert told[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(told) > 0)
    marginal = joints.joint_probabilities(4, (32, 32)).sum(0)
    assert marginal.max() > 1.5 * marginal.min()


def test_images_are_drawn_under_the_joint_distribution(tmp_path):
    write_rendered(tmp_path / "all.h5", "dsprites", 20_000, 0)
    joints.draw(tmp_path / "all.h5", tmp_path / "D.h5", ("posX", "posY"), 4.0, 0, "D")
    with store.Images(tmp_path / "all.h5") as all_, store.Images(tmp_path / "D.h5") as drawn:
        assert len(drawn) == len(all_)
        assert "posX and posY as in D" in drawn.facts.source
        rows = np.arange(0, 20_000, 500)
        expected = RENDERED["dsprites"].render(drawn.factors[rows])
        np.testing.assert_array_equal(drawn[rows], expected)
        counts = np.histogram2d(*drawn.factors[:, 3:].T, bins=32)[0]
        wanted = joints.joint_probabilities(4, (32, 32)) * len(drawn)
        assert stats.chisquare(counts.ravel(), wanted.ravel()).pvalue > 1e-3
        x, y = all_.factors[:, 3:].T
        chance = (
            joints.joint_probabilities(4, (32, 32))[x, y] / np.histogram2d(x, y, bins=32)[0][x, y]
        )
        for factor in (0, 1):  # the others stay as they are at hand
            wanted = np.bincount(all_.factors[:, factor], chance) * len(drawn)
            assert stats.chisquare(np.bincount(drawn.factors[:, factor]), wanted).pvalue > 1e-3


@pytest.mark.parametrize(("batch", "N"), [(3, 7), (8, 100)])
def test_the_mistaken_weights_are_those_of_the_public_code(batch, N):
    M = batch - 1  # as there
    strat_weight = (N - M) / (N * M)
    W = torch.full((batch, batch), 1 / M, dtype=torch.float64)
    W.view(-1)[:: M + 1] = 1 / N
    W.view(-1)[1 :: M + 1] = strat_weight
    W[M - 1, 0] = strat_weight
    ours = misfilled_log_weights(batch, N, torch.device("cpu"))
    torch.testing.assert_close(ours, W.log())


def test_estimates_add_up_and_are_biased_as_they_are():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(300, 4)), rng.normal(-3, 0.1, size=(300, 4))
    table = estimates(mean, log_variance, 50, seed=0)
    wide = table.pivot_table(index="estimator", columns="metric", values="value")
    np.testing.assert_allclose(wide.sum(axis=1), wide.sum(axis=1)["exact"])  # log q(z|x)/p(z)
    noise = stream(0, "chen2018/terms/noise").standard_normal(mean.shape)
    z = mean + np.exp(log_variance / 2) * noise
    exact = elbo_terms(z, mean, log_variance, dataset_size=300)
    np.testing.assert_allclose(wide.loc["exact", list(TERMS)], exact)
    off = (wide - wide.loc["exact"]).abs()["total_correlation"]
    assert off["mss"] < off["mss_as_coded"] < off["mws"]
    # a posterior far from all others: MWS sees one of N M parts, where 1 of N is right
    assert wide["index_code_mi"]["mws"] > wide["index_code_mi"]["exact"] + math.log(50) / 2


def test_correlations_are_by_seed_over_beta():
    rng, rows = np.random.default_rng(0), []
    for seed, model, beta in product((0, 1), ("tcvae_mws", "factor_vae"), (1, 2, 4, 8, 16)):
        keys = dict(zip(KEYS, ("dsprites", model, beta, seed, "A"), strict=True))
        for metric in ("total_correlation", "mig_chen"):
            rows.append({**keys, "metric": metric, "value": rng.normal()})
    scores = pd.DataFrame(rows)
    scores.loc[(scores["model"] == "factor_vae") & (scores["seed"] == 1), "value"] = 0.0
    rho = correlations(scores, "dsprites")
    one = scores[(scores["model"] == "tcvae_mws") & (scores["seed"] == 1)]
    x, y = (one[one["metric"] == m]["value"] for m in ("total_correlation", "mig_chen"))
    assert rho.loc[1, "tcvae_mws"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert np.isnan(rho.loc[1, "factor_vae"])


def test_all_models_weigh_the_total_correlation_alike():
    study = load(PAPERS).chen2018
    kinds = {model: study.run("dsprites", model, 0, 6).objective for model in MODELS}
    assert kinds["beta_vae"].beta == kinds["tcvae_mws"].beta == kinds["tcvae_mss"].beta == 6
    assert kinds["tcvae_mws"].alpha == kinds["tcvae_mws"].gamma == 1
    assert 1 + kinds["factor_vae"].gamma == 6  # the rate holds the total correlation once
    weights = {
        model: study.run("dsprites", model, 0, 6).objective.model_dump(include=set(GREEK))
        for model in ("tcvae_alpha", "tcvae_mws", "tcvae_gamma")
    }
    for model, weight in zip(weights, GREEK, strict=True):
        assert weights[model] == dict.fromkeys(GREEK, 1) | {weight: 6}
    laplace = study.run("dsprites", "beta_vae_laplace", 0, 6)
    assert (laplace.model.prior, laplace.objective.beta) == ("laplace", 6)
    papers = load(PAPERS)
    models = studies(papers, papers)["chen2018"].trainings
    assert len(models) == (2 * 10 * 6 + 3 * 10 * 3) * 4 + 10 * 3


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"betas": [2, 4, 10]}, "betas need it"),
        ({"joint": {"betas": [3]}}, "other betas: {3"),
        ({"joint": {"factors": ["posX", "posX"]}}, "posX is listed twice"),
        ({"dsprites": {"steps": 5}}, "give one of epochs and steps"),
        ({"shapes3d": {"steps": 7}}, "let it divide steps"),
        ({"evaluation": {"wanted": ["mig"]}}, "the tables need spectroscopy"),
    ],
)
def test_a_study_that_compares_nothing_is_refused(changed, told):
    papers = yaml.safe_load((PROJECT / "config.yaml").read_text())
    update_config(papers["chen2018"], changed)
    with pytest.raises(ConfigError, match=told):
        load(papers)
