"""What both methods of vu2026's linear study share: models side by side, advanced in blocks."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from betascan.core.checkpoint import Checkpoint, digest
from betascan.core.randomness import stream
from betascan.studies.vu2026.linear_data import Array

CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class Cells:
    """The models of a job, one an entry: beta, lam and the index of the start (p,)."""

    beta: Array
    lam: Array
    start: NDArray[np.int64]

    @classmethod
    def grid(cls, betas: Sequence[float], lambdas: Sequence[float], starts: int) -> "Cells":
        """Return every combination, starts running fastest."""
        lam, beta, start = np.meshgrid(lambdas, betas, np.arange(starts), indexing="ij")
        return cls(beta.ravel().astype(float), lam.ravel().astype(float), start.ravel())


@dataclass(frozen=True)
class Starts:
    """Where models start: encoders B (starts, m, n) and decoders A (starts, n, m)."""

    encoder: Array
    decoder: Array

    @classmethod
    def draw(cls, observed: int, latents: int, starts: int, seed: int) -> "Starts":
        """Draw entries N(0, 1). A start does not depend on how many there are."""
        drawn = [stream(seed, f"vu2026/linear/{observed}", k) for k in range(starts)]
        return cls(
            encoder=np.stack([one.standard_normal((latents, observed)) for one in drawn]),
            decoder=np.stack([one.standard_normal((observed, latents)) for one in drawn]),
        )


class Solver(ABC):
    """Models whose state is a dictionary of arrays, first axis the models.

    active: not at rest; steps: how many each has taken. All of it survives a kill.
    """

    block: int  # steps between looks at clock and checkpoint
    engine: str  # what does the arithmetic
    identity: list[Any]  # beside budget and state at the start: what a checkpoint belongs to

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
    def encoders(self) -> tuple[Array, Array, Array]:
        """E[-log p(y|x)] in nats (p,), B (p, m, n) and Sigma_W (p, m, m)."""

    def run(self, checkpoint: Path | None = None, title: str = "", progress: bool = True) -> float:
        """Advance until every model rests or the budget is used up; return the seconds it took.

        With `checkpoint`, a run that was killed goes on where it was and ends in the same bytes.
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
