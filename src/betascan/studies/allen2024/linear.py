"""The linear-Gaussian truth: minima with diagonal and full posteriors, to rounding.

x ~ N(0, S), q(z|x) = N(A x, Sigma), p(x|z) = N(B z, sigma^2): the loss D + beta R is an exact
function of A, B and Sigma alone, and is minimised by L-BFGS rather than on minibatches.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float
from numpy import ndarray

from betascan.config.vae import Posterior
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.theory import landau

INITIAL_STD = 0.3  # of the weights
COLLAPSED = 1e-3  # length of a decoder column below which its latent counts as unused
SUPERFLUOUS = 2  # latents in excess of the outputs, for a decoder that cannot be injective


class Minimum(NamedTuple):
    """A minimum of the loss.

    Attributes
    ----------
    encoder : ndarray of shape (latents, n)
        A.
    decoder : ndarray of shape (n, latents)
        B.
    covariance : ndarray of shape (latents, latents)
        Sigma.
    loss : float
        Loss in nats.
    """

    encoder: Float[ndarray, "latents n"]
    decoder: Float[ndarray, "n latents"]
    covariance: Float[ndarray, "latents latents"]
    loss: float


def data_covariance(
    observed: int, variances: Sequence[float], noise: float, seed: int
) -> tuple[Float[ndarray, "n n"], Float[ndarray, "n factors"]]:
    """Return the covariance of data with factors on random orthonormal axes, and the axes.

    Parameters
    ----------
    observed : int
        Number of observed variables.
    variances : sequence of float
        Variances of the factors.
    noise : float
        Variance added to every observed variable.
    seed : int
        Seed of the axes.

    Returns
    -------
    S : ndarray of shape (n, n)
    axes : ndarray of shape (n, factors)
    """
    drawn = stream(seed, "allen2024/linear/axes").standard_normal((observed, len(variances)))
    axes, _ = np.linalg.qr(drawn)
    return (axes * np.array(variances)) @ axes.T + noise * np.eye(observed), axes


def loss(
    S: Float[ndarray, "n n"],
    A: Float[ndarray, "latents n"],
    B: Float[ndarray, "n latents"],
    L: Float[ndarray, "latents latents"],
    *,
    beta: float,
    variance: float,
) -> tuple[
    float,
    tuple[
        Float[ndarray, "latents n"],
        Float[ndarray, "n latents"],
        Float[ndarray, "latents latents"],
    ],
]:
    """Return the exact loss and its gradients.

    Parameters
    ----------
    S : ndarray of shape (n, n)
        Covariance of the data.
    A : ndarray of shape (latents, n)
        Encoder.
    B : ndarray of shape (n, latents)
        Decoder.
    L : ndarray of shape (latents, latents)
        Lower triangular, Sigma = L L^T.
    beta, variance : float
        Weight of the rate, and sigma^2 of the likelihood.

    Returns
    -------
    loss : float
        D + beta R in nats.
    gradients : tuple of ndarray
        Gradients in A, in B, and in all entries of L.
    """
    n, latents = B.shape
    gram, AS = B.T @ B, A @ S
    mean_covariance, Sigma = AS @ A.T, L @ L.T
    error = np.trace(S) - 2 * (AS * B.T).sum() + (gram * (mean_covariance + Sigma)).sum()
    D = error / (2 * variance) + n / 2 * math.log(2 * math.pi * variance)
    R = (np.trace(mean_covariance) + np.trace(Sigma) - latents) / 2 - np.log(np.diag(L)).sum()
    gradient_A = (gram @ AS - B.T @ S) / variance + beta * AS
    gradient_B = (B @ (mean_covariance + Sigma) - AS.T) / variance
    gradient_L = gram @ L / variance + beta * (L - np.diag(1 / np.diag(L)))
    return D + beta * R, (gradient_A, gradient_B, gradient_L)


def minimal_loss(
    eigenvalues: Float[ndarray, " n"], latents: int, *, beta: float, variance: float
) -> float:
    """Return the loss of the global minimum, in nats.

    The largest modes are encoded, one in each latent, where they exceed beta sigma^2.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n,)
        Eigenvalues of the covariance of the data.
    latents : int
        Number of latents.
    beta, variance : float
        Weight of the rate, and sigma^2 of the likelihood.
    """
    threshold, falling = beta * variance, np.sort(eigenvalues)[::-1]
    encoded = (falling > threshold) & (np.arange(len(falling)) < latents)
    of_encoded = beta / 2 * (1 + np.log(np.where(encoded, falling / threshold, 1)))
    modes = np.where(encoded, of_encoded, falling / (2 * variance))
    return float(modes.sum() + len(falling) / 2 * math.log(2 * math.pi * variance))


def solve(
    S: Float[ndarray, "n n"],
    latents: int,
    *,
    beta: float,
    variance: float,
    posterior: Posterior,
    seed: int,
) -> Minimum:
    """Minimise the exact loss from random weights and the prior's covariance.

    Parameters
    ----------
    S : ndarray of shape (n, n)
        Covariance of the data.
    latents : int
        Number of latents.
    beta, variance : float
        Weight of the rate, and sigma^2 of the likelihood.
    posterior : {"diagonal", "full"}
        Which entries of Sigma are free.
    seed : int
        Seed of the initial weights.
    """
    n, random = len(S), stream(seed, "allen2024/linear/start")
    below_diagonal = np.tril_indices(latents if posterior == "full" else 0, -1)
    sizes = [latents * n, n * latents, latents, len(below_diagonal[0])]
    start = np.concatenate(
        [INITIAL_STD * random.standard_normal(sum(sizes[:2])), np.zeros(sum(sizes[2:]))]
    )
    bounds = np.cumsum(sizes)[:-1]

    def unpack(flat: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        A, B, logs, below = np.split(flat, bounds)
        L = np.diag(np.exp(logs))
        L[below_diagonal] = below
        return A.reshape(latents, n), B.reshape(n, latents), L

    def objective(flat: ndarray) -> tuple[float, ndarray]:
        A, B, L = unpack(flat)
        value, (in_A, in_B, in_L) = loss(S, A, B, L, beta=beta, variance=variance)
        in_logs = np.diag(in_L) * np.diag(L)
        gradient = [in_A.ravel(), in_B.ravel(), in_logs, in_L[below_diagonal]]
        return value / beta, np.concatenate(gradient) / beta

    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
    result = scipy.optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    A, B, L = unpack(result.x)
    return Minimum(A, B, L @ L.T, beta * float(result.fun))


def angles(
    decoder: Float[ndarray, "n latents"], axes: Float[ndarray, "n factors"]
) -> Float[ndarray, " factors"]:
    """Return the angle between each axis and the decoder column that is matched to it.

    Parameters
    ----------
    decoder : ndarray of shape (n, latents)
        Columns of length 0 (collapsed) are at 90 degrees to everything.
    axes : ndarray of shape (n, factors)
        Orthonormal.

    Returns
    -------
    ndarray of shape (factors,)
        Angles in degrees, for the matching that has the largest sum of cosines.
    """
    lengths = np.linalg.norm(decoder, axis=0)
    columns = decoder / np.where(lengths > 0, lengths, 1)
    cosine = np.abs(axes.T @ columns)
    row, column = scipy.optimize.linear_sum_assignment(cosine, maximize=True)
    # from the chord between the two: the arc cosine loses its digits near 1
    matched = columns[:, column] * np.sign((axes[:, row] * columns[:, column]).sum(0))
    chord = np.linalg.norm(matched - axes[:, row], axis=0) / 2
    return np.degrees(2 * np.arcsin(np.minimum(chord, 1)))


def random_rotation_angle(factors: int, seed: int, draws: int = 2000) -> float:
    """Return the mean of `angles`, in degrees, over rotations drawn from the Haar measure."""
    drawn = stream(seed, "allen2024/linear/haar").standard_normal((draws, factors, factors))
    rotations, _ = np.linalg.qr(drawn)
    return float(np.mean([angles(Q, np.eye(factors)).mean() for Q in rotations]))


def precisions(
    minimum: Minimum, beta_sigma2: float, posterior: Posterior
) -> tuple[Float[ndarray, "latents latents"], Float[ndarray, "latents latents"]]:
    """Return both sides of Sigma^-1 = I + B^T B / (beta sigma^2).

    Parameters
    ----------
    minimum : Minimum
        Where the identity should hold.
    beta_sigma2 : float
        beta sigma^2 of its loss.
    posterior : {"diagonal", "full"}
        A diagonal posterior is optimal on the diagonal only: the rest is set to 0.

    Returns
    -------
    encoder, decoder : ndarray of shape (latents, latents)
    """
    encoder = np.linalg.inv(minimum.covariance).astype(np.float64)
    decoder = np.eye(len(encoder)) + minimum.decoder.T @ minimum.decoder / beta_sigma2
    if posterior == "diagonal":
        return np.diag(np.diag(encoder)), np.diag(np.diag(decoder))
    return encoder, decoder


def _offdiagonal_mass(gram: ndarray) -> float:
    return float(np.linalg.norm(gram - np.diag(np.diag(gram))) / np.linalg.norm(gram))


def _cases(
    beta_sigma2: float, scan: Sequence[float], starts: int, scan_starts: int
) -> Iterator[tuple[str, int, Posterior, float, float]]:
    """Yield part, seed, posterior, beta and variance of every model."""
    for seed in range(starts):
        for posterior in ("diagonal", "full"):
            yield "angles", seed, posterior, beta_sigma2, 1.0
    for seed in range(scan_starts):
        for product in scan:
            yield "scan", seed, "diagonal", product, 1.0
            yield "scan", seed, "diagonal", 1.0, product
    for seed in range(starts):
        yield "not injective", seed, "diagonal", beta_sigma2, 1.0


def solutions(
    table: Path,
    pairs: Path,
    observed: int,
    variances: Sequence[float],
    noise: float,
    beta_sigma2: float,
    beta_sigma2_scan: Sequence[float],
    starts: int,
    scan_starts: int,
) -> None:
    """Solve every case: at one beta sigma^2, along a scan of it, and with too many latents.

    Parameters
    ----------
    table : Path
        Written, a row per model: part ("angles" at `beta_sigma2`; "scan", each beta sigma^2 as
        (beta, 1) and as (1, beta); "not injective", with no more observed variables than factors
        but more latents), seed, posterior, beta, variance, beta_sigma2,
        excess_loss over the closed form in nats, angle_of_any_rotation, identity_error
        (relative), active modes, mean_angle and max_angle to the PCA axes in degrees,
        offdiagonal_mass of B^T B, effective_variance (the sigma^2 that beta = 1 would need for
        the same posteriors), log_variance_1, ... and their law log_variance_law_1, ...
    pairs : Path
        Written: both sides of the identity, left and right, entry by entry, for "angles".
    observed, variances, noise
        Arguments of `data_covariance`.
    beta_sigma2, beta_sigma2_scan : float, sequence of float
        beta sigma^2 of the two parts.
    starts, scan_starts : int
        Numbers of seeds of the two parts.
    """
    rows: list[dict[str, Any]] = []
    entries: list[pd.DataFrame] = []
    factors, random_angle = len(variances), random_rotation_angle(len(variances), 0)
    cases = _cases(beta_sigma2, beta_sigma2_scan, starts, scan_starts)
    for part, seed, posterior, beta, variance in cases:
        n, latents = observed, factors
        if part == "not injective":
            n, latents = factors, factors + SUPERFLUOUS
        eigenvalues = np.concatenate([variances, np.zeros(n - factors)]) + noise
        S, axes = data_covariance(n, variances, noise, seed)
        minimum = solve(S, latents, beta=beta, variance=variance, posterior=posterior, seed=seed)
        left, right = precisions(minimum, beta * variance, posterior)
        case = {"part": part, "seed": seed, "posterior": posterior, "beta": beta}
        closed_form = minimal_loss(eigenvalues, latents, beta=beta, variance=variance)
        rows.append(
            {**case, "variance": variance, "beta_sigma2": beta * variance}
            | {"excess_loss": minimum.loss - closed_form, "angle_of_any_rotation": random_angle}
            | {"identity_error": np.linalg.norm(left - right) / np.linalg.norm(left)}
            | _measures(minimum, axes)
            | _log_variances(minimum, np.sort(variances)[::-1] + noise, beta * variance)
        )
        if part == "angles":
            upper = np.triu_indices(latents) if posterior == "full" else np.diag_indices(latents)
            where = {"row": upper[0], "column": upper[1]}
            sides = {"left": left[upper], "right": right[upper]}
            entries.append(pd.DataFrame(case | where | sides))
    write_csv(pd.DataFrame(rows), table)
    write_csv(pd.concat(entries), pairs)


def _measures(minimum: Minimum, axes: ndarray) -> dict[str, Any]:
    """Measure a minimum; NaN where collapsed latents leave nothing to measure."""
    gram, degrees = minimum.decoder.T @ minimum.decoder, angles(minimum.decoder, axes)
    active = np.sqrt(np.diag(gram)) > COLLAPSED
    gain = np.diag(np.linalg.inv(minimum.covariance)) - 1
    some, every = bool(active.any()), bool(active.sum() >= axes.shape[1])
    effective = float(np.diag(gram)[active].sum() / gain[active].sum()) if some else np.nan
    return {
        "active": int(active.sum()),
        "mean_angle": float(degrees.mean()) if every else np.nan,
        "max_angle": float(degrees.max()) if every else np.nan,
        "offdiagonal_mass": _offdiagonal_mass(gram) if some else np.nan,
        "effective_variance": effective,
    }


def _log_variances(minimum: Minimum, eigenvalues: ndarray, beta_sigma2: float) -> dict[str, float]:
    """Return posterior log-variances, lowest first, and the law for a diagonal one (hirn2026)."""
    log_variances = np.sort(np.log(np.diag(minimum.covariance)))[: len(eigenvalues)]
    law = landau.log_variance(beta_sigma2, eigenvalues)
    return {f"log_variance_{k + 1}": float(value) for k, value in enumerate(log_variances)} | {
        f"log_variance_law_{k + 1}": float(value) for k, value in enumerate(law)
    }
