import numpy as np
import plain
import pytest

from betascan.metrics import (
    MetricError,
    active_units,
    aggregate_covariance,
    dci,
    explicitness,
    gaussian_total_correlation,
    matched_information,
    mig,
    mig_chen,
    mig_denardin,
    modularity,
    posterior_summary,
    sap,
)
from betascan.metrics.inputs import LatentCodes
from betascan.metrics.registry import METRICS, SCORES
from betascan.metrics.scores import score_table

SIZES = (3, 4)


def latent_codes(n, seed, latents=4):
    codes, factors = plain.example(0, n=n + seed * 400, sizes=SIZES, latents=latents)
    codes, factors = codes[-n:], factors[-n:]
    log_variance = np.full(codes.shape, -3.0, dtype=np.float32)
    values = np.column_stack([np.ones(n), factors / 2])
    return LatentCodes(codes, log_variance, factors, values)


@pytest.fixture(scope="module")
def sets():
    return latent_codes(300, 0), latent_codes(200, 1)


@pytest.fixture(scope="module")
def table(sets):
    W = np.array([[1.0, 0.2, 0.0, 0], [0, 1, 0.5, 0]])
    return score_table(
        *sets, encode=lambda v: v @ W, factor_sizes=SIZES, n_refits=3, mig_factors=[1], workers=2
    )


def test_one_tidy_row_a_score_of_the_registry(table):
    assert list(table) == ["metric", "convention", "value", "low", "high", "samples"]
    assert list(zip(table["metric"], table["convention"], strict=True)) == list(SCORES)
    assert (table["low"] <= table["value"] + 1e-9).all()
    assert (table["value"] <= table["high"] + 1e-9).all()
    named = table.set_index(["metric", "convention"])
    assert named.loc[("sap", "disentanglement_lib"), "samples"] == 200
    assert named.loc[("factor_vae_score", "disentanglement_lib"), "samples"] == 5000


def test_the_values_are_those_of_the_functions(sets, table):
    train, test = sets
    values = table.set_index(["metric", "convention"])["value"]
    library = {
        "mig": mig(train.mean, train.factors),
        "modularity": modularity(train.mean, train.factors),
    }
    split = train.mean, train.factors, test.mean, test.factors
    library |= {"sap": sap(*split), "explicitness": explicitness(*split)}
    for name, expected in library.items():
        assert values[name, "disentanglement_lib"] == expected
    chen = mig_chen(train.mean, train.log_variance, train.factors[:, [1]])
    assert values["mig", "chen2018"] == chen
    assert values["mig", "denardin2025"] == mig_denardin(train.mean, train.values)
    matched = matched_information(train.mean, train.factors, "histogram")
    assert values["matched_information", "vu2026"] == matched
    names = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
    assert tuple(values[name, "lightgbm"] for name in names) == dci(*split, "lightgbm")
    assert values["active_units", "burda2016"] == active_units(train.mean)
    rate = posterior_summary(train.mean, train.log_variance)["rate"].sum()
    assert values["rate", "hirn2026"] == pytest.approx(rate, rel=1e-12)
    covariance = aggregate_covariance(train.mean, train.log_variance)
    assert values["total_correlation", "gaussian"] == gaussian_total_correlation(covariance)
    terms = ("index_code_mi", "total_correlation", "dimension_wise_kl")
    assert sum(values[name, "exact"] for name in terms) == pytest.approx(rate, rel=0.1)


RESAMPLED = {
    "mig": lambda z, v, values: mig(z, v),
    "modularity": lambda z, v, values: modularity(z, v),
    "matched_information": lambda z, v, values: matched_information(z, v, "histogram"),
    "mig_denardin": lambda z, v, values: mig_denardin(z, values),
}


@pytest.mark.parametrize("name", RESAMPLED)
def test_a_resample_scores_as_the_function_does_on_its_rows(name, monkeypatch):
    """Bit for bit, though rows are checked and labelled once and resamples lack labels."""
    codes, factors = plain.example(3, n=80, sizes=(3, 30, 25))
    values = np.column_stack([factors / 3, np.random.default_rng(0).normal(size=80)])
    train = LatentCodes(codes, 0 * codes, 5 * factors, values)
    statistics = []

    def recorded(function, sizes, **_):
        statistics.append((function, sizes))
        return np.zeros((3, 1))

    monkeypatch.setattr("betascan.metrics.scores.bootstrap", recorded)
    score_table(train, train, metrics=[name])
    ((function, sizes),) = statistics
    assert sizes == (80,)
    for seed in range(20):
        rows = np.random.default_rng(seed).integers(80, size=80)
        assert function(rows) == RESAMPLED[name](codes[rows], 5 * factors[rows], values[rows])


def test_by_default_what_the_arguments_allow_and_no_interval_without_refits(sets):
    train, test = (LatentCodes(s.mean, s.log_variance, s.factors) for s in sets)
    table = score_table(train, test, n_refits=0)
    scored = set(zip(table["metric"], table["convention"], strict=True))
    lacking = [METRICS[n] for n in ("mig_denardin", "factor_vae_score", "beta_vae_score")]
    lacking = {(s.name, s.convention) for m in lacking for t in m.statistics.values() for s in t}
    assert scored == set(SCORES) - lacking
    refitted = table[table["metric"].str.startswith("dci") | (table["metric"] == "explicitness")]
    assert len(refitted) == 4
    assert refitted[["low", "high"]].isna().all(axis=None)
    assert table["low"].notna().any()
    none = score_table(train, test, n_refits=None)
    assert none["low"].isna().all()
    assert none["value"].equals(table["value"])


def test_metrics_chosen_by_name(sets):
    assert list(score_table(*sets, metrics=["sap", "mig"])["metric"]) == ["mig", "sap"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ["migg"]}, "there is no metric 'migg': did you mean mig?"),
        ({"metrics": ["x"]}, "there is no metric 'x': choose of mig, mig_chen, "),
        (
            {"metrics": ["factor_vae_score"]},
            "factor_vae_score needs encoder: pass it, or leave factor_vae_score out",
        ),
    ],
)
def test_one_clear_line_for_what_cannot_be_scored(sets, options, message):
    with pytest.raises(MetricError) as error:
        score_table(*sets, **options)
    assert message in str(error.value)


def test_posteriors_of_different_shapes_are_refused(sets):
    train, test = sets
    broken = LatentCodes(train.mean, train.log_variance, train.factors)
    object.__setattr__(broken, "log_variance", train.log_variance[:, :2])  # frozen, and checked
    with pytest.raises(MetricError, match=r"means are \(300, 4\) and log-variances \(300, 2\)"):
        score_table(broken, test, metrics=["spectroscopy"])
