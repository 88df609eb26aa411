"""The linear-Gaussian truth: what diagonal and full posteriors find where all is known.

x ~ N(0, S), q(z|x) = N(A x, Sigma), p(x|z) = N(B z, sigma^2): the loss D + beta R is exact, a
function of A, B and Sigma alone, and minimised to rounding by L-BFGS in place of minibatches.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, minimize

from betascan.config.vae import Posterior
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.theory import landau

Array = NDArray[np.float64]
START = 0.3  # standard deviation of initial weights
VISIBLE = 1e-3  # length of a decoder column below which its latent has collapsed


class Solved(NamedTuple):
    """A minimum: encoder (k, n), decoder (n, k), posterior covariance (k, k) and its loss."""

    encoder: Array
    decoder: Array
    covariance: Array
    loss: float


def covariance(
    observed: int, variances: Sequence[float], noise: float, seed: int
) -> tuple[Array, Array]:
    """Return S (n, n) of factors on random orthonormal axes, and these axes (n, factors)."""
    drawn = stream(seed, "allen2024/linear/axes").standard_normal((observed, len(variances)))
    axes, _ = np.linalg.qr(drawn)
    return (axes * np.array(variances)) @ axes.T + noise * np.eye(observed), axes


def loss(
    S: Array, A: Array, B: Array, L: Array, beta: float, variance: float
) -> tuple[float, tuple[Array, Array, Array]]:
    """Return D + beta R in nats, exact, and its gradients in A, B and L.

    Sigma = L L^T, L (k, k) lower triangular; the gradient in L is that of all its entries.
    """
    n, k = B.shape
    gram, through = B.T @ B, A @ S
    signal, spread = through @ A.T, L @ L.T
    error = np.trace(S) - 2 * (through * B.T).sum() + (gram * (signal + spread)).sum()
    D = error / (2 * variance) + n / 2 * math.log(2 * math.pi * variance)
    R = (np.trace(signal) + np.trace(spread) - k) / 2 - np.log(np.diag(L)).sum()
    in_A = (gram @ through - B.T @ S) / variance + beta * through
    in_B = (B @ (signal + spread) - through.T) / variance
    in_L = gram @ L / variance + beta * (L - np.diag(1 / np.diag(L)))
    return D + beta * R, (in_A, in_B, in_L)


def least_loss(eigenvalues: Array, latents: int, beta: float, variance: float) -> float:
    """The loss of the global minimum, in nats.

    Of the modes of S (n,) the largest are coded, one a latent, where they exceed beta sigma^2.
    """
    price, falling = beta * variance, np.sort(eigenvalues)[::-1]
    coded = (falling > price) & (np.arange(len(falling)) < latents)
    paid = beta / 2 * (1 + np.log(np.where(coded, falling / price, 1)))
    modes = np.where(coded, paid, falling / (2 * variance))
    return float(modes.sum() + len(falling) / 2 * math.log(2 * math.pi * variance))


def solve(
    S: Array, latents: int, beta: float, variance: float, posterior: Posterior, seed: int
) -> Solved:
    """Minimise the exact loss from random weights and the prior's covariance."""
    n, random = len(S), stream(seed, "allen2024/linear/start")
    strict = np.tril_indices(latents if posterior == "full" else 0, -1)
    sizes = [latents * n, n * latents, latents, len(strict[0])]
    start = np.concatenate(
        [START * random.standard_normal(sum(sizes[:2])), np.zeros(sum(sizes[2:]))]
    )
    bounds = np.cumsum(sizes)[:-1]

    def parts(flat: Array) -> tuple[Array, Array, Array]:
        A, B, logs, below = np.split(flat, bounds)
        L = np.diag(np.exp(logs))
        L[strict] = below
        return A.reshape(latents, n), B.reshape(n, latents), L

    def value(flat: Array) -> tuple[float, Array]:
        A, B, L = parts(flat)
        total, (in_A, in_B, in_L) = loss(S, A, B, L, beta, variance)
        in_logs = np.diag(in_L) * np.diag(L)
        gradient = [in_A.ravel(), in_B.ravel(), in_logs, in_L[strict]]
        return total / beta, np.concatenate(gradient) / beta

    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
    found = minimize(value, start, jac=True, method="L-BFGS-B", options=options)
    A, B, L = parts(found.x)
    return Solved(A, B, L @ L.T, beta * float(found.fun))


def angles(decoder: Array, axes: Array) -> Array:
    """Degrees between each axis and the decoder column matched to it, (factors,).

    Columns without length (collapsed) are at 90 degrees to everything.
    """
    lengths = np.linalg.norm(decoder, axis=0)
    columns = decoder / np.where(lengths > 0, lengths, 1)
    cosine = np.abs(axes.T @ columns)
    row, column = linear_sum_assignment(cosine, maximize=True)
    # of the part beside the axis: the arc cosine has no digits near 1
    matched = columns[:, column] * np.sign((axes[:, row] * columns[:, column]).sum(0))
    chord = np.linalg.norm(matched - axes[:, row], axis=0) / 2
    return np.degrees(2 * np.arcsin(np.minimum(chord, 1)))


def haar_angle(factors: int, seed: int, draws: int = 2000) -> float:
    """Mean matched angle, in degrees, of rotations drawn evenly: what "any rotation" gives."""
    drawn = stream(seed, "allen2024/linear/haar").standard_normal((draws, factors, factors))
    turned, _ = np.linalg.qr(drawn)
    return float(np.mean([angles(Q, np.eye(factors)).mean() for Q in turned]))


def identity(solved: Solved, price: float, posterior: Posterior) -> tuple[Array, Array]:
    """Sigma^-1 from the encoder and I + B^T B / (beta sigma^2) from the decoder, (k, k) each.

    A diagonal posterior has only the diagonal to answer with: the rest is left out.
    """
    left = np.linalg.inv(solved.covariance).astype(np.float64)
    right = np.eye(len(left)) + solved.decoder.T @ solved.decoder / price
    if posterior == "diagonal":
        return np.diag(np.diag(left)), np.diag(np.diag(right))
    return left, right


def _offdiagonal(gram: Array) -> float:
    return float(np.linalg.norm(gram - np.diag(np.diag(gram))) / np.linalg.norm(gram))


def _cases(
    price: float, prices: Sequence[float], starts: int, scan_starts: int
) -> Iterator[tuple[str, int, Posterior, float, float]]:
    """Yield part, seed, posterior, beta and variance of every model."""
    for seed in range(starts):
        for posterior in ("diagonal", "full"):
            yield "angles", seed, posterior, price, 1.0
    for seed in range(scan_starts):
        for one in prices:
            yield "scan", seed, "diagonal", one, 1.0
            yield "scan", seed, "diagonal", 1.0, one


def truth(
    table: Path,
    pairs: Path,
    observed: int,
    variances: Sequence[float],
    noise: float,
    price: float,
    prices: Sequence[float],
    starts: int,
    scan_starts: int,
) -> None:
    """Solve every case and write what came out.

    table: part ("angles" at one price, "scan" over prices, each as (beta, 1) and as (1, beta)),
    seed, posterior, beta, variance, active modes, angles to the PCA axes in degrees, the same of
    evenly drawn rotations, off-diagonal mass of B^T B, relative error of the identity, excess of
    the loss over the closed form in nats, the sigma^2 that beta = 1 would need for the same
    posteriors (effective_variance), and log-variances beside their law. pairs: both sides
    of the identity, entry by entry, of the models at `price`.
    """
    rows: list[dict[str, Any]] = []
    compared: list[pd.DataFrame] = []
    latents, drawn = len(variances), haar_angle(len(variances), 0)
    eigenvalues = np.concatenate([variances, np.zeros(observed - latents)]) + noise
    for part, seed, posterior, beta, variance in _cases(price, prices, starts, scan_starts):
        S, axes = covariance(observed, variances, noise, seed)
        solved, paid = solve(S, latents, beta, variance, posterior, seed), beta * variance
        left, right = identity(solved, paid, posterior)
        told = {"part": part, "seed": seed, "posterior": posterior, "beta": beta}
        least = least_loss(eigenvalues, latents, beta, variance)
        rows.append(
            {**told, "variance": variance, "price": paid}
            | {"excess_loss": solved.loss - least, "angle_of_any_rotation": drawn}
            | {"identity_error": np.linalg.norm(left - right) / np.linalg.norm(left)}
            | _measured(solved, axes)
            | _log_variances(solved, np.sort(variances)[::-1] + noise, paid)
        )
        if part == "angles":
            upper = np.triu_indices(latents) if posterior == "full" else np.diag_indices(latents)
            entries = {"row": upper[0], "column": upper[1]}
            sides = {"left": left[upper], "right": right[upper]}
            compared.append(pd.DataFrame(told | entries | sides))
    write_csv(pd.DataFrame(rows), table)
    write_csv(pd.concat(compared), pairs)


def _measured(solved: Solved, axes: Array) -> dict[str, float]:
    """Measure a solution; NaN where collapsed latents leave nothing to measure."""
    gram, turned = solved.decoder.T @ solved.decoder, angles(solved.decoder, axes)
    active = np.sqrt(np.diag(gram)) > VISIBLE
    gain = np.diag(np.linalg.inv(solved.covariance)) - 1
    seen, whole = bool(active.any()), bool(active.all())
    return {
        "active": int(active.sum()),
        "mean_angle": float(turned.mean()) if whole else np.nan,
        "max_angle": float(turned.max()) if whole else np.nan,
        "offdiagonal_mass": _offdiagonal(gram) if seen else np.nan,
        "effective_variance": float(np.diag(gram)[active].sum() / gain[active].sum())
        if seen
        else np.nan,
    }


def _log_variances(solved: Solved, eigenvalues: Array, price: float) -> dict[str, float]:
    """Return posterior log-variances, least first, and the law of a diagonal one (hirn2026)."""
    found = np.sort(np.log(np.diag(solved.covariance)))
    law = landau.log_variance(price, eigenvalues)
    return {f"log_variance_{k + 1}": float(value) for k, value in enumerate(found)} | {
        f"log_variance_law_{k + 1}": float(value) for k, value in enumerate(law)
    }
