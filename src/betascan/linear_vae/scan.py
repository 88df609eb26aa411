"""A scan: one linear VAE trained to equilibrium at every beta, all of them at once.

hirn2026, section II and appendix A: encoder mean and log-variance affine in x, linear decoder,
loss D + beta R with sigma_dec^2 = 1, Adam, early stopping on the validation loss.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from betascan.core.errors import TrainingError
from betascan.core.files import read_npz, write_npz
from betascan.core.randomness import stream
from betascan.linear_vae import kernel
from betascan.linear_vae.engine import Chunk, Engine, Estimator, State
from betascan.linear_vae.layout import Floats, Layout
from betascan.linear_vae.torch_engine import TorchEngine
from betascan.linear_vae.whitening import Coordinates

CHUNK = 64  # updates whose noise is drawn together: 2 MB at the paper's sizes
BLOCK = 32  # the kernel works on this many rows at a time
CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class Scan:
    """Trained points: row p of every array belongs to ``betas[p]``.

    parameters as in `Layout.unpack`; total_variance is V of the training data (hirn2026, Eq. 6);
    best_update is the update with the least validation loss, whose parameters are kept,
    last_update the one at which training ended; validation_loss is the least D + beta R. facts
    hold the protocol; record what differs from run to run: device and seconds.
    """

    betas: NDArray[np.float64]
    total_variance: float
    parameters: dict[str, NDArray[np.float64]]
    best_update: NDArray[np.int64]
    last_update: NDArray[np.int64]
    validation_loss: NDArray[np.float64]
    facts: dict[str, Any]
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def temperatures(self) -> NDArray[np.float64]:
        """T = beta sigma_dec^2 / V with sigma_dec^2 = 1 (hirn2026, Eq. 9)."""
        return self.betas / self.total_variance

    def save(self, path: Path) -> None:
        """Write the scan, without its record, to an NPZ file."""
        own = {name: getattr(self, name) for name in _PER_POINT}
        facts = {**self.facts, "total_variance": self.total_variance}
        write_npz(path, {**own, **self.parameters}, **facts)

    @classmethod
    def load(cls, *paths: Path) -> "Scan":
        """Read a scan, or join the parts of one (the same run cut into jobs)."""
        parts = [read_npz(path) for path in paths]
        arrays = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
        own: dict[str, Any] = {name: arrays.pop(name) for name in _PER_POINT}
        facts = dict(parts[0][1])
        V = facts.pop("total_variance")
        return cls(parameters=arrays, total_variance=V, facts=facts, **own)


_PER_POINT = ("betas", "best_update", "last_update", "validation_loss")


def total_variance(x: Floats) -> float:
    """V = mean squared distance to the mean, over samples (n, features) (hirn2026, Eq. 6)."""
    return float(x.var(axis=0, dtype=np.float64).sum())


def _engine(
    layout: Layout, weights: Floats, estimator: Estimator, device: str, workers: int
) -> Engine:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "device cuda was asked for and there is none: set device to auto or cpu"
        )
    if device == "cpu" and (library := kernel.build(layout)) is not None:
        return kernel.KernelEngine(library, layout, weights, estimator, workers)
    if device == "cpu":
        torch.set_num_threads(workers)
    return TorchEngine(layout, weights, estimator, device)


def _chunks(
    layout: Layout, inputs: Floats, batch_size: int, seed: int, epoch: int, updates: int
) -> Iterator[Chunk]:
    """Yield an epoch's minibatches, `updates` of them at most, in the order and with the noise
    that (seed, epoch) fixes."""
    order = stream(seed, "scan/order", epoch).permutation(len(inputs))
    batches = np.array_split(order, range(batch_size, len(order), batch_size))[:updates]
    rows = -(-batch_size // BLOCK) * BLOCK
    for index, start in enumerate(range(0, len(batches), CHUNK)):
        part = batches[start : start + CHUNK]
        x = np.zeros((len(part), rows, layout.input_width), np.float32)
        noise = np.zeros((len(part), rows, layout.latent_width), np.float32)
        draws = stream(seed, f"scan/noise/{epoch}", index)
        for step, batch in enumerate(part):
            x[step, : len(batch)] = inputs[batch]
            shape = (len(batch), layout.latents)
            noise[step, : len(batch), : layout.latents] = draws.standard_normal(shape, np.float32)
        yield Chunk(x, noise, np.array([len(batch) for batch in part], np.int32))


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Draw the next chunk while the present one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = pool.submit(next, chunks, None)
            yield chunk


def _save(checkpoint: Path, identity: str, state: State) -> None:
    arrays = {name: value for name, value in vars(state).items() if isinstance(value, np.ndarray)}
    write_npz(checkpoint, arrays, identity=identity, done=state.done, seconds=state.seconds)


def _resume(checkpoint: Path | None, identity: str) -> State | None:
    """Return the checkpoint's state if it belongs to this very scan."""
    if checkpoint is None or not checkpoint.exists():
        return None
    arrays, facts = read_npz(checkpoint)
    if facts["identity"] != identity:
        return None
    return State(**arrays, done=facts["done"], seconds=facts["seconds"])


def scan(
    train: Floats,
    validation: Floats,
    betas: Sequence[float] | NDArray[np.float64],
    *,
    latents: int = 32,
    updates: int,
    batch_size: int = 256,
    lr: float = 3e-4,
    patience: float = 0.1,
    estimator: Estimator = "sampled",
    seed: int = 0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int | Literal["auto"] = "auto",
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Scan:
    """Train a linear VAE at each beta and return the state of least validation loss of each.

    train, validation (n, features) float32, standardised. At most `updates` Adam updates a point;
    a point is done after `patience` x `updates` updates without a better validation loss, taken
    once an epoch. All points share initial weights, minibatches and noise, which depend on `seed`
    alone, so a point's result does not depend on which other points are in the call. `estimator`
    "sampled" trains as hirn2026 does, on one reparameterised draw a sample and in the coordinates
    of x; "analytic" asks where the optimum lies, so it trains on the expectation, which a linear
    decoder gives in closed form, and in whitened coordinates. The validation loss is the
    expectation in both, so that chance does not stop a point. With `checkpoint`, an interrupted
    scan resumes to the same bytes.

    Raises TrainingError if a loss is not finite or a device is missing, DataError if the
    checkpoint is damaged or cannot be written.
    """
    betas = np.asarray(betas, np.float64)
    if estimator == "analytic":
        coordinates = Coordinates.whitened(train)
    else:
        coordinates = Coordinates.raw(train.shape[1])
    layout = Layout(len(coordinates.variances), latents)
    threads = (os.cpu_count() or 1) if workers == "auto" else workers
    weights = layout.weights(coordinates.variances)
    engine = _engine(layout, weights, estimator, device, threads)
    inputs = layout.inputs(coordinates.enter(train))
    held_out = layout.inputs(coordinates.enter(validation), -(-len(validation) // BLOCK) * BLOCK)
    updates_an_epoch = -(-len(train) // batch_size)
    facts = {
        "estimator": estimator, "latents": latents, "updates": updates, "seed": seed,
        "batch_size": batch_size, "lr": lr, "patience": patience,
    }  # fmt: skip
    identity = hashlib.sha256(
        json.dumps([facts, engine.rounding]).encode()
        + b"".join(array.tobytes() for array in (betas, inputs, held_out))
    ).hexdigest()
    state = _resume(checkpoint, identity) or State.start(
        layout.initial(stream(seed, "scan/initial")), len(betas)
    )

    started, written = time.monotonic() - state.seconds, time.monotonic()
    with tqdm(
        total=updates, initial=state.done, unit=" updates", desc=f"scan ({estimator})",
        disable=not progress, mininterval=1,
    ) as bar:  # fmt: skip
        while state.running.any() and state.done < updates:
            active = np.flatnonzero(state.running)
            bar.set_postfix_str(f"{active.size} of {len(betas)} points active", refresh=False)
            epoch = state.done // updates_an_epoch
            left = updates - state.done
            for chunk in _ahead(_chunks(layout, inputs, batch_size, seed, epoch, left)):
                engine.train(state, betas, active, chunk, lr)
                bar.update(len(chunk.counts))
            distortion, rate = engine.evaluate(state.parameters[active], held_out, len(validation))
            loss = distortion + betas[active] * rate
            if not np.isfinite(loss).all():
                beta = betas[active][~np.isfinite(loss)][0]
                raise TrainingError(
                    f"the loss at beta = {beta:.4g} is not finite after {state.done} updates: "
                    "lower the learning rate (lr)"
                )
            state.judge(active, loss, patience * updates)
            state.seconds = time.monotonic() - started
            if checkpoint and time.monotonic() - written > CHECKPOINT_SECONDS:
                _save(checkpoint, identity, state)
                written = time.monotonic()
    return Scan(
        betas=betas,
        total_variance=total_variance(train),
        parameters=coordinates.leave(layout.unpack(state.best_parameters)),
        best_update=state.best_update,
        last_update=state.last_update,
        validation_loss=state.best_loss,
        facts=facts,
        record={"device": engine.name, "seconds": state.seconds},
    )
