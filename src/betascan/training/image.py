"""One training of an image VAE, from first step to last, whatever interrupts it."""

import hashlib
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from betascan.data.sampling import split
from betascan.errors import TrainingError
from betascan.models import Vae, discriminator
from betascan.models.files import State, read_torch, write_torch
from betascan.objectives import Draw, discriminator_loss, loss, permuted
from betascan.protocols import FactorVae, Likelihood, Objective, Run
from betascan.randomness import stream
from betascan.training.pictures import Pictures

CHUNK = 50  # steps whose noise has one seed; a training can stop and go on between chunks
CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True)
class Trained:
    """What a training leaves: parameters of least validation loss and of the end, its history.

    history has one row an interval: step, then the means over the interval's minibatches, then,
    with `validation_` before the name, those over the images held out. record holds what
    differs from run to run: device, precision, seconds.
    """

    best: State
    final: State
    best_step: int
    last_step: int
    history: pd.DataFrame
    record: dict[str, Any]


@dataclass
class _Progress:
    """All that a checkpoint holds beside the states of networks and optimisers."""

    step: int = 0
    seconds: float = 0.0
    best_loss: float = math.inf
    best_step: int = 0
    best: State = field(default_factory=dict)
    stopped: bool = False
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def temperature(run: Run, pictures: Pictures) -> float:
    """T = (weight of the rate) sigma^2 / V (hirn2026, Eq. 9), as if at the documents' size.

    sigma^2 is the variance of a pixel: of the likelihood where it has one, 1/2 for a squared
    error without 1/2, and for a Bernoulli pixel its mean variance over the images, V / pixels.
    """
    V = pictures.total_variance
    sigma2 = {
        "squared_error": 0.5,
        "bernoulli": V / pictures.varying,
    }.get(run.likelihood.kind, run.likelihood.variance)
    return rate_weight(run.objective) * sigma2 / (V * pictures.pixel_scale)


def rate_weight(objective: Objective) -> float:
    """Return what multiplies R, or its dimension-wise part where R is taken apart."""
    if objective.kind == "factor_vae":
        return 1.0
    return objective.gamma if objective.kind == "beta_tcvae" else objective.beta


def device_of(name: str) -> torch.device:
    """Return the device that a configuration's "auto", "cpu" or "cuda" means here."""
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "device cuda was asked for and there is none: set device to auto or cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def seed_of(seed: int, purpose: str, index: int = 0) -> int:
    """Return torch's seed of one purpose."""
    return int(stream(seed, purpose, index).integers(2**63))


def build(run: Run, channels: int) -> tuple[Vae, nn.Sequential | None]:
    """Return the VAE and, for FactorVAE, the discriminator, with the weights of the run's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(run.seed, "train/initial"))
        vae = Vae(run.model, channels)
        factor = run.objective.kind == "factor_vae"
        critic = discriminator(run.model.latents) if factor else None
    return vae, critic


@torch.no_grad()
def _watched(draw: Draw, total: Tensor, logits: tuple[Tensor, Tensor] | None) -> dict[str, Tensor]:
    """What a row of history is the mean of: one number a minibatch."""
    seen = {"loss": total, "reconstruction": draw.distortion.mean(), "rate": draw.rate.mean()}
    if logits is not None:
        real, fake = logits
        seen["total_correlation"] = real.mean()
        seen["d_real"], seen["d_permuted"] = real.sigmoid().mean(), fake.sigmoid().mean()
    return {name: value.detach() for name, value in seen.items()}


@torch.no_grad()
def evaluate(
    vae: Vae,
    critic: nn.Sequential | None,
    run: Run,
    pictures: Pictures,
    rows: np.ndarray,
    dataset_size: int,
) -> dict[str, float]:
    """Return the means of the loss and its terms over images, with noise that never changes."""
    noise = torch.Generator(pictures.device).manual_seed(seed_of(run.seed, "train/validation"))
    sums: dict[str, float] = {}
    for part in np.split(rows, range(run.training.batch_size, len(rows), run.training.batch_size)):
        draw = _draw(vae, pictures[part], noise, run.likelihood, pictures.pixel_scale)
        total = loss(draw, run.objective, dataset_size=dataset_size, discriminator=critic)
        logits = None
        if critic is not None:
            order = torch.rand(draw.z.shape, generator=noise, device=pictures.device)
            logits = critic(draw.z), critic(permuted(draw.z, order))
        for name, value in _watched(draw, total, logits).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(part) / len(rows)
    return sums


def _draw(
    vae: Vae, x: Tensor, noise: torch.Generator, likelihood: Likelihood, pixel_scale: float
) -> Draw:
    shape = len(x), vae.model.latents
    drawn = torch.randn(shape, generator=noise, device=x.device)
    return Draw(vae, x, drawn, likelihood, pixel_scale)


def train(
    run: Run,
    pictures: Pictures,
    *,
    start: State | None = None,
    checkpoint: Path | None = None,
    label: str = "",
    progress: bool = True,
) -> Trained:
    """Train one VAE as `run` says, from `start` where a trained one is continued.

    Initial weights, order of images and noise depend on the run's seed alone. On a CPU the same
    run gives the same bytes, also when it is killed and resumed from `checkpoint`, which is
    left in place: whoever has stored the result removes it.

    Raises TrainingError if the loss is no longer finite (the checkpoint keeps an earlier state)
    or a device is missing, DataError if images or checkpoint are damaged.
    """
    protocol, device = run.training, pictures.device
    torch.set_num_threads(protocol.threads)
    torch.set_flush_denormal(True)  # moments of collapsed latents, which would slow all down
    torch.set_float32_matmul_precision("high")  # TF32 where there is CUDA
    shares = (1 - 2 * protocol.held_out, protocol.held_out, protocol.held_out)
    rows, validation, _ = split(len(pictures), run.seed, shares)
    epoch_steps = -(-len(rows) // protocol.batch_size)
    steps = protocol.steps or math.ceil((protocol.epochs or 0) * epoch_steps)
    interval = protocol.interval or epoch_steps

    vae, critic = build(run, pictures.channels)
    if start is not None:
        vae.load_state_dict(start)
    vae.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(vae.parameters(), protocol.lr, fused=True)
    parts: dict[str, Any] = {"vae": vae, "optimiser": optimiser}
    critic_optimiser = None
    if critic is not None and isinstance(run.objective, FactorVae):
        critic.to(device)
        critic_optimiser = torch.optim.Adam(
            critic.parameters(), run.objective.discriminator_lr, (0.5, 0.9), fused=True
        )
        parts |= {"critic": critic, "critic_optimiser": critic_optimiser}
    mixed = protocol.precision == "float16" and device.type == "cuda"
    scaler = torch.amp.GradScaler(device.type, enabled=mixed)
    parts["scaler"] = scaler

    identity = _identity(run, pictures, start)
    state = _resume(checkpoint, identity, parts)
    started, written = time.monotonic() - state.seconds, time.monotonic()
    noise, epoch, order = torch.Generator(device), -1, rows
    pending: dict[str, Tensor] = {}
    bar = tqdm(
        total=steps, initial=state.step, unit=" steps", desc=label or run.objective.kind,
        disable=not progress, mininterval=1,
    )  # fmt: skip
    with bar:
        while state.step < steps and not state.stopped:
            if state.step % CHUNK == 0:
                noise.manual_seed(seed_of(run.seed, "train/noise", state.step // CHUNK))
            if epoch != state.step // epoch_steps:
                epoch = state.step // epoch_steps
                order = stream(run.seed, "train/order", epoch).permutation(rows)
            place = state.step % epoch_steps * protocol.batch_size
            x = pictures[order[place : place + protocol.batch_size]]

            with torch.autocast(device.type, torch.float16, enabled=mixed):
                draw = _draw(vae, x, noise, run.likelihood, pictures.pixel_scale)
                total = loss(draw, run.objective, dataset_size=len(rows), discriminator=critic)
            optimiser.zero_grad()
            scaler.scale(total).backward()
            scaler.step(optimiser)
            logits = None
            if critic is not None and critic_optimiser is not None:
                z = draw.z.detach()
                shuffle = torch.rand(z.shape, generator=noise, device=device)
                with torch.autocast(device.type, torch.float16, enabled=mixed):
                    logits = critic(z), critic(permuted(z, shuffle))
                    critic_loss = discriminator_loss(*logits)
                critic_optimiser.zero_grad()
                scaler.scale(critic_loss).backward()
                scaler.step(critic_optimiser)
            scaler.update()

            for name, value in _watched(draw, total, logits).items():
                pending[name] = pending.get(name, 0.0) + value
            state.step += 1
            state.summed += 1
            bar.update()
            end = state.step % interval == 0 or state.step == steps
            if not end and state.step % CHUNK:
                continue

            for name, value in pending.items():
                state.sums[name] = state.sums.get(name, 0.0) + float(value)
            pending.clear()
            if not math.isfinite(state.sums["loss"]):
                kept = f"; {checkpoint} keeps an earlier state" if checkpoint else ""
                raise TrainingError(
                    f"{label or run.objective.kind}: the loss is not finite near step "
                    f"{state.step}: lower the learning rate (lr){kept}"
                )
            bar.set_postfix_str(f"loss {state.sums['loss'] / state.summed:.4g}", refresh=False)
            if end:
                row = {name: value / state.summed for name, value in state.sums.items()}
                state.sums, state.summed = {}, 0
                if len(validation):
                    held_out = evaluate(vae, critic, run, pictures, validation, len(rows))
                    row |= {f"validation_{name}": value for name, value in held_out.items()}
                    if held_out["loss"] < state.best_loss:
                        state.best_loss, state.best_step = held_out["loss"], state.step
                        state.best = _copy(vae)
                    patience = (protocol.patience or math.inf) * epoch_steps
                    state.stopped = state.step - state.best_step >= patience
                state.history.append({"step": float(state.step), **row})
            state.seconds = time.monotonic() - started
            due = time.monotonic() - written > CHECKPOINT_SECONDS and state.step % CHUNK == 0
            if checkpoint and (due or state.step == steps or state.stopped):
                saved = {name: part.state_dict() for name, part in parts.items()}
                write_torch({"identity": identity, "progress": vars(state), **saved}, checkpoint)
                written = time.monotonic()
    final = _copy(vae)
    best_step = state.best_step if state.best else state.step
    return Trained(
        best=state.best or final,
        final=final,
        best_step=best_step,
        last_step=state.step,
        history=pd.DataFrame(state.history).astype({"step": int}),
        record={
            "device": str(device),
            "precision": "float16 mixed" if mixed else "float32",
            "seconds": state.seconds,
        },
    )


def _copy(vae: Vae) -> State:
    return {name: value.detach().cpu().clone() for name, value in vae.state_dict().items()}


def _identity(run: Run, pictures: Pictures, start: State | None) -> str:
    """What a checkpoint must have been made by to be resumed."""
    digest = hashlib.sha256(run.model_dump_json().encode())
    digest.update(json.dumps([pictures.facts.fingerprint, str(pictures.device)]).encode())
    for value in (start or {}).values():
        digest.update(value.cpu().numpy().tobytes())
    return digest.hexdigest()


def _resume(checkpoint: Path | None, identity: str, parts: dict[str, Any]) -> _Progress:
    """Load the checkpoint into the parts if it belongs to this very run."""
    if checkpoint is None or not checkpoint.exists():
        return _Progress()
    saved = read_torch(checkpoint)
    if saved.get("identity") != identity:
        return _Progress()
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return _Progress(**saved["progress"])
