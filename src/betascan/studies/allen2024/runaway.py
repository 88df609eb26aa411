"""Training on the deterministic ELBO with the exact Hessian, until its lack of a bound shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from betascan.config.vae import Deterministic, Run
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.evaluation import image_batches
from betascan.objectives import ForwardPass, deterministic
from betascan.training.loop import build_networks


def run_away(images: Path, curves: Path, runs: Sequence[dict[str, Any]], bound: float) -> None:
    """Train with Adam until the loss falls below a bound or is not finite, or the steps end.

    Does not use `betascan.training.loop.train`, which refuses a loss that is not finite.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    curves : Path
        Written: activation, curvature, step and loss (nats per image) of every step, including
        the last, unbounded one.
    runs : sequence of dict
        `betascan.config.vae.Run` as plain values, each with the deterministic objective.
    bound : float
        In nats per image.
    """
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for values in runs:
        run = Run.model_validate(values)
        objective, batch = run.objective, run.training.batch_size
        assert isinstance(objective, Deterministic)
        batches = image_batches(images, run.model.size)
        vae, _ = build_networks(run, batches.channels)
        optimiser = torch.optim.Adam(vae.parameters(), run.training.lr)
        order = stream(run.seed, "allen2024/runaway")
        form = {"activation": run.model.activation, "curvature": objective.curvature}
        for step in range(1, (run.training.steps or 0) + 1):
            x = batches[order.integers(len(batches), size=batch)]
            forward = ForwardPass(vae, x, torch.empty(0), run.likelihood, batches.pixel_scale)
            loss = deterministic(forward, beta=objective.beta, curvature=objective.curvature)
            rows.append({**form, "step": step, "loss": loss.item()})
            if not loss.item() > bound:
                break
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    write_csv(pd.DataFrame(rows), curves)
