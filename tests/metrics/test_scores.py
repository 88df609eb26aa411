import numpy as np
import plain
import pytest

from betascan.metrics import dci, mig, mig_chen, mig_denardin, posterior_summary, sap
from betascan.metrics.scores import Coded, score_table

SIZES = (3, 4)


def coded(n, seed, latents=4):
    codes, factors = plain.example(0, n=n + seed * 400, sizes=SIZES, latents=latents)
    codes, factors = codes[-n:], factors[-n:]
    log_variance = np.full(codes.shape, -3.0, dtype=np.float32)
    return Coded(codes, log_variance, factors, np.column_stack([np.ones(n), factors / 2]))


@pytest.fixture(scope="module")
def sets():
    return coded(300, 0), coded(200, 1)


@pytest.fixture(scope="module")
def table(sets):
    W = np.array([[1.0, 0.2, 0.0, 0], [0, 1, 0.5, 0]])
    return score_table(
        *sets, encode=lambda v: v @ W, factor_sizes=SIZES, refits=3, chosen=[1], workers=2
    )


def test_one_tidy_row_a_score_and_convention(table):
    assert list(table) == ["metric", "convention", "value", "low", "high", "samples"]
    assert not table.duplicated(["metric", "convention"]).any()
    assert len(table) == 18
    assert (table["low"] <= table["value"] + 1e-9).all()
    assert (table["value"] <= table["high"] + 1e-9).all()
    named = table.set_index(["metric", "convention"])
    assert named.loc[("sap", "disentanglement_lib"), "samples"] == 200
    assert named.loc[("factor_vae_score", "disentanglement_lib"), "samples"] == 5000


def test_the_values_are_those_of_the_functions(sets, table):
    train, test = sets
    values = table.set_index(["metric", "convention"])["value"]
    assert values["mig", "disentanglement_lib"] == mig(train.mean, train.factors)
    chen = mig_chen(train.mean, train.log_variance, train.factors[:, [1]])
    assert values["mig", "chen2018"] == chen
    assert values["mig", "denardin2025"] == mig_denardin(train.mean, train.values)
    split = train.mean, train.factors, test.mean, test.factors
    assert values["sap", "disentanglement_lib"] == sap(*split)
    names = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
    assert tuple(values[name, "lightgbm"] for name in names) == dci(*split, "lightgbm")
    rate = posterior_summary(train.mean, train.log_variance)["rate"].sum()
    assert values["rate", "hirn2026"] == rate
    terms = ("index_code_mi", "total_correlation", "dimension_wise_kl")
    assert sum(values[name, "exact"] for name in terms) == pytest.approx(rate, rel=0.1)


def test_what_is_not_given_is_not_scored_and_the_booster_is_named(sets):
    train, test = sets
    plain_sets = [Coded(s.mean, s.log_variance, s.factors) for s in (train, test)]
    table = score_table(*plain_sets, booster="l1", refits=0)
    assert "denardin2025" not in set(table["convention"])
    assert not table["metric"].str.contains("vae").any()
    l1 = table[table["convention"] == "l1"]
    assert len(l1) == 3
    assert l1[["low", "high"]].isna().all(axis=None)
