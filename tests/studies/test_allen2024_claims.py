"""Verdicts of allen2024 on data whose outcome is known."""

import numpy as np
import pandas as pd
import pytest

from betascan.studies.allen2024 import claims


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        *[((1.0, 1.1, 1.2), "holds"), ((-1.0, -1.1, -1.2), "does not hold")],
        *[((1.0, -1.1, 0.2), "scale cannot tell"), ((5.0,), "scale cannot tell")],
    ],
)
def test_a_difference_is_judged_over_seeds(differences, expected):
    outcome = claims.paired(pd.Series(differences), pd.Series(0.0, range(len(differences))))
    assert outcome.verdict == expected
    assert outcome.ours == pytest.approx(np.mean(differences))


def test_pairs_are_of_one_seed():
    more = pd.Series([10.0, 21.0, 32.0], [0, 1, 2])
    less = pd.Series([30.0, 20.0, 9.0], [2, 1, 0])
    assert claims.paired(more, less).ours == pytest.approx((1 + 1 + 2) / 3)
    ratio = claims.paired(more, less, ratio=True)
    assert ratio.ours == pytest.approx((10 / 9 * 21 / 20 * 32 / 30) ** (1 / 3))


def test_the_sign_of_beta_cannot_hold_both_ways():
    beta = pd.Series(np.geomspace(1e-3, 10, 9))
    for power in (1, -1):
        variance = beta**power * np.exp(0.01 * np.sin(np.arange(9)))
        paper, document = (claims.slope(beta, variance, rises=rises) for rises in (True, False))
        assert paper.ours == pytest.approx(power, abs=0.01)
        assert {paper.verdict, document.verdict} == {"holds", "does not hold"}
        assert (paper.verdict == "holds") == (power == 1)
    assert claims.slope(beta[:3], beta[:3], rises=True).verdict == "scale cannot tell"


def test_ranks():
    x = pd.Series(range(8))
    assert claims.rank_correlation(x, x**2, rises=True).verdict == "holds"
    assert claims.rank_correlation(x, x**2, rises=False).verdict == "does not hold"
    assert claims.rank_correlation(x, 0 * x, rises=True).verdict == "scale cannot tell"


@pytest.mark.parametrize(("apart", "expected"), [(1.001, "holds"), (3.0, "does not hold")])
def test_rescaled_pairs_differ_less_than_seeds(apart, expected):
    rows = [
        {"seed": seed, "beta": 0.1 * scan + (1 - scan), "variance": scan + 0.1 * (1 - scan)}
        | {"cell": f"{scan}", "squared_error": 10 * 1.1**seed * (1 if scan else apart)}
        for seed in range(3)
        for scan in (0, 1)
    ]
    outcome = claims.equality(pd.DataFrame(rows))
    assert outcome.verdict == expected
    assert outcome.ours == pytest.approx(np.log(apart) / np.log(1.1))  # seeds: sd of log is 1 step
    assert claims.equality(pd.DataFrame(rows[:2])).verdict == "scale cannot tell"


def test_a_loss_that_runs_away_has_no_optimum():
    forms = [("silu", "hessian"), ("silu", "gauss_newton"), ("relu", "hessian")]
    curves = pd.DataFrame(forms, columns=["activation", "curvature"])
    curves = curves.assign(step=[3, 5, 5], loss=[-2e6, -70.0, -9e9])
    outcome = claims.bounded(curves.assign(bounded=False))
    assert outcome == (-2e6, "step 3; Gauss-Newton's lowest -70", "does not hold")
    assert claims.bounded(curves.assign(bounded=True)).verdict == "scale cannot tell"


REFERENCE = {"beta": 1.0, "variance": 0.1, "penalty": 0.0, "activation": "silu"}
REFERENCE |= {"posterior": "diagonal", "prior": "gaussian", "likelihood": "gaussian"}
MEASURES = ["offdiagonal_mass", "axis_distance", "gradient_mass", "hessian_mass", "mig"]
MEASURES += ["squared_error", "taylor_hessian", "ms_a_step", "effective_variance"]
MEASURES += ["active_units", "log_volume"]


def models(**variants):
    """A table of three seeds; a variant is its fields, and what it adds to a measure of 1."""
    rows = []
    for cell, changes in variants.items():
        for seed in range(3):
            row = {"cell": cell, "seed": seed, **REFERENCE, **dict.fromkeys(MEASURES, 1.0)}
            for name, value in changes.items():
                # the same for all seeds but for what a test over them needs
                row[name] = 1 + value + 0.001 * seed if name in MEASURES else value
            rows.append(row)
    return pd.DataFrame(rows)


def tables():
    full = {"posterior": "full", "offdiagonal_mass": 0.2, "axis_distance": 0.3}
    full |= {"gradient_mass": 0.4, "mig": -0.5, "ms_a_step": 3.0}
    scan = {
        f"beta_{beta:g}+variance_1": {
            "beta": beta, "variance": 1.0, "effective_variance": beta - 1,
            "active_units": 5 - np.log10(beta), "log_volume": 9.0 + beta,
        }
        for beta in (1.0, 10.0, 100.0, 1000.0)
    }  # fmt: skip
    return {
        "tradeoff": models(reference={}, beta_5={"beta": 5.0, "mig": 0.2, "squared_error": 2.0}),
        "posterior_covariance": models(reference={}, posterior_full=full),
        "activations": models(
            reference={"mig": 0.2, "offdiagonal_mass": -0.2},
            activation_relu={"activation": "relu", "taylor_hessian": 0.7},
        ),
        "deterministic_elbo": models(reference={}, expanded_1={"hessian_mass": -0.6}),
        "orthogonality_penalty": models(
            reference={},
            penalty_10={"penalty": 10.0, "offdiagonal_mass": 9.0},
            penalty_100={"penalty": 100.0, "offdiagonal_mass": -0.8, "mig": 0.1},
        ),
        "likelihood_variance": models(**scan),
        "priors": models(reference={}, prior_laplace={"prior": "laplace", "offdiagonal_mass": 0.3}),
        "likelihoods": models(
            reference={},
            one={"likelihood": "bernoulli", "offdiagonal_mass": -0.5},
            two={"likelihood": "bernoulli", "posterior": "full"},
        ),
        "cost": models(reference={}, posterior_full=full),
    }


def test_each_statement_is_judged_from_its_own_models_and_measure():
    outcomes = claims.images(tables())
    ours = {
        "orthogonal": 0.2, "axes": 0.3, "independent": 0.4, "disentangled": 0.5, "cost": 4.0,
        "beta_mig": 0.2, "beta_error": 3.0, "sign": 1.0, "sign_author": 1.0, "smooth": 0.7,
        "regularised": 0.8, "regularised_mig": 0.1, "expanded": 0.6, "prior_laplace": 0.3,
        "bernoulli": 0.5,
    }  # fmt: skip
    for item, expected in ours.items():
        assert outcomes[item].ours == pytest.approx(expected, abs=0.01), item
        assert outcomes[item].verdict == ("does not hold" if item == "sign" else "holds"), item
    assert outcomes["collapse_low"].verdict == "does not hold"
    assert outcomes["collapse_low"].ours < -0.9
    assert outcomes["architectures"].verdict == "holds"
    assert outcomes["volume"].verdict == "finding of ours"
    assert outcomes["equality"].evidence.endswith("0 pairs")


def test_a_statement_that_a_short_training_does_not_bear_out_is_left_open(tmp_path):
    def write(name, frame):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        return tmp_path / f"{name}.csv"

    worse = tables()
    for name in ("posterior_covariance", "cost"):
        changed = {"posterior": "full", "offdiagonal_mass": -0.2, "ms_a_step": -0.5}
        worse[name] = models(reference={}, posterior_full=changed)
    both = [frame.assign(dataset=d) for frame in worse.values() for d in ("dSprites", "Shapes3D")]
    frames = dict(zip(worse, map(pd.concat, zip(both[::2], both[1::2], strict=True)), strict=True))
    truth = pd.DataFrame([
        {"part": part, "posterior": posterior, "seed": seed, "max_angle": 1e-4, "price": 1.0,
         "mean_angle": 30.0 + seed, "excess_loss": 1e-9, "angle_of_any_rotation": 42.0,
         "identity_error": 1e-6, "variance": 1, "beta": 10.0**seed, "active": 1,
         "effective_variance": 10.0**seed, "log_variance_1": 0.0, "log_variance_law_1": 9.0}
        for part in ("angles", "scan") for posterior in ("diagonal", "full") for seed in range(5)
    ])  # fmt: skip
    losses = [["silu", "hessian", 1, -2.0], ["silu", "gauss_newton", 1, -1.0]]
    columns = ["activation", "curvature", "step", "loss"]
    paths = [write(name, frame) for name, frame in frames.items()]
    linear = write("linear", truth)
    runaway = write("runaway", pd.DataFrame(losses, columns=columns))
    verdicts = {}
    for scale in ("laptop", "papers"):
        out = tmp_path / "claims.csv"
        claims.claims(
            linear, paths[::-1], runaway, out, bound=-1.5, scale=scale, standins=["shapes3d"]
        )
        verdicts[scale] = pd.read_csv(out).set_index(["dataset", "item"])
    short, whole = verdicts["laptop"], verdicts["papers"]
    for dataset in ("dSprites", "Shapes3D (stand-in)"):
        assert short.loc[(dataset, "orthogonal"), "shown"] == "does not hold"
        assert short.loc[(dataset, "orthogonal"), "verdict"] == "scale cannot tell"
        assert whole.loc[(dataset, "orthogonal"), "verdict"] == "does not hold"
        assert short.loc[(dataset, "cost"), "verdict"] == "does not hold"  # at any length
    assert short.loc[("dSprites", "bounded"), ["ours", "verdict"]].tolist() == [-2, "does not hold"]
    exact = short.loc["linear-Gaussian"]
    assert exact.loc["linear_sign_author", "verdict"] == "holds"
    assert exact.loc["linear_sign", "verdict"] == "does not hold"
    assert "abstract says the opposite" in exact.loc["linear_sign", "contradiction"]
    assert pd.isna(exact.loc["linear_sign_author", "contradiction"])
