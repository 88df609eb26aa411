"""The jobs of vu2026's linear study: solving models, and following a contraction."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from betascan.core.files import write_csv, write_json
from betascan.studies.vu2026.fixed_point import FixedPoint, sweep
from betascan.studies.vu2026.linear_data import (
    Data,
    disentanglement,
    information,
    squared_correlations,
)
from betascan.studies.vu2026.linear_solver import Cells, Solver, Starts
from betascan.theory import lambda_beta

Method = Literal["fixed_point", "adamw"]


def _solver(
    method: Method,
    data: Data,
    cells: Cells,
    starts: Starts,
    size: dict[str, Any],
    adamw: dict[str, Any],
) -> Solver:
    if method == "fixed_point":
        return FixedPoint(data, cells, starts, size["max_half_steps"], size["tolerance"])
    import torch  # not needed otherwise

    from betascan.studies.vu2026.adamw import AdamW

    torch.set_num_threads(1)
    return AdamW(data, cells, starts, size["iterations"], **adamw)


def solve(
    solved: Path,
    record: Path,
    method: Method,
    model: dict[str, Any],
    size: dict[str, Any],
    betas: Sequence[float],
    lambdas: Sequence[float],
    starts: int,
    seed: int,
    adamw: dict[str, Any],
) -> None:
    """Solve every beta and lambda from every start.

    The checkpoint is kept next to `solved`, but not declared: Snakemake deletes the outputs of a
    failed job.

    Parameters
    ----------
    solved : Path
        CSV to write, a row per model: n, method, lambda, beta, start, recon (E[-log p(y|x)] in
        nats), SAP, Im (nats), steps, at_rest (whether it has converged).
    record : Path
        JSON to write: method, device (the engine) and seconds.
    method : {"fixed_point", "adamw"}
        Alternating updates, or gradient descent.
    model, size, adamw : dict
        Sections of the configuration (`linear_config`) as plain values.
    betas, lambdas : sequence of float
        Weights of the KL term and of the squared error.
    starts, seed : int
        Number of starts, and the seed they are drawn with.

    Raises
    ------
    TrainingError
        If AdamW diverges.
    """
    data = Data.draw(size["observed"], rng_offset=size["rng_offset"], **model["data"])
    drawn = Starts.draw(size["observed"], model["latents"], starts, seed)
    cells = Cells.grid(betas, lambdas, starts)
    solver = _solver(method, data, cells, drawn, size, adamw)
    checkpoint = solved.with_name(f"{solved.stem}-checkpoint.npz")
    seconds = solver.run(checkpoint, title=f"{method}, n = {size['observed']}")
    nll, B, W = solver.encoders
    scores = [disentanglement(rho2) for rho2 in squared_correlations(B, W, data)]
    sap, matched = np.array(scores).T
    table = {
        "n": size["observed"],
        "method": method,
        "lambda": cells.lam,
        "beta": cells.beta,
        "start": cells.start,
        "recon": nll,
        "SAP": sap,
        "Im": matched,
        "steps": solver.state["steps"],
        "at_rest": ~solver.state["active"],
    }
    write_csv(pd.DataFrame(table), solved)
    write_json({"method": method, "device": solver.engine, "seconds": seconds}, record)
    checkpoint.unlink(missing_ok=True)


def contract(
    contraction: Path,
    model: dict[str, Any],
    size: dict[str, Any],
    seed: int,
    runs: Sequence[Sequence[float]],
    sweeps: int,
) -> None:
    """Follow the encoder of the first start through alternating sweeps.

    Parameters
    ----------
    contraction : Path
        CSV to write: lambda, beta, sweep, mode (1: strongest; 0: the noise around the factors),
        variance, critical_beta, gain |B u_k| (root mean square over the noise modes) and
        information, I(z; v) in nats, the same for all modes of a sweep.
    model, size : dict
        Sections of the configuration (`linear_config`) as plain values.
    seed : int
        Seed of the start.
    runs : sequence of (float, float)
        lambda and beta.
    sweeps : int
        Updates of decoder and encoder.
    """
    data = Data.draw(size["observed"], rng_offset=size["rng_offset"], **model["data"])
    first = Starts.draw(size["observed"], model["latents"], 1, seed)
    B = first.encoder.repeat(len(runs), axis=0)
    W = np.tile(np.eye(model["latents"]), (len(runs), 1, 1))
    lam, beta = np.array(runs, float).T
    eigenvalues, axes = np.linalg.eigh(data.covariance)
    factors = np.arange(1, len(data.variances) + 1)
    variances = np.array([*eigenvalues[-factors], data.noise])
    frames = []
    for step in range(sweeps + 1):
        gains = np.linalg.norm(B @ axes, axis=1)
        noise = np.sqrt((gains[:, : -len(factors)] ** 2).mean(axis=1))
        by_mode = np.column_stack([gains[:, -factors], noise])
        nats = information(B, W, data)
        frames += [
            pd.DataFrame(
                {
                    "lambda": lam[run],
                    "beta": beta[run],
                    "sweep": step,
                    "mode": [*factors, 0],
                    "variance": variances,
                    "critical_beta": lambda_beta.critical_beta(variances, lam[run]),
                    "gain": by_mode[run],
                    "information": nats[run],
                }
            )
            for run in range(len(runs))
        ]
        B, W, _ = sweep(B, W, beta, lam, data)
    write_csv(pd.concat(frames), contraction)
