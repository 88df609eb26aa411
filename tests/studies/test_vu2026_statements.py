"""Statements of vu2026 on images, each from scores that bear it out and from scores that do not."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from betascan.studies import statements as judging
from betascan.studies.judgement import Verdict
from betascan.studies.vu2026 import image_tables
from betascan.studies.vu2026.image_config import DOCUMENT
from betascan.studies.vu2026.statements import (
    IMAGES,
    LINEAR,
    STATEMENTS,
    image_statements,
    published_gain,
)

BETAS, LAMBDAS, SEEDS = (1, 4, 8, 16, 32), (0, 2, 4, 6, 8), range(5)
MODELS = list(product(DOCUMENT.values(), SEEDS, LAMBDAS, BETAS))


def table(**values):
    """A value of each model, a metric each: functions of lambda and beta, seeds 1 % apart."""
    rows = [
        {"dataset": dataset, "metric": metric, "lambda": lam, "beta": beta, "seed": seed,
         "value": function(lam, beta) * (1 + 0.01 * (seed - 2)), "plateau": False}
        for metric, function in values.items()
        for dataset, seed, lam, beta in MODELS
    ]  # fmt: skip
    return pd.DataFrame(rows)


def scores(function):
    return {"images": table(NLL=function, MIG=function, SAP=function, Im=function)}


def spectrum(information, correlation):
    carried = {"rate": lambda lam, beta: 20 / beta, "information": information,
               "total_correlation": correlation}  # fmt: skip
    return {"spectrum": table(**carried)}


def panels(sign):
    """Cells that differ from the reference as the published ones, or the other way round."""
    cells = image_tables.published().rename(columns={"published_percent": "value"})
    cells["value"] = 1000 + sign * cells["value"]
    seeds = [cells.assign(seed=seed, plateau=False) for seed in SEEDS]
    return {"images": pd.concat(seeds, ignore_index=True)}


def peaked(lam, beta):
    """A peak at 8, which lambda keeps from falling."""
    return {1: 0.3, 4: 0.5, 8: 1.0, 16: 0.8 + lam / 50, 32: 0.4 + lam / 20}[beta]


def rising(lam, beta):
    return 0.1 + np.log2(beta) - lam / 100


def collapsed(score):
    """I_m that collapses, and a score that does as it likes."""
    return {"images": table(MIG=score, SAP=score, Im=peaked)}


def lost(lam, beta):
    """A peak at 8 from which lambda takes more."""
    return peaked(0, beta) - lam / 100


FALLS = spectrum(lambda lam, beta: 9 / beta, lambda lam, beta: 2 / beta)
RISES = spectrum(lambda lam, beta: np.log2(2 * beta), lambda lam, beta: np.log2(2 * beta))
DEFAULT = scores(peaked) | FALLS
PAIRS = {
    **dict.fromkeys(("mig_peaks", "sap_peaks"), (scores(peaked), collapsed(rising))),
    **dict.fromkeys(("independence", "information_falls"), (FALLS, RISES)),
    "information_collapses": (scores(peaked), scores(rising)),
    "explains": (scores(peaked), collapsed(lambda lam, beta: 1 / peaked(lam, beta))),
    **dict.fromkeys(("mig_range", "sap_range", "im_range"), (scores(peaked), scores(lost))),
    **dict.fromkeys(
        ("nll_pattern", "mig_pattern", "sap_pattern", "im_pattern"), (panels(1), panels(-1))
    ),
}
CASES = {f"{name}_{key}": cases for key, (name, cases) in product(DOCUMENT, PAIRS.items())}


def test_every_statement_has_its_cases():
    assert list(CASES) == [statement.name for statement in IMAGES]
    assert len({statement.name for statement in STATEMENTS}) == len(LINEAR) + len(IMAGES)


@pytest.mark.parametrize("statement", IMAGES, ids=lambda statement: statement.name)
def test_a_statement_can_come_out_either_way(statement):
    plain, wanted = replace(statement, contradiction=""), ("reproduced", "not reproduced")
    for study, verdict in zip(CASES[statement.name], wanted, strict=True):
        assert judging.judge(plain, DEFAULT | study, "overnight").verdict == verdict


@pytest.mark.parametrize("name", ["mig_peaks", "explains", "im_range"])
def test_without_a_collapse_nothing_is_told_of_what_it_does(name):
    (statement,) = [s for s in IMAGES if s.name == f"{name}_dsprites"]
    outcome = judging.judge(statement, DEFAULT | scores(rising), "overnight")
    assert outcome.verdict == Verdict.UNDECIDED
    published = "; published +0.1%" if name == "im_range" else ""
    assert outcome.reason == f"no collapse of I_m is seen; n = 5{published}"


def test_the_published_gain_is_of_the_published_cells():
    """Means over beta of MIG on dSprites, without and with lambda, from the authors' panel."""
    free = np.mean([45.91, 91.96, 244.48, 224.54])
    held = [[39.02, 80.58, 236.49, 240.34], [36.89, 75.47, 230.86, 234.62],
            [34.90, 72.07, 224.86, 228.45], [31.95, 72.29, 223.57, 214.36]]  # fmt: skip
    expected = (np.mean(held) - free) / (100 + free)
    assert published_gain("dsprites", "MIG") == pytest.approx(expected)


def test_a_peak_shows_without_a_collapse_of_information():
    (statement,) = [s for s in IMAGES if s.name == "mig_peaks_dsprites"]
    images = {"images": table(MIG=peaked, SAP=peaked, Im=rising)}
    assert judging.judge(statement, DEFAULT | images, "overnight").verdict == Verdict.REPRODUCED


def test_a_peak_is_sought_in_the_other_seeds():
    """Noise alone has a highest beta in every seed; it is no peak."""
    rng = np.random.default_rng(0)
    passed = 0
    (statement,) = [s for s in IMAGES if s.name == "mig_peaks_dsprites"]
    for _ in range(40):
        images = collapsed(lambda lam, beta: 1)["images"]
        noise = rng.normal(0, 0.3, len(images))
        images["value"] += np.where(images["metric"] == "Im", 0, noise)
        outcome = judging.judge(statement, DEFAULT | {"images": images}, "overnight")
        passed += outcome.verdict == Verdict.REPRODUCED
    assert passed <= 4


def test_a_pattern_of_one_seed_among_five_is_none():
    """The cells of a seed continue five models: 24 of them are no 24 observations."""
    images = panels(1)["images"]
    other = images["seed"] > 0
    images.loc[other, "value"] = 1000 - (images.loc[other, "value"] - 1000) / 10
    (statement,) = [s for s in IMAGES if s.name == "mig_pattern_dsprites"]
    outcome = judging.judge(statement, DEFAULT | {"images": images}, "overnight")
    assert outcome.estimate == pytest.approx((1 - 4) / 5)
    assert outcome.verdict == Verdict.UNDECIDED


def test_models_that_carry_nothing_decide_nothing():
    empty = {"spectrum": DEFAULT["spectrum"].assign(value=0.01)}
    for statement in IMAGES:
        outcome = judging.judge(statement, DEFAULT | empty, "overnight")
        assert outcome.verdict in (Verdict.UNDECIDED, Verdict.CONTRADICTION), statement.name


def test_a_seed_on_a_plateau_is_no_collapse():
    images = DEFAULT["images"].copy()
    at = (images["seed"] == 3) & (images["beta"] == 32) & (images["lambda"] == 0)
    images.loc[at, ["value", "plateau"]] = 0.0, True
    (statement,) = [s for s in IMAGES if s.name == "information_collapses_dsprites"]
    outcome = judging.judge(statement, DEFAULT | {"images": images}, "overnight")
    assert outcome.reason == "n = 4"
    assert outcome.estimate == pytest.approx(0.6, abs=0.01)  # from 1 to 0.4


def test_what_shapes3d_contradicts_is_not_judged_and_stand_ins_are_said(tmp_path):
    paths = {name: tmp_path / f"{name}.csv" for name in DEFAULT}
    for name, path in paths.items():
        DEFAULT[name].to_csv(path, index=False)
    image_statements(tmp_path / "statements.csv", "overnight", ["mpi3d_real"], **paths)
    judged = pd.read_csv(tmp_path / "statements.csv").set_index("statement")
    assert judged.loc["mig_peaks_shapes3d", "verdict"] == Verdict.CONTRADICTION
    assert judged.loc["mig_peaks_dsprites", "verdict"] == Verdict.REPRODUCED
    assert judged.loc["mig_peaks_mpi3d_real", "verdict"] == Verdict.UNDECIDED
    assert judged.loc["mig_peaks_mpi3d_real", "data"] == "mpi3d_real, stand-in"


def test_of_a_data_set_left_out_the_contradictions_remain(tmp_path):
    paths = {name: tmp_path / f"{name}.csv" for name in DEFAULT}
    for name, path in paths.items():
        DEFAULT[name].query("dataset == 'dSprites'").to_csv(path, index=False)
    image_statements(tmp_path / "one.csv", "overnight", [], **paths)
    judged = pd.read_csv(tmp_path / "one.csv").set_index("statement")
    assert judged.loc["mig_peaks_dsprites", "verdict"] == Verdict.REPRODUCED
    left_out = judged[judged["data"] != "dsprites"]
    assert set(left_out["verdict"]) == {Verdict.CONTRADICTION}
    assert left_out["estimate"].isna().all()
