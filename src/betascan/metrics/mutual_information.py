"""Scores made of the mutual information between single latents and single factors, in nats."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from betascan.metrics.arrays import (
    Codes,
    Floats,
    Labels,
    MetricError,
    matrix,
    paired,
    same_rows,
    varying,
)
from betascan.metrics.arrays import labels as to_labels


def _histogram_bins(code: NDArray[np.floating], bins: int) -> Labels:
    try:
        edges = np.histogram_bin_edges(code, bins)
    except ValueError:
        # Between min and max lie fewer floating-point numbers than bins: a collapsed latent.
        return np.unique(code, return_inverse=True)[1]
    return np.digitize(code, edges[:-1]) - 1


def _information(binned: Labels, factors: Labels) -> Floats:
    """Plug-in estimate from joint counts: binned (n, latents), factors (n, factors)."""
    n = len(factors)
    sizes = factors.max(axis=0) + 1
    offsets = np.cumsum(sizes) - sizes
    cells = factors + offsets
    values = int(sizes.sum())
    of_values = np.bincount(cells.ravel(), minlength=values)
    result = np.empty((binned.shape[1], factors.shape[1]))
    for row, code in zip(result, binned.T, strict=True):
        bins = int(code.max()) + 1
        joint = np.bincount((code[:, None] * values + cells).ravel(), minlength=bins * values)
        joint = joint.reshape(bins, values)
        # counts stay integers up to the quotient, so that independence gives exactly 0
        ratio = joint * n / np.outer(np.bincount(code, minlength=bins), of_values).clip(1)
        terms = joint * np.log(ratio, out=np.zeros_like(ratio), where=joint > 0)
        row[:] = np.add.reduceat(terms.sum(axis=0), offsets) / n
    return np.maximum(result, 0.0)


def entropy(factors: Labels) -> Floats:
    """Entropy of each factor (n, factors) in nats, (factors,)."""
    shares = [np.bincount(column) / len(column) for column in factors.T]
    return np.array([-(p[p > 0] * np.log(p[p > 0])).sum() for p in shares])


def top_gap(scores: ArrayLike) -> Floats:
    """Difference between the best and the second-best latent for each factor, (factors,).

    scores (latents, factors). Raises MetricError for a single latent, which has no second.
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64), axis=0)
    if len(ordered) < 2:
        raise MetricError("a gap between latents needs at least two latents")
    return ordered[-1] - ordered[-2]


def matched_sum(scores: ArrayLike) -> float:
    """Largest sum of scores (latents, factors) over one-to-one pairs (Hungarian algorithm)."""
    table = np.asarray(scores, dtype=np.float64)
    return float(table[linear_sum_assignment(table, maximize=True)].sum())


def mutual_information(codes: ArrayLike, factors: ArrayLike, bins: int = 20) -> Floats:
    """Mutual information of each code and factor in nats, (latents, factors).

    codes (n, latents), factors (n, factors) discrete. As in disentanglement_lib: each code in
    `bins` equal-width bins from its minimum to its maximum, numpy.digitize on the left edges,
    plug-in estimate. A constant code or factor has exactly 0. Raises MetricError.
    """
    z, v = paired(codes, factors)
    return _information(_binned(z, bins), v)


def _binned(codes: Codes, bins: int) -> Labels:
    return np.stack([_histogram_bins(code, bins) for code in codes.T], axis=1)


def mig(codes: ArrayLike, factors: ArrayLike, bins: int = 20) -> float:
    """Mutual information gap over entropy, mean over factors (disentanglement_lib).

    codes (n, latents), factors (n, factors). Factors that are constant are left out, where the
    library divides by zero. Raises MetricError, also for a single latent.
    """
    z, v = paired(codes, factors)
    v = v[:, varying(v)]
    return float(np.mean(top_gap(_information(_binned(z, bins), v)) / entropy(v)))


def mig_denardin(codes: ArrayLike, factors: ArrayLike) -> float:
    """The MIG that denardin2025 printed; not comparable with anybody else's.

    factors (n, factors) are the *values* (dSprites: latents_values with its constant colour;
    MPI3D: indices). Its conventions: factors with up to 50 values are truncated to integers, so
    that dSprites' scale and positions become 0 or 1 and its orientations 7 levels, others are
    cut at 20 points from minimum to maximum; codes are cut likewise, which makes 19 bins and
    one for the maximum; nats are divided by bits; a constant factor counts as 0. Raises
    MetricError.
    """
    z, values = matrix(codes, "codes"), matrix(factors, "factors").astype(np.float32)
    same_rows(z, values)

    def cut(column: NDArray[np.floating]) -> Labels:
        return np.digitize(column, np.linspace(column.min(), column.max(), 20)) - 1

    columns = [v.astype(np.intp) if len(np.unique(v)) <= 50 else cut(v) for v in values.T]
    v = to_labels(np.stack(columns, axis=1))
    gap = top_gap(_information(np.stack([cut(code) for code in z.T], axis=1), v))
    return float(np.mean(gap / np.maximum(entropy(v) / np.log(2), 1e-10)))


def modularity(codes: ArrayLike, factors: ArrayLike, bins: int = 20) -> float:
    """Modularity of Ridgeway and Mozer, mean over latents (disentanglement_lib).

    codes (n, latents), factors (n, factors). A latent without information on any factor counts
    as 0, as in the library; factors that are constant are left out. Raises MetricError, also
    when only one factor varies.
    """
    z, v = paired(codes, factors)
    squares = _information(_binned(z, bins), v[:, varying(v)]) ** 2
    if squares.shape[1] < 2:
        raise MetricError("modularity needs at least two factors that vary")
    best = squares.max(axis=1)
    rest = (squares.sum(axis=1) - best) / (squares.shape[1] - 1)
    share = np.divide(rest, best, out=np.ones_like(best), where=best > 0)
    return float(np.mean(1 - share))


def squared_correlation(codes: ArrayLike, factors: ArrayLike) -> Floats:
    """Squared correlation of each code and factor value, (latents, factors).

    0 for codes of variance up to 1e-12 (disentanglement_lib) and for constant factors. Raises
    MetricError.
    """
    z, v = matrix(codes, "codes"), matrix(factors, "factors")
    same_rows(z, v)
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

    codes (n, latents), factors (n, factors). "gaussian", the linear study: -log(1 - rho^2)/2,
    capped at 18 nats a pair, where rho^2 reaches 1 in float64. "histogram", the image study:
    `mutual_information`. Raises MetricError.
    """
    if estimator == "histogram":
        return matched_sum(mutual_information(codes, factors))
    if estimator != "gaussian":
        raise MetricError(f"estimator must be gaussian or histogram, not {estimator!r}")
    rho2 = np.minimum(squared_correlation(codes, factors), 1 - np.finfo(np.float64).eps)
    return matched_sum(-np.log1p(-rho2) / 2)
