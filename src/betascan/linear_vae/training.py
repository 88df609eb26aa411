"""A scan: one linear VAE trained to equilibrium at every beta, all of them at once.

hirn2026, section II and appendix A: encoder mean and log-variance affine in x, linear decoder,
loss D + beta R with sigma_dec^2 = 1, Adam, early stopping on the validation loss.
"""

import os
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike
from tqdm import tqdm

from betascan.core.checkpoint import Checkpoint, digest
from betascan.core.device import resolve_device
from betascan.core.errors import ConfigError, DataError, TrainingError
from betascan.core.randomness import stream
from betascan.linear_vae.compiler import NoKernelError, announce_fallback, source_digest
from betascan.linear_vae.engine import Engine, Estimator, State
from betascan.linear_vae.inputs import as_table, as_weights, check_settings
from betascan.linear_vae.kernel import SOURCE, KernelEngine
from betascan.linear_vae.layout import Layout
from betascan.linear_vae.minibatches import chunks, prefetched, whole_blocks
from betascan.linear_vae.result import Scan, total_variance
from betascan.linear_vae.whitening import Coordinates

Device = Literal["auto", "cpu", "cuda"]

SOURCES = [SOURCE, Path(__file__).with_name("torch_engine.py")]  # of the arithmetic
CHECKPOINT_SECONDS = 30.0
TORCH_RATIO = 8  # of torch's time to the kernel's (benchmarks/scan.py)
LARGE = 100.0  # no entry of a standardised table is this far from the mean


def scan(
    train: ArrayLike,
    validation: ArrayLike,
    betas: ArrayLike,
    *,
    latents: int = 32,
    updates: int,
    batch_size: int = 256,
    lr: float = 3e-4,
    patience: float = 0.1,
    epsilon: float = 1e-8,
    annealed: float = 0.0,
    estimator: Estimator = "sampled",
    seed: int = 0,
    device: Device = "auto",
    workers: int | Literal["auto"] = "auto",
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> Scan:
    """Train a linear VAE at each beta and return the state of least validation loss of each.

    All points share initial weights, minibatches and noise, which depend on `seed` alone, so a
    point's result does not depend on which other points are in the call.

    Parameters
    ----------
    train, validation : array_like (n, features)
        Samples, with columns of standard deviations around 1. A nonzero mean is subtracted for
        training and put back into the biases.
    betas : array_like (points,)
        Weights of the rate.
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
        is computed once an epoch. That loss is an expectation for both estimators, so no point
        stops by chance.
    epsilon : float
        Adam's epsilon.
    annealed : float
        Share of `updates` over which the weight of the rate grows from 0 to the point's beta;
        until then no point is stopped.
    estimator : {"sampled", "analytic"}
        "sampled" trains as hirn2026 does, on one reparameterised draw per sample and in the
        coordinates of x; "analytic" is meant to find the optimum, so it trains on the expectation,
        which a linear decoder gives in closed form, and in whitened coordinates.
    seed : int
        Seed of all random streams.
    device : {"auto", "cpu", "cuda"}
        "auto" is CUDA if available.
    workers : int or "auto"
        Threads on the CPU, by default one per core.
    checkpoint : str or Path, optional
        A file from which an interrupted scan resumes, with the same bytes as a result if the
        processor is the same.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Scan
        Trained points in the order of `betas`.

    Raises
    ------
    DataError
        If a table cannot be used, or the checkpoint is damaged or cannot be written.
    ConfigError
        If a setting makes no sense.
    TrainingError
        If a loss is not finite or the device is missing.

    References
    ----------
    hirn2026, section II and appendix A.
    """
    threads = (os.cpu_count() or 1) if workers == "auto" else workers
    check_settings(
        {"latents": latents, "updates": updates, "batch_size": batch_size, "workers": threads},
        {"lr": lr, "patience": patience, "epsilon": epsilon},
        {"estimator": (estimator, Estimator), "device": (device, Device)},
    )
    if not 0 <= annealed < 1:
        raise ConfigError(f"annealed must be from 0 to below 1, not {annealed}")
    rate_weights = as_weights(betas)
    x, held_out = as_table(train, "train"), as_table(validation, "validation")
    if x.shape[1] != held_out.shape[1]:
        raise DataError(
            f"train has {x.shape[1]} columns and validation {held_out.shape[1]}: "
            "both need the same ones"
        )
    if not 0 < (V := total_variance(x)) < np.inf:
        raise DataError(f"the total variance of train is {V:g}: standardise columns that vary")
    coordinates = Coordinates.whitened(x) if estimator == "analytic" else Coordinates.centred(x)
    layout = Layout(len(coordinates.variances), latents)
    engine = _engine(layout, layout.weights(coordinates.variances), estimator, device, threads)
    inputs = layout.inputs(coordinates.transform(x))
    held_out_inputs = layout.inputs(coordinates.transform(held_out), whole_blocks(len(held_out)))
    updates_per_epoch = -(-len(x) // batch_size)
    facts = {
        "estimator": estimator, "latents": int(latents), "updates": int(updates),
        "seed": int(seed), "batch_size": int(batch_size), "lr": float(lr),
        "patience": float(patience), "epsilon": float(epsilon), "annealed": float(annealed),
    }  # fmt: skip
    identity = digest([facts, source_digest(*SOURCES)], (rate_weights, inputs, held_out_inputs))
    saved = Checkpoint(Path(checkpoint) if checkpoint else None, identity, CHECKPOINT_SECONDS)
    state = _resume(saved, engine) or State.start(
        layout.initial(stream(seed, "scan/initial")), len(rate_weights)
    )

    started = time.monotonic() - state.seconds
    with tqdm(
        total=updates, initial=state.done, unit=" updates", desc=f"scan ({estimator})",
        disable=not progress, mininterval=1,
    ) as bar:  # fmt: skip
        while state.running.any() and state.done < updates:
            active = np.flatnonzero(state.running)
            bar.set_postfix_str(
                f"{active.size} of {len(rate_weights)} points active", refresh=False
            )
            epoch = state.done // updates_per_epoch
            left = updates - state.done
            for chunk in prefetched(chunks(layout, inputs, batch_size, seed, epoch, left)):
                grown = min(1.0, (state.done + 1) / (annealed * updates)) if annealed else 1.0
                engine.train(state, grown * rate_weights, active, chunk, lr, epsilon)
                bar.update(len(chunk.counts))
            distortion, rate = engine.evaluate(
                state.parameters[active], held_out_inputs, len(held_out)
            )
            loss = distortion + rate_weights[active] * rate
            if not np.isfinite(loss).all():
                beta = rate_weights[active][~np.isfinite(loss)][0]
                raise TrainingError(
                    f"the loss at beta = {beta:.4g} is not finite after {state.done} updates: "
                    + _advice(float(abs(inputs).max()))
                )
            growing = state.done < annealed * updates
            state.record_validation(active, loss, np.inf if growing else patience * updates)
            state.seconds = time.monotonic() - started
            if saved.due:
                saved.save({**vars(state), "build": engine.build})
    saved.save({**vars(state), "build": engine.build}, final=True)
    return Scan(
        betas=rate_weights,
        total_variance=V,
        parameters=coordinates.inverse_transform(layout.unpack(state.best_parameters)),
        best_update=state.best_update,
        last_update=state.last_update,
        validation_loss=state.best_loss,
        facts=facts,
        record={"device": engine.name, "seconds": state.seconds},
    )


def _advice(largest: float) -> str:
    if largest > LARGE:
        return f"standardise the columns, whose values are up to {largest:.3g} from their mean"
    return "lower the learning rate (lr)"


def _engine(
    layout: Layout,
    weights: Float32[np.ndarray, " input_width"],
    estimator: Estimator,
    device: str,
    workers: int,
) -> Engine:
    device = resolve_device(device)
    if device == "cpu":
        try:
            return KernelEngine(layout, weights, estimator, workers)
        except NoKernelError as error:
            announce_fallback(str(error), TORCH_RATIO)
        import torch

        torch.set_num_threads(workers)
    from betascan.linear_vae.torch_engine import TorchEngine

    return TorchEngine(layout, weights, estimator, device)


def _resume(saved: Checkpoint, engine: Engine) -> State | None:
    contents = saved.restore()
    if contents is None:
        return None
    if contents.pop("build") != engine.build:
        print(
            f"betascan: {saved.path} was written on another processor; the scan goes on from it, "
            "and its result may differ from an uninterrupted one in the last digits",
            file=sys.stderr,
        )
    return State(**contents)
