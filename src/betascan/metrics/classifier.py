"""Scores of classifiers: FactorVAE's votes, the beta-VAE score, explicitness."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.core.randomness import stream
from betascan.metrics.arrays import (
    Codes,
    Floats,
    Labels,
    MetricError,
    in_threads,
    matrix,
    split,
    standardise,
)

Encode = Callable[[Labels], ArrayLike]

GROUP = 64  # samples behind one vote (disentanglement_lib: batch_size)
VARIANCE_SAMPLES = 10_000
COLLAPSED = 0.05  # standard deviation below which a code takes no part in votes
GROUPS_AT_ONCE = 256


def _sizes(factor_sizes: Sequence[int]) -> tuple[Labels, Labels]:
    sizes = np.asarray(factor_sizes, dtype=np.intp)
    if sizes.ndim != 1 or (sizes < 1).any() or not (sizes > 1).any():
        raise MetricError(f"factor sizes must hold one above 1, and none below 1: {factor_sizes}")
    return sizes, np.flatnonzero(sizes > 1)


def _encode(encode: Encode, factors: Labels) -> Codes:
    """Encode factors (..., factors) to codes (..., latents)."""
    codes = matrix(encode(factors.reshape(-1, factors.shape[-1])), "codes")
    if len(codes) * factors.shape[-1] != factors.size:
        raise MetricError(f"encode returned {len(codes)} codes for {factors[..., 0].size} samples")
    return codes.reshape(*factors.shape[:-1], codes.shape[1])


def _chunks(total: int) -> Iterator[int]:
    for start in range(0, total, GROUPS_AT_ONCE):
        yield min(GROUPS_AT_ONCE, total - start)


def votes(codes: Codes, variances: Floats, active: NDArray[np.bool_]) -> Labels:
    """Return the active code of least normalised variance in each group, (groups,).

    codes (groups, samples, latents), variances and active (latents,); variances as of
    numpy.var(ddof=1).
    """
    local = codes[..., active].var(axis=1, ddof=1)
    return np.argmin(local / variances[active], axis=1)


def factor_vae_hits(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Tell which test votes the majority classifier gets right, (test_votes,)."""
    sizes, fixable = _sizes(factor_sizes)
    rng = stream(seed, "factor_vae_score")
    codes = _encode(encode, rng.integers(sizes, size=(VARIANCE_SAMPLES, len(sizes))))
    variances = codes.var(axis=0, ddof=1)
    active = np.sqrt(variances) >= COLLAPSED
    if not active.any():
        return np.zeros(test_votes, dtype=np.bool_)

    def draw(total: int) -> tuple[Labels, Labels]:
        drawn = []
        for count in _chunks(total):
            fixed = rng.choice(fixable, size=count)
            factors = rng.integers(sizes, size=(count, GROUP, len(sizes)))
            group = np.arange(count)
            factors[group, :, fixed] = factors[group, :1, fixed]
            drawn.append((fixed, votes(_encode(encode, factors), variances, active)))
        fixed_parts, vote_parts = zip(*drawn, strict=True)
        return np.concatenate(fixed_parts), np.concatenate(vote_parts)

    fixed, vote = draw(train_votes)
    counts = np.zeros((len(sizes), int(active.sum())), dtype=np.intp)
    np.add.at(counts, (fixed, vote), 1)
    fixed, vote = draw(test_votes)
    return np.asarray(np.argmax(counts, axis=0)[vote] == fixed)


def factor_vae_score(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
    seed: int = 0,
) -> float:
    """FactorVAE score (Kim and Mnih 2018): test accuracy of the majority vote.

    encode maps factor classes (n, factors) to codes (n, latents): posterior means of images of
    those factors. As in disentanglement_lib: 64 samples share one factor's value, the code of
    least variance in units of its global variance (10,000 samples) votes; codes of standard
    deviation below 0.05 take no part, and 0 is returned if none is left. Factors of size 1 are
    never the shared one. Raises MetricError.
    """
    hits = factor_vae_hits(
        encode, factor_sizes, train_votes=train_votes, test_votes=test_votes, seed=seed
    )
    return float(hits.mean())


def beta_vae_hits(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_points: int = 10_000,
    test_points: int = 5_000,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Tell which test points the logistic regression gets right, (test_points,)."""
    sizes, fixable = _sizes(factor_sizes)
    if len(fixable) < 2:
        raise MetricError("the beta-VAE score needs at least two factors that vary")
    rng = stream(seed, "beta_vae_score")

    def draw(total: int) -> tuple[Floats, Labels]:
        points, shared = [], []
        for count in _chunks(total):
            fixed = rng.choice(fixable, size=count)
            first, second = rng.integers(sizes, size=(2, count, GROUP, len(sizes)))
            group = np.arange(count)
            second[group, :, fixed] = first[group, :, fixed]
            differences = _encode(encode, first) - _encode(encode, second)
            points.append(np.abs(differences).mean(axis=1, dtype=np.float64))
            shared.append(fixed)
        return np.concatenate(points), np.concatenate(shared)

    from sklearn.linear_model import LogisticRegression  # slow to import, not everywhere

    model = LogisticRegression(random_state=0)
    with _stopping_early():
        model.fit(*draw(train_points))
    x, y = draw(test_points)
    return np.asarray(model.predict(x) == y)


def beta_vae_score(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_points: int = 10_000,
    test_points: int = 5_000,
    seed: int = 0,
) -> float:
    """beta-VAE score (Higgins et al. 2017): test accuracy of a linear classifier.

    encode and factor_sizes as of `factor_vae_score`. As in disentanglement_lib: a point is the
    mean absolute difference of codes over 64 pairs that share one factor's value, and a logistic
    regression tells which factor that was. Raises MetricError, also for fewer than two factors.
    """
    hits = beta_vae_hits(
        encode, factor_sizes, train_points=train_points, test_points=test_points, seed=seed
    )
    return float(hits.mean())


@contextmanager
def _stopping_early() -> Iterator[None]:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # The library's scores are those after scikit-learn's default of 100 iterations.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def explicitness(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    workers: int | None = None,
) -> float:
    """Explicitness (Ridgeway and Mozer 2018): test ROC-AUC of a logistic regression on all codes.

    Codes (n, latents), factors (n, factors) discrete. As in disentanglement_lib: codes
    standardised by the training set, one against the rest, mean over values, then over factors.
    Values that training or test lacks are left out, where the library raises; constant codes
    stay 0, where it divides by zero. Raises MetricError.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    z, v, test_z, test_v = split(train_codes, train_factors, test_codes, test_factors)
    z, test_z = standardise(z, test_z)

    def score(k: int) -> float:
        model = LogisticRegression().fit(z, v[:, k])
        odds = model.predict_proba(test_z)
        truth = test_v[:, [k]] == model.classes_
        judged = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
        if not len(judged):
            raise MetricError("a factor has a single value in the test set")
        return float(np.mean([roc_auc_score(truth[:, c], odds[:, c]) for c in judged]))

    with _stopping_early():
        return float(np.mean(in_threads(score, range(v.shape[1]), workers)))
