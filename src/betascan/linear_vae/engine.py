"""What a scan asks of the code that does its arithmetic."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from betascan.linear_vae.layout import Floats

Estimator = Literal["sampled", "analytic"]


@dataclass(frozen=True)
class Chunk:
    """Consecutive minibatches and their noise, the same for every point.

    x (steps, batch, input_width), noise (steps, batch, latent_width), counts (steps,) the rows
    of each minibatch that hold samples (the last of an epoch is smaller).
    """

    x: Floats
    noise: Floats
    counts: NDArray[np.int32]


@dataclass
class State:
    """All that training changes, one row a point, and the updates taken: a checkpoint.

    parameters and Adam's moments `first`, `second` as rows of a `Layout`; best_* belong to the
    least validation loss so far; a point that is no longer `running` has used up its patience.
    """

    parameters: Floats
    first: Floats
    second: Floats
    best_parameters: Floats
    best_loss: NDArray[np.float64]
    best_update: NDArray[np.int64]
    last_update: NDArray[np.int64]
    running: NDArray[np.bool_]
    done: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, row: Floats, points: int) -> "State":
        """Return the state before the first update: every point with the same parameters."""
        parameters = np.tile(row, (points, 1))
        updates = np.zeros(points, np.int64)
        return cls(
            parameters=parameters,
            first=np.zeros_like(parameters),
            second=np.zeros_like(parameters),
            best_parameters=parameters.copy(),
            best_loss=np.full(points, np.inf),
            best_update=updates,
            last_update=updates.copy(),
            running=np.ones(points, bool),
        )

    def judge(self, points: np.ndarray, loss: np.ndarray, patience: float) -> None:
        """Take in the validation loss (points,) of the points that were just trained."""
        improved = loss < self.best_loss[points]
        better = points[improved]
        self.best_loss[better] = loss[improved]
        self.best_parameters[better] = self.parameters[better]
        self.best_update[better] = self.done
        self.last_update[points] = self.done
        self.running[points] = self.done - self.best_update[points] < patience


class Engine(Protocol):
    """Advances points by minibatches and evaluates them."""

    name: str  # for people
    rounding: str  # engines that differ in it may differ in the last bits of a result

    def train(
        self, state: State, betas: np.ndarray, active: np.ndarray, chunk: Chunk, lr: float
    ) -> None:
        """Take the chunk's updates for the active points, in place; `state.done` counts them."""

    def evaluate(self, rows: Floats, x: Floats, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return mean D and mean R of each row over the first `count` inputs."""
