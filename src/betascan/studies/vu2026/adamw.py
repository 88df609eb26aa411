"""Method (b) of vu2026's linear study: AdamW on encoder, decoder and both noise covariances.

adamw.cpp does the work, compiled on first use; where it cannot be compiled the same arithmetic runs
in torch. Parameters of a model are one row: A^T (m, n), B (m, n), then by rows the lower triangle
of C and the upper one of U, Sigma_W = C C^T and Sigma_Z = U^T U, with logarithms on the diagonals,
and zeros up to a whole cache line.
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from betascan.core.errors import TrainingError
from betascan.linear_vae.compiler import (
    NATIVE,
    NoKernelError,
    announce_fallback,
    compiled,
    source_digest,
)
from betascan.studies.vu2026.linear_data import Data, information
from betascan.studies.vu2026.linear_solver import Cells, Encoders, Solver, Starts

SOURCE = Path(__file__).with_name("adamw.cpp")
B1, B2, TINY = 0.9, 0.999, 1e-8  # torch's defaults
LINE = 8  # doubles, as in vectors.hpp
TORCH_RATIO = 15  # torch's time over the kernel's (benchmarks/linear_gaussian.py)
COLLAPSED = 1e-5  # nats: the information of all latents, and what a block of updates still gains


def _triangle(packed: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return packed triangles (p, k) as matrices, the logarithms of the diagonal undone."""
    size = int(rows.max()) + 1
    matrix = packed.new_zeros(len(packed), size, size)
    matrix[:, rows, columns] = torch.where(rows == columns, packed.exp(), packed)
    return matrix


def objective(
    theta: Float64[Tensor, "models parameters"],
    beta: Float64[Tensor, " models"],
    lam: Float64[Tensor, " models"],
    data: Data,
    latents: int,
) -> tuple[
    Float64[Tensor, " models"],
    Float64[Tensor, " models"],
    Float64[Tensor, "models latents observed"],
    Float64[Tensor, "models latents latents"],
]:
    """Return the exact objective, every term an expectation.

    Parameters
    ----------
    theta : float64 tensor (models, parameters)
        Rows of parameters.
    beta, lam : float64 tensor (models,)
        Weights of the rate and of the squared error.
    data : Data
        The Gaussian that is modelled, with n variables.
    latents : int
        Latents of a model, m.

    Returns
    -------
    loss : float64 tensor (models,)
        E[-log p(y|x)] + beta KL + lambda E|y - A x|^2, in nats.
    nll : float64 tensor (models,)
        The first term of the loss.
    B : float64 tensor (models, m, n)
        The encoder.
    W : float64 tensor (models, m, m)
        The encoder's noise, Sigma_W.
    """
    n, m = len(data.mixing), latents
    lower, upper = torch.tril_indices(m, m), torch.triu_indices(n, n)
    sizes = [m * n, m * n, lower.shape[1], upper.shape[1]]
    At, B, packed_C, packed_U = theta[:, : sum(sizes)].split(sizes, dim=1)
    At, B = At.unflatten(1, (m, n)), B.unflatten(1, (m, n))
    C, U = _triangle(packed_C, *lower), _triangle(packed_U, *upper)
    covariance, W = torch.from_numpy(data.covariance), C @ C.mT
    H = B @ covariance
    K = B @ H.mT + W
    R = covariance - At.mT @ H - H.mT @ At + At.mT @ K @ At
    half = torch.linalg.solve_triangular(U.mT, R, upper=False)  # (U^T)^-1 R
    whitened = torch.linalg.solve_triangular(U.mT, half.mT, upper=False)
    log_U = U.diagonal(dim1=1, dim2=2).log().sum(1)
    nll = log_U + whitened.diagonal(dim1=1, dim2=2).sum(1) / 2 + n * np.log(2 * np.pi) / 2
    total = K.diagonal(dim1=1, dim2=2).sum(1)
    rate = (total - m) / 2 - C.diagonal(dim1=1, dim2=2).log().sum(1)
    squares = R.diagonal(dim1=1, dim2=2).sum(1)
    return nll + beta * rate + lam * squares, nll, B, W


class AdamW(Solver):
    """AdamW from A, B of the start, both noises 1; the encoder of lowest objective is kept.

    Gradients whose norm exceeds `clip` are scaled down to it. A model uses its whole budget, as
    its latents keep rotating long after its objective has settled; only a model that has lost all
    information stops, as nothing can change for it any more.

    Parameters
    ----------
    data : Data
        The Gaussian that is modelled.
    cells : Cells
        Weights and start of each model.
    starts : Starts
        Initial encoders and decoders.
    iterations : int
        Largest number of updates of a model.
    lr, weight_decay : float
        AdamW's learning rate and weight decay.
    clip : float
        Largest norm of a gradient.
    target : sequence of str, optional
        The compiler's flags for the processor; None for torch.
    """

    block = 1000

    def __init__(
        self,
        data: Data,
        cells: Cells,
        starts: Starts,
        iterations: int,
        lr: float,
        weight_decay: float,
        clip: float,
        target: Sequence[str] | None = NATIVE,
    ) -> None:
        B, A = starts.encoder[cells.start], starts.decoder[cells.start]
        models, self.latents, n = B.shape
        m = self.latents
        parameters = 2 * m * n + m * (m + 1) // 2 + n * (n + 1) // 2
        theta = np.zeros((models, -(-parameters // LINE) * LINE))
        theta[:, : m * n] = A.mT.reshape(models, -1)
        theta[:, m * n : 2 * m * n] = B.reshape(models, -1)
        best = np.full((models, 2 + m * n + m * m), np.inf)  # loss, nll, B, Sigma_W
        moments = {"first": np.zeros_like(theta), "second": np.zeros_like(theta)}
        super().__init__(cells, iterations, theta=theta, best=best, **moments)
        self.data = data
        self.lr, self.weight_decay, self.clip = lr, weight_decay, clip
        self.engine, self._library = "torch", None
        if target is not None:
            sizes = {"OBSERVED": n, "LATENTS": m, "FACTORS": len(data.variances)}
            try:
                kernel = compiled(SOURCE, target, **sizes, NOISE=data.noise)
                self.engine, self._library = kernel.name, kernel.library
            except NoKernelError as error:
                announce_fallback(str(error), TORCH_RATIO)
        # not the processor: a checkpoint continues wherever the job is restarted
        self.identity = [data.covariance.tolist(), lr, weight_decay, clip, source_digest(SOURCE)]

    def advance(self, count: int) -> None:
        """Update every active model.

        Parameters
        ----------
        count : int
            Number of updates.

        Raises
        ------
        TrainingError
            If parameters are no longer finite.
        """
        state, active = self.state, np.flatnonzero(self.state["active"])
        before, done = state["best"][active, 0], int(state["steps"][active[0]])
        if self._library:
            self._with_kernel(self._library, active, done, count)
        else:
            self._with_torch(active, done, count)
        if not np.isfinite(state["theta"][active]).all():
            raise TrainingError(
                f"AdamW diverged after {done} iterations: lower its learning rate (lr)"
            )
        state["steps"][active] += count
        _, B, W = self.encoders
        left = information(B[active], W[active], self.data)
        gained = before - state["best"][active, 0]
        state["active"][active] = np.maximum(left, gained) > COLLAPSED

    @property
    def encoders(self) -> Encoders:
        """E[-log p(y|x)], B and Sigma_W of each model at its lowest objective."""
        best, m, n = self.state["best"], self.latents, len(self.data.mixing)
        B, W = best[:, 2 : 2 + m * n], best[:, 2 + m * n :]
        return best[:, 1], B.reshape(-1, m, n), W.reshape(-1, m, m)

    def _with_kernel(self, library: ctypes.CDLL, active: np.ndarray, done: int, count: int) -> None:
        real, integer, long = ctypes.c_double, ctypes.c_int, ctypes.c_long
        loadings = np.ascontiguousarray(self.data.loadings.T)
        for model in active:
            rows = [self.state[name][model] for name in ("theta", "first", "second", "best")]
            library.train(
                *[ctypes.c_void_p(array.ctypes.data) for array in (*rows, loadings)],
                real(self.cells.beta[model]), real(self.cells.lam[model]),
                long(done), integer(count),
                real(self.lr), real(self.weight_decay), real(self.clip),
            )  # fmt: skip

    def _with_torch(self, active: np.ndarray, done: int, count: int) -> None:
        theta, first, second, best = (
            torch.from_numpy(self.state[name][active])
            for name in ("theta", "first", "second", "best")
        )
        beta, lam = (torch.from_numpy(x[active]) for x in (self.cells.beta, self.cells.lam))
        for step in range(done + 1, done + count + 1):
            theta.requires_grad_(True)
            loss, nll, B, W = objective(theta, beta, lam, self.data, self.latents)
            (gradient,) = torch.autograd.grad(loss.sum(), theta)
            with torch.no_grad():
                now = torch.cat([loss[:, None], nll[:, None], B.flatten(1), W.flatten(1)], dim=1)
                best = torch.where((loss < best[:, 0])[:, None], now, best)
                norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
                gradient = gradient * (self.clip / (norm + 1e-6)).clamp(max=1)
                first = first.lerp(gradient, 1 - B1)
                second = second.lerp(gradient**2, 1 - B2)
                scale = (second / (1 - B2**step)).sqrt() + TINY
                theta = (1 - self.lr * self.weight_decay) * theta.detach()
                theta -= self.lr / (1 - B1**step) * first / scale
        for name, tensor in (
            ("theta", theta), ("first", first), ("second", second), ("best", best),
        ):  # fmt: skip
            self.state[name][active] = tensor.detach().numpy()
