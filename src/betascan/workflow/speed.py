"""How long the trainings of a configuration take on this machine, from a few seconds of each."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.config.vae import Run
from betascan.core.files import write_csv
from betascan.data import store
from betascan.data.catalog import IMAGE_SETS
from betascan.data.images import IMAGE_SETS as GRIDS
from betascan.training.batches import ImageBatches
from betascan.training.loop import resolve_device, train
from betascan.workflow.batches import unique
from betascan.workflow.config import load, studies
from betascan.workflow.plan import images_seen, workloads

SECONDS = 1.0  # that each kind of training is tried for, at least


def seconds_an_image(run: Run, channels: int) -> float:
    """Time a training of this kind on noise, without its start."""
    device, size = resolve_device(run.training.device), run.model.size
    batch = run.training.batch_size
    grid, rows = GRIDS["shapes3d"].grid, np.arange(batch)
    noise = np.random.default_rng(0).integers(256, size=(batch, size, size, channels))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.h5"
        store.write(path, grid, rows, [noise.astype(np.uint8)], source="noise", maximum=255)
        pictures = ImageBatches(path, size, device)

    def seconds(steps: int) -> float:
        short = {"steps": steps, "epochs": None, "held_out": 0.0, "patience": None}
        protocol = run.training.model_copy(update=short)
        started = time.perf_counter()
        train(run.model_copy(update={"training": protocol}), pictures, progress=False)
        return time.perf_counter() - started

    seconds(1)
    few, steps = seconds(1), 2
    while (many := seconds(steps)) - few < SECONDS and steps < 1 << 12:
        steps *= 2
    return (many - few) / (steps - 1) / batch


def _kind(run: Run, channels: int) -> str:
    """What decides the cost of an image: not the weights of an objective, nor how long."""
    facts = run.model_dump(exclude={"seed": True, "training": {"epochs", "steps", "patience"}})
    weights = {"beta", "gamma", "lam", "alpha", "weight"}
    objective = {k: v for k, v in facts["objective"].items() if k not in weights}
    return json.dumps([{**facts, "objective": objective}, channels])


def measure(plan: Path, config: Mapping[str, Any]) -> None:
    """Write and print study, trainings, images, device and hours on this machine.

    On a CPU as many trainings run side by side as there are cores for their threads, on a CUDA
    device one after the other.
    """
    checked, cores = load(config), os.cpu_count() or 1
    known: dict[str, float] = {}
    rows = studies(checked, checked)
    lines = []
    for work in workloads(rows):
        hours, devices = 0.0, set()
        for training in unique(rows[work.study].trainings):
            run, channels = training.run, IMAGE_SETS[training.data.kind].channels
            kind, device = _kind(run, channels), resolve_device(run.training.device).type
            if kind not in known:
                known[kind] = seconds_an_image(run, channels)
            beside = max(1, cores // run.training.threads) if device == "cpu" else 1
            hours += images_seen(training) * known[kind] / beside / 3600
            devices.add(device if device != "cpu" else f"{cores} CPU cores")
        lines.append({**vars(work), "device": ", ".join(sorted(devices)), "hours": hours})
    table = pd.DataFrame(lines)
    write_csv(table, plan)
    print(table.to_string(index=False, float_format="{:.2f}".format), file=sys.stderr)
