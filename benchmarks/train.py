"""Images a second of the image VAEs' trainer, of the bare arithmetic, and of a plain loop.

python benchmarks/train.py [--rounds N]     dSprites, convolutional, 10 latents, float32, 2 threads

Each way has its process, since glibc reads its settings as a process starts; they take
turns of a few steps, and what counts are medians over rounds of ratios within a round. The
last lines are of whole trainings, with numbers below 1e-38 taken for 0, as the trainer does,
and kept.

python benchmarks/train.py --device cuda

Steps a second on a GPU at the papers' sizes, launched one by one and replayed as a CUDA graph
(`training.cuda_graph`). docs/hours.md has those of an H100, but for the last row.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    FactorVae,
    Likelihood,
    Model,
    Objective,
    Run,
    Training,
)
from betascan.data import dsprites, store
from betascan.models import Vae
from betascan.models.conv_transpose import ConvTranspose4x4
from betascan.objectives import ForwardPass, beta_vae
from betascan.training.batches import ImageBatches
from betascan.training.loop import train

IMAGES, STEPS, LR, BETA = 4096, 4, 1e-4, 4.0
# as in the Snakefile: freed activations are reused, where glibc by default returns them to the
# system, which must clear the pages of the next ones
MALLOC = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}
PLAIN = "plain loop"  # the way without them
WAYS = {  # which loop, pixels a side, batch, threads
    "trainer": ("trainer", 64, 256, 2),
    "bare steps": ("bare", 64, 256, 2),
    PLAIN: ("plain", 64, 256, 2),
    "plain, our malloc": ("plain", 64, 256, 2),
    "32 px, 2 threads": ("trainer", 32, 64, 2),
    "32 px, 1 thread, first": ("trainer", 32, 64, 1),
    "32 px, 1 thread, second": ("trainer", 32, 64, 1),
}
DENORMAL_STEPS, DENORMAL_ROUNDS = 4000, 2
TURNS = [*((way,) for way in list(WAYS)[:-2]), tuple(list(WAYS)[-2:])]
BERNOULLI = Likelihood(kind="bernoulli", variance=1)


CUDA_WAYS: dict[str, tuple[str, int, int, Objective]] = {  # networks, their width, batch, objective
    "vu2026: 64 px, batch 64": ("convolutional", 256, 64, BetaVae(beta=BETA)),
    "denardin2025: 64 px, batch 512": ("convolutional", 128, 512, BetaVae(beta=BETA)),
    "denardin2025, FactorVAE": (
        "convolutional", 128, 512,
        FactorVae(gamma=BETA, discriminator_lr=LR, discriminator_width=1000),
    ),
    "chen2018: MLP, batch 2048": (
        "mlp", 1200, 2048, BetaTcVae(alpha=1, beta=BETA, gamma=1, sampling="mws"),
    ),
}  # fmt: skip
CUDA_STEPS = 50, 550  # of a short and a long training, whose difference is timed


def model(size: int, networks: str = "convolutional", width: int = 256) -> Model:
    return Model.model_validate({
        "size": size, "encoder": networks, "decoder": networks, "width": width, "latents": 10,
        "activation": "relu", "posterior": "diagonal", "prior": "gaussian",
    })  # fmt: skip


def protocol(batch: int, steps: int, **options: Any) -> Training:
    return Training(
        batch_size=batch, lr=LR, epochs=None, steps=steps, held_out=0, patience=None,
        interval=None, precision="float32", **options,
    )  # fmt: skip


def trainer(path: Path, size: int, batch: int, threads: int, steps: int) -> Callable[[], None]:
    run = Run(
        model=model(size), likelihood=BERNOULLI, objective=BetaVae(beta=BETA),
        training=protocol(batch, steps, device="cpu", threads=threads), seed=0,
    )  # fmt: skip
    images = ImageBatches(path, size, torch.device("cpu"))

    def turn() -> None:
        train(run, images, progress=False)

    return turn


def bare(path: Path, size: int, batch: int, threads: int, steps: int) -> Callable[[], None]:
    """Forward, backward and step of our model, on images in memory."""
    torch.set_num_threads(threads)
    x = ImageBatches(path, size, torch.device("cpu"))[np.arange(batch)]
    vae = Vae(model(size), 1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(vae.parameters(), LR, fused=True)

    def turn() -> None:
        for _ in range(steps):
            loss = beta_vae(ForwardPass(vae, x, torch.randn(batch, 10), BERNOULLI), beta=BETA)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return turn


def plain(path: Path, size: int, batch: int, threads: int, steps: int) -> Callable[[], None]:
    """What one would write: torch's own layers, layout, optimiser and loader."""
    torch.set_num_threads(threads)
    x = ImageBatches(path, size, torch.device("cpu"))[np.arange(IMAGES)].contiguous()
    vae = Vae(model(size), 1)
    for name, layer in vae.decoder.named_children():
        if isinstance(layer, ConvTranspose4x4):
            theirs = nn.ConvTranspose2d(layer.in_channels, layer.out_channels, 4, 2, 1)
            setattr(vae.decoder, name, theirs)
    optimiser = torch.optim.Adam(vae.parameters(), LR)
    loader = DataLoader(TensorDataset(x), batch, shuffle=True)

    def turn() -> None:
        for _, (images,) in zip(range(steps), loader, strict=False):
            mean, log_variance = vae.encoder(images).chunk(2, dim=1)
            z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
            distortion = functional.binary_cross_entropy_with_logits(
                vae.decoder(z), images, reduction="sum"
            )
            rate = (mean.square() + log_variance.exp() - log_variance - 1).sum() / 2
            optimiser.zero_grad()
            ((distortion + BETA * rate) / len(images)).backward()
            optimiser.step()

    return turn


def steps_of(size: int) -> int:
    return STEPS if size == 64 else 8 * STEPS  # turns of about the same length


def serve(way: str, path: Path) -> None:
    """Take a turn for each line of input, and answer how many images per second it made."""
    loop, size, batch, threads = WAYS[way]
    steps = steps_of(size)
    makers = {"trainer": trainer, "bare": bare, "plain": plain}
    turn = makers[loop](path, size, batch, threads, steps)
    for _ in sys.stdin:
        start = time.perf_counter()
        turn()
        print(steps * batch / (time.perf_counter() - start), flush=True)


def ask(processes: list[subprocess.Popen[str]]) -> float:
    """Let processes take a turn at the same time; return the sum of their rates."""
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(float(process.stdout.readline()) for process in processes if process.stdout)


@contextmanager
def dsprites_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dsprites.h5"
        rows = dsprites.GRID.draw(IMAGES, 0)
        images = dsprites.render(dsprites.GRID.classes(rows))[..., None]
        store.write(path, dsprites.GRID, rows, [images], source="rendered", maximum=1)
        yield path


def steps_per_second(run: Run, images: ImageBatches) -> float:
    """From the difference of a long and a short training, after one that warms up."""
    seconds = []
    for steps in (CUDA_STEPS[0], *CUDA_STEPS):
        training = run.training.model_copy(update={"steps": steps})
        start = time.perf_counter()
        train(run.model_copy(update={"training": training}), images, progress=False)
        seconds.append(time.perf_counter() - start)
    return (CUDA_STEPS[1] - CUDA_STEPS[0]) / (seconds[2] - seconds[1])


def on_cuda() -> None:
    print(f"{'steps/s':32}{'launched':>10}{'replayed':>10}")
    with dsprites_file() as path:
        images = ImageBatches(path, 64, torch.device("cuda"))
        for name, (networks, width, batch, objective) in CUDA_WAYS.items():
            rates = []
            for cuda_graph in (False, True):
                training = protocol(batch, 1, device="cuda", threads=1, cuda_graph=cuda_graph)
                run = Run(
                    model=model(64, networks, width), likelihood=BERNOULLI, objective=objective,
                    training=training, seed=0,
                )  # fmt: skip
                rates.append(steps_per_second(run, images))
            print(f"{name:32}{rates[0]:10,.0f}{rates[1]:10,.0f}", flush=True)


def gain_of_flushing(path: Path, networks: str) -> str:
    """Steps per second with denormal numbers flushed over those with them, and if weights agree."""
    training = protocol(64, DENORMAL_STEPS, device="cpu", threads=1)
    run = Run(
        model=model(32, networks), likelihood=BERNOULLI, objective=BetaVae(beta=BETA),
        training=training.model_copy(update={"lr": 1e-3}), seed=0,
    )  # fmt: skip
    images = ImageBatches(path, 32, torch.device("cpu"))
    ratios = []
    for _ in tqdm(range(DENORMAL_ROUNDS), unit=" rounds"):
        flushed = train(run, images, progress=False)
        with patch.object(torch, "set_flush_denormal"):
            kept = train(run, images, progress=False)
        ratios.append(kept.record["seconds"] / flushed.record["seconds"])
    same = all(torch.equal(kept.final[name], flushed.final[name]) for name in kept.final)
    weights = "the same weights" if same else "other weights"
    return f"{networks}, denormals flushed / kept: {median(ratios):.2f}, {weights}"


def on_cpu(rounds: int) -> None:
    with dsprites_file() as path:
        processes = {
            way: subprocess.Popen(
                [sys.executable, __file__, "--serve", way, str(path)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=os.environ | ({} if way == PLAIN else MALLOC),
            )
            for way in WAYS
        }  # fmt: skip
        rates: dict[str, list[float]] = {}
        for number in tqdm(range(rounds + 1), unit=" rounds"):
            for turn in TURNS:
                rate = ask([processes[way] for way in turn])
                if number:  # the first round warms up
                    rates.setdefault(turn[0], []).append(rate)
        for process in processes.values():
            process.communicate()
        gains = [gain_of_flushing(path, networks) for networks in ("mlp", "convolutional")]
    for way, values in rates.items():
        print(f"{way:24}{median(values):8,.0f} images/s ({min(values):,.0f} to {max(values):,.0f})")
    pairs = [
        ("trainer", PLAIN), ("trainer", "plain, our malloc"), ("trainer", "bare steps"),
        ("32 px, 1 thread, first", "32 px, 2 threads"),
    ]  # fmt: skip
    for ours, theirs in pairs:
        ratio = median(a / b for a, b in zip(rates[ours], rates[theirs], strict=True))
        name = "32 px, two processes of 1 thread" if ours.startswith("32") else ours
        print(f"{name} / {theirs}: {ratio:.2f}")
    print(*gains, sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=15, help="on a CPU")
    parser.add_argument("--serve", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], Path(arguments.serve[1]))
    elif arguments.device == "cuda":
        on_cuda()
    else:
        on_cpu(arguments.rounds)
