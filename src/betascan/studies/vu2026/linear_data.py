"""The Gaussian data of vu2026's linear study, and the scores of a linear encoder on them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betascan.metrics import matched_sum, top_gap
from betascan.metrics.information import UNRESOLVED

SCORES = ("recon", "SAP", "Im")


@dataclass(frozen=True)
class Data:
    """y = mixing v + noise, with independent Gaussian factors v.

    Attributes
    ----------
    variances : ndarray of shape (factors,)
        Variances of the factors.
    mixing : ndarray of shape (observed, factors)
        Matrix that maps factors to the mean of y.
    noise : float
        Variance of each y that is not due to the factors.
    """

    variances: Float[np.ndarray, " factors"]
    mixing: Float[np.ndarray, "observed factors"]
    noise: float

    @classmethod
    def draw(cls, observed: int, factors: int, noise: float, seed: int, rng_offset: int) -> "Data":
        """Draw the parameters as the authors did: variances U(0.1, 1), mixing N(0, 1).

        Parameters
        ----------
        observed, factors : int
            Dimensions of y and v.
        noise : float
            Variance of each y that is not due to the factors.
        seed : int
            Seed of numpy's RandomState.
        rng_offset : int
            Number of uniform numbers that the authors' script had drawn before.
        """
        random = np.random.RandomState(seed)
        random.random_sample(rng_offset)
        return cls(random.uniform(0.1, 1, factors), random.randn(observed, factors), noise)

    @property
    def loadings(self) -> Float[np.ndarray, "observed factors"]:
        """G with covariance of y = G G^T + noise."""
        return self.mixing * np.sqrt(self.variances)

    @property
    def covariance(self) -> Float[np.ndarray, "observed observed"]:
        """Covariance of y."""
        return self.loadings @ self.loadings.T + self.noise * np.eye(len(self.mixing))

    @property
    def spectrum(self) -> Float[np.ndarray, " observed"]:
        """Eigenvalues of the covariance of y, largest first."""
        return np.linalg.eigvalsh(self.covariance)[::-1]

    @property
    def entropy(self) -> float:
        """Entropy of y in nats."""
        return float(np.linalg.slogdet(2 * np.pi * np.e * self.covariance)[1] / 2)


def times_covariance(
    B: Float[np.ndarray, "... m observed"], data: Data
) -> Float[np.ndarray, "... m observed"]:
    """Return B times the covariance of y."""
    G = data.loadings
    return (B @ G) @ G.T + data.noise * B


def _log_determinant(matrices: Float[np.ndarray, "models k k"]) -> Float[np.ndarray, " models"]:
    return np.linalg.slogdet(matrices)[1]


def negative_log_likelihood(
    B: Float[np.ndarray, "models m observed"], W: Float[np.ndarray, "models m m"], data: Data
) -> Float[np.ndarray, " models"]:
    """Return the expected -log p(y|x) in nats under the decoder that fits an encoder best.

    It is the entropy of y given x.

    Parameters
    ----------
    B, W : ndarray
        Encoders: x = B y + N(0, W).
    data : Data
        The distribution of y.
    """
    K = B @ times_covariance(B, data).mT + W
    return data.entropy + (_log_determinant(W) - _log_determinant(K)) / 2


def information(
    B: Float[np.ndarray, "models m observed"], W: Float[np.ndarray, "models m m"], data: Data
) -> Float[np.ndarray, " models"]:
    """Return I(z; v) in nats between all latents and all factors.

    Parameters
    ----------
    B, W : ndarray
        Encoders: x = B y + N(0, W).
    data : Data
        The distribution of y.
    """
    given = data.noise * B @ B.mT + W
    K = B @ times_covariance(B, data).mT + W
    return (_log_determinant(K) - _log_determinant(given)) / 2


def squared_correlations(
    B: Float[np.ndarray, "models m observed"], W: Float[np.ndarray, "models m m"], data: Data
) -> Float[np.ndarray, "models m factors"]:
    """Return the squared correlations of latents and factors in the model's covariances.

    Parameters
    ----------
    B, W : ndarray
        Encoders: x = B y + N(0, W).
    data : Data
        The distribution of y.
    """
    K = B @ times_covariance(B, data).mT + W
    return (B @ data.loadings) ** 2 / np.diagonal(K, axis1=-2, axis2=-1)[..., None]


def disentanglement(rho2: Float[np.ndarray, "m factors"]) -> tuple[float, float]:
    """Return SAP and I_m of one model from its squared correlations.

    Parameters
    ----------
    rho2 : ndarray
        Squared correlations of latents and factors.

    Returns
    -------
    sap : float
        Gap between the two latents that explain a factor best, averaged over factors.
    matched : float
        The largest sum of -log(1 - rho^2)/2 over one-to-one pairs, in nats.
    """
    matched = matched_sum(-np.log1p(-np.minimum(rho2, 1 - UNRESOLVED)) / 2)
    return float(np.mean(top_gap(rho2))), matched
