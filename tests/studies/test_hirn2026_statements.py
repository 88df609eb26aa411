"""Each statement of hirn2026 can be borne out and refuted."""

import inspect

import numpy as np
import pandas as pd
import pytest

from betascan.studies.hirn2026.statements import STATEMENTS
from betascan.studies.judgement import Verdict
from betascan.studies.statements import judge

RUNS = [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
RATIOS = 0.5 ** np.arange(18)
BY_NAME = {statement.name: statement for statement in STATEMENTS}


def scans(active=18, **quantities):
    """Replicates with these numbers on every split; a list is by rank, and scans differ a bit."""
    rows = []
    for run, (draw, seed) in enumerate(RUNS):
        for name, value in {"active_at_lowest": active, **quantities}.items():
            ranked = isinstance(value, list | np.ndarray)
            for rank, number in enumerate(value if ranked else [value], start=int(ranked)):
                exact = name in ("active_at_lowest", "kept_but_useless", "active_at_beta_one")
                spread = 1 if exact else 1 + 0.001 * run
                rows += [
                    (draw, seed, "sampled", split, name, rank, number * spread)
                    for split in ("train", "validation", "test")
                ]
    columns = ["draw", "seed", "estimator", "split", "quantity", "rank", "value"]
    return {"replicates": pd.DataFrame(rows, columns=columns)}


def ranked(off=0.0, ranks=()):
    """A deviation at some ranks, next to none at the others."""
    return np.where(np.isin(np.arange(1, 19), ranks), off, 0.001)


def cells(ours):
    return {"numbers": pd.DataFrame({"item": ["cells"], "published": [808_053], "ours": [ours]})}


def band(log_duality):
    draws = pd.DataFrame({"rank": np.tile(np.arange(1, 19), 20)})
    draws["seed"] = np.repeat(np.arange(20), 18)
    draws["ratio"] = np.exp(np.linspace(-0.2, 0.2, 20))[draws["seed"]]
    return {**scans(log_duality=log_duality), "draws": draws}


def trained(factor):
    ranks = np.tile([16, 17, 18], 2)
    thresholds = np.concatenate([RATIOS[15:] * [2, 4, 14], RATIOS[15:] * factor])
    scan = np.repeat(["sampled", "longer"], 3)
    columns = {"scan": scan, "rank": ranks, "pca_ratio": RATIOS[ranks - 1]}
    return {"remedies": pd.DataFrame({**columns, "threshold": thresholds})}


def levels(factors):
    """Distortions of all latents on test; other ones on training, of rank 18 and at high T."""
    rows = [
        (estimator, split, T, rank, 1e-7 * (factor * other if estimator == "sampled" else 1))
        for T, factor in zip([1e-7, 1e-6, 1e-5, 1e-3], [*factors, 1000], strict=True)
        for estimator in ("sampled", "analytic")
        for split, rank, other in (("test", 32, 1), ("train", 32, T), ("test", 18, 1 / T))
    ]
    columns = ["estimator", "split", "T", "rank", "distortion"]
    return {"distortion": pd.DataFrame(rows, columns=columns)}


ORDER = {"threshold": RATIOS, "utility": RATIOS}
CASES = {
    "cells": (cells(808_053), cells(807_523)),
    "collapsed_distortion": (scans(collapsed_distortion=1.0), scans(collapsed_distortion=1.19)),
    "cascade": (scans(**ORDER), scans(threshold=RATIOS[::-1], utility=RATIOS)),
    "duality": (
        scans(log_duality=ranked(2.0, [17, 18])),
        scans(log_duality=ranked(-0.3, [3])),
    ),
    "thresholds": (
        scans(log_threshold_ratio=ranked(2.0, [17, 18])),
        scans(log_threshold_ratio=ranked(-0.3, [15])),
    ),
    "utilities": (
        scans(log_utility_ratio=ranked(2.0, [17, 18])),
        scans(log_utility_ratio=ranked(0.3, [16])),
    ),
    "close_to_diagonal": (
        scans(log_duality=ranked(0.5, range(1, 17))),
        scans(log_duality=ranked(0.8, [15])),
    ),
    "band": (band(ranked(0.1, range(1, 17))), band(ranked(0.5, range(1, 9)))),
    "utilities_stable": (
        scans(log_utility_ratio=ranked(0.5, [18])),
        scans(log_utility_ratio=ranked(0.9, [18])),
    ),
    "thresholds_inaccurate": (
        scans(log_duality=ranked(2.0, [17, 18])),
        scans(log_duality=ranked(0.8, [15, 17, 18])),
    ),
    "plateau": (scans(log10_plateau=-6.7), scans(log10_plateau=-8)),
    "plateau_over_law": (scans(log10_plateau_over_law=0.04), scans(log10_plateau_over_law=1.3)),
    "pca_level": (scans(log10_pca_level=-16), scans(log10_pca_level=-11)),
    "noise": (scans(log10_noise_onset=-4.9), scans(log10_noise_onset=-7)),
    "saturation": (
        scans(noise_of_scale=0.1, noise_of_fraction=0.01),
        scans(noise_of_scale=0.1, noise_of_fraction=0.2),
    ),
    "log_variance_slope": (
        scans(log_variance_slope=1 + ranked(0.02, [9])),
        scans(log_variance_slope=1 + ranked(0.4, [15])),
    ),
    "rate_slope": (
        scans(rate_slope=-0.5 + ranked(0.01, [9])),
        scans(rate_slope=-0.5 + ranked(-0.2, [15])),
    ),
    "posterior_scale": (scans(scale_drift_quiet=0.05), scans(scale_drift_quiet=0.2)),
    "scale_drift": (
        scans(scale_drift_lowest=0.7, scale_drift_quiet=0.05),
        scans(scale_drift_lowest=0.02, scale_drift_quiet=0.05),
    ),
    "jensen_gap": (scans(jensen_gap=7e-4), scans(jensen_gap=0.05)),
    "rate_identity": (scans(rate_error=0.008), scans(rate_error=0.1)),
    "decoder": (scans(decoder_error=0.01), scans(decoder_error=0.3)),
    "eliminated_distortion": (
        scans(eliminated_distortion=0.01),
        scans(eliminated_distortion=0.4),
    ),
    "linear_distortion": (scans(curve_distortion=0.01), scans(curve_distortion=0.4)),
    "rate_law": (scans(curve_rate=0.01), scans(curve_rate=0.4)),
    "active": (scans(share_off=0.0), scans(share_off=16 / 57)),
    "level_crossings": (
        scans(crossings_mean_mu2=0.23, crossings_mean_log_sigma2=0.02),
        scans(crossings_mean_mu2=0.02, crossings_mean_log_sigma2=0.02),
    ),
    "clean_log_variance": (
        scans(crossings_mean_log_sigma2=0.02),
        scans(crossings_mean_log_sigma2=0.2),
    ),
    "greedy": (scans(crossings_greedy=0.01), scans(crossings_greedy=0.3)),
    "one_per_cent": (scans(kept_but_useless=0), scans(kept_but_useless=2)),
    "equilibrium": (scans(largest_excess=0.01), scans(largest_excess=0.27)),
}
FIXED = {
    "beta_one": (scans(active_at_beta_one=4), Verdict.BY_CONSTRUCTION),
    "scatter": (band(ranked()), Verdict.BEYOND),
    "remedies": (trained(1.5), Verdict.BEYOND),
    "plateau_estimators": (levels([20, 10, 40]), Verdict.BEYOND),
}


def test_every_statement_has_its_cases():
    assert [s.name for s in STATEMENTS if s.name not in FIXED] == list(CASES)
    assert set(FIXED) <= set(BY_NAME)


def outcome(name, tables):
    statement = BY_NAME[name]
    wanted = inspect.signature(statement.judge).parameters
    return statement.judge(**{table: tables[table] for table in wanted})


@pytest.mark.parametrize("name", CASES)
def test_a_statement_can_be_borne_out_and_refuted(name):
    reproduced, not_reproduced = CASES[name]
    assert outcome(name, reproduced).verdict == "reproduced"
    assert outcome(name, not_reproduced).verdict == "not reproduced"


def test_a_conversion_is_so_by_construction_and_a_finding_of_ours_is_no_verdict():
    for name, (tables, verdict) in FIXED.items():
        assert outcome(name, tables).verdict == verdict
    assert outcome("beta_one", FIXED["beta_one"][0]).estimate == 4
    # twenty draws whose ratios are the same at every rank, from exp(-0.2) to exp(0.2)
    found = outcome("scatter", FIXED["scatter"][0])
    assert 0.08 < found.estimate < 0.12
    assert found.low < found.estimate < found.high < 0.21
    found = outcome("plateau_estimators", FIXED["plateau_estimators"][0])
    assert (found.estimate, found.low, found.high) == pytest.approx(np.log10([20, 10, 40]))
    found = outcome("remedies", FIXED["remedies"][0])
    assert found.estimate == pytest.approx(np.mean(np.log(np.array([2, 4, 14]) / 1.5)))
    assert (found.low, found.high) == pytest.approx((np.log(2 / 1.5), np.log(14 / 1.5)))


def test_the_estimate_is_the_largest_deviation_and_its_rank_is_named():
    tables = scans(log_threshold_ratio=ranked(-0.3, [9, 15]))
    found = outcome("thresholds", tables)
    assert found.estimate == pytest.approx(0.3, rel=0.01)
    assert found.low <= found.estimate <= found.high
    assert "off: rank 9, 15" in found.reason
    assert found.criterion == "below 0.1 at every rank up to 16"


@pytest.mark.parametrize("name", ["utilities", "close_to_diagonal", "utilities_stable"])
def test_a_latent_without_utility_refutes(name):
    quantity = "log_duality" if name == "close_to_diagonal" else "log_utility_ratio"
    found = outcome(name, scans(**{quantity: ranked(np.nan, [12])}))
    assert found.verdict == "not reproduced"
    assert "not in every scan: rank 12" in found.reason


def test_a_slope_that_a_scan_does_not_show_confirms_nothing():
    found = outcome("log_variance_slope", scans(log_variance_slope=1 + ranked(np.nan, [12])))
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize(("key", "over"), [("seed", "seeds"), ("draw", "draws")])
def test_training_is_judged_over_seeds_and_test_over_what_scatters_more(key, over):
    table = scans(log_duality=ranked())["replicates"]
    rank = (table["quantity"] == "log_duality") & (table["rank"] == 5)
    table.loc[rank & (table[key] > 0), "value"] = 0.9  # on other seeds, or other draws, alone
    expected = "reproduced" if key == "draw" else "inconclusive"
    assert outcome("duality", {"replicates": table}).verdict == expected
    held_out = outcome("close_to_diagonal", {"replicates": table})
    assert held_out.verdict != "reproduced"
    assert held_out.reason.startswith(f"n = 3 {over}")


@pytest.mark.parametrize("name", ["duality", "active", "scale_drift"])
def test_models_that_have_not_learnt_judge_nothing(name):
    tables = CASES[name][0]["replicates"]
    tables = tables[tables["quantity"] != "active_at_lowest"]
    tables = pd.concat([tables, scans(active=0)["replicates"]])
    found = outcome(name, {"replicates": tables})
    assert (found.verdict, found.reason) == ("inconclusive", "no learning")


def test_a_smaller_scale_judges_laws_and_no_data():
    laws = {s.name for s in STATEMENTS if s.about == "law"} - set(FIXED)
    for name, (tables, _) in CASES.items():
        verdict = judge(BY_NAME[name], tables, "demo", ["climate"]).verdict
        beyond = BY_NAME[name].about == "beyond"
        assert verdict == (
            "reproduced" if name in laws else "beyond the document" if beyond else "inconclusive"
        )
