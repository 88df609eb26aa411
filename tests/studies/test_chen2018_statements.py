"""Statements of chen2018: each by its own data, either way, and open where data decide nothing."""

from dataclasses import replace

import numpy as np
import pytest
from chen2018_tables import (
    made_joint_scores,
    made_repeats,
    made_rotations,
    made_scores,
    made_terms,
)

from betascan.studies import statements as common
from betascan.studies.chen2018.statements import STATEMENTS
from betascan.studies.judgement import Verdict

SCORES = {"scores": made_scores()}, {"scores": made_scores(better=-1)}
JOINTS = tuple(
    {"scores": made_scores(), "joint_scores": made_joint_scores(better)} for better in (1, -1)
)
TERMS = {"terms": made_terms(mws=0.1)}, {"terms": made_terms(mss=20.0)}
ROTATIONS = {"rotations": made_rotations()}, {"rotations": made_rotations(loss=0)}
NOISE = {"repeated": made_repeats()}, {"repeated": made_repeats(noise_of_mig=1.0)}
SETTINGS = {"repeated": made_repeats()}, {"repeated": made_repeats(settings_of_mig=0.5)}
CASES = {  # tables that bear a statement out, and tables that refute it
    "penalty": SCORES,
    "penalty_shapes3d": SCORES,
    "above_beta_vae": SCORES,
    "elbo": SCORES,
    "above_factor_vae": SCORES,
    "weight_of_information": SCORES,
    "weight_of_dimension_wise_kl": SCORES,
    "mws": TERMS,
    "mss": TERMS,
    "samples": NOISE,
    "settings": SETTINGS,
    "axis_aligned": ROTATIONS,
    "other_latents": ({"rotations": made_rotations()}, {"rotations": made_rotations(loss=0.1)}),
    "correlation": SCORES,
    "correlation_shapes3d": SCORES,
    "dependent": JOINTS,
    "best": SCORES,
    "rerun": SCORES,
}
ESTIMATES = {  # what the tables that bear them out were made with
    "penalty": 0.05 * 2,  # mean of log2(2, 4, 8)
    "penalty_shapes3d": 0.05 * 2,
    "above_beta_vae": 0.05 * 2,
    "elbo": 3 * 8,
    "above_factor_vae": 0.05 * 2 * 0.9,
    "weight_of_information": 0.05 * 2 * 0.8,
    "weight_of_dimension_wise_kl": 0.05 * 2 * 0.5,
    "mws": 0.105,
    "mss": 0.105,
    "axis_aligned": 0.5,
    "other_latents": 0.4,
    "correlation": 1,
    "correlation_shapes3d": 1,
    "dependent": 0.05 * 2,
    "best": 0.45,
    "rerun": -86.4,
}
NAMED = {statement.name: statement for statement in STATEMENTS}


def judged(name, tables):
    """The outcome at the papers' scale, were the statement the document's and no construction."""
    return common.judge(replace(NAMED[name], about="law", construction=""), tables, "papers")


def test_every_statement_has_its_cases():
    assert list(CASES) == list(NAMED)


@pytest.mark.parametrize("name", CASES)
def test_a_statement_is_borne_out_by_one_and_refuted_by_the_other(name):
    yes, no = CASES[name]
    assert judged(name, yes).verdict == Verdict.REPRODUCED
    assert judged(name, no).verdict == Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("name", ESTIMATES)
def test_a_statement_is_judged_by_its_own_numbers(name):
    expected, close = ESTIMATES[name], {"elbo": 1, "rerun": 1, "correlation": 0.1}
    tolerance = close.get(name.removesuffix("_shapes3d"), 0.01)
    assert judged(name, CASES[name][0]).estimate == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", ["above_beta_vae", "above_factor_vae"])
def test_rivals_are_compared_above_beta_1_alone(name):
    scores = made_scores()
    at_1 = (scores["beta"] == 1) & (scores["model"] == "tcvae_mws")
    scores["value"] = scores["value"].mask(at_1, scores["value"] + 0.2)
    assert judged(name, {"scores": scores}).estimate == judged(name, SCORES[0]).estimate


def test_robustness_is_in_units_of_the_spread_between_models():
    spread = np.std(np.repeat([0.0, 0.1, 0.2, 0.3], 2 * 3), ddof=1)  # of two models, three seeds
    outcome = judged("settings", {"repeated": made_repeats()})
    assert outcome.estimate == pytest.approx(0.4 / spread, rel=0.05)  # three settings, 0.2 apart


def test_it_is_the_mig_of_the_document_that_is_robust_and_the_binned_one_that_has_bins():
    repeated, binned = made_repeats(), made_repeats(noise_of_mig=1.0)
    for metric, name, same in (("mig", "samples", True), ("mig_chen", "samples", False)):
        mixed = repeated.where(repeated["metric"] != metric, binned)
        estimate = judged(name, {"repeated": mixed}).estimate
        assert (estimate == judged(name, {"repeated": repeated}).estimate) == same


def test_models_that_have_not_learnt_leave_it_open():
    scores = made_scores()
    scores.loc[scores["metric"] == "rate", "value"] = 0.1
    for name in ("penalty", "elbo", "correlation", "weight_of_information", "dependent"):
        outcome = judged(name, {"scores": scores, "joint_scores": made_joint_scores()})
        assert outcome.verdict == Verdict.UNDECIDED
        assert outcome.reason == "no learning"
        assert np.isfinite(outcome.estimate)


def test_one_seed_is_no_exact_number():
    scores, terms = made_scores(better=-1), made_terms()
    tables = {"scores": scores[scores["seed"] == 0], "terms": terms[terms["seed"] == 0]}
    for name in ("mws", "best", "rerun", "penalty"):
        assert judged(name, tables).verdict == Verdict.UNDECIDED


def test_numbers_of_the_paper_need_its_scale_and_3d_shapes_its_images():
    tables = {"scores": made_scores()}
    assert common.judge(NAMED["best"], tables, "demo").verdict == Verdict.UNDECIDED
    assert common.judge(NAMED["penalty"], tables, "demo").verdict == Verdict.REPRODUCED
    for name in ("penalty_shapes3d", "correlation_shapes3d"):
        outcome = common.judge(NAMED[name], tables, "papers", ["shapes3d"])
        assert outcome.verdict == Verdict.UNDECIDED
