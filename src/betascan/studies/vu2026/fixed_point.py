"""Method (a) of vu2026's linear study: decoder and encoder in turn, each at its optimum.

Given an encoder x = B y + N(0, W) the best decoder is the regression of y on x with its residual
covariance, for any beta and lambda. Given that decoder, with P = Sigma_Z^-1 + 2 lambda,
W = (1 + A^T P A/beta)^-1 and B = W A^T P/beta. Written in m x m matrices (Woodbury), no
n x n matrix is ever inverted: A^T P = W^-1 B + 2 lambda K^-1 B Sigma_Y, with K the variance of x.
"""

import numpy as np
from jaxtyping import Float

from betascan.studies.vu2026.linear_data import (
    Data,
    negative_log_likelihood,
    times_covariance,
)
from betascan.studies.vu2026.linear_solver import Cells, Encoders, Solver, Starts


def sweep(
    B: Float[np.ndarray, "models m observed"],
    W: Float[np.ndarray, "models m m"],
    beta: Float[np.ndarray, " models"],
    lam: Float[np.ndarray, " models"],
    data: Data,
) -> tuple[
    Float[np.ndarray, "models m observed"],
    Float[np.ndarray, "models m m"],
    Float[np.ndarray, "models m observed"],
]:
    """Update the decoder, then the encoder, of several models.

    Parameters
    ----------
    B, W : ndarray
        Encoders x = B y + N(0, W).
    beta, lam : ndarray
        Weights of the rate and of the squared error, for each model.
    data : Data
        The distribution of y.

    Returns
    -------
    tuple of ndarray
        The new B and W, and A^T of the decoder for which they are optimal.
    """
    beta, lam = beta[:, None, None], lam[:, None, None]
    H = times_covariance(B, data)
    At = np.linalg.solve(B @ H.mT + W, H)
    AP = np.linalg.solve(W, B) + 2 * lam * At
    APA = AP @ At.mT
    W = np.linalg.inv(np.eye(W.shape[-1]) + (APA + APA.mT) / 2 / beta)
    return W @ AP / beta, W, At


class FixedPoint(Solver):
    """All starts and cells side by side, from B of the start and W = 1.

    A step is a sweep, two half-steps. A model has converged when a sweep changes its decoder by at
    most `tolerance`: |change of A| <= tolerance max(1, |A|), Frobenius norms.
    """

    block = 200
    engine = "numpy"

    def __init__(
        self, data: Data, cells: Cells, starts: Starts, max_half_steps: int, tolerance: float
    ) -> None:
        B = starts.encoder[cells.start]
        W = np.tile(np.eye(B.shape[1]), (len(B), 1, 1))
        super().__init__(cells, max_half_steps // 2, B=B, W=W, At=np.zeros_like(B))
        self.data, self.tolerance = data, tolerance
        self.identity = [data.covariance.tolist(), tolerance]

    def advance(self, count: int) -> None:
        """Sweep `count` times over the models that have not converged."""
        state, cells = self.state, self.cells
        for _ in range(count):
            running = np.flatnonzero(state["active"])
            B, W, At = sweep(
                state["B"][running], state["W"][running], cells.beta[running],
                cells.lam[running], self.data,
            )  # fmt: skip
            change, size = (np.linalg.norm(x, axis=(1, 2)) for x in (At - state["At"][running], At))
            state["active"][running] = change > self.tolerance * np.maximum(1, size)
            state["B"][running], state["W"][running], state["At"][running] = B, W, At
            state["steps"][running] += 1

    @property
    def encoders(self) -> Encoders:
        """E[-log p(y|x)], B and Sigma_W of all models."""
        B, W = self.state["B"], self.state["W"]
        return negative_log_likelihood(B, W, self.data), B, W
