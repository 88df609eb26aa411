"""Method (b) of vu2026's linear study: AdamW on encoder, decoder and both noise covariances.

adamw.cpp does the work, compiled on first use; without a compiler the same arithmetic runs on
torch, several times slower. Parameters of a model are one row: A^T (m, n), B (m, n), then by rows
the lower triangle of C and the upper one of U, Sigma_W = C C^T and Sigma_Z = U^T U, with
logarithms on the diagonals, and zeros up to whole vectors of the processor.
"""

import ctypes
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from betascan.core.errors import TrainingError
from betascan.linear_vae.kernel import compiled
from betascan.studies.vu2026.linear_data import Array, Data, information
from betascan.studies.vu2026.linear_solver import Cells, Solver, Starts

SOURCE = Path(__file__).with_name("adamw.cpp")
B1, B2, TINY = 0.9, 0.999, 1e-8  # torch's defaults
VECTOR = 8  # doubles
COLLAPSED = 1e-5  # nats: all information of the latents, and what a block still gains


def _triangle(packed: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return packed triangles (p, k) as matrices, logarithms of the diagonal taken back."""
    size = int(rows.max()) + 1
    matrix = packed.new_zeros(len(packed), size, size)
    matrix[:, rows, columns] = torch.where(rows == columns, packed.exp(), packed)
    return matrix


def objective(
    theta: torch.Tensor, beta: torch.Tensor, lam: torch.Tensor, data: Data, latents: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The exact objective of models (p, parameters) with beta, lam (p,): every term an expectation.

    Returns E[-log p(y|x)] + beta KL + lambda E|y - A x|^2 and its first term, (p,) in nats, and
    the encoder, B (p, m, n) and Sigma_W (p, m, m).
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
    seen = torch.linalg.solve_triangular(U.mT, R, upper=False)  # (U^T)^-1 R
    spread = torch.linalg.solve_triangular(U.mT, seen.mT, upper=False)
    log_U = U.diagonal(dim1=1, dim2=2).log().sum(1)
    nll = log_U + spread.diagonal(dim1=1, dim2=2).sum(1) / 2 + n * np.log(2 * np.pi) / 2
    total = K.diagonal(dim1=1, dim2=2).sum(1)
    rate = (total - m) / 2 - C.diagonal(dim1=1, dim2=2).log().sum(1)
    squares = R.diagonal(dim1=1, dim2=2).sum(1)
    return nll + beta * rate + lam * squares, nll, B, W


class AdamW(Solver):
    """AdamW from A, B of the start, both noises 1; the encoder of least objective is kept.

    Gradients whose norm exceeds `clip` are scaled down to it. A model takes its whole budget, as
    its latents go on turning long after its objective has settled; only one that has lost all
    information rests, for which nothing can change any more.
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
        engine: Literal["auto", "torch"] = "auto",
    ) -> None:
        B, A = starts.encoder[cells.start], starts.decoder[cells.start]
        models, self.latents, n = B.shape
        m = self.latents
        parameters = 2 * m * n + m * (m + 1) // 2 + n * (n + 1) // 2
        theta = np.zeros((models, -(-parameters // VECTOR) * VECTOR))
        theta[:, : m * n] = A.mT.reshape(models, -1)
        theta[:, m * n : 2 * m * n] = B.reshape(models, -1)
        best = np.full((models, 2 + m * n + m * m), np.inf)  # loss, nll, B, Sigma_W
        moments = {"first": np.zeros_like(theta), "second": np.zeros_like(theta)}
        super().__init__(cells, iterations, theta=theta, best=best, **moments)
        self.data = data
        self.lr, self.weight_decay, self.clip = lr, weight_decay, clip
        sizes = {"OBSERVED": n, "LATENTS": m, "FACTORS": len(data.variances)}
        path = compiled(SOURCE, **sizes, NOISE=data.noise) if engine == "auto" else None
        self._library = ctypes.CDLL(str(path)) if path else None
        self.engine = "compiled kernel" if path else "torch"
        settings = [lr, weight_decay, clip, path.stem if path else torch.__version__]
        self.identity = [data.covariance.tolist(), *settings]

    def advance(self, count: int) -> None:
        """Take `count` updates of every active model.

        Raises TrainingError if an objective is not finite.
        """
        state, active = self.state, np.flatnonzero(self.state["active"])
        before, done = state["best"][active, 0], int(state["steps"][active[0]])
        if self._library:
            self._by_kernel(self._library, active, done, count)
        else:
            self._by_torch(active, done, count)
        if not np.isfinite(state["theta"][active]).all():
            raise TrainingError(
                f"AdamW diverged after {done} iterations: lower its learning rate (lr)"
            )
        state["steps"][active] += count
        _, B, W = self.encoders
        known = information(B[active], W[active], self.data)
        gained = before - state["best"][active, 0]
        state["active"][active] = np.maximum(known, gained) > COLLAPSED

    @property
    def encoders(self) -> tuple[Array, Array, Array]:
        """E[-log p(y|x)] (p,), B and Sigma_W of each model's least objective."""
        best, m, n = self.state["best"], self.latents, len(self.data.mixing)
        B, W = best[:, 2 : 2 + m * n], best[:, 2 + m * n :]
        return best[:, 1], B.reshape(-1, m, n), W.reshape(-1, m, m)

    def _by_kernel(self, library: ctypes.CDLL, active: np.ndarray, done: int, count: int) -> None:
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

    def _by_torch(self, active: np.ndarray, done: int, count: int) -> None:
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
                seen = torch.cat([loss[:, None], nll[:, None], B.flatten(1), W.flatten(1)], dim=1)
                best = torch.where((loss < best[:, 0])[:, None], seen, best)
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
