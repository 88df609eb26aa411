"""The deterministic ELBO with the exact Hessian has no lower bound: trained until that shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from betascan.config.vae import Deterministic, Run
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.objectives import ForwardPass, deterministic
from betascan.training.batches import ImageBatches
from betascan.training.loop import build_networks


def run_away(images: Path, curves: Path, runs: Sequence[dict[str, Any]], bound: float) -> None:
    """Train each run with Adam until its loss falls below `bound`, is not finite, or steps end.

    Writes activation, curvature, step, loss (nats an image), also of the last, unbounded step.
    Not `training.image.train`: that refuses a loss that is not finite, which is the finding here.
    """
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for given in runs:
        run = Run.model_validate(given)
        objective, batch = run.objective, run.training.batch_size
        assert isinstance(objective, Deterministic)
        pictures = ImageBatches(images, run.model.size, torch.device("cpu"))
        vae, _ = build_networks(run, pictures.channels)
        optimiser = torch.optim.Adam(vae.parameters(), run.training.lr)
        order = stream(run.seed, "allen2024/runaway")
        named = {"activation": run.model.activation, "curvature": objective.curvature}
        for step in range(1, (run.training.steps or 0) + 1):
            x = pictures[order.integers(len(pictures), size=batch)]
            draw = ForwardPass(vae, x, torch.empty(0), run.likelihood, pictures.pixel_scale)
            total = deterministic(draw, beta=objective.beta, curvature=objective.curvature)
            rows.append({**named, "step": step, "loss": total.item()})
            if not total.item() > bound:
                break
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
    write_csv(pd.DataFrame(rows), curves)
