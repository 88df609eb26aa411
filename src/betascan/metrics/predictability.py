"""Scores of simple predictors of factors from codes: SAP and explicitness."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from betascan.metrics.arrays import (
    in_threads,
    matrix,
    standardise,
    stopped_early,
    train_test,
    varying,
)
from betascan.metrics.errors import MetricError
from betascan.metrics.information import squared_correlation, top_gap
from betascan.metrics.inputs import ScoreInputs, Statistic

SAP_C = 0.01


def _sap_correct(
    z: Float[np.ndarray, "n latents"],
    v: Int[np.ndarray, "n factors"],
    test_z: Float[np.ndarray, "m latents"],
    test_v: Int[np.ndarray, "m factors"],
    C: float,
    workers: int | None,
) -> Bool[np.ndarray, "m latents varying"]:
    """Return which test samples each one-code classifier of each varying factor gets right."""
    from sklearn.svm import LinearSVC  # slow to import, and not in every environment

    chosen = varying(v)
    v, test_v = v[:, chosen], test_v[:, chosen]
    correct = np.empty((len(test_z), z.shape[1], v.shape[1]), dtype=np.bool_)

    def fit(pair: tuple[int, int]) -> None:
        i, k = pair
        machine = LinearSVC(C=C, class_weight="balanced").fit(z[:, [i]], v[:, k])
        correct[:, i, k] = machine.predict(test_z[:, [i]]) == test_v[:, k]

    slowest_first = np.argsort([-len(np.unique(column)) for column in v.T], kind="stable")
    in_threads(fit, [(i, int(k)) for k in slowest_first for i in range(z.shape[1])], workers)
    return correct


def sap_correct(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    C: float = SAP_C,
    workers: int | None = None,
) -> Bool[np.ndarray, "test latents factors"]:
    """Return which test samples each one-code classifier of `sap` gets right.

    Parameters as in `sap`; factors that are constant in training are left out.
    """
    return _sap_correct(
        *train_test(train_codes, train_factors, test_codes, test_factors), C, workers
    )


def sap(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    C: float = SAP_C,
    workers: int | None = None,
) -> float:
    """SAP of discrete factors: gap of accuracies of the two best codes, mean over factors.

    One LinearSVC(C, class_weight="balanced") on one raw code; with C = 0.01 this is the library's
    call (disentanglement_lib). Since scikit-learn 1.5 its default solver is the primal one, which
    draws no random numbers; the older dual one depends on its seed and often does not converge.

    Parameters
    ----------
    train_codes, test_codes : array_like of shape (n, latents)
    train_factors, test_factors : array_like of shape (n, factors)
        Discrete.
    C
        Parameter C of the support vector machines.
    workers
        Threads for the fits, one per core by default.

    Raises
    ------
    MetricError
        If an argument cannot be used, no factor varies, or there is a single latent.

    References
    ----------
    Kumar, A., Sattigeri, P. and Balakrishnan, A. (2018). Variational inference of disentangled
    latent concepts from unlabeled observations.
    """
    correct = sap_correct(
        train_codes, train_factors, test_codes, test_factors, C=C, workers=workers
    )
    return float(np.mean(top_gap(correct.mean(axis=0))))


def sap_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `sap` for the bootstrap of the test samples; the classifiers are held fixed."""
    correct = _sap_correct(
        inputs.codes, inputs.factors, inputs.test_codes, inputs.test_factors, SAP_C, inputs.workers
    )
    return Statistic(lambda rows: top_gap(correct[rows].mean(axis=0)).mean(), (len(correct),))


def sap_continuous(codes: ArrayLike, factors: ArrayLike) -> float:
    """SAP of continuous factors: gap of squared correlations, mean over factors that vary.

    disentanglement_lib with continuous_factors=True, and vu2026's linear study.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Numbers.

    Raises
    ------
    MetricError
        If an argument cannot be used, no factor varies, or there is a single latent.
    """
    chosen = varying(matrix(factors, "factors"))
    return float(np.mean(top_gap(squared_correlation(codes, factors)[:, chosen])))


def _explicitness(
    z: Float[np.ndarray, "n latents"],
    v: Int[np.ndarray, "n factors"],
    test_z: Float[np.ndarray, "m latents"],
    test_v: Int[np.ndarray, "m factors"],
    workers: int | None,
) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    z, test_z = standardise(z, test_z)

    def score(k: int) -> float:
        model = LogisticRegression().fit(z, v[:, k])
        odds = model.predict_proba(test_z)
        truth = test_v[:, [k]] == model.classes_
        both = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
        if not len(both):
            raise MetricError("a factor has a single value in the test set")
        return float(np.mean([roc_auc_score(truth[:, c], odds[:, c]) for c in both]))

    with stopped_early():
        return float(np.mean(in_threads(score, map(int, np.flatnonzero(varying(v))), workers)))


def explicitness(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    workers: int | None = None,
) -> float:
    """Test ROC-AUC of a logistic regression on all codes, as in disentanglement_lib.

    Codes are standardised by the training set; one value against the rest, mean over values,
    then over factors. Values missing from training or test are left out, where the library
    raises an error; constant codes stay 0, where it divides by zero.

    Parameters
    ----------
    train_codes, test_codes : array_like of shape (n, latents)
    train_factors, test_factors : array_like of shape (n, factors)
        Discrete.
    workers
        Threads for the fits, one per core by default.

    Raises
    ------
    MetricError
        If an argument cannot be used, no factor varies, or one has a single value in the test set.

    References
    ----------
    Ridgeway, K. and Mozer, M. C. (2018). Learning deep disentangled embeddings with the
    F-statistic loss.
    """
    return _explicitness(*train_test(train_codes, train_factors, test_codes, test_factors), workers)


def explicitness_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `explicitness` for the bootstrap of both sets, with refitted classifiers."""
    z, v, test_z, test_v = inputs.codes, inputs.factors, inputs.test_codes, inputs.test_factors
    return Statistic(
        lambda train, test: _explicitness(
            z[train], v[train], test_z[test], test_v[test], inputs.workers
        ),
        (len(z), len(test_z)),
    )
