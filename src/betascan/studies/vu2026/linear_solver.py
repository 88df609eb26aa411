"""What both methods of vu2026's linear study share: models side by side, advanced in blocks."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from tqdm import tqdm

from betascan.core.checkpoint import Checkpoint, digest
from betascan.core.randomness import stream

CHECKPOINT_SECONDS = 30.0

Encoders = tuple[
    Float[np.ndarray, " models"],
    Float[np.ndarray, "models latents observed"],
    Float[np.ndarray, "models latents latents"],
]
"""E[-log p(y|x)] in nats of models, and their encoders x = B y + N(0, Sigma_W): B, Sigma_W."""


@dataclass(frozen=True)
class Cells:
    """The models of a job, one per entry.

    Attributes
    ----------
    beta, lam : ndarray of shape (models,)
        Weights of the KL term and of the squared error.
    start : ndarray of shape (models,)
        Index of the start.
    """

    beta: Float[np.ndarray, " models"]
    lam: Float[np.ndarray, " models"]
    start: Int[np.ndarray, " models"]

    @classmethod
    def grid(cls, betas: Sequence[float], lambdas: Sequence[float], starts: int) -> "Cells":
        """Return every beta with every lambda from every start, starts running fastest."""
        lam, beta, start = np.meshgrid(lambdas, betas, np.arange(starts), indexing="ij")
        return cls(beta.ravel().astype(float), lam.ravel().astype(float), start.ravel())


@dataclass(frozen=True)
class Starts:
    """Where models start.

    Attributes
    ----------
    encoder : ndarray of shape (starts, latents, observed)
        B, with x = B y + noise.
    decoder : ndarray of shape (starts, observed, latents)
        A, with y = A x + noise.
    """

    encoder: Float[np.ndarray, "starts latents observed"]
    decoder: Float[np.ndarray, "starts observed latents"]

    @classmethod
    def draw(cls, observed: int, latents: int, starts: int, seed: int) -> "Starts":
        """Draw all entries from N(0, 1); a start does not depend on how many there are.

        Parameters
        ----------
        observed, latents, starts : int
            Shape of the arrays.
        seed : int
            Seed of the random streams, one per start.
        """
        drawn = [stream(seed, f"vu2026/linear/{observed}", k) for k in range(starts)]
        return cls(
            encoder=np.stack([one.standard_normal((latents, observed)) for one in drawn]),
            decoder=np.stack([one.standard_normal((observed, latents)) for one in drawn]),
        )


class Solver(ABC):
    """Models whose state is a dictionary of arrays with the models as first axis.

    A checkpoint has all of it. Subclasses add arrays to ``active`` (models,), which have not
    converged, and ``steps`` (models,), how many each has taken.
    """

    block: int  # steps between looks at clock and checkpoint
    engine: str  # what does the arithmetic
    identity: list[Any]  # what a checkpoint belongs to, with the budget and the initial state

    def __init__(self, cells: Cells, budget: int, **state: NDArray[Any]) -> None:
        self.cells, self.budget = cells, budget
        models = len(cells.beta)
        self.state = state | {
            "active": np.ones(models, bool),
            "steps": np.zeros(models, np.int64),
        }

    @abstractmethod
    def advance(self, count: int) -> None:
        """Take `count` steps with the active models."""

    @property
    @abstractmethod
    def encoders(self) -> Encoders:
        """E[-log p(y|x)], B and Sigma_W of all models."""

    def run(self, checkpoint: Path | None = None, title: str = "", progress: bool = True) -> float:
        """Advance until every model has converged or the budget is used up.

        Parameters
        ----------
        checkpoint : Path, optional
            File from which a killed run continues where it was, with the same result to the byte.
        title : str
            Title of the progress bar.
        progress : bool
            Whether there is a progress bar.

        Returns
        -------
        float
            The seconds it took, including those before a kill.
        """
        facts = [self.budget, self.cells.beta.tolist(), self.cells.lam.tolist(), self.identity]
        arrays = [self.state[name] for name in sorted(self.state)]
        saved = Checkpoint(checkpoint, digest(facts, arrays), CHECKPOINT_SECONDS)
        done, seconds = 0, 0.0
        if resumed := saved.restore():
            done, seconds = resumed.pop("done"), resumed.pop("seconds")
            self.state = resumed
        started = time.monotonic() - seconds
        with tqdm(
            total=self.budget, initial=done, unit=" steps", desc=title, disable=not progress,
            mininterval=1,
        ) as bar:  # fmt: skip
            while done < self.budget and (active := int(self.state["active"].sum())):
                bar.set_postfix_str(f"{active} of {len(self.cells.beta)} models", refresh=False)
                count = min(self.block, self.budget - done)
                self.advance(count)
                done += count
                bar.update(count)
                seconds = time.monotonic() - started
                if saved.due:
                    saved.save({**self.state, "done": done, "seconds": seconds})
        saved.save({**self.state, "done": done, "seconds": seconds}, final=True)
        return seconds
