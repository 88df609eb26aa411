"""One training of an image VAE, which gives the same bytes if resumed."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from tqdm import tqdm

from betascan.config.vae import FactorVae, LambdaBetaVae, Objective, Run
from betascan.core.checkpoint import Checkpoint, digest
from betascan.core.errors import TrainingError
from betascan.core.randomness import stream
from betascan.data.sampling import split
from betascan.models import Vae, mlp_discriminator
from betascan.models.saved import State, read_torch, write_torch
from betascan.models.vae import single_precision
from betascan.objectives import ForwardPass, discriminator_loss, loss, permute_dims
from betascan.theory.temperature import temperature_from_beta
from betascan.training.batches import ImageBatches
from betascan.training.cuda_graph import capture

CHUNK = 50  # steps whose noise has one seed; a training can stop and resume between chunks
CHECKPOINT_SECONDS = 120.0
AMP_DEVICES = ("cuda",)  # on which float16 is faster, with float32 weights
GRAPH_DEVICES = ("cuda",)  # on which steps can be recorded and replayed


@dataclass(frozen=True)
class TrainingResult:
    """What a training returns.

    Attributes
    ----------
    best, final : dict of Tensor
        State dicts of the VAE at the least validation loss, and at the end; both are the one at
        the end if no images are held out.
    best_step, last_step : int
        How many updates each had taken.
    history : DataFrame
        One row per interval: step; loss, reconstruction (D) and rate (R) in nats, and for
        FactorVAE total_correlation, d_real and d_permuted (the discriminator's mean probability
        that codes, and permuted codes, are real), as means over the interval's minibatches; the
        same with the prefix ``validation_`` over the images held out.
    record : dict
        What differs from machine to machine: device, precision, seconds.
    """

    best: State
    final: State
    best_step: int
    last_step: int
    history: pd.DataFrame
    record: dict[str, Any]


@dataclass
class _Progress:
    """What a checkpoint holds apart from the states of networks and optimisers."""

    step: int = 0
    seconds: float = 0.0
    best_loss: float = math.inf
    best_step: int = 0
    best: State = field(default_factory=dict)
    stopped: bool = False
    sums: dict[str, Tensor] = field(default_factory=dict)
    summed: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def add(self, statistics: dict[str, Tensor]) -> None:
        """Count a step, and add the statistics of its minibatch to those of the interval."""
        for name, value in statistics.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.step += 1
        self.summed += 1

    def means(self) -> dict[str, float]:
        """Return the means over the interval so far."""
        return {name: float(value) / self.summed for name, value in self.sums.items()}

    def end_interval(self, row: dict[str, float], vae: Vae, patience: float) -> None:
        """Add a row of history, keep weights of a better validation loss, or lose patience."""
        self.history.append({"step": float(self.step), **row})
        self.sums, self.summed = {}, 0
        if row.get("validation_loss", math.inf) < self.best_loss:
            self.best_loss, self.best_step = row["validation_loss"], self.step
            self.best = _copy(vae)
        self.stopped = self.step - self.best_step >= patience


def temperature(run: Run, images: ImageBatches) -> float:
    """Return the normalised temperature T of a run, as if its images had their file's size.

    Parameters
    ----------
    run : Run
        Its objective gives the weight of the rate, its likelihood the variance sigma^2 of a pixel:
        explicit if it is Gaussian or Laplace; 1/2 for a squared error, which lacks the factor 1/2;
        for a Bernoulli pixel, its mean variance over the images, V / pixels. An added
        lambda |x - reconstruction|^2 makes it 1 / (1/sigma^2 + 2 lambda).
    images : ImageBatches
        The images, with total variance V.

    Returns
    -------
    float
        T = (weight of the rate) sigma^2 / V.

    References
    ----------
    hirn2026, Eq. 9.
    """
    V = images.total_variance
    sigma2 = {
        "squared_error": 0.5,
        "bernoulli": V / images.n_varying,
    }.get(run.likelihood.kind, run.likelihood.variance)
    if isinstance(run.objective, LambdaBetaVae):
        sigma2 /= 1 + 2 * run.objective.lam * sigma2
    return float(temperature_from_beta(rate_weight(run.objective), V * images.pixel_scale, sigma2))


def rate_weight(objective: Objective) -> float:
    """Return what multiplies the rate R, or its dimension-wise part where R is decomposed.

    That is 1 for FactorVAE, whose gamma weighs the total correlation, and gamma for beta-TCVAE.
    """
    if objective.kind == "factor_vae":
        return 1.0
    return objective.gamma if objective.kind == "beta_tcvae" else objective.beta


def torch_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return a seed for torch, keyed like the streams of `core.randomness`."""
    return int(stream(seed, purpose, index).integers(2**63))


def build_networks(run: Run, channels: int) -> tuple[Vae, nn.Sequential | None]:
    """Return a VAE with the initial weights of the run's seed, and FactorVAE's discriminator.

    Parameters
    ----------
    run : Run
        Model, objective and seed.
    channels : int
        Number of channels of the images.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, "train/initial"))
        vae, discriminator = Vae(run.model, channels), None
        if isinstance(run.objective, FactorVae):
            width = run.objective.discriminator_width
            discriminator = mlp_discriminator(run.model.latents, width)
    return vae, discriminator


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Let the CPU treat numbers below 1e-38 as zero.

    Gradients of pixels that are always dark, and Adam's moments of them, decay to such numbers,
    and arithmetic on them is many times slower (`benchmarks/train.py`).
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@single_precision()
@_without_denormals()
def train(
    run: Run,
    images: ImageBatches,
    *,
    start: State | None = None,
    checkpoint: Path | None = None,
    label: str = "",
    progress: bool = True,
) -> TrainingResult:
    """Train one VAE.

    Initial weights, order of images and noise depend on the run's seed alone. On a CPU the same
    run gives the same bytes, even if it is killed and resumed.

    Parameters
    ----------
    run : Run
        Model, likelihood, objective, protocol and seed.
    images : ImageBatches
        At the model's size, on the device to train on.
    start : dict of Tensor, optional
        State of a VAE to continue from, instead of initial weights.
    checkpoint : Path, optional
        File to resume from, if it holds a checkpoint of exactly this run, and to write to every
        two minutes and at the end. It is left in place; the caller removes it once the result is
        stored.
    label : str
        Names the training in its progress bar and errors; by default the objective's kind.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    TrainingError
        If the loss or a weight is no longer finite; the checkpoint keeps an earlier state.
    DataError
        If images are damaged, or the disk is full.
    """
    training, device, label = run.training, images.device, label or run.objective.kind
    torch.set_num_threads(training.threads)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    mixed = training.precision == "float16" and device.type in AMP_DEVICES
    single = "float32, products in TF32" if device.type == "cuda" else "float32"

    rows, validation_rows, _ = split(len(images), run.seed, training.fractions)
    epoch_steps, n_steps = training.schedule(len(images))
    interval = training.interval or epoch_steps
    patience = (training.patience or math.inf) * epoch_steps

    vae, discriminator = build_networks(run, images.channels)
    if start is not None:
        vae.load_state_dict(start)
    networks = nn.ModuleDict({"vae": vae})
    if discriminator is not None:
        networks["critic"] = discriminator
    networks.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimisers = _optimisers(run, vae, discriminator)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed)

    # a checkpoint holds the contents of `parts` and `state`, which is all that changes
    parts: dict[str, Any] = {"networks": networks, **optimisers, "scaler": scaler}
    state, identity = _Progress(), _identity(run, images, start)
    saved = Checkpoint(checkpoint, identity, CHECKPOINT_SECONDS, read_torch, write_torch)
    if (contents := saved.restore()) is not None:
        state = _Progress(**contents["progress"])
        for name, part in parts.items():
            part.load_state_dict(contents[name])
    started = time.monotonic() - state.seconds

    def forward_backward(x: Tensor, *noise: Tensor) -> dict[str, Tensor]:
        """Leave the gradients of a minibatch in the networks, and return its statistics."""
        with torch.autocast(device.type, torch.float16, enabled=mixed):
            vae_loss, d_loss, statistics = _losses(
                vae, discriminator, run, images.pixel_scale, len(rows), x, *noise
            )
        for optimiser in optimisers.values():
            optimiser.zero_grad()
        scaler.scale(vae_loss).backward(inputs=list(vae.parameters()))  # not the discriminator's
        if d_loss is not None:
            scaler.scale(d_loss).backward()
        return statistics

    step: Callable[..., dict[str, Tensor]] = forward_backward
    if training.cuda_graph and device.type in GRAPH_DEVICES:
        x = images[rows[: training.batch_size]]
        step = capture(forward_backward, x, *_draw_noise(run, len(x), torch.Generator(device)))

    minibatches = _minibatches(run, rows, epoch_steps, state.step)
    generator = torch.Generator(device)
    bar = tqdm(
        total=n_steps, initial=state.step, unit=" steps", desc=label, disable=not progress,
        mininterval=1,
    )  # fmt: skip
    with bar:
        while state.step < n_steps and not state.stopped:
            if state.step % CHUNK == 0:
                generator.manual_seed(torch_seed(run.seed, "train/noise", state.step // CHUNK))
            x = images[next(minibatches)]
            statistics = step(x, *_draw_noise(run, len(x), generator))
            for optimiser in optimisers.values():
                scaler.step(optimiser)
            scaler.update()

            state.add(statistics)
            bar.update()
            interval_ends = state.step % interval == 0 or state.step == n_steps
            if not interval_ends and state.step % CHUNK:
                continue

            # the end of an interval or a chunk: look at the means, validate, write a checkpoint
            row = state.means()
            if interval_ends and len(validation_rows):
                means = validate(vae, discriminator, run, images, validation_rows, len(rows))
                row |= {f"validation_{name}": value for name, value in means.items()}
            if not (all(map(math.isfinite, row.values())) and _finite(networks)):
                kept = checkpoint is not None and checkpoint.exists()
                raise TrainingError(
                    f"{label}: not finite any more near step {state.step}: lower the learning "
                    f"rate (lr){f'; {checkpoint} keeps an earlier state' if kept else ''}"
                )
            bar.set_postfix_str(f"loss {row['loss']:.4g}", refresh=False)
            if interval_ends:
                state.end_interval(row, vae, patience)
            state.seconds = time.monotonic() - started
            ended = state.step == n_steps or state.stopped
            if ended or (saved.due and state.step % CHUNK == 0):
                states = {name: part.state_dict() for name, part in parts.items()}
                saved.save({"progress": vars(state), **states}, final=ended)

    final = _copy(vae)
    return TrainingResult(
        best=state.best or final,
        final=final,
        best_step=state.best_step if state.best else state.step,
        last_step=state.step,
        history=pd.DataFrame(state.history).astype({"step": int}),
        record={
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "precision": "float16 mixed" if mixed else single,
            "seconds": state.seconds,
        },
    )


def _optimisers(
    run: Run, vae: Vae, discriminator: nn.Module | None
) -> dict[str, torch.optim.Optimizer]:
    """Return Adam for the VAE, and for FactorVAE's discriminator with Kim and Mnih's momenta."""
    optimisers: dict[str, torch.optim.Optimizer] = {
        "optimiser": torch.optim.Adam(vae.parameters(), run.training.lr, fused=True)
    }
    if discriminator is not None and isinstance(run.objective, FactorVae):
        lr = run.objective.discriminator_lr
        optimisers["critic_optimiser"] = torch.optim.Adam(
            discriminator.parameters(), lr, (0.5, 0.9), fused=True
        )
    return optimisers


@torch.no_grad()
def validate(
    vae: Vae,
    discriminator: nn.Module | None,
    run: Run,
    images: ImageBatches,
    rows: Int[np.ndarray, " n"],
    dataset_size: int,
) -> dict[str, float]:
    """Return the means of the loss and its terms over images, with noise that never changes.

    Parameters
    ----------
    vae, discriminator : Module
        The latter only for FactorVAE.
    run : Run
        Likelihood and objective; batch size and seed.
    images : ImageBatches
        The images.
    rows : ndarray of int
        Indices of these images.
    dataset_size : int
        How many images are trained on (see `objectives.beta_tcvae`).

    Returns
    -------
    dict of float
        Means by name, as in a row of `TrainingResult.history` but without the prefix.
    """
    generator = torch.Generator(images.device)
    generator.manual_seed(torch_seed(run.seed, "train/validation"))
    means: dict[str, float] = {}
    for part in np.array_split(rows, -(-len(rows) // run.training.batch_size)):
        noise = _draw_noise(run, len(part), generator)
        *_, statistics = _losses(
            vae, discriminator, run, images.pixel_scale, dataset_size, images[part], *noise
        )
        for name, value in statistics.items():
            means[name] = means.get(name, 0.0) + float(value) * len(part) / len(rows)
    return means


def _minibatches(
    run: Run, rows: Int[np.ndarray, " n"], epoch_steps: int, step: int
) -> Iterator[Int[np.ndarray, " batch"]]:
    """Yield the rows of whole minibatches from `step` on, in a new order every epoch."""
    batch_size = run.training.batch_size
    epoch, place = divmod(step, epoch_steps)
    while True:
        order = stream(run.seed, "train/order", epoch).permutation(rows)
        for index in range(place, epoch_steps):
            yield order[index * batch_size :][:batch_size]
        epoch, place = epoch + 1, 0


def _draw_noise(
    run: Run, n: int, generator: torch.Generator
) -> tuple[Float[Tensor, "n latents"], ...]:
    """Draw the noise of n samples of z, and for FactorVAE the keys of `permute_dims`."""
    shape, device = (n, run.model.latents), generator.device
    noise = torch.randn(shape, generator=generator, device=device)
    if run.objective.kind != "factor_vae":
        return (noise,)
    return noise, torch.rand(shape, generator=generator, device=device)


def _losses(
    vae: Vae,
    discriminator: nn.Module | None,
    run: Run,
    pixel_scale: float,
    dataset_size: int,
    x: Float[Tensor, "batch channels height width"],
    noise: Float[Tensor, "batch latents"],
    keys: Float[Tensor, "batch latents"] | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""] | None, dict[str, Tensor]]:
    """Return the losses of VAE and discriminator, and the statistics averaged in the history."""
    forward = ForwardPass(vae, x, noise, run.likelihood, pixel_scale)
    vae_loss = loss(forward, run.objective, dataset_size=dataset_size, discriminator=discriminator)
    d_loss, logits = None, None
    if discriminator is not None and keys is not None:
        logits = _discriminator_logits(discriminator, forward.z.detach(), keys)
        d_loss = discriminator_loss(*logits)
    return vae_loss, d_loss, _batch_statistics(forward, vae_loss, logits)


def _discriminator_logits(
    discriminator: nn.Module,
    z: Float[Tensor, "batch latents"],
    keys: Float[Tensor, "batch latents"],
) -> tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch 1"]]:
    """Return the logits of codes and of permuted codes."""
    return discriminator(z).to(z.dtype), discriminator(permute_dims(z, keys)).to(z.dtype)


@torch.no_grad()
def _batch_statistics(
    forward: ForwardPass, vae_loss: Tensor, logits: tuple[Tensor, Tensor] | None
) -> dict[str, Tensor]:
    """Return scalars in float64."""
    statistics = {
        "loss": vae_loss,
        "reconstruction": forward.distortion.mean(),
        "rate": forward.rate.mean(),
    }
    if logits is not None:
        real, permuted = logits
        statistics["total_correlation"] = real.mean()
        statistics["d_real"] = real.sigmoid().mean()
        statistics["d_permuted"] = permuted.sigmoid().mean()
    return {name: value.detach().double() for name, value in statistics.items()}


def _identity(run: Run, images: ImageBatches, start: State | None) -> str:
    facts = [run.model_dump(mode="json"), images.facts.fingerprint, str(images.device)]
    return digest(facts, [value.cpu().numpy() for value in (start or {}).values()])


def _copy(vae: Vae) -> State:
    return {name: value.detach().cpu().clone() for name, value in vae.state_dict().items()}


def _finite(networks: nn.Module) -> bool:
    return bool(torch.stack([p.isfinite().all() for p in networks.parameters()]).all())
