"""What a scan requires of the code that does its arithmetic."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

Estimator = Literal["sampled", "analytic"]


@dataclass(frozen=True)
class Chunk:
    """Consecutive minibatches and their noise, the same for every point.

    Attributes
    ----------
    x : float32 array (steps, batch, input_width)
        Input rows, as in `Layout.inputs`.
    noise : float32 array (steps, batch, latent_width)
        Standard normal draws.
    counts : int32 array (steps,)
        Rows of each minibatch that hold samples; the last minibatch of an epoch is smaller.
    """

    x: Float32[np.ndarray, "steps batch input_width"]
    noise: Float32[np.ndarray, "steps batch latent_width"]
    counts: Int32[np.ndarray, " steps"]


@dataclass
class State:
    """Everything that training changes, one row per point, and the updates taken: a checkpoint.

    Attributes
    ----------
    parameters, first, second : float32 array (points, size)
        Rows of a `Layout`, and Adam's two moments of them.
    best_parameters : float32 array (points, size)
        Parameters at the least validation loss so far.
    best_loss, best_update : array (points,)
        That loss, and the update at which it was reached.
    last_update : int64 array (points,)
        The update each point was last trained to.
    running : bool array (points,)
        False for a point that has used up its patience.
    done : int
        Updates taken.
    seconds : float
        Time spent.
    """

    parameters: Float32[np.ndarray, "points size"]
    first: Float32[np.ndarray, "points size"]
    second: Float32[np.ndarray, "points size"]
    best_parameters: Float32[np.ndarray, "points size"]
    best_loss: Float64[np.ndarray, " points"]
    best_update: Int64[np.ndarray, " points"]
    last_update: Int64[np.ndarray, " points"]
    running: Bool[np.ndarray, " points"]
    done: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, row: Float32[np.ndarray, " size"], points: int) -> "State":
        """Return the state before the first update: every point with the same parameters.

        Parameters
        ----------
        row : float32 array (size,)
            Initial parameters, as in `Layout.initial`.
        points : int
            How many points are trained.

        Returns
        -------
        State
            No updates taken, every point running.
        """
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

    def record_validation(
        self,
        points: Int64[np.ndarray, " active"],
        loss: Float64[np.ndarray, " active"],
        patience: float,
    ) -> None:
        """Keep parameters that improved the validation loss and stop points out of patience.

        Parameters
        ----------
        points : int64 array (active,)
            The points that were just trained.
        loss : float64 array (active,)
            Validation loss of these points.
        patience : float
            Updates without improvement after which a point stops.
        """
        improved = loss < self.best_loss[points]
        better = points[improved]
        self.best_loss[better] = loss[improved]
        self.best_parameters[better] = self.parameters[better]
        self.best_update[better] = self.done
        self.last_update[points] = self.done
        self.running[points] = self.done - self.best_update[points] < patience


@runtime_checkable
class Engine(Protocol):
    """Advances points by minibatches and evaluates them.

    Attributes
    ----------
    name : str
        What a record of the scan calls it.
    build : str
        Engines with different builds may differ in the last bits of a result.
    """

    name: str
    build: str

    def train(
        self,
        state: State,
        betas: Float64[np.ndarray, " points"],
        active: Int64[np.ndarray, " active"],
        chunk: Chunk,
        lr: float,
        epsilon: float,
    ) -> None:
        """Take the chunk's updates, in place; `state.done` counts them.

        Parameters
        ----------
        state : State
            State of all points.
        betas : float64 array (points,)
            Weight of the rate of each point.
        active : int64 array (active,)
            The points to be trained.
        chunk : Chunk
            The minibatches.
        lr, epsilon : float
            Adam's learning rate and epsilon.
        """

    def evaluate(
        self,
        rows: Float32[np.ndarray, "points size"],
        x: Float32[np.ndarray, "n input_width"],
        count: int,
    ) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
        """Measure points on samples, with the posterior noise integrated out.

        Parameters
        ----------
        rows : float32 array (points, size)
            Parameters.
        x : float32 array (n, input_width)
            Input rows; n is a multiple of 32.
        count : int
            How many of them hold samples.

        Returns
        -------
        distortion, rate : float64 array (points,)
            Means over the samples, in nats.
        """
