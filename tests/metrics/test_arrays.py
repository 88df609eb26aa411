"""What the public functions accept, and how they refuse the rest."""

import numpy as np
import pandas as pd
import plain
import pytest
import torch

from betascan import metrics
from betascan.metrics import MetricError
from betascan.metrics.arrays import matrix, whole_number
from betascan.metrics.total_correlation import elbo_terms

CODES, CLASSES = plain.example(0, n=60, dtype=np.float64)
TEST_CODES, TEST_CLASSES = plain.example(1, n=60, dtype=np.float64)


def mig_chen(z, v):
    return metrics.mig_chen(z, -2 + 0 * CODES, v)


OF_CODES_AND_CLASSES = {
    "mutual_information": metrics.mutual_information,
    "mig": metrics.mig,
    "mig_chen": mig_chen,
    "modularity": metrics.modularity,
    "matched_information": lambda z, v: metrics.matched_information(z, v, "histogram"),
    "sap": lambda z, v: metrics.sap(z, v, TEST_CODES, TEST_CLASSES, workers=1),
    "sap, test": lambda z, v: metrics.sap(TEST_CODES, TEST_CLASSES, z, v, workers=1),
    "dci": lambda z, v: metrics.dci(z, v, TEST_CODES, TEST_CLASSES, "l1", workers=1),
    "explicitness": lambda z, v: metrics.explicitness(z, v, TEST_CODES, TEST_CLASSES, workers=1),
}
OF_CODES_AND_VALUES = {
    "mig_denardin": metrics.mig_denardin,
    "squared_correlation": metrics.squared_correlation,
    "matched_information, gaussian": metrics.matched_information,
    "sap_continuous": metrics.sap_continuous,
}
OF_CODES = {
    "posterior_summary": lambda z: metrics.posterior_summary(z, -CODES).to_numpy(float),
    "posterior_summary, log-variance": lambda z: metrics.posterior_summary(CODES, z)["rate"],
    "active_units": metrics.active_units,
    "aggregate_covariance": lambda z: metrics.aggregate_covariance(z, -CODES),
    "top_gap": metrics.top_gap,
    "matched_sum": metrics.matched_sum,
}
OF_BOTH = OF_CODES_AND_CLASSES | OF_CODES_AND_VALUES


def nullable(values):
    return pd.DataFrame(values).convert_dtypes()


KINDS = {
    "list": lambda a: a.tolist(),
    "tensor": torch.tensor,
    "tensor in a graph": lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True),
    "DataFrame": pd.DataFrame,
    "nullable DataFrame": nullable,
    "column-major": np.asfortranarray,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": lambda a: np.broadcast_to(a, a.shape),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_BOTH)
def test_any_kind_of_array_scores_alike(name, kind):
    score, convert = OF_BOTH[name], KINDS[kind]
    np.testing.assert_allclose(
        score(convert(CODES), convert(CLASSES)), score(CODES, CLASSES), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_CODES)
def test_any_kind_of_array_is_summarised_alike(name, kind):
    score = OF_CODES[name]
    np.testing.assert_allclose(score(KINDS[kind](CODES)), score(CODES), rtol=1e-9)


@pytest.mark.parametrize(
    "half", [lambda a: a.astype(np.float16), lambda a: torch.tensor(a).bfloat16()]
)
def test_half_precision_is_computed_in_double(half):
    codes = half(1e4 * (CODES - CODES.mean(axis=0)))  # of a range above 65504
    double = codes.double() if isinstance(codes, torch.Tensor) else codes.astype(np.float64)
    for score in OF_CODES_AND_CLASSES.values():
        np.testing.assert_array_equal(score(codes, CLASSES), score(double, CLASSES))


@pytest.mark.parametrize(
    ("given", "kept"),
    [("f4", "f4"), (">f4", "f4"), ("f2", "f8"), ("f8", "f8"), ("i1", "f8"), ("?", "f8")],
)
def test_single_precision_is_kept_and_all_else_becomes_double(given, kept):
    assert matrix(np.ones((2, 2), given), "codes").dtype == np.dtype(kept)


@pytest.mark.parametrize("value", [0, -1, 2.5, None, "3", [3]])
def test_a_count_is_a_whole_number_of_at_least_one(value):
    assert whole_number(np.int64(3), "bins") == 3
    with pytest.raises(MetricError, match="bins must be a whole number of at least 1, not"):
        whole_number(value, "bins")


def test_classes_of_any_type_are_the_same_classes():
    expected = metrics.mig(CODES, CLASSES)
    for classes in (
        CLASSES.astype(np.uint8),
        CLASSES.astype(np.float16),
        CLASSES + 2**60,  # neighbours that float64 cannot tell apart
        CLASSES.astype(np.uint64) + np.uint64(2**63),
        pd.DataFrame(CLASSES + 2**60).astype("Int64"),
        0.1 + CLASSES / 7,
    ):
        assert metrics.mig(CODES, classes) == expected
    mixed = pd.DataFrame(CLASSES + 2**60)
    mixed[2] = CLASSES[:, 2] / 4  # one column of floats must not round the others
    assert metrics.mig(CODES, mixed) == expected
    assert metrics.mig(CODES, CLASSES > 1) == metrics.mig(CODES, (CLASSES > 1).astype(int))
    sets = CODES, CLASSES + 2**60, TEST_CODES, TEST_CLASSES + 2**60
    assert metrics.sap(*sets) == metrics.sap(CODES, CLASSES, TEST_CODES, TEST_CLASSES)


def broken(value):
    array = CODES.copy()
    array[3, 2], array[40, 0] = value, value
    return array


@pytest.mark.parametrize("name", OF_BOTH)
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_named_by_row_and_column(name, value, word):
    message = rf"have {word} in row 3, column 2 \(from 0\), and 1 more such values$"
    with pytest.raises(MetricError, match="^codes " + message):
        OF_BOTH[name](broken(value), CLASSES)
    with pytest.raises(MetricError, match="^factors " + message):
        OF_BOTH[name](CODES, broken(value)[:, :4])


@pytest.mark.parametrize("name", OF_CODES)
def test_a_dataframe_s_column_is_named(name):
    frame = pd.DataFrame(broken(np.nan), columns=list("abcdef"))
    frame.loc[40, "a"] = 0.0
    with pytest.raises(MetricError, match=r"have NaN in row 3, column c \(from 0\)$"):
        OF_CODES[name](frame)


def test_a_missing_value_of_a_nullable_column_is_named():
    with pytest.raises(MetricError, match=r"factors have NaN in row 1, column 0 \(from 0\)$"):
        metrics.mig([[0.0, 1], [1, 2]], pd.DataFrame({0: [1, None]}, dtype="Int64"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (CODES[0], "a matrix with one row per sample, not (6,)"),
        (3.0, "a matrix with one row per sample, not ()"),
        ([], "a matrix with one row per sample, not (0,)"),
        (pd.DataFrame(), "a matrix with one row per sample, not (0, 0)"),
        (pd.Series([1.0, 2.0]), "a matrix with one row per sample, not (2,)"),
        ([[1.0, 2.0], [3.0]], "must be a matrix, and its rows differ in length"),
        (CODES.astype(str), "must be numbers, not <U"),
        (CODES + 1j, "must be numbers, not complex128"),
        (pd.DataFrame({"a": ["x", "y"]}), "must be numbers, not object"),
        (pd.DataFrame({"a": [1], "b": pd.to_datetime(["2020"])}), "must be numbers, and some"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(values, message):
    for name, score in OF_BOTH.items():
        with pytest.raises(MetricError) as error:
            score(values, CLASSES)
        assert message in str(error.value), name
        with pytest.raises(MetricError) as error:
            score(CODES, values)
        assert message in str(error.value), name
    for name, summarise in OF_CODES.items():
        with pytest.raises(MetricError) as error:
            summarise(values)
        assert message in str(error.value), name


@pytest.mark.parametrize("name", OF_CODES_AND_CLASSES)
def test_continuous_factors_are_refused_with_a_way_out(name):
    """2,000 rows of a normal factor and near-perfect codes once had a MIG of 0.011."""
    rng = np.random.default_rng(0)
    continuous = np.column_stack([CLASSES[:, :3], rng.normal(size=60)])
    message = r"factor 3 is continuous, \d+ values in \d+ rows: bin it first, with numpy.digitize"
    with pytest.raises(MetricError, match=message):
        OF_CODES_AND_CLASSES[name](CODES, continuous)


def test_the_way_out_for_continuous_factors_works():
    factor = np.random.default_rng(0).normal(size=(2000, 2))
    codes = factor + 0.01 * np.random.default_rng(1).normal(size=(2000, 2))
    binned = np.digitize(factor, np.quantile(factor, np.linspace(0, 1, 11)[1:-1]))
    quantiles = pd.DataFrame({k: pd.qcut(factor[:, k], 10, labels=False) for k in range(2)})
    for classes in binned, quantiles:
        assert metrics.mig(codes, classes) > 0.6
    assert metrics.sap_continuous(codes, factor) > 0.95
    assert metrics.matched_information(codes, factor, estimator="gaussian") > 2 * 4


def test_the_elbo_takes_any_kind_of_array():
    mean, log_variance = CODES[:20], -1 - CODES[20:40]
    expected = elbo_terms(*map(torch.tensor, (mean + 0.1, mean, log_variance)), dataset_size=20)
    for convert in (np.asarray, np.ndarray.tolist, pd.DataFrame):
        actual = elbo_terms(*map(convert, (mean + 0.1, mean, log_variance)), dataset_size=20)
        np.testing.assert_allclose(actual, expected, rtol=1e-12)
    whole = np.arange(12).reshape(6, 2)
    for convert in np.asarray, torch.tensor:  # not truncated to whole nats
        terms = elbo_terms(convert(whole), convert(whole), convert(0 * whole), dataset_size=6)
        assert 0 < terms[0] < np.log(6)
