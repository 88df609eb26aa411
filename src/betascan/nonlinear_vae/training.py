"""A scan: one VAE trained at every beta, all of them at once.

The protocol of hirn2026 (appendix A), with perceptrons in place of affine maps, as its section
VII announces: loss D + beta R with sigma_dec^2 = 1, Adam, early stopping on the validation loss.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float32
from numpy.typing import ArrayLike
from torch import Tensor
from tqdm import tqdm

from betascan.core.checkpoint import Checkpoint, digest
from betascan.core.device import resolve_device
from betascan.core.errors import DataError, TrainingError
from betascan.core.randomness import stream
from betascan.linear_vae import Scan, total_variance
from betascan.linear_vae.compiler import source_digest
from betascan.linear_vae.engine import State
from betascan.linear_vae.inputs import as_table, as_weights, check_settings
from betascan.nonlinear_vae.networks import Networks, decode, encode

Device = Literal["auto", "cpu", "cuda"]

SOURCES = [Path(__file__), Path(__file__).with_name("networks.py")]  # of the arithmetic
CHECKPOINT_SECONDS = 30.0
CHUNK = 64  # updates whose noise is drawn together
ROWS = 1024  # samples validated at a time


def scan(
    train: ArrayLike,
    validation: ArrayLike,
    betas: ArrayLike,
    *,
    hidden: Sequence[int] = (64, 64),
    latents: int = 32,
    updates: int,
    batch_size: int = 256,
    lr: float = 1e-3,
    patience: float = 0.1,
    seed: int = 0,
    device: Device = "auto",
    threads: int = 1,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> Scan:
    """Train a VAE at each beta and return the state of least validation loss of each.

    All points share initial weights, minibatches and noise, which depend on `seed` alone.

    Parameters
    ----------
    train, validation : array_like of shape (n, features)
        Samples, with columns of standard deviations around 1.
    betas : array_like of shape (points,)
        Weights of the rate.
    hidden : sequence of int
        Widths of the encoder's hidden layers and, in reverse, of the decoder's.
    latents : int
        Latent dimensions.
    updates : int
        Maximum number of Adam updates per point.
    batch_size : int
        Samples in a minibatch.
    lr : float
        Adam's learning rate.
    patience : float
        A point stops after `patience` x `updates` updates without a better validation loss, which
        is computed once an epoch, with the same noise every time.
    seed : int
        Seed of all random streams.
    device : {"auto", "cpu", "cuda"}
        "auto" is CUDA if available.
    threads : int
        Number of torch threads on the CPU; determines the rounding of the result.
    checkpoint : str or Path, optional
        A file from which an interrupted scan resumes, with the same bytes as a result.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    betascan.linear_vae.Scan
        Trained points in the order of `betas`; parameters as in `Networks.unpack`.

    Raises
    ------
    DataError
        If a table cannot be used, or the checkpoint is damaged or cannot be written.
    ConfigError
        If a setting makes no sense.
    TrainingError
        If a loss is not finite or the device is missing.
    """
    counts = {"latents": latents, "updates": updates, "batch_size": batch_size, "threads": threads}
    check_settings(
        {**counts, **{f"hidden[{i}]": width for i, width in enumerate(hidden)}},
        {"lr": lr, "patience": patience},
        {"device": (device, Device)},
    )
    weights = as_weights(betas)
    x, held_out = (as_table(t, n) for t, n in ((train, "train"), (validation, "validation")))
    if x.shape[1] != held_out.shape[1]:
        raise DataError(
            f"train has {x.shape[1]} columns and validation {held_out.shape[1]}: "
            "both need the same ones"
        )
    if not 0 < (V := total_variance(x)) < np.inf:
        raise DataError(f"the total variance of train is {V:g}: standardise columns that vary")
    x, held_out = x.astype(np.float32), held_out.astype(np.float32)
    networks = Networks(x.shape[1], latents, tuple(hidden))
    facts = {
        "hidden": [int(width) for width in hidden], "latents": int(latents),
        "updates": int(updates), "seed": int(seed), "batch_size": int(batch_size),
        "lr": float(lr), "patience": float(patience),
    }  # fmt: skip
    place = resolve_device(device)
    torch.set_num_threads(threads)
    build = f"torch {torch.__version__.split('+')[0]} on {place}"
    identity = digest([facts, build, source_digest(*SOURCES)], (weights, x, held_out))
    saved = Checkpoint(Path(checkpoint) if checkpoint else None, identity, CHECKPOINT_SECONDS)
    restored = saved.restore()
    state = State(**restored) if restored else State.start(
        networks.initial(stream(seed, "nonlinear/initial")), len(weights)
    )  # fmt: skip

    noise = stream(seed, "nonlinear/validation").standard_normal(
        (len(held_out), latents), np.float32
    )
    validation_batch = [torch.from_numpy(array).to(place) for array in (held_out, noise)]
    epoch_updates = -(-len(x) // batch_size)
    started = time.monotonic() - state.seconds
    with tqdm(
        total=updates, initial=state.done, unit=" updates", desc="scan (nonlinear)",
        disable=not progress, mininterval=1,
    ) as bar:  # fmt: skip
        while state.running.any() and state.done < updates:
            active = np.flatnonzero(state.running)
            bar.set_postfix_str(f"{active.size} of {len(weights)} points active", refresh=False)
            beta = torch.from_numpy(weights[active].astype(np.float32)).to(place)
            left = min(epoch_updates, updates - state.done)
            chunks = _chunks(x, latents, batch_size, seed, state.done // epoch_updates, left)
            rows = _train(networks, state, active, beta, chunks, lr, place, bar)
            loss = _validate(networks, rows, beta, *validation_batch)
            if not np.isfinite(loss).all():
                beta = weights[active][~np.isfinite(loss)][0]
                raise TrainingError(
                    f"the loss at beta = {beta:.4g} is not finite after {state.done} updates: "
                    "standardise the columns, or lower the learning rate (lr)"
                )
            state.record_validation(active, loss, patience * updates)
            state.seconds = time.monotonic() - started
            if saved.due:
                saved.save(vars(state))
    saved.save(vars(state), final=True)
    return Scan(
        betas=weights,
        total_variance=V,
        parameters={
            name: layer.double().numpy()
            for name, layer in networks.unpack(torch.from_numpy(state.best_parameters)).items()
        },
        best_update=state.best_update,
        last_update=state.last_update,
        validation_loss=state.best_loss,
        facts=facts,
        record={"device": build, "seconds": state.seconds},
    )


Batch = tuple[Float32[np.ndarray, "batch features"], Float32[np.ndarray, "batch latents"]]


def _chunks(
    x: Float32[np.ndarray, "n features"],
    latents: int,
    batch_size: int,
    seed: int,
    epoch: int,
    updates: int,
) -> Iterator[list[Batch]]:
    """Yield minibatches and noise in the order determined by (seed, epoch), some at a time."""
    order = stream(seed, "nonlinear/order", epoch).permutation(len(x))
    batches = np.array_split(order, range(batch_size, len(order), batch_size))[:updates]
    draws = stream(seed, "nonlinear/noise", epoch)
    for start in range(0, len(batches), CHUNK):
        yield [
            (x[batch], draws.standard_normal((len(batch), latents), np.float32))
            for batch in batches[start : start + CHUNK]
        ]


def _train(
    networks: Networks,
    state: State,
    active: np.ndarray,
    beta: Tensor,
    chunks: Iterator[list[Batch]],
    lr: float,
    device: str,
    bar: Any,
) -> Tensor:
    """Take an epoch's updates of the active points, in place, and return their parameters."""
    rows = torch.from_numpy(state.parameters[active]).to(device).requires_grad_()
    optimiser = torch.optim.Adam([rows], lr=lr, fused=True)
    moments = {
        "exp_avg": torch.from_numpy(state.first[active]).to(device),
        "exp_avg_sq": torch.from_numpy(state.second[active]).to(device),
    }
    optimiser.state[rows] = {"step": torch.tensor(float(state.done), device=device), **moments}
    for chunk in chunks:
        for x, noise in chunk:
            optimiser.zero_grad()
            pair = (torch.from_numpy(array).to(device) for array in (x, noise))
            _loss(networks, rows, beta, *pair).sum().backward()
            optimiser.step()
        state.done += len(chunk)
        bar.update(len(chunk))
    state.parameters[active] = rows.detach().cpu().numpy()
    state.first[active] = moments["exp_avg"].cpu().numpy()
    state.second[active] = moments["exp_avg_sq"].cpu().numpy()
    return rows.detach()


def _loss(networks: Networks, rows: Tensor, beta: Tensor, x: Tensor, noise: Tensor) -> Tensor:
    """D + beta R of each point (points,), a mean over samples, in nats."""
    layers = networks.unpack(rows)
    mean, log_variance = encode(layers, x)
    z = mean + (log_variance / 2).exp() * noise
    squares = (decode(layers, z) - x).square().sum((1, 2))
    divergence = (mean.square() + log_variance.exp() - log_variance - 1).sum((1, 2))
    return (squares + beta * divergence) / (2 * len(x))


@torch.no_grad()
def _validate(
    networks: Networks, rows: Tensor, beta: Tensor, x: Tensor, noise: Tensor
) -> np.ndarray:
    total = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
    for part, draws in zip(x.split(ROWS), noise.split(ROWS), strict=True):
        total += _loss(networks, rows, beta, part, draws).double() * len(part)
    return (total / len(x)).cpu().numpy()
