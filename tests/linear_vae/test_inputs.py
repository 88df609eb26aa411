"""What a scan accepts, and how it refuses the rest."""

import numpy as np
import pandas as pd
import pytest
import torch
from linear_reference import samples
from test_scan import BETAS, BRIEF, assert_same

from betascan.core.errors import ConfigError, DataError
from betascan.linear_vae import scan, total_variance

FORMS = {
    "nested lists": lambda x: x.tolist(),
    "float64": lambda x: x.astype(np.float64),
    "columns first": np.asfortranarray,
    "data frames": lambda x: pd.DataFrame(x, columns=list("abcde")),
    "tensors": lambda x: torch.tensor(x, requires_grad=True),
    "tensors in half precision": lambda x: torch.tensor(x).bfloat16(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_may_come_in_any_form(form):
    half = torch.tensor(samples(500, [3, 1, 0.6, 0.3, 0.1])).bfloat16().float().numpy()
    x = np.concatenate([half, -half])  # of mean 0
    expected = scan(x, x[:200], BETAS, **BRIEF)
    assert_same(scan(FORMS[form](x), FORMS[form](x[:200]), list(BETAS), **BRIEF), expected)


def test_a_mean_is_taken_off_and_put_back(data):
    shift = np.array([0, 1e3, -5, 10, 0.1])
    train, validation = (x.astype(np.float64) for x in data)
    plain = scan(train, validation, BETAS, **BRIEF)
    moved = scan(train + shift, validation + shift, BETAS, **BRIEF)
    close = {"rtol": 0, "atol": 1e-4}
    np.testing.assert_allclose(moved.validation_loss, plain.validation_loss, **close)
    p, q = moved.parameters, plain.parameters
    np.testing.assert_allclose(p["decoder_bias"], shift + q["decoder_bias"], **close)
    for name in ("encoder_mean", "encoder_log_variance"):
        np.testing.assert_allclose(p[name], q[name], **close)
        at_shift = p[f"{name}_bias"] + p[name] @ shift
        np.testing.assert_allclose(at_shift, q[f"{name}_bias"], **close)


def with_entry(value):
    x = np.ones((6, 3), object if value is pd.NA else float)
    x[3, 1] = value
    return x


def frame(x):
    return pd.DataFrame(x, columns=["a", "b", "c"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (with_entry(np.nan), r"has nan in row 3 \(from 0\), column 1: drop or fill"),
        (frame(with_entry(-np.inf)), r"has -inf in row 3 \(from 0\), column b: "),
        (frame(with_entry(pd.NA)), "must be a table of numbers .*NAType"),
        (np.full((6, 3), np.nan), r"has nan in row 0 \(from 0\), column 0 and 17 more"),
        (np.ones(3), r"must be of shape \(samples, features\), not \(3,\)"),
        (np.ones((0, 3)), r"is empty, of shape \(0, 3\)"),
        ([[1.0, 2.0], [3.0]], "must be a table of numbers"),
        (np.ones((2, 3), complex), "must be a table of numbers .*complex"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(table, message):
    good = samples(6, [1, 1, 1])
    for name, tables in (("train", (table, good)), ("validation", (good, table))):
        with pytest.raises(DataError, match=f"^{name} {message}") as caught:
            scan(*tables, BETAS, updates=10)
        assert "\n" not in str(caught.value)


def test_tables_of_different_columns_are_refused(data):
    with pytest.raises(DataError, match="train has 5 columns and validation 4"):
        scan(data[0], data[1][:, :4], BETAS, **BRIEF)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("x", "V"), [(np.ones((9, 2)), "0"), (1e200 * np.eye(9), "inf")])
def test_a_table_that_cannot_be_trained_on_is_refused(x, V):
    with pytest.raises(DataError, match=f"total variance of train is {V}: standardise"):
        scan(x, x, BETAS, **BRIEF)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latents": 0}, "latents must be at least 1, not 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"lr": np.nan}, "lr must be above 0, not nan"),
        ({"patience": 0.0}, "patience must be above 0"),
        ({"annealed": 1.0}, "annealed must be from 0 to below 1, not 1.0"),
        ({"betas": [1, -2]}, "betas must be finite and not negative, unlike -2"),
        ({"betas": [np.inf]}, "betas must be finite"),
        ({"betas": []}, r"betas must be a list of numbers, not of shape \(0,\)"),
        ({"betas": ["a"]}, "betas must be a list of numbers"),
    ],
)
def test_settings_without_sense_are_refused(data, settings, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        scan(*data, **{"betas": BETAS} | BRIEF | settings)


def test_the_total_variance_is_the_mean_squared_distance_to_the_mean(data):
    x = pd.DataFrame(data[0].astype(float) + 7)
    distances = np.linalg.norm(x - x.mean(), axis=1)
    np.testing.assert_allclose(total_variance(x), np.mean(distances**2), rtol=1e-12)
