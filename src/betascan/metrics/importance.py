"""Disentanglement, completeness, informativeness: how important each code is for each factor."""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betascan.metrics.arrays import in_threads, standardise, train_test, varying
from betascan.metrics.boosting import boost
from betascan.metrics.errors import MetricError
from betascan.metrics.inputs import ScoreInputs, Statistic

Booster = Literal["reference", "lightgbm", "forest", "l1"]


class Dci(NamedTuple):
    """The three scores, each a number whose best value is 1."""

    disentanglement: float
    completeness: float
    informativeness: float


def _check(booster: str) -> None:
    if booster not in get_args(Booster):
        raise MetricError(f"booster must be one of {', '.join(get_args(Booster))}, not {booster!r}")


def _model(booster: Booster) -> Any:
    # Imported here: slow to import, and not in every environment.
    if booster == "reference":
        from sklearn.ensemble import GradientBoostingClassifier

        return GradientBoostingClassifier(random_state=0)
    if booster == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(random_state=0)
    from sklearn.linear_model import Lasso

    return Lasso(alpha=0.02)


def _importances(
    x: Float[np.ndarray, "n latents"],
    labels: Int[np.ndarray, "n factors"],
    test_x: Float[np.ndarray, "m latents"],
    test_labels: Int[np.ndarray, "m factors"],
    booster: Booster,
    workers: int | None,
) -> tuple[Float[np.ndarray, "latents varying"], Float[np.ndarray, " varying"]]:
    """Return importances and test scores of one model per factor that varies in training."""
    chosen = varying(labels)
    labels, test_labels = labels[:, chosen], test_labels[:, chosen]
    y, test_y = labels.astype(np.float64), test_labels.astype(np.float64)
    if booster == "l1":
        x, test_x = standardise(x.astype(np.float64), test_x.astype(np.float64))
        y, test_y = standardise(y, test_y)
    importance = np.empty((x.shape[1], y.shape[1]))
    score = np.empty(y.shape[1])

    def fit(k: int) -> None:
        if booster == "lightgbm":
            importance[:, k], predicted = boost(x, labels[:, k], test_x)
            score[k] = np.mean(predicted == test_labels[:, k])
            return
        model = _model(booster).fit(x, y[:, k])
        importance[:, k] = np.abs(model.coef_ if booster == "l1" else model.feature_importances_)
        score[k] = model.score(test_x, test_y[:, k])

    slowest_first = np.argsort([-len(np.unique(column)) for column in y.T], kind="stable")
    in_threads(fit, map(int, slowest_first), workers)
    return importance, score


def importances(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    booster: Booster = "reference",
    *,
    workers: int | None = None,
) -> tuple[Float[np.ndarray, "latents factors"], Float[np.ndarray, " factors"]]:
    """Return the importance of each code for each factor and the test score of each factor.

    Parameters as in `dci`; factors that are constant in training are left out.
    """
    _check(booster)
    sets = train_test(train_codes, train_factors, test_codes, test_factors)
    return _importances(*sets, booster, workers)


def _one_minus_entropy(importance: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """1 - entropy of each column's shares, in units of its maximum; 1e-11 as in the library."""
    shares = importance + 1e-11
    shares /= shares.sum(axis=0)
    return 1 + (shares * np.log(shares)).sum(axis=0) / np.log(len(shares))


def disentanglement(importance: Float[np.ndarray, "latents factors"]) -> float:
    """Return how far each latent serves only one factor, weighted by the latent's importance.

    Parameters
    ----------
    importance : ndarray of shape (latents, factors)
        Importance of each latent for each factor; at least two factors.
    """
    weights = importance.sum(axis=1)
    per_latent = _one_minus_entropy(importance.T)
    return float(np.average(per_latent, weights=weights if weights.any() else None))


def completeness(importance: Float[np.ndarray, "latents factors"]) -> float:
    """Return how far each factor is served by only one latent, weighted by its importance.

    Parameters
    ----------
    importance : ndarray of shape (latents, factors)
        Importance of each latent for each factor; at least two latents.
    """
    weights = importance.sum(axis=0)
    per_factor = _one_minus_entropy(importance)
    return float(np.average(per_factor, weights=weights if weights.any() else None))


def _dci(
    x: Float[np.ndarray, "n latents"],
    labels: Int[np.ndarray, "n factors"],
    test_x: Float[np.ndarray, "m latents"],
    test_labels: Int[np.ndarray, "m factors"],
    booster: Booster,
    workers: int | None,
) -> Dci:
    importance, score = _importances(x, labels, test_x, test_labels, booster, workers)
    if min(importance.shape) < 2:
        raise MetricError("DCI needs at least two latents and two factors that vary")
    return Dci(disentanglement(importance), completeness(importance), float(score.mean()))


def dci(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    booster: Booster = "reference",
    *,
    workers: int | None = None,
) -> Dci:
    """Disentanglement, completeness and informativeness, as in disentanglement_lib.

    Factors that are constant in training are left out.

    Parameters
    ----------
    train_codes, test_codes : array_like of shape (n, latents)
    train_factors, test_factors : array_like of shape (n, factors)
        Discrete.
    booster
        "reference": importances of GradientBoostingClassifier with its defaults, the library's
        call; informativeness is test accuracy, mean over factors. The library does not fix the
        seed, which only decides between equally good splits; here it is 0. "lightgbm": the same
        by `boosting.boost`, with 255 quantiles of a code (its agreement with the reference:
        README.md). "forest": RandomForestClassifier. "l1": Lasso(0.02) on standardised codes and
        standardised numbers of the values, as in Eastwood and Williams; its informativeness is
        the coefficient of determination.
    workers
        Threads for the fits, one per core by default.

    Raises
    ------
    MetricError
        If an argument cannot be used, or there are fewer than two latents or varying factors.

    References
    ----------
    Eastwood, C. and Williams, C. K. I. (2018). A framework for the quantitative evaluation of
    disentangled representations.
    """
    _check(booster)
    sets = train_test(train_codes, train_factors, test_codes, test_factors)
    return _dci(*sets, booster, workers)


def dci_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `dci` by LightGBM for the bootstrap of both sets, with refitted models."""
    x, labels, test_x, test_labels = (
        inputs.codes, inputs.factors, inputs.test_codes, inputs.test_factors,
    )  # fmt: skip
    return Statistic(
        lambda train, test: _dci(
            x[train], labels[train], test_x[test], test_labels[test], "lightgbm", inputs.workers
        ),
        (len(x), len(test_x)),
    )
