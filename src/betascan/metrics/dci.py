"""Disentanglement, completeness, informativeness (Eastwood and Williams 2018)."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from betascan.metrics.arrays import Codes, Floats, MetricError, in_threads, split, standardise
from betascan.metrics.boosting import boost

Booster = Literal["reference", "lightgbm", "forest", "l1"]


class Dci(NamedTuple):
    """The three scores, each a number whose best value is 1."""

    disentanglement: float
    completeness: float
    informativeness: float


def _model(booster: Booster) -> Any:
    # Imported here: slow to import, and not in every environment.
    if booster == "reference":
        from sklearn.ensemble import GradientBoostingClassifier

        return GradientBoostingClassifier(random_state=0)
    if booster == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(random_state=0)
    if booster == "l1":
        from sklearn.linear_model import Lasso

        return Lasso(alpha=0.02)
    raise MetricError(f"booster must be reference, lightgbm, forest or l1, not {booster!r}")


def importances(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    booster: Booster = "reference",
    *,
    workers: int | None = None,
) -> tuple[Floats, Floats]:
    """Return importance (latents, factors) and test score (factors,) of one model a factor.

    Arguments as of `dci`, with the factors that are constant in training left out.
    """
    y: Codes
    test_y: Codes
    x, labels, test_x, test_labels = split(train_codes, train_factors, test_codes, test_factors)
    y, test_y = labels.astype(np.float64), test_labels.astype(np.float64)
    if booster == "l1":
        x, test_x = standardise(x.astype(np.float64), test_x.astype(np.float64))
        y, test_y = standardise(y, test_y)
    importance = np.empty((x.shape[1], y.shape[1]))
    score = np.empty(y.shape[1])

    def fit(k: int) -> None:
        if booster == "lightgbm":
            importance[:, k], found = boost(x, labels[:, k], test_x)
            score[k] = np.mean(found == test_labels[:, k])
            return
        model = _model(booster).fit(x, y[:, k])
        importance[:, k] = np.abs(model.coef_ if booster == "l1" else model.feature_importances_)
        score[k] = model.score(test_x, test_y[:, k])

    slowest_first = np.argsort([-len(np.unique(column)) for column in y.T], kind="stable")
    in_threads(fit, map(int, slowest_first), workers)
    return importance, score


def _one_minus_entropy(importance: Floats) -> Floats:
    """1 - entropy of each column's shares, in units of its maximum; 1e-11 as in the library."""
    shares = importance + 1e-11
    shares /= shares.sum(axis=0)
    return 1 + (shares * np.log(shares)).sum(axis=0) / np.log(len(shares))


def disentanglement(importance: Floats) -> float:
    """How far each latent serves one factor only, weighted by the latent's importance.

    importance (latents, factors), at least two factors.
    """
    weights = importance.sum(axis=1)
    per_latent = _one_minus_entropy(importance.T)
    return float(np.average(per_latent, weights=weights if weights.any() else None))


def completeness(importance: Floats) -> float:
    """How far each factor is served by one latent only, weighted by the factor's importance.

    importance (latents, factors), at least two latents.
    """
    weights = importance.sum(axis=0)
    per_factor = _one_minus_entropy(importance)
    return float(np.average(per_factor, weights=weights if weights.any() else None))


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

    Codes (n, latents), factors (n, factors) discrete. "reference": importances of
    GradientBoostingClassifier with its defaults, the library's call; informativeness is test
    accuracy, mean over factors. The library leaves the seed open, which only decides between
    equally good splits; here it is 0. "lightgbm": the same by `boosting.boost`, 255 quantiles
    of a code at a time (its agreement with the reference: README.md).
    "forest": RandomForestClassifier. "l1": Lasso(0.02) on standardised codes and standardised
    numbers of the values, as Eastwood and Williams; its informativeness is the coefficient of
    determination. Constant factors are left out. Fits run in `workers` threads (default: one a
    core). Raises MetricError, also when there are fewer than two latents or varying factors.
    """
    importance, score = importances(
        train_codes, train_factors, test_codes, test_factors, booster, workers=workers
    )
    if min(importance.shape) < 2:
        raise MetricError("DCI needs at least two latents and two factors that vary")
    return Dci(disentanglement(importance), completeness(importance), float(score.mean()))
