"""Scores based on the mutual information between single latents and single factors, in nats."""

from typing import Literal

import numpy as np
import scipy
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betascan.metrics.arrays import check_same_rows, matrix, paired, varying, whole_number
from betascan.metrics.errors import MetricError
from betascan.metrics.inputs import ScoreInputs, Statistic

BINS = 20
DENARDIN_DISCRETE = 50  # values of a factor above which denardin2025's code cuts them into bins
UNRESOLVED = 1e-12
"""1 - rho^2 below which a correlation counts as perfect, well above its rounding in float64."""


def _bin_equal_width(
    codes: Float[np.ndarray, "n latents"], bins: int
) -> Int[np.ndarray, "n latents"]:
    return np.stack([_bin_code(code, bins) for code in codes.T], axis=1)


def _bin_code(code: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    try:
        edges = np.histogram_bin_edges(code, bins)
    except ValueError:
        with np.errstate(over="ignore"):
            if np.isinf(np.ptp(code)):  # the range overflows; halving is exact
                return _bin_code(code / 2, bins)
        # There are fewer floating-point numbers than bins between min and max: a collapsed latent.
        return np.unique(code, return_inverse=True)[1]
    return np.digitize(code, edges[:-1]) - 1


def _information(
    binned: Int[np.ndarray, "n latents"], labels: Int[np.ndarray, "n factors"]
) -> Float[np.ndarray, "latents factors"]:
    """Plug-in estimate from joint counts; labels need not all occur, as in a resample."""
    n = len(labels)
    sizes = labels.max(axis=0) + 1
    offsets = np.cumsum(sizes) - sizes
    cells = labels + offsets
    n_cells = int(sizes.sum())
    of_labels = np.bincount(cells.ravel(), minlength=n_cells)
    occurs = of_labels > 0
    n_occurring = np.add.reduceat(occurs, offsets, dtype=np.intp)
    starts = np.cumsum(n_occurring) - n_occurring
    result = np.empty((binned.shape[1], labels.shape[1]))
    for row, code in zip(result, binned.T, strict=True):
        bins = int(code.max()) + 1
        joint = np.bincount((code[:, None] * n_cells + cells).ravel(), minlength=bins * n_cells)
        joint = joint.reshape(bins, n_cells)
        # counts stay integers up to the quotient, so that independence gives exactly 0
        ratio = joint * n / np.outer(np.bincount(code, minlength=bins), of_labels).clip(1)
        terms = joint * np.log(ratio, out=np.zeros_like(ratio), where=joint > 0)
        row[:] = np.add.reduceat(terms.sum(axis=0)[occurs], starts) / n
    return np.maximum(result, 0.0)


def entropy(labels: Int[np.ndarray, "n factors"]) -> Float[np.ndarray, " factors"]:
    """Entropy of each factor in nats, from the counts of its labels."""
    shares = [np.bincount(column) / len(column) for column in labels.T]
    return np.array([-(p[p > 0] * np.log(p[p > 0])).sum() for p in shares])


def top_gap(scores: ArrayLike) -> Float[np.ndarray, " factors"]:
    """Return the difference between the best and the second-best latent for each factor.

    Parameters
    ----------
    scores : array_like of shape (latents, factors)

    Raises
    ------
    MetricError
        If scores are not finite, or there is only one latent.
    """
    ordered = np.sort(matrix(scores, "scores").astype(np.float64), axis=0)
    if len(ordered) < 2:
        raise MetricError("a gap between latents needs at least two latents")
    return ordered[-1] - ordered[-2]


def matched_sum(scores: ArrayLike) -> float:
    """Return the largest sum of scores over one-to-one pairs (Hungarian algorithm).

    Parameters
    ----------
    scores : array_like of shape (latents, factors)

    Raises
    ------
    MetricError
        If scores are not finite.
    """
    table = matrix(scores, "scores")
    return float(table[scipy.optimize.linear_sum_assignment(table, maximize=True)].sum())


def mutual_information(
    codes: ArrayLike, factors: ArrayLike, bins: int = BINS
) -> Float[np.ndarray, "latents factors"]:
    """Mutual information of each code and factor in nats.

    This is the estimate of disentanglement_lib: each code in equal-width bins from its minimum to
    its maximum, numpy.digitize on the left edges, plug-in estimate. For a constant code or factor
    it is exactly 0.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Discrete.
    bins
        Number of bins of each code.

    Raises
    ------
    MetricError
        If codes, factors or bins cannot be used.
    """
    z, v = paired(codes, factors)
    return _information(_bin_equal_width(z, whole_number(bins, "bins")), v)


def _mig(z: Float[np.ndarray, "n latents"], v: Int[np.ndarray, "n factors"], bins: int) -> float:
    v = v[:, varying(v)]
    gaps = top_gap(_information(_bin_equal_width(z, bins), v))
    return float(np.mean(gaps / entropy(v)))


def mig(codes: ArrayLike, factors: ArrayLike, bins: int = BINS) -> float:
    """Mutual information gap over entropy, mean over factors, as in disentanglement_lib.

    Factors that are constant are left out, where the library divides by zero.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Discrete.
    bins
        Number of bins of each code.

    Raises
    ------
    MetricError
        If codes, factors or bins cannot be used, no factor varies, or there is a single latent.

    References
    ----------
    Chen, R. T. Q., Li, X., Grosse, R. and Duvenaud, D. (2018). Isolating sources of
    disentanglement in variational autoencoders.
    """
    z, v = paired(codes, factors)
    return _mig(z, v, whole_number(bins, "bins"))


def mig_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `mig` for the bootstrap."""
    z, v = inputs.codes, inputs.factors
    return Statistic(lambda rows: _mig(z[rows], v[rows], BINS), (len(z),))


def _cut(column: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    return np.digitize(column, np.linspace(column.min(), column.max(), 20)) - 1


def _denardin_labels(values: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    few = len(np.unique(values)) <= DENARDIN_DISCRETE
    return np.unique(values.astype(np.intp) if few else _cut(values), return_inverse=True)[1]


def _mig_denardin(z: Float[np.ndarray, "n latents"], v: Int[np.ndarray, "n factors"]) -> float:
    gaps = top_gap(_information(np.stack([_cut(code) for code in z.T], axis=1), v))
    return float(np.mean(gaps / np.maximum(entropy(v) / np.log(2), 1e-10)))


def mig_denardin(codes: ArrayLike, values: ArrayLike) -> float:
    """Return the MIG that denardin2025 printed; not comparable with anybody else's.

    Its conventions: factors with up to 50 values are truncated to integers, so that dSprites'
    scale and positions become 0 or 1 and its orientations 7 levels; others are cut at 20 points
    from minimum to maximum; codes are cut likewise, which gives 19 bins and one for the maximum;
    nats are divided by bits; a constant factor counts as 0.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    values : array_like of shape (n, factors)
        Factor *values* (dSprites: latents_values with its constant colour; MPI3D: indices).

    Raises
    ------
    MetricError
        If codes or values cannot be used, or there is a single latent.
    """
    z, v = matrix(codes, "codes"), matrix(values, "factors")
    check_same_rows(z, v)
    labels = [_denardin_labels(column) for column in v.astype(np.float32).T]
    return _mig_denardin(z, np.stack(labels, axis=1))


def mig_denardin_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `mig_denardin` for the bootstrap."""
    assert inputs.values is not None  # the registry says that it needs them
    z, values = inputs.codes, inputs.values.astype(np.float32)
    labels = [_denardin_labels(column) for column in values.T]
    # a resample of few values has few; one of more is cut between its minimum and maximum
    few = [len(np.unique(column)) <= DENARDIN_DISCRETE for column in values.T]

    def score(rows: Int[np.ndarray, " n"]) -> float:
        columns = [
            labels[k][rows] if few[k] else _denardin_labels(values[rows, k])
            for k in range(len(labels))
        ]
        return _mig_denardin(z[rows], np.stack(columns, axis=1))

    return Statistic(score, (len(z),))


def _modularity(
    z: Float[np.ndarray, "n latents"], v: Int[np.ndarray, "n factors"], bins: int
) -> float:
    squares = _information(_bin_equal_width(z, bins), v[:, varying(v)]) ** 2
    if squares.shape[1] < 2:
        raise MetricError("modularity needs at least two factors that vary")
    best = squares.max(axis=1)
    rest = (squares.sum(axis=1) - best) / (squares.shape[1] - 1)
    share = np.divide(rest, best, out=np.ones_like(best), where=best > 0)
    return float(np.mean(1 - share))


def modularity(codes: ArrayLike, factors: ArrayLike, bins: int = BINS) -> float:
    """Modularity of Ridgeway and Mozer, mean over latents, as in disentanglement_lib.

    A latent without information about any factor counts as 0, as in the library; factors that are
    constant are left out.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Discrete.
    bins
        Number of bins of each code.

    Raises
    ------
    MetricError
        If codes, factors or bins cannot be used, or fewer than two factors vary.

    References
    ----------
    Ridgeway, K. and Mozer, M. C. (2018). Learning deep disentangled embeddings with the
    F-statistic loss.
    """
    z, v = paired(codes, factors)
    return _modularity(z, v, whole_number(bins, "bins"))


def modularity_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `modularity` for the bootstrap."""
    z, v = inputs.codes, inputs.factors
    return Statistic(lambda rows: _modularity(z[rows], v[rows], BINS), (len(z),))


def squared_correlation(
    codes: ArrayLike, factors: ArrayLike
) -> Float[np.ndarray, "latents factors"]:
    """Squared correlation of each code and factor.

    0 for codes with variance up to 1e-12, as in disentanglement_lib, and for constant factors.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Numbers, discrete or continuous.

    Raises
    ------
    MetricError
        If codes or factors cannot be used.
    """
    z, v = matrix(codes, "codes"), matrix(factors, "factors")
    check_same_rows(z, v)
    z, v = (a.astype(np.float64) - a.mean(axis=0, dtype=np.float64) for a in (z, v))
    var_z, var_v = (a.var(axis=0) * len(z) / max(len(z) - 1, 1) for a in (z, v))
    covariance = z.T @ v / max(len(z) - 1, 1)
    scale = np.outer(np.where(var_z > 1e-12, var_z, np.inf), np.where(var_v > 0, var_v, np.inf))
    return np.minimum(covariance**2 / scale, 1.0)


def matched_information(
    codes: ArrayLike,
    factors: ArrayLike,
    estimator: Literal["gaussian", "histogram"] = "gaussian",
) -> float:
    """I_m of vu2026 in nats: information of the best one-to-one pairs of latents and factors.

    "gaussian", the linear study: -log(1 - rho^2)/2 of each pair. It has no bound, but rounding
    hides how far a correlation is from perfect: rho^2 above 1 - 1e-12 counts as 1 - 1e-12, so
    that a perfect pair gives 6 log 10 = 13.8 nats on every machine. "histogram", the image
    study: `mutual_information`.

    Parameters
    ----------
    codes : array_like of shape (n, latents)
    factors : array_like of shape (n, factors)
        Discrete for "histogram".
    estimator
        Estimator of the information of a pair.

    Raises
    ------
    MetricError
        If codes, factors or estimator cannot be used.
    """
    if estimator == "histogram":
        return matched_sum(mutual_information(codes, factors))
    if estimator != "gaussian":
        raise MetricError(f"estimator must be gaussian or histogram, not {estimator!r}")
    rho2 = np.minimum(squared_correlation(codes, factors), 1 - UNRESOLVED)
    return matched_sum(-np.log1p(-rho2) / 2)


def matched_information_statistic(inputs: ScoreInputs) -> Statistic:
    """Return `matched_information` with histograms, for the bootstrap."""
    z, v = inputs.codes, inputs.factors

    def score(rows: Int[np.ndarray, " n"]) -> float:
        return matched_sum(_information(_bin_equal_width(z[rows], BINS), v[rows]))

    return Statistic(score, (len(z),))
