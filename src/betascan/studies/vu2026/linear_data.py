"""The Gaussian data of vu2026's linear study, and the scores of a linear encoder on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from betascan.metrics import matched_sum, top_gap

Array = NDArray[np.floating]
SCORES = ("recon", "SAP", "Im")


@dataclass(frozen=True)
class Data:
    """y = mixing v + noise: independent Gaussian factors v (s,), observed y (n,).

    variances (s,) of the factors, mixing (n, s), noise the variance of each y beyond them.
    """

    variances: Array
    mixing: Array
    noise: float

    @property
    def loadings(self) -> Array:
        """G (n, s): the covariance of y is G G^T + noise."""
        return self.mixing * np.sqrt(self.variances)

    @property
    def spectrum(self) -> Array:
        """Eigenvalues of the covariance of y, (n,), largest first."""
        return np.linalg.eigvalsh(self.covariance)[::-1]

    @property
    def entropy(self) -> float:
        """Entropy of y in nats."""
        return float(log_determinant(2 * np.pi * np.e * self.covariance) / 2)

    @property
    def total_variance(self) -> float:
        """Sum of the variances of y."""
        return float((self.loadings**2).sum() + self.noise * len(self.mixing))

    @property
    def covariance(self) -> Array:
        """Covariance of y, (n, n)."""
        return self.loadings @ self.loadings.T + self.noise * np.eye(len(self.mixing))


def draw(observed: int, factors: int, noise: float, seed: int, skipped: int) -> Data:
    """Draw the data's parameters as the authors did: variances U(0.1, 1), mixing N(0, 1).

    From RandomState(seed) after `skipped` uniform numbers of it, which their script had used up.
    """
    stream = np.random.RandomState(seed)
    stream.random_sample(skipped)
    return Data(stream.uniform(0.1, 1, factors), stream.randn(observed, factors), noise)


def times_covariance(B: Array, data: Data) -> Array:
    """B (..., m, n) times the covariance of y."""
    G = data.loadings
    return (B @ G) @ G.T + data.noise * B


def log_determinant(matrix: Array) -> Array:
    """Logarithm of the determinant of positive definite matrices (..., k, k)."""
    return np.linalg.slogdet(matrix)[1]


def likelihood(B: Array, W: Array, data: Data) -> Array:
    """Expected -log p(y|x) in nats under the decoder that fits encoders (B, W) best, (...,).

    x = B y + N(0, W); B (..., m, n), W (..., m, m). It is the entropy of y given x.
    """
    K = B @ times_covariance(B, data).mT + W
    return data.entropy + (log_determinant(W) - log_determinant(K)) / 2


def information(B: Array, W: Array, data: Data) -> Array:
    """I(z; v) in nats of all latents and all factors, (...,)."""
    given = data.noise * B @ B.mT + W
    K = B @ times_covariance(B, data).mT + W
    return (log_determinant(K) - log_determinant(given)) / 2


def squared_correlations(B: Array, W: Array, data: Data) -> Array:
    """Squared correlation of latents and factors in the model's own covariances, (..., m, s)."""
    K = B @ times_covariance(B, data).mT + W
    return (B @ data.loadings) ** 2 / np.diagonal(K, axis1=-2, axis2=-1)[..., None]


def disentanglement(rho2: Array) -> tuple[float, float]:
    """SAP and I_m of one model from its squared correlations (m, s).

    SAP: gap of the two latents that explain a factor best, mean over factors. I_m: the largest
    sum of -log(1 - rho^2)/2 over one-to-one pairs, in nats.
    """
    matched = matched_sum(-np.log1p(-np.minimum(rho2, 1 - np.finfo(float).eps)) / 2)
    return float(np.mean(top_gap(rho2))), matched
