"""Utility of each mode: distortions of truncated reconstructions, for a scan and for PCA."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from betascan.core.errors import DataError
from betascan.linear_vae.inputs import as_table
from betascan.linear_vae.result import Scan
from betascan.spectroscopy.observables import ROWS

RANK_FLOOR = 1e-12
"""PCA ratios below this are rounding errors, from columns that are sums of others."""


def second_moments(x: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "columns columns"]:
    """Return E[(x, 1)(x, 1)^T] in float64.

    Parameters
    ----------
    x : ndarray of shape (n, features)

    Returns
    -------
    ndarray of shape (features + 1, features + 1)
    """
    total = np.zeros((x.shape[1] + 1,) * 2)
    for start in range(0, len(x), ROWS):
        part = x[start : start + ROWS].astype(np.float64)
        part = np.column_stack([part, np.ones(len(part))])
        total += part.T @ part
    return total / len(x)


def truncated_distortion(
    scan: Scan, test: ArrayLike, observables: pd.DataFrame
) -> Float[np.ndarray, "points ranks"]:
    """Distortion of reconstructions from the first k ranked latents (hirn2026, Eq. 18).

    Latents are ranked by signal fraction on the test samples; the pruned ones are set to 0, the
    prior mean; posterior means replace samples, as in the document's Figure 2.

    Parameters
    ----------
    scan : betascan.linear_vae.Scan
    test : array_like of shape (n, features)
    observables : DataFrame
        Result of `observe` for these samples.

    Returns
    -------
    ndarray of shape (points, latents + 1)
        Distortion in units of the scan's total variance V, in the order of its betas; k from 0.

    Raises
    ------
    DataError
        If the samples cannot be used.
    """
    samples = as_table(test, "test")
    order = observables["latent"].to_numpy().reshape(len(scan.betas), -1)
    moments = second_moments(samples)
    features = samples.shape[1]
    distortion = np.empty((len(scan.betas), order.shape[1] + 1))
    for point, latents in enumerate(order):
        p = {name: array[point] for name, array in scan.parameters.items()}
        # x - x_hat = residual (x, 1): linear, so its mean square follows from second moments
        residual = np.column_stack([np.eye(features), -p["decoder_bias"]])
        distortion[point, 0] = np.vdot(residual @ moments, residual)
        for k, latent in enumerate(latents, start=1):
            encoder = np.append(p["encoder_mean"][latent], p["encoder_mean_bias"][latent])
            residual -= np.outer(p["decoder"][:, latent], encoder)
            distortion[point, k] = np.vdot(residual @ moments, residual)
    return distortion / scan.total_variance


def utilities(
    train: Float[np.ndarray, "points ranks"], distortion: Float[np.ndarray, "points ranks"]
) -> Float[np.ndarray, " latents"]:
    """Distortion that each rank removes at the T that is best on training (hirn2026, Eq. 18).

    Parameters
    ----------
    train, distortion : ndarray of shape (points, latents + 1)
        Distortions from `truncated_distortion`, on the training samples and on the samples that
        are measured.

    Returns
    -------
    ndarray of shape (latents,)
    """
    best = train.argmin(axis=0)
    return -np.diff(distortion[best, range(len(best))])


@dataclass(frozen=True)
class Pca:
    """The principal axes of the training data.

    Attributes
    ----------
    mean : ndarray of shape (features,)
    axes : ndarray of shape (features, features)
        One per row, by decreasing variance.
    ratios : ndarray of shape (features,)
        lambda_k / V.
    total_variance
        V.
    """

    mean: Float[np.ndarray, " features"]
    axes: Float[np.ndarray, "features features"]
    ratios: Float[np.ndarray, " features"]
    total_variance: float

    @classmethod
    def fit(cls, train: ArrayLike) -> "Pca":
        """Diagonalise the covariance of the samples in float64.

        Parameters
        ----------
        train : array_like of shape (n, features)

        Raises
        ------
        DataError
            If the samples cannot be used.
        """
        moments = second_moments(as_table(train, "train"))
        mean = moments[-1, :-1]
        values, vectors = np.linalg.eigh(moments[:-1, :-1] - np.outer(mean, mean))
        values = np.maximum(values[::-1], 0)
        if not values.any():
            raise DataError("the samples are all alike: there is no variance to explain")
        return cls(mean, vectors[:, ::-1].T, values / values.sum(), float(values.sum()))

    def utilities(self, x: ArrayLike) -> Float[np.ndarray, " features"]:
        """Distortion that each axis removes on samples, in units of V.

        On the training data these are the ratios; on another split the data vary differently
        along the same axes.

        Parameters
        ----------
        x : array_like of shape (n, features)

        Raises
        ------
        DataError
            If the samples cannot be used.
        """
        samples = as_table(x, "x")
        shift = np.column_stack([np.eye(len(self.mean)), -self.mean])
        scatter = shift @ second_moments(samples) @ shift.T
        return np.einsum("ki,ij,kj->k", self.axes, scatter, self.axes) / self.total_variance
