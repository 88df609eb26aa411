"""The scan on torch: every point in one batched computation, gradients by autograd.

Used on CUDA and where no kernel can be compiled, and as the reference for kernel.cpp.
"""

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from betascan.linear_vae.engine import Chunk, Estimator, State
from betascan.linear_vae.layout import Layout


class TorchEngine:
    """Advances and evaluates the points of a scan as one (points, ...) batch.

    Parameters
    ----------
    layout : Layout
        How parameters and inputs are laid out.
    weights : float32 array (input_width,)
        Weight of each feature's squared error, as in `Layout.weights`.
    estimator : {"sampled", "analytic"}
        How the distortion is estimated in training.
    device : str
        torch's name for it.
    """

    def __init__(
        self,
        layout: Layout,
        weights: Float32[np.ndarray, " input_width"],
        estimator: Estimator,
        device: str,
    ) -> None:
        self.layout, self.estimator, self.device = layout, estimator, device
        self._weights = self._on_device(weights[: layout.features])
        self.name = f"torch {torch.__version__.split('+')[0]} on {device}"
        self.build = self.name

    def _on_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _parts(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mean, log_variance, decoder, bias = rows.split(self.layout.sizes, dim=1)
        shape = (len(rows), -1, self.layout.latent_width)
        return mean.reshape(shape), log_variance.reshape(shape), decoder.reshape(shape), bias

    def _terms(self, rows: Tensor, x: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean D and mean R of each point (points,); without noise D is its expectation."""
        encoder_mean, encoder_log_variance, decoder, bias = self._parts(rows)
        lines = encoder_mean.shape[1]
        mean = x[:, :lines] @ encoder_mean
        log_variance = x[:, :lines] @ encoder_log_variance
        z = mean if noise is None else mean + (log_variance / 2).exp() * noise
        reconstruction = z @ decoder.mT + bias[:, None, : self.layout.features]
        squares = (reconstruction - x[:, : self.layout.features]).square() @ self._weights
        if noise is None:  # E|x - Wz - c|^2 = |x - W mean - c|^2 + sum_k sigma_k^2 |w_k|^2
            norms = (self._weights[:, None] * decoder.square()).sum(1)
            squares = squares + (log_variance.exp() * norms[:, None]).sum(2)
        divergence = (mean.square() + log_variance.exp() - log_variance - 1).sum(2)
        return squares.mean(1) / 2, divergence.mean(1) / 2

    def train(
        self,
        state: State,
        betas: Float64[np.ndarray, " points"],
        active: Int64[np.ndarray, " active"],
        chunk: Chunk,
        lr: float,
        epsilon: float,
    ) -> None:
        """Take the chunk's updates of the active points, in place; see `Engine`."""
        rows = self._on_device(state.parameters[active]).requires_grad_()
        optimiser = torch.optim.Adam([rows], lr=lr, eps=epsilon)
        optimiser.state[rows] = {
            "step": torch.tensor(float(state.done), dtype=torch.float32),
            "exp_avg": self._on_device(state.first[active]),
            "exp_avg_sq": self._on_device(state.second[active]),
        }
        weights = self._on_device(betas[active].astype(np.float32))
        x, noise = self._on_device(chunk.x), self._on_device(chunk.noise)
        for step, count in enumerate(chunk.counts):
            optimiser.zero_grad()
            draws = noise[step, :count] if self.estimator == "sampled" else None
            distortion, rate = self._terms(rows, x[step, :count], draws)
            (distortion + weights * rate).sum().backward()
            optimiser.step()
        state.parameters[active] = rows.detach().cpu().numpy()
        state.first[active] = optimiser.state[rows]["exp_avg"].cpu().numpy()
        state.second[active] = optimiser.state[rows]["exp_avg_sq"].cpu().numpy()
        state.done += len(chunk.counts)

    @torch.no_grad()
    def evaluate(
        self,
        rows: Float32[np.ndarray, "points size"],
        x: Float32[np.ndarray, "n input_width"],
        count: int,
    ) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
        """Return mean D and mean R of each row; see `Engine`."""
        parameters, inputs = self._on_device(rows), self._on_device(x[:count])
        totals = torch.zeros(2, len(rows), dtype=torch.float64, device=self.device)
        for part in inputs.split(4096):
            totals += torch.stack(self._terms(parameters, part, None)).double() * len(part)
        distortion, rate = (totals / count).cpu().numpy()
        return distortion, rate
