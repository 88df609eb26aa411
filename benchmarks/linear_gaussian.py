"""Microseconds a model and step of vu2026's linear study: side by side, and one after the other.

python benchmarks/linear_gaussian.py [ROUNDS]     its two sizes, 10 latents, interleaved, one thread
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy reads it

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from betascan.core.machine import processor, processor_flags
from betascan.linear_vae.compiler import NATIVE, WIDTHS
from betascan.studies.vu2026.adamw import AdamW
from betascan.studies.vu2026.fixed_point import FixedPoint
from betascan.studies.vu2026.linear_data import Data
from betascan.studies.vu2026.linear_solver import Cells, Starts

torch.set_num_threads(1)
LATENTS, BETA, LAM = 10, 8.0, 4.0
SETTINGS = {"lr": 1e-3, "weight_decay": 0.01, "clip": 1.0}


def alternately(data: Data, starts: Starts, sweeps: int) -> np.ndarray:
    """The textbook's updates, one model after the other; returns the gains."""
    Y, gains = data.covariance, []
    for B in starts.encoder:
        W = np.eye(LATENTS)
        for _ in range(sweeps):
            A = Y @ B.T @ np.linalg.inv(B @ Y @ B.T + W)
            P = np.linalg.inv(Y - A @ B @ Y) + 2 * LAM * np.eye(len(Y))
            W = np.linalg.inv(np.eye(LATENTS) + A.T @ P @ A / BETA)
            B = W @ A.T @ P / BETA
        gains.append(B)
    return np.stack(gains)


def by_optimiser(data: Data, starts: Starts, iterations: int) -> np.ndarray:
    """torch.optim.AdamW, one model after the other; returns the last loss of each."""
    Y, n, losses = torch.from_numpy(data.covariance), len(data.mixing), []
    for one in zip(starts.decoder, starts.encoder, strict=True):
        A, B = (torch.tensor(x, requires_grad=True) for x in one)
        C, U = (torch.zeros(k, k, dtype=torch.float64, requires_grad=True) for k in (LATENTS, n))
        parameters = [A, B, C, U]
        optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
        for _ in range(iterations):
            root_W = C.tril(-1) + torch.diag(C.diagonal().exp())
            root_Z = U.triu(1) + torch.diag(U.diagonal().exp())
            H = B @ Y
            K = H @ B.T + root_W @ root_W.T
            residual = Y - A @ H - (A @ H).T + A @ K @ A.T
            Z = root_Z.T @ root_Z
            nll = (
                torch.logdet(2 * torch.pi * Z) + torch.trace(torch.linalg.solve(Z, residual))
            ) / 2
            rate = (torch.trace(K) - LATENTS) / 2 - C.diagonal().sum()
            loss = nll + BETA * rate + LAM * torch.trace(residual)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, SETTINGS["clip"])
            optimiser.step()
        losses.append(loss.item())
    return np.array(losses)


def compare(observed: int, rounds: int) -> None:
    """Print the best of interleaved rounds of every way, in time of the processor."""
    data = Data.draw(observed, 5, 0.05, 42, 0)
    few, many = (Starts.draw(observed, LATENTS, count, 0) for count in (3, 50))

    def side_by_side(make: Callable[[Cells, Starts], FixedPoint | AdamW]) -> Callable[[], int]:
        def run() -> int:
            solver = make(Cells.grid([BETA], [LAM], 50), many)
            solver.run(progress=False)
            return int(solver.state["steps"].sum())

        return run

    def loop(way: Callable[[Data, Starts, int], np.ndarray], steps: int) -> Callable[[], int]:
        return lambda: len(way(data, few, steps)) * steps

    def adamw(target: Sequence[str] | None, steps: int) -> Callable[[], int]:
        return side_by_side(lambda c, s: AdamW(data, c, s, steps, **SETTINGS, target=target))

    widths = {name: flags for name, flags in WIDTHS.items() if name in processor_flags()}
    kernels = {"native": NATIVE, **widths}
    ways = {
        "alternating, side by side": side_by_side(lambda c, s: FixedPoint(data, c, s, 400, 1e-300)),
        "alternating, plain loop": loop(alternately, 50),
        **{f"AdamW, kernel, {name}": adamw(flags, 100) for name, flags in kernels.items()},
        "AdamW, torch, side by side": adamw(None, 20),
        "AdamW, plain loop": loop(by_optimiser, 100),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.process_time()
            steps = run()
            best[name] = min(best[name], (time.process_time() - start) / steps * 1e6)
    for name, microseconds in best.items():
        slowest = best[f"{name.split(',')[0]}, plain loop"]
        print(f"n = {observed:3} {name:28} {microseconds:8.1f} us {slowest / microseconds:6.1f} x")


if __name__ == "__main__":
    print(processor())
    for observed in (50, 100):
        compare(observed, int(sys.argv[1]) if len(sys.argv) > 1 else 3)
