"""Beta for a table of one's own, against closed forms."""

import numpy as np
import pytest

from betascan.core.errors import ConfigError, DataError
from betascan.core.randomness import stream
from betascan.own import Table, analyse
from betascan.own.analysis import conventions, split
from betascan.theory import landau

SHARES = np.array([0.6, 0.3, 0.1])
BRIEF = {"temperatures": [0.02, 0.2, 1.0], "latents": 4, "updates": 5000, "progress": False}


def table(values, groups=None):
    groups = np.arange(len(values)) if groups is None else groups
    names = tuple(map(str, range(values.shape[1])))
    return Table(np.asarray(values, float), names, groups, "my.csv", 0)


@pytest.fixture(scope="module")
def modes():
    """Uncorrelated columns of known shares of a variance of 5."""
    return table(stream(0, "test/own").normal(size=(3000, 3)) * (5 * SHARES) ** 0.5)


@pytest.fixture(scope="module")
def found(modes):
    return analyse(modes, T=0.05, standardise=False, **BRIEF)


def test_thresholds_and_utilities_are_shares_of_the_variance(found):
    spectrum = found.spectrum
    assert spectrum["rank"].tolist() == [1, 2, 3]
    for column in ("pca_ratio", "threshold", "utility"):
        np.testing.assert_allclose(spectrum[column], SHARES, rtol=0.1, err_msg=column)


def test_each_temperature_has_the_laws_latents_and_distortion(found):
    T = found.choose["T"].to_numpy()
    assert T.tolist() == [0.02, 0.05, 0.2, 1.0]
    assert found.choose["active"].tolist() == [3, 3, 2, 0]
    law = landau.mean_distortion(T, SHARES, 3)
    np.testing.assert_allclose(found.choose["distortion"], law, atol=0.02)
    rate = landau.rate(T[:, None], SHARES).sum(1)
    np.testing.assert_allclose(found.choose["rate"], rate, atol=0.1)


def test_what_was_asked_for_is_marked(found, modes):
    assert found.choose.loc[found.choose["chosen"], "T"].tolist() == [0.05]
    other = analyse(modes, distortion=0.35, standardise=False, **BRIEF)
    chosen = other.choose[other.choose["chosen"]].iloc[0]
    assert chosen["T"] == 0.2  # law: .04/.6 + .04/.3 + .1 = .3
    assert chosen["distortion"] <= 0.35


def test_beta_in_each_convention_minimises_the_same_loss():
    """V/2 (D + 2 T R), with D in units of V, is proportional to each convention's loss."""
    T, V, features = np.array([0.01]), 6.0, 3
    betas = conventions(T, V, features, unit_interval=True)
    squares, R = 1.7, 2.9
    wanted = squares + 2 * T[0] * V * R
    scale = {"sum_half": 1 / 2, "sum": 1, "mean_half": 1 / (2 * features), "mean": 1 / features}
    for name, factor in scale.items():
        loss = factor * squares + betas[f"beta_{name}"][0] * R
        assert loss == pytest.approx(factor * wanted), name
    # a Bernoulli pixel's log-likelihood curves as a Gaussian of the pixel's variance V/features
    assert betas["beta_bce_sum"][0] == pytest.approx(T[0] * features)
    assert betas["beta_bce_mean"][0] == pytest.approx(T[0])


def test_cross_entropy_has_a_beta_for_data_in_the_unit_interval_alone(found):
    assert found.choose["beta_bce_sum"].isna().all()
    values = stream(3, "test/own").uniform(size=(200, 2))
    inside = analyse(table(values), T=0.1, standardise=False, **{**BRIEF, "updates": 10})
    assert inside.choose["beta_bce_mean"].to_numpy() == pytest.approx(inside.choose["T"])
    outside = analyse(table(values), T=0.1, **{**BRIEF, "updates": 10})
    assert outside.choose["beta_bce_mean"].isna().all()


def test_groups_are_not_split_and_no_part_is_empty():
    groups = np.repeat(np.arange(20), np.arange(1, 21))
    label = split(groups, seed=1)
    for group in range(20):
        assert len(set(label[groups == group])) == 1
    assert np.bincount(label) == pytest.approx(len(groups) * np.array([0.6, 0.2, 0.2]), abs=21)
    lopsided = split(np.repeat([0, 1, 2], [100, 1, 1]))
    assert set(lopsided) == {0, 1, 2}


def test_standardised_columns_have_a_variance_of_one(modes):
    brief = {**BRIEF, "updates": 10}
    assert analyse(modes, T=0.1, **brief).facts["total_variance"] == 3
    kept = analyse(modes, T=0.1, standardise=False, **brief).facts
    assert kept["total_variance"] == pytest.approx(5, rel=0.1)


def test_perceptrons_on_request(modes):
    both = analyse(modes, T=0.1, nonlinear=True, **{**BRIEF, "updates": 20})
    assert both.spectrum["model"].unique().tolist() == ["linear", "nonlinear"]
    assert both.choose.groupby("model")["chosen"].sum().tolist() == [1, 1]


def test_what_cannot_be_had_is_one_line(modes):
    with pytest.raises(ConfigError, match="one of T and distortion"):
        analyse(modes, **BRIEF)
    with pytest.raises(DataError, match=r"no T of the linear scan has a distortion of 1e-09: the"):
        analyse(modes, distortion=1e-9, **{**BRIEF, "updates": 10})
    still = modes.values.copy()
    still[split(modes.groups) == 0, 1] = 4
    with pytest.raises(DataError, match="column 1 is constant in the training rows"):
        analyse(table(still), T=0.1, **BRIEF)
