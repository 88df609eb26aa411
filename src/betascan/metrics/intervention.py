"""Scores from groups of images that share one factor's value: FactorVAE's and beta-VAE's."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from betascan.core.randomness import stream
from betascan.metrics.arrays import matrix, stopped_early, whole_number
from betascan.metrics.errors import MetricError
from betascan.metrics.inputs import Encode, ScoreInputs, Statistic

GROUP_SIZE = 64  # samples behind one vote (disentanglement_lib: batch_size)
VARIANCE_SAMPLES = 10_000
PRUNE_STD = 0.05  # standard deviation below which a code takes no part in votes
GROUPS_AT_ONCE = 256

Groups = tuple[Int[np.ndarray, " _"], Float[np.ndarray, "_ samples latents"]]


def _check_sizes(factor_sizes: Any) -> Int[np.ndarray, " factors"]:
    sizes = np.asarray(factor_sizes)
    whole = sizes.ndim == 1 and sizes.dtype.kind in "iu"
    if not whole or (sizes < 1).any() or not (sizes > 1).any():
        raise MetricError(
            f"factor sizes must be whole numbers, one above 1 and none below 1: {factor_sizes}"
        )
    return sizes.astype(np.intp)


def _encode(
    encode: Encode, factors: Int[np.ndarray, "groups samples factors"]
) -> Float[np.ndarray, "groups samples latents"]:
    codes = matrix(encode(factors.reshape(-1, factors.shape[-1])), "codes")
    if len(codes) * factors.shape[-1] != factors.size:
        raise MetricError(f"encode returned {len(codes)} codes for {factors[..., 0].size} samples")
    return codes.reshape(*factors.shape[:-1], codes.shape[1])


def _chunks(total: int) -> Iterator[int]:
    for start in range(0, total, GROUPS_AT_ONCE):
        yield min(GROUPS_AT_ONCE, total - start)


def least_variance(
    codes: Float[np.ndarray, "groups samples latents"],
    variances: Float[np.ndarray, " latents"],
) -> Int[np.ndarray, " groups"]:
    """Return the code that varies least in each group, in units of its global variance.

    Parameters
    ----------
    codes : ndarray of shape (groups, samples, latents)
    variances : ndarray of shape (latents,)
        Global variance of each code, by numpy.var(ddof=1).
    """
    return np.argmin(codes.var(axis=1, ddof=1) / variances, axis=1)


def majority_vote(
    groups: Iterable[Groups],
    variances: Float[np.ndarray, " latents"],
    *,
    n_train: int,
    n_test: int,
) -> Bool[np.ndarray, " test"]:
    """Return which test groups FactorVAE's majority vote assigns to the factor they share.

    Parameters
    ----------
    groups
        Pairs of the factors shared, of shape (groups,), and codes of shape (groups, samples,
        latents): n_train groups for training, then n_test for the test, split anywhere.
    variances : ndarray of shape (latents,)
        Global variances of the codes. Codes with a standard deviation below `PRUNE_STD` do not
        vote; if none is left, no group is assigned correctly.
    n_train, n_test
        Numbers of groups.
    """
    active = np.sqrt(variances) >= PRUNE_STD
    if not active.any():
        return np.zeros(n_test, dtype=np.bool_)
    parts = [(f, least_variance(codes[..., active], variances[active])) for f, codes in groups]
    fixed, votes = (np.concatenate(part) for part in zip(*parts, strict=True))
    counts = np.zeros((fixed.max() + 1, votes.max() + 1), dtype=np.intp)
    np.add.at(counts, (fixed[:n_train], votes[:n_train]), 1)
    return np.asarray(counts.argmax(axis=0)[votes[n_train:]] == fixed[n_train:])


def factor_vae_correct(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
    seed: int = 0,
) -> Bool[np.ndarray, " test_votes"]:
    """Return which test votes `factor_vae_score` counts as correct; parameters as there."""
    sizes = _check_sizes(factor_sizes)
    fixable = np.flatnonzero(sizes > 1)
    counts = whole_number(train_votes, "train_votes"), whole_number(test_votes, "test_votes")
    rng = stream(seed, "factor_vae_score")
    sample = rng.integers(sizes, size=(1, VARIANCE_SAMPLES, len(sizes)))
    variances = _encode(encode, sample)[0].var(axis=0, ddof=1)

    def groups() -> Iterator[Groups]:
        for total in counts:
            for count in _chunks(total):
                fixed = rng.choice(fixable, size=count)
                factors = rng.integers(sizes, size=(count, GROUP_SIZE, len(sizes)))
                group = np.arange(count)
                factors[group, :, fixed] = factors[group, :1, fixed]
                yield fixed, _encode(encode, factors)

    return majority_vote(groups(), variances, n_train=counts[0], n_test=counts[1])


def factor_vae_score(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
    seed: int = 0,
) -> float:
    """FactorVAE score: test accuracy of a majority vote, as in disentanglement_lib.

    64 samples share one factor's value, and the code of least variance in units of its global
    variance (10,000 samples) votes; codes with a standard deviation below 0.05 take no part, and 0
    is returned if none is left.

    Parameters
    ----------
    encode
        Maps factor classes (n, factors) to codes (n, latents): posterior means of images of
        those factors.
    factor_sizes
        Number of classes of each factor. Factors of size 1 are never the shared one.
    train_votes, test_votes
        Numbers of groups.
    seed
        Seed of the factors drawn.

    Raises
    ------
    MetricError
        If an argument or the codes cannot be used.

    References
    ----------
    Kim, H. and Mnih, A. (2018). Disentangling by factorising.
    """
    correct = factor_vae_correct(
        encode, factor_sizes, train_votes=train_votes, test_votes=test_votes, seed=seed
    )
    return float(correct.mean())


def factor_vae_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `factor_vae_score` for the bootstrap of the test votes."""
    assert inputs.encode is not None  # the registry says that it needs it
    correct = factor_vae_correct(inputs.encode, inputs.factor_sizes, seed=inputs.seed)
    return Statistic(lambda rows: correct[rows].mean(), (len(correct),))


def shared_factor_correct(
    points: Float[np.ndarray, "points latents"],
    shared: Int[np.ndarray, " points"],
    *,
    n_train: int,
    C: float = 1.0,
    max_iter: int = 100,
) -> Bool[np.ndarray, " test"]:
    """Return for which test points a logistic regression finds the factor that a pair shares.

    Parameters
    ----------
    points : ndarray of shape (points, latents)
        Mean absolute differences of codes.
    shared : ndarray of shape (points,)
        The factor that the samples behind a point share.
    n_train
        The first n_train points are the training set, the others the test set.
    C, max_iter
        Settings of scikit-learn's LogisticRegression.

    Raises
    ------
    MetricError
        If all training points share the same factor.
    """
    if (shared[:n_train] == shared[0]).all():
        raise MetricError("all training points share the same factor: take more of them")
    from sklearn.linear_model import LogisticRegression  # slow to import, not in every environment

    model = LogisticRegression(C=C, random_state=0, max_iter=max_iter)
    with stopped_early():
        model.fit(points[:n_train], shared[:n_train])
    return np.asarray(model.predict(points[n_train:]) == shared[n_train:])


def beta_vae_correct(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_points: int = 10_000,
    test_points: int = 5_000,
    seed: int = 0,
) -> Bool[np.ndarray, " test_points"]:
    """Return which test points `beta_vae_score` counts as correct; parameters as there."""
    sizes = _check_sizes(factor_sizes)
    fixable = np.flatnonzero(sizes > 1)
    if len(fixable) < 2:
        raise MetricError("the beta-VAE score needs at least two factors that vary")
    counts = whole_number(train_points, "train_points"), whole_number(test_points, "test_points")
    rng = stream(seed, "beta_vae_score")
    points, shared = [], []
    for total in counts:
        for count in _chunks(total):
            fixed = rng.choice(fixable, size=count)
            first, second = rng.integers(sizes, size=(2, count, GROUP_SIZE, len(sizes)))
            group = np.arange(count)
            second[group, :, fixed] = first[group, :, fixed]
            differences = _encode(encode, first) - _encode(encode, second)
            points.append(np.abs(differences).mean(axis=1, dtype=np.float64))
            shared.append(fixed)
    return shared_factor_correct(np.concatenate(points), np.concatenate(shared), n_train=counts[0])


def beta_vae_score(
    encode: Encode,
    factor_sizes: Sequence[int],
    *,
    train_points: int = 10_000,
    test_points: int = 5_000,
    seed: int = 0,
) -> float:
    """beta-VAE score: test accuracy of a linear classifier, as in disentanglement_lib.

    A point is the mean absolute difference of codes over 64 pairs that share one factor's value,
    and a logistic regression predicts which factor that was.

    Parameters
    ----------
    encode, factor_sizes
        Encoder and number of classes of each factor, as in `factor_vae_score`.
    train_points, test_points
        Numbers of points.
    seed
        Seed of the factors drawn.

    Raises
    ------
    MetricError
        If an argument or the codes cannot be used, or fewer than two factors vary.

    References
    ----------
    Higgins, I. et al. (2017). beta-VAE: learning basic visual concepts with a constrained
    variational framework.
    """
    correct = beta_vae_correct(
        encode, factor_sizes, train_points=train_points, test_points=test_points, seed=seed
    )
    return float(correct.mean())


def beta_vae_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `beta_vae_score` for the bootstrap of the test points."""
    assert inputs.encode is not None  # the registry says that it needs it
    correct = beta_vae_correct(inputs.encode, inputs.factor_sizes, seed=inputs.seed)
    return Statistic(lambda rows: correct[rows].mean(), (len(correct),))
