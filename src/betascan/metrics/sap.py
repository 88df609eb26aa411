"""Separated attribute predictability (Kumar et al. 2018), as in disentanglement_lib."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.metrics.arrays import in_threads, matrix, split, varying
from betascan.metrics.mutual_information import squared_correlation, top_gap


def sap_hits(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    C: float = 0.01,
    workers: int | None = None,
) -> NDArray[np.bool_]:
    """Tell which test samples each one-code classifier gets right, (test, latents, factors).

    Arguments as of `sap`, with the factors that are constant in training left out.
    """
    from sklearn.svm import LinearSVC  # slow to import, and not in every environment

    z, v, test_z, test_v = split(train_codes, train_factors, test_codes, test_factors)
    hits = np.empty((len(test_z), z.shape[1], v.shape[1]), dtype=np.bool_)

    def fit(pair: tuple[int, int]) -> None:
        i, k = pair
        machine = LinearSVC(C=C, class_weight="balanced").fit(z[:, [i]], v[:, k])
        hits[:, i, k] = machine.predict(test_z[:, [i]]) == test_v[:, k]

    slowest_first = np.argsort([-len(np.unique(column)) for column in v.T], kind="stable")
    in_threads(fit, [(i, int(k)) for k in slowest_first for i in range(z.shape[1])], workers)
    return hits


def sap(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    C: float = 0.01,
    workers: int | None = None,
) -> float:
    """SAP of discrete factors: gap of accuracies of the two best codes, mean over factors.

    Codes (n, latents), factors (n, factors); accuracy on the test set. One
    LinearSVC(C, class_weight="balanced") on one raw code, with C = 0.01 the library's call. Since
    scikit-learn 1.5 its default solver is the primal one, which draws no random numbers; the
    older dual one depends on its seed and often stops unconverged. Fits run in `workers`
    threads (default: one a core). Raises MetricError.
    """
    hits = sap_hits(train_codes, train_factors, test_codes, test_factors, C=C, workers=workers)
    return float(np.mean(top_gap(hits.mean(axis=0))))


def sap_continuous(codes: ArrayLike, factors: ArrayLike) -> float:
    """SAP of continuous factors: gap of squared correlations, mean over factors that vary.

    codes (n, latents), factors (n, factors): numbers. disentanglement_lib with
    continuous_factors=True, and vu2026's linear study. Raises MetricError.
    """
    chosen = varying(matrix(factors, "factors"))
    return float(np.mean(top_gap(squared_correlation(codes, factors)[:, chosen])))
