"""kernel.cpp as an engine: one thread per point, several points at once."""

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64

from betascan.linear_vae.compiler import NATIVE, compiled
from betascan.linear_vae.engine import Chunk, Estimator, State
from betascan.linear_vae.layout import Layout

SOURCE = Path(__file__).with_name("kernel.cpp")


class KernelEngine:
    """Advances and evaluates points independently of each other: grouping cannot change a bit.

    Parameters
    ----------
    layout : Layout
        How parameters and inputs are laid out.
    weights : float32 array (input_width,)
        Weight of each feature's squared error, as in `Layout.weights`.
    estimator : {"sampled", "analytic"}
        How the distortion is estimated in training.
    workers : int
        Threads.
    target : sequence of str
        The compiler's flags for the processor.

    Raises
    ------
    NoKernelError
        If the kernel cannot be compiled or loaded.
    """

    def __init__(
        self,
        layout: Layout,
        weights: Float32[np.ndarray, " input_width"],
        estimator: Estimator,
        workers: int,
        target: Sequence[str] = NATIVE,
    ) -> None:
        kernel = compiled(SOURCE, target, FEATURES=layout.features, LATENTS=layout.latents)
        self._library, self.build = kernel.library, kernel.build
        pointer, integer, long, real = (
            ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_float,
        )  # fmt: skip
        self._library.train.argtypes = [
            *[pointer] * 7, integer, integer, long, real, real, real, integer,
        ]  # fmt: skip
        self._library.evaluate.argtypes = [*[pointer] * 3, long, pointer, pointer]
        self.weights, self.estimator = weights, estimator
        self.name = f"{kernel.name}, {workers} thread{'s' if workers > 1 else ''}"
        # ctypes releases the GIL; for one worker a pool would only cost time
        self._map = map if workers == 1 else ThreadPoolExecutor(workers).map

    def _for_each(self, task: Callable[[int], None], points: np.ndarray) -> None:
        for _ in self._map(task, points.tolist()):
            pass

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
        steps, batch, _ = chunk.x.shape

        def advance(point: int) -> None:
            rows = (state.parameters[point], state.first[point], state.second[point])
            self._library.train(
                *[_address(row) for row in rows], _address(chunk.x), _address(chunk.noise),
                _address(self.weights), _address(chunk.counts), steps, batch, state.done,
                betas[point], lr, epsilon, self.estimator == "analytic",
            )  # fmt: skip

        self._for_each(advance, active)
        state.done += steps

    def evaluate(
        self,
        rows: Float32[np.ndarray, "points size"],
        x: Float32[np.ndarray, "n input_width"],
        count: int,
    ) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
        """Return mean D and mean R of each row; see `Engine`."""
        terms = np.empty((2, len(rows)))

        def measure(point: int) -> None:
            self._library.evaluate(
                _address(rows[point]), _address(x), _address(self.weights), count,
                _address(terms[0, point:]), _address(terms[1, point:]),
            )  # fmt: skip

        self._for_each(measure, np.arange(len(rows)))
        return terms[0], terms[1]


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
