"""What each mode is worth: distortions of truncated reconstructions, of a scan and of PCA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from betascan.metrics.moments import ROWS, observe

if TYPE_CHECKING:
    from betascan.linear_vae import Scan

Array = NDArray[np.float64]


def _second_moments(x: NDArray[np.float32]) -> Array:
    """E[(x, 1)(x, 1)^T] in float64, (features + 1, features + 1)."""
    total = np.zeros((x.shape[1] + 1,) * 2)
    for start in range(0, len(x), ROWS):
        part = x[start : start + ROWS].astype(np.float64)
        part = np.column_stack([part, np.ones(len(part))])
        total += part.T @ part
    return total / len(x)


def truncated_distortion(
    scan: Scan, test: NDArray[np.float32], observables: pd.DataFrame | None = None
) -> Array:
    """Distortion of reconstructions from the first k ranked latents, (points, latents + 1).

    hirn2026, Eq. 18: latents are ranked by signal fraction on `test` (n, features); the pruned
    ones are set to 0, the prior mean; posterior means stand for samples, as in its Figure 2.
    In units of the scan's total variance V. `observables` saves measuring them again.
    """
    ranked = observe(scan, test) if observables is None else observables
    order = ranked.sort_values(["beta", "rank"])["latent"].to_numpy().reshape(len(scan.betas), -1)
    moments = _second_moments(test)
    features = test.shape[1]
    distortion = np.empty((len(scan.betas), order.shape[1] + 1))
    for row, point in enumerate(np.argsort(scan.betas, kind="stable")):
        p = {name: array[point] for name, array in scan.parameters.items()}
        # x - x_hat = residual (x, 1): linear, so its mean square follows from second moments
        residual = np.column_stack([np.eye(features), -p["decoder_bias"]])
        distortion[point, 0] = np.vdot(residual @ moments, residual)
        for k, latent in enumerate(order[row], start=1):
            encoder = np.append(p["encoder_mean"][latent], p["encoder_mean_bias"][latent])
            residual -= np.outer(p["decoder"][:, latent], encoder)
            distortion[point, k] = np.vdot(residual @ moments, residual)
    return distortion / scan.total_variance


def best_distortion(distortion: Array) -> Array:
    """Return the least distortion of each rank over the scan, (latents + 1,); its negative
    differences are the utilities (hirn2026, Eq. 18)."""
    return distortion.min(axis=0)


@dataclass(frozen=True)
class Pca:
    """The principal axes of the training data: axes (features, features), ratios lambda_k/V."""

    mean: Array
    axes: Array
    ratios: Array
    total_variance: float

    @classmethod
    def fit(cls, train: NDArray[np.float32]) -> Pca:
        """Diagonalise the covariance of samples (n, features), float64."""
        moments = _second_moments(train)
        mean = moments[-1, :-1]
        values, vectors = np.linalg.eigh(moments[:-1, :-1] - np.outer(mean, mean))
        values = np.maximum(values[::-1], 0)
        return cls(mean, vectors[:, ::-1].T, values / values.sum(), float(values.sum()))

    def utilities(self, x: NDArray[np.float32]) -> Array:
        """Distortion each axis removes on samples (n, features), in units of V, (features,).

        On the training data these are the ratios; on another split the data vary differently
        along the same axes.
        """
        shift = np.column_stack([np.eye(len(self.mean)), -self.mean])
        scatter = shift @ _second_moments(x) @ shift.T
        return np.einsum("ki,ij,kj->k", self.axes, scatter, self.axes) / self.total_variance
