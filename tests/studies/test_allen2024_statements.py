"""Statements of allen2024: each by its own models and measure, either way, and open otherwise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from betascan.studies import statements as common
from betascan.studies.allen2024 import image_statements, linear_statements
from betascan.studies.judgement import Verdict

SEEDS = range(4)
REFERENCE = {"beta": 1.0, "variance": 0.1, "penalty": 0.0, "posterior": "diagonal", "share": 1.0}
REFERENCE |= {"likelihood": "gaussian", "rate": 20.0, "active_units": 5.0, "mig": 0.3}
REFERENCE |= {"offdiagonal_mass": 0.3, "axis_distance": 0.1, "hessian_mass": 0.5}
REFERENCE |= {"squared_error": 10.0, "taylor_hessian": 0.1, "log_volume": 10.0}
REFERENCE |= {"taylor_noise": 0.01}
COLUMNS = ["offdiagonal_mass", "instability", "dependence", "recovered", "mig"]


def models(**cells):
    """A table of four seeds and both data sets; a cell is what it has unlike the reference."""
    rows = [
        {"dataset": dataset, "seed": seed, "cell": cell, **REFERENCE, **changes}
        for dataset in ("dSprites", "Shapes3D")
        for cell, changes in cells.items()
        for seed in SEEDS
    ]
    frame = pd.DataFrame(rows)
    for column in frame.select_dtypes(float).columns.intersection(["mig", *MEASURED]):
        frame[column] *= 1 + 0.001 * frame["seed"]  # seeds are not all alike
    return frame


MEASURED = ["offdiagonal_mass", "axis_distance", "gradient_mass", "hessian_mass", "dependence"]


def scan(power=1.0, apart=1.0, sign=1):
    """Models over beta whose effective variance is a power of it, and pairs this far apart."""
    betas = (0.01, 0.1, 1.0, 10.0, 100.0)
    cells = {
        f"beta_{beta:g}+variance_1": {
            "beta": beta, "variance": 1.0, "effective_variance": 3 * beta**power,
            "active_units": 5 + sign * np.log10(beta), "log_volume": 10 + 9 * sign * np.log10(beta),
        }
        for beta in betas
    }  # fmt: skip
    pairs = {
        f"variance_{b:g}": {"variance": b, "squared_error": 10 * apart} for b in (0.01, 0.1, 10.0)
    }
    return models(**cells, **pairs)


def kinds(sign):
    """Decoders whose MIG falls (or rises) with their off-diagonal mass."""
    masses = {"reference": 0.1, "activation_tanh": 0.15, "activation_relu": 0.2}
    masses |= {"activation_softplus": 0.25, "decoder_linear": 0.35, "decoder_mlp": 0.5}
    masses["decoder_mlp+posterior_full"] = 0.5 + 0.2 * sign
    cells = {k: {"offdiagonal_mass": m, "mig": 0.5 - 0.5 * sign * m} for k, m in masses.items()}
    cells["activation_relu"]["taylor_hessian"] = 0.1 * 2.0**sign
    return models(**cells)


def pushed(sign):
    """Models that are independent and recovered together (or not)."""
    first = 0.002 if sign > 0 else 0.5
    dependence = {"reference": first, "penalty_100": first + 0.001, "decoder_mlp": first + 0.003}
    dependence |= {"posterior_full": first + 0.2 * sign, "decoder_linear": first + 0.005}
    dependence |= {"prior_laplace": first + 0.22 * sign, "prior_uniform": first + 0.24 * sign}
    cells = {
        name: {"dependence": d, "recovered": 1 - d if sign > 0 else d, "mig": 0.5 - 0.5 * sign * d}
        | {"offdiagonal_mass": d, "instability": sign * d}
        for name, d in dependence.items()
    }
    cells["penalty_100"]["penalty"] = 100.0
    if sign < 0:  # MIG rises with what is not recovered
        for cell in cells.values():
            cell["mig"] = 0.5 - 0.5 * cell["recovered"]
    return models(**cells)


def penalised(mass=0.1, sign=1):
    masses = {"reference": 0.5, "penalty_100": mass, "posterior_full": 0.7}
    cells = {k: {"offdiagonal_mass": m, "mig": 0.4 - 0.5 * sign * m} for k, m in masses.items()}
    cells["penalty_100"]["penalty"] = 100.0
    earlier = {"offdiagonal_mass": 0.0, "mig": 9.0, "share": 0.1}
    return models(**cells, **{"share_0.1": earlier, "penalty_10": {"penalty": 10.0, "share": 0.1}})


def counted(ratio):
    cells = {"reference": 1e9, "posterior_full": ratio * 1e9, "beta_5": 7e9}
    rows = [
        {"dataset": d, "cell": c, "operations": o}
        for d in ("dSprites", "Shapes3D")
        for c, o in cells.items()
    ]
    return pd.DataFrame(rows)


def collapsed(mig=0.02):
    """Models without active latents, those of dSprites with up to this MIG."""
    migs = {"dataset": ["dSprites", "dSprites", "Shapes3D"], "mig": [mig, 0.001, 0.02]}
    return pd.DataFrame({**migs, "seed": [0, 1, 0], "cell": "beta_100"})


def tables(sign):
    covariance = {
        "reference": {"mig": 0.4, "gradient_mass": 0.02 if sign > 0 else 0.8}
        | {"identity_expected": 0.02 if sign > 0 else 0.9},
        "posterior_full": {"mig": 0.4 - 0.2 * sign, "offdiagonal_mass": 0.3 + 0.2 * sign}
        | {"axis_distance": 0.1 + 0.3 * sign},
    }
    tradeoff = {
        "reference": {},
        "beta_5": {"beta": 5.0, "mig": 0.3 + 0.2 * sign, "squared_error": 10 * 2.0**sign},
        "beta_100+variance_1": {"beta": 100.0, "variance": 1.0, "mig": 9.0},
    }
    likelihoods = {
        f"{name}_{posterior}": {"likelihood": name, "posterior": posterior}
        | {"offdiagonal_mass": 0.3 + more * sign * (posterior == "full")}
        for name, more in (("bernoulli", 0.2), ("laplace", 0.25))
        for posterior in ("diagonal", "full")
    }
    return {
        "posterior_covariance": models(**covariance),
        "tradeoff": models(**tradeoff),
        "decoders": kinds(sign),
        "deterministic_elbo": models(
            **{
                "reference": {},
                "expanded_1": {"hessian_mass": 0.5 - 0.2 * sign},
                "expanded_1+share_0.1": {"hessian_mass": 0.5 + 0.1 * sign, "share": 0.1},
                "expanded_1+share_0.3": {"hessian_mass": 0.9, "share": 0.3},
            }
        ),
        "orthogonality_penalty": penalised(sign=sign),
        "likelihood_variance": scan(sign, 1.0 if sign > 0 else 1.5, sign),
        "likelihoods": models(**likelihoods),
        "operations": counted(1.2 if sign > 0 else 1.01),
        "pushforward": pushed(sign),
        "collapsed": collapsed(),
    }


def linear_truth(sign=1):
    rows = []
    for seed in range(5):
        for posterior, angle in (("diagonal", 1e-3), ("full", 40.0)):
            if sign < 0:
                angle = 3.0
            row = {"part": "angles", "seed": seed, "posterior": posterior, "mean_angle": angle / 2}
            row |= {"max_angle": angle, "identity_error": 1e-6 if sign > 0 else 0.1}
            rows.append(row | {"beta": 0.1, "variance": 1.0, "beta_sigma2": 0.1})
        row = {"part": "not injective", "seed": seed, "posterior": "diagonal", "max_angle": 60.0}
        rows.append(row | {"max_angle": 60.0 if sign > 0 else 2.9})
        for price in (0.1, 1.0, 3.0, 10.0):
            for beta, variance in ((price, 1.0), (1.0, price)):
                row = {"part": "scan", "seed": seed, "posterior": "diagonal", "beta": beta}
                row |= {"variance": variance, "beta_sigma2": price, "log_variance_law_1": beta}
                row["log_variance_1"] = 0.0 if sign > 0 else beta
                rows.append(row | {"effective_variance": beta**sign * variance})
    return {"linear_truth": pd.DataFrame(rows)}


GOOD, BAD = tables(1), tables(-1)
CASES = {  # tables that bear a statement out, and tables that refute it
    **{
        statement.name: (linear_truth(), linear_truth(-1))
        for statement in linear_statements.STATEMENTS
    },
    **{statement.name: (GOOD, BAD) for statement in image_statements.STATEMENTS},
    "linear_fall": (linear_truth(-1), linear_truth()),
    "regularised": (GOOD, {"orthogonality_penalty": penalised(mass=0.6)}),
    "regularised_dependence": tuple(
        {
            "pushforward": models(
                reference={"dependence": 0.2}, penalty_100={"dependence": left, "penalty": 100.0}
            )
        }
        for left in (0.1, 0.25)
    ),
}
ESTIMATES = {  # what the tables that bear them out were made with
    "linear_axes": 1e-3, "linear_rotation": 20, "linear_break": 60, "linear_identity": 1e-6,
    "linear_pairs": 0, "linear_slope": 1, "linear_fall": 1,
    "orthogonal": 0.2, "orthogonal_shapes3d": 0.2, "axes": 0.3,
    "own_latents": 0.02 / np.sqrt(0.8), "identity": 0.02, "identity_shapes3d": 0.02,
    "independence": 0.002, "independence_full": 0.2, "disentangled": 0.2,
    "not_injective": 1, "not_injective_mig": -1, "unstable": 1,
    "variance_rises": 1, "variance_slope": 1, "collapse": 1, "pairs": 0,
    "efficient": 0.2, "beta_mig": 0.2, "beta_error": np.log(2), "architectures": -1, "mlp": 0.2,
    "smooth": np.log(2), "expanded": 0.3, "expanded_more": 0.2, "regularised": 0.4,
    "regularised_dependence": 0.1, "regularised_mig": 0.2,
    "regularised_mig_shapes3d": 0.2, "monitored": 0.5, "prior_laplace": 0.22,
    "prior_uniform": 0.24, "bernoulli": 0.2, "laplace": 0.25, "volume": 1,
}  # fmt: skip
STATEMENTS = (*linear_statements.STATEMENTS, *image_statements.STATEMENTS)
NAMED = {statement.name: statement for statement in STATEMENTS}


def judged(name, given, scale="papers", standins=()):
    """The outcome, were it the document's, not contradicted by it and no construction."""
    statement = replace(NAMED[name], about="law", contradiction="", construction="")
    return common.judge(statement, given, scale, standins)


def test_every_statement_has_its_cases():
    assert set(CASES) == set(ESTIMATES) == {statement.name for statement in STATEMENTS}
    assert len(NAMED) == len(STATEMENTS)


@pytest.mark.parametrize("name", CASES)
def test_a_statement_is_borne_out_by_one_and_refuted_by_the_other(name):
    yes, no = CASES[name]
    assert judged(name, yes).verdict == Verdict.REPRODUCED
    assert judged(name, no).verdict == Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("name", ESTIMATES)
def test_a_statement_is_judged_by_its_own_models_and_measure(name):
    estimate = judged(name, CASES[name][0]).estimate
    assert estimate == pytest.approx(ESTIMATES[name], rel=0.01, abs=1e-3)


def test_an_error_below_the_noise_of_its_samples_counts_as_noise():
    frame = kinds(1).replace({"taylor_hessian": {0.1: 1e-9}})
    frame["taylor_noise"] = 0.1
    assert judged("smooth", {"decoders": frame}).estimate == pytest.approx(np.log(2))


def test_sign_and_slope_are_two_statements():
    given = {"likelihood_variance": scan(power=1.34)}
    assert judged("variance_rises", given).verdict == Verdict.REPRODUCED
    assert judged("variance_slope", given).verdict == Verdict.NOT_REPRODUCED


def test_where_the_document_contradicts_itself_nothing_is_judged():
    for name in ("linear_fall", "collapse"):
        outcome = common.judge(NAMED[name], linear_truth() | GOOD, "papers")
        assert outcome.verdict == Verdict.CONTRADICTION
        assert "mechanism" in outcome.reason


def test_one_pair_that_is_off_does_not_decide():
    frame = scan()
    off = (frame["cell"] == "variance_10") & (frame["seed"] == 2)
    frame.loc[off, "squared_error"] = 20.0
    assert judged("pairs", {"likelihood_variance": frame}).verdict == Verdict.REPRODUCED


def test_a_mig_that_models_without_active_latents_reach_says_nothing():
    given = GOOD | {"collapsed": collapsed(mig=0.8)}
    for name in ("disentangled", "beta_mig", "architectures", "monitored", "regularised_mig"):
        outcome = judged(name, given)
        assert outcome.verdict == Verdict.UNDECIDED, name
        assert "no learning" in outcome.reason
        assert outcome.estimate == judged(name, GOOD).estimate
    assert judged("regularised_mig_shapes3d", given).verdict == Verdict.REPRODUCED
    nobody = GOOD | {"collapsed": collapsed().head(0)}
    assert judged("disentangled", nobody).verdict == Verdict.REPRODUCED


@pytest.mark.parametrize("given", [GOOD, BAD])
def test_models_that_have_not_learnt_leave_it_open(given):
    empty = {k: v.assign(rate=0.1, mig=0.0) if "rate" in v else v for k, v in given.items()}
    # how many latents are active, and what a step costs, does not depend on that
    for name in {statement.name for statement in image_statements.STATEMENTS} - {
        "collapse",
        "volume",
        "efficient",
    }:
        assert judged(name, empty).verdict == Verdict.UNDECIDED, name


def test_one_seed_is_no_exact_number():
    one = {k: v[v["seed"] == 0] if "seed" in v else v for k, v in BAD.items()}
    for name in ("identity", "own_latents", "independence", "variance_slope", "pairs", "axes"):
        assert judged(name, one).verdict == Verdict.UNDECIDED, name


def test_models_that_are_not_there_leave_it_open():
    none = {k: v[v["cell"] == "reference"] if "cell" in v else v for k, v in GOOD.items()}
    for name in ("mlp", "axes", "independence_full", "prior_laplace", "regularised", "laplace"):
        assert judged(name, none).verdict == Verdict.UNDECIDED, name


def test_each_part_is_judged_at_its_own_scale(tmp_path):
    paths = {name: tmp_path / f"{name}.csv" for name in [*GOOD, "linear_truth"]}
    for name, frame in (GOOD | linear_truth()).items():
        frame.to_csv(paths[name], index=False)
    linear, images = tmp_path / "linear.csv", tmp_path / "images.csv"
    linear_statements.write(linear, "papers", paths.pop("linear_truth"))
    image_statements.write(images, "demo", ["shapes3d"], **paths)
    linear, images = (pd.read_csv(path, index_col="statement") for path in (linear, images))
    assert set(linear["scale"]) == {"papers"}
    assert set(images["scale"]) == {"demo"}
    assert images["verdict"]["orthogonal"] == "reproduced"
    assert images["verdict"]["orthogonal_shapes3d"] == "inconclusive"
    assert images["verdict"]["volume"] == "beyond the document"
