"""Microseconds a point and update of a scan: kernel by width of vectors, batched torch, plain loop.

python benchmarks/scan.py [ROUNDS]     hirn2026's sizes: 57 points, 19 features, 32 latents
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import NoReturn

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from betascan.core.machine import processor, processor_flags
from betascan.linear_vae import scan, training
from betascan.linear_vae.compiler import NATIVE, WIDTHS, NoKernelError
from betascan.linear_vae.kernel import KernelEngine

BETAS = 19 * np.geomspace(1e-7, 1, 57)
BATCH, BATCHES, LATENTS, LR = 256, 200, 32, 3e-4
random = np.random.default_rng(0)
train = random.standard_normal((BATCH * BATCHES, 19), np.float32)
validation = train[: len(train) * 3 // 10]  # as large a share as hirn2026's


def with_engine(engine: Callable[..., KernelEngine], epochs: int) -> int:
    training.KernelEngine = engine  # type: ignore[attr-defined, assignment]
    updates = epochs * BATCHES
    scan(train, validation, BETAS, updates=updates, batch_size=BATCH, lr=LR, progress=False)
    return updates * len(BETAS)


def refuse(*args: object) -> NoReturn:
    raise NoKernelError("the benchmark compares")


def compiled_for(target: Sequence[str]) -> Callable[[], int]:
    return lambda: with_engine(partial(KernelEngine, target=target), 2)


def plainly(betas: np.ndarray = BETAS[::19]) -> int:
    """Train one model after the other; an average over three of the points."""
    for beta in betas:
        mean, log_variance = nn.Linear(19, LATENTS), nn.Linear(19, LATENTS)
        decoder = nn.Linear(LATENTS, 19)
        parts = nn.ModuleList([mean, log_variance, decoder])
        optimiser = torch.optim.Adam(parts.parameters(), lr=LR)
        batches = DataLoader(TensorDataset(torch.from_numpy(train)), BATCH, shuffle=True)
        for (x,) in batches:
            mu, log_sigma2 = mean(x), log_variance(x)
            z = mu + (log_sigma2 / 2).exp() * torch.randn_like(mu)
            distortion = (decoder(z) - x).square().sum(1).mean() / 2
            rate = (mu.square() + log_sigma2.exp() - log_sigma2 - 1).sum(1).mean() / 2
            optimiser.zero_grad()
            (distortion + float(beta) * rate).backward()
            optimiser.step()
        with torch.no_grad():  # the validation that ends an epoch
            x = torch.from_numpy(validation)
            (decoder(mean(x)) - x).square().sum(1).mean()
            log_variance(x).exp().sum(1).mean()
    return len(betas) * BATCHES


if __name__ == "__main__":
    widths = {name: flags for name, flags in WIDTHS.items() if name in processor_flags()}
    kernels = {f"kernel, {name}": flags for name, flags in {"native": NATIVE, **widths}.items()}
    ways: dict[str, Callable[[], int]] = {
        name: compiled_for(flags) for name, flags in kernels.items()
    }
    for run in ways.values():
        run()  # compiles
    ways |= {"batched torch": lambda: with_engine(refuse, 1), "plain loop": plainly}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        for way, run in ways.items():
            start = time.perf_counter()
            updates = run()
            seconds[way].append((time.perf_counter() - start) / updates * 1e6)
    cost = {way: median(times) for way, times in seconds.items()}
    print(
        f"{processor()}, {os.cpu_count()} cores, torch on {torch.get_num_threads()} threads; "
        "medians of rounds"
    )
    for way, value in cost.items():
        print(
            f"{way:16}{value:8.1f} us per point and update "
            f"({min(seconds[way]):.1f} to {max(seconds[way]):.1f}), "
            f"plain loop / this {cost['plain loop'] / value:6.1f}"
        )
