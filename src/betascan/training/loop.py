"""One training of an image VAE, from first step to last, whatever interrupts it."""

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

from betascan.config.vae import FactorVae, LambdaBetaVae, Likelihood, Objective, Run
from betascan.core.errors import TrainingError
from betascan.core.randomness import stream
from betascan.data.sampling import split
from betascan.models import Vae, discriminator
from betascan.models.saved import State
from betascan.objectives import ForwardPass, discriminator_loss, loss, permute_dims
from betascan.training import checkpoint as checkpoints
from betascan.training.batches import ImageBatches

CHUNK = 50  # steps whose noise has one seed; a training can stop and go on between chunks
CHECKPOINT_SECONDS = 120.0
AMP_DEVICES = ("cuda",)  # devices on which float16 is faster, with float32 weights


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
    sums: dict[str, Tensor] = field(default_factory=dict)
    summed: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def temperature(run: Run, pictures: ImageBatches) -> float:
    """T = (weight of the rate) sigma^2 / V (hirn2026, Eq. 9), as if at the documents' size.

    sigma^2 is the variance of a pixel: of the likelihood where it has one, 1/2 for a squared
    error without 1/2, and for a Bernoulli pixel its mean variance over the images, V / pixels.
    An added lambda |x - reconstruction|^2 makes it 1 / (1/sigma^2 + 2 lambda).
    """
    V = pictures.total_variance
    sigma2 = {
        "squared_error": 0.5,
        "bernoulli": V / pictures.n_varying,
    }.get(run.likelihood.kind, run.likelihood.variance)
    if isinstance(run.objective, LambdaBetaVae):
        sigma2 /= 1 + 2 * run.objective.lam * sigma2
    return rate_weight(run.objective) * sigma2 / (V * pictures.pixel_scale)


def rate_weight(objective: Objective) -> float:
    """Return what multiplies R, or its dimension-wise part where R is taken apart."""
    if objective.kind == "factor_vae":
        return 1.0
    return objective.gamma if objective.kind == "beta_tcvae" else objective.beta


def resolve_device(name: str) -> torch.device:
    """Return the device that a configuration's "auto", "cpu" or "cuda" means here."""
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "device cuda was asked for and there is none: set device to auto or cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def torch_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return torch's seed of one purpose."""
    return int(stream(seed, purpose, index).integers(2**63))


def build_networks(run: Run, channels: int) -> tuple[Vae, nn.Sequential | None]:
    """Return the VAE and, for FactorVAE, the discriminator, with the weights of the run's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, "train/initial"))
        vae = Vae(run.model, channels)
        critic = None
        if isinstance(run.objective, FactorVae):
            critic = discriminator(run.model.latents, run.objective.discriminator_width)
    return vae, critic


def _draw(
    vae: Vae, x: Tensor, noise: torch.Generator, likelihood: Likelihood, pixel_scale: float
) -> ForwardPass:
    shape = len(x), vae.model.latents
    drawn = torch.randn(shape, generator=noise, device=x.device)
    return ForwardPass(vae, x, drawn, likelihood, pixel_scale)


def _discriminator_logits(
    critic: nn.Module, z: Tensor, noise: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The discriminator's logits of codes (B, D) and of the same codes permuted, (B, 1) each."""
    order = torch.rand(z.shape, generator=noise, device=z.device)
    return critic(z).to(z.dtype), critic(permute_dims(z, order)).to(z.dtype)


@torch.no_grad()
def _batch_statistics(
    draw: ForwardPass, total: Tensor, logits: tuple[Tensor, Tensor] | None
) -> dict[str, Tensor]:
    """What a row of history is the mean of: one number a minibatch, float64."""
    seen = {"loss": total, "reconstruction": draw.distortion.mean(), "rate": draw.rate.mean()}
    if logits is not None:
        real, fake = logits
        seen["total_correlation"] = real.mean()
        seen["d_real"], seen["d_permuted"] = real.sigmoid().mean(), fake.sigmoid().mean()
    return {name: value.detach().double() for name, value in seen.items()}


@torch.no_grad()
def evaluate(
    vae: Vae,
    critic: nn.Sequential | None,
    run: Run,
    pictures: ImageBatches,
    rows: np.ndarray,
    dataset_size: int,
) -> dict[str, float]:
    """Return the means of the loss and its terms over images, with noise that never changes."""
    noise = torch.Generator(pictures.device).manual_seed(torch_seed(run.seed, "train/validation"))
    sums: dict[str, float] = {}
    for part in np.array_split(rows, -(-len(rows) // run.training.batch_size)):
        draw = _draw(vae, pictures[part], noise, run.likelihood, pictures.pixel_scale)
        total = loss(draw, run.objective, dataset_size=dataset_size, discriminator=critic)
        logits = _discriminator_logits(critic, draw.z, noise) if critic is not None else None
        for name, value in _batch_statistics(draw, total, logits).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(part) / len(rows)
    return sums


def train(
    run: Run,
    pictures: ImageBatches,
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

    Raises TrainingError if the loss or a weight is no longer finite (the checkpoint keeps an
    earlier state), DataError if images are damaged.
    """
    protocol, device, label = run.training, pictures.device, label or run.objective.kind
    torch.set_num_threads(protocol.threads)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32
    shares = (1 - 2 * protocol.held_out, protocol.held_out, protocol.held_out)
    rows, validation, _ = split(len(pictures), run.seed, shares)
    epoch_steps, steps = protocol.schedule(len(pictures))
    interval = protocol.interval or epoch_steps

    vae, critic = build_networks(run, pictures.channels)
    if start is not None:
        vae.load_state_dict(start)
    networks = nn.ModuleDict({"vae": vae} if critic is None else {"vae": vae, "critic": critic})
    networks.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(vae.parameters(), protocol.lr, fused=True)
    parts: dict[str, Any] = {"networks": networks, "optimiser": optimiser}
    critic_optimiser = None
    if critic is not None and isinstance(run.objective, FactorVae):
        critic_optimiser = torch.optim.Adam(
            critic.parameters(), run.objective.discriminator_lr, (0.5, 0.9), fused=True
        )
        parts["critic_optimiser"] = critic_optimiser
    mixed = protocol.precision == "float16" and device.type in AMP_DEVICES
    parts["scaler"] = scaler = torch.amp.GradScaler(device.type, enabled=mixed)

    identity = checkpoints.identity(run, pictures, start)
    state = _resume(checkpoint, identity, parts)
    started, written = time.monotonic() - state.seconds, time.monotonic()
    noise, order = torch.Generator(device), np.empty(0, np.int64)
    bar = tqdm(
        total=steps, initial=state.step, unit=" steps", desc=label, disable=not progress,
        mininterval=1,
    )  # fmt: skip
    with bar:
        while state.step < steps and not state.stopped:
            if state.step % CHUNK == 0:
                noise.manual_seed(torch_seed(run.seed, "train/noise", state.step // CHUNK))
            epoch, place = divmod(state.step, epoch_steps)
            if place == 0 or not order.size:
                order = stream(run.seed, "train/order", epoch).permutation(rows)
            x = pictures[order[place * protocol.batch_size :][: protocol.batch_size]]

            with torch.autocast(device.type, torch.float16, enabled=mixed):
                draw = _draw(vae, x, noise, run.likelihood, pictures.pixel_scale)
                total = loss(draw, run.objective, dataset_size=len(rows), discriminator=critic)
                logits = (
                    _discriminator_logits(critic, draw.z.detach(), noise)
                    if critic is not None
                    else None
                )
                seen = _batch_statistics(draw, total, logits)
            optimiser.zero_grad()
            scaler.scale(total).backward(inputs=list(vae.parameters()))
            scaler.step(optimiser)
            if logits is not None and critic_optimiser is not None:
                critic_optimiser.zero_grad()
                scaler.scale(discriminator_loss(*logits)).backward()
                scaler.step(critic_optimiser)
            scaler.update()

            for name, value in seen.items():
                state.sums[name] = state.sums.get(name, 0.0) + value
            state.step += 1
            state.summed += 1
            bar.update()
            ends = state.step % interval == 0 or state.step == steps
            if not ends and state.step % CHUNK:
                continue

            row = {name: float(value) / state.summed for name, value in state.sums.items()}
            if ends and len(validation):
                held_out = evaluate(vae, critic, run, pictures, validation, len(rows))
                row |= {f"validation_{name}": value for name, value in held_out.items()}
            if not (all(map(math.isfinite, row.values())) and _finite(networks)):
                kept = checkpoint is not None and checkpoint.exists()
                raise TrainingError(
                    f"{label}: not finite any more near step {state.step}: lower the learning "
                    f"rate (lr){f'; {checkpoint} keeps an earlier state' if kept else ''}"
                )
            bar.set_postfix_str(f"loss {row['loss']:.4g}", refresh=False)
            if ends:
                state.history.append({"step": float(state.step), **row})
                state.sums, state.summed = {}, 0
                if len(validation) and row["validation_loss"] < state.best_loss:
                    state.best_loss, state.best_step = row["validation_loss"], state.step
                    state.best = _copy(vae)
                patience = (protocol.patience or math.inf) * epoch_steps
                state.stopped = state.step - state.best_step >= patience
            ended = state.step == steps or state.stopped
            state.seconds = time.monotonic() - started
            due = time.monotonic() - written > CHECKPOINT_SECONDS and state.step % CHUNK == 0
            if checkpoint and (due or ended):
                states = {name: part.state_dict() for name, part in parts.items()}
                contents = {"identity": identity, "progress": vars(state), **states}
                checkpoints.store(contents, checkpoint, ended=ended)
                written = time.monotonic()
    final = _copy(vae)
    return Trained(
        best=state.best or final,
        final=final,
        best_step=state.best_step if state.best else state.step,
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


def _finite(networks: nn.Module) -> bool:
    return bool(torch.stack([p.isfinite().all() for p in networks.parameters()]).all())


def _resume(checkpoint: Path | None, identity: str, parts: dict[str, Any]) -> _Progress:
    """Load the checkpoint into the parts if there is one of this very run."""
    saved = checkpoints.restore(checkpoint, identity) if checkpoint else None
    if saved is None:
        return _Progress()
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return _Progress(**saved["progress"])
