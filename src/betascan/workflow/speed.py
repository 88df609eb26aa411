"""How long the trainings of a configuration take on this machine, from a few seconds of each."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from betascan.config.vae import Run
from betascan.core.device import resolve_device
from betascan.core.files import write_csv
from betascan.data import store
from betascan.data.catalog import IMAGE_SETS
from betascan.data.images import RENDERED
from betascan.linear_vae import scan, total_variance
from betascan.linear_vae.engine import Estimator
from betascan.nonlinear_vae.training import scan as nonlinear_scan
from betascan.studies.base import Training
from betascan.studies.hirn2026.config import Scan as ScanConfig
from betascan.studies.outlook.config import Nonlinear
from betascan.studies.vu2026.adamw import AdamW
from betascan.studies.vu2026.linear_config import Size, Vu2026Linear
from betascan.studies.vu2026.linear_data import Data
from betascan.studies.vu2026.linear_solver import Cells, Starts
from betascan.theory.temperature import beta_from_temperature
from betascan.training.batches import ImageBatches
from betascan.training.loop import train
from betascan.workflow.batches import new_trainings
from betascan.workflow.config import load, paths, studies
from betascan.workflow.plan import Workload, images_seen, workloads

SECONDS = 1.0  # for which each kind of training is tried, at least


def seconds_per_image(run: Run, channels: int) -> float:
    """Time a training of this kind on noise, excluding its start.

    Parameters
    ----------
    run : Run
        How it is trained.
    channels : int
        Number of channels of the images.

    Returns
    -------
    float
        Seconds per image.
    """
    device, size = torch.device(resolve_device(run.training.device)), run.model.size
    batch = run.training.batch_size
    grid, rows = RENDERED["shapes3d"].grid, np.arange(batch)
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

    return _marginal(seconds) / batch


def seconds_per_scan_update(protocol: ScanConfig, estimator: Estimator) -> float:
    """Time one update of one point of a scan, including a share of the validation.

    Parameters
    ----------
    protocol : Scan
        What the configuration says about it.
    estimator : {"sampled", "analytic"}
        One of its estimators.

    Returns
    -------
    float
        Seconds with all cores, or the GPU, at work: with the compiled kernel where there is one,
        else with torch.
    """
    epoch = 32
    x = np.random.default_rng(0).standard_normal((epoch * protocol.batch_size, 19), np.float32)
    betas = beta_from_temperature(protocol.temperatures.grid(), total_variance(x))
    settings = protocol.model_dump(include={"latents", "batch_size", "lr", "device"})

    def seconds(epochs: int) -> float:
        started = time.perf_counter()
        scan(
            x, x[: len(x) // 3], betas, updates=epoch * epochs, patience=1.0,
            estimator=estimator, progress=False, **settings,
        )  # fmt: skip
        return time.perf_counter() - started

    return _marginal(seconds) / epoch / len(betas)


def seconds_per_adamw_update(linear: Vu2026Linear, size: Size) -> float:
    """Time one update of one model of vu2026's linear study.

    Parameters
    ----------
    linear : Vu2026Linear
        What the configuration says about the study.
    size : Size
        One of its sizes.

    Returns
    -------
    float
        Seconds with one core: with the compiled kernel where there is one, else with torch.
    """
    data = Data.draw(size.observed, rng_offset=size.rng_offset, **linear.model.data.model_dump())
    starts = Starts.draw(size.observed, linear.model.latents, linear.starts, linear.seed)
    cells = Cells.grid([1.0], [max(linear.lambdas)], linear.starts)

    def seconds(updates: int) -> float:
        solver = AdamW(data, cells, starts, updates, **linear.adamw.model_dump())
        started = time.perf_counter()
        solver.advance(updates)
        return time.perf_counter() - started

    return _marginal(seconds) / linear.starts


def seconds_per_nonlinear_update(protocol: Nonlinear) -> float:
    """Time one update of one point of a nonlinear scan, including a share of the validation.

    Parameters
    ----------
    protocol : Nonlinear
        What the configuration says about it.

    Returns
    -------
    float
        Seconds of a scan of all its points.
    """
    epoch = 32
    x = np.random.default_rng(0).standard_normal((epoch * protocol.batch_size, 19), np.float32)
    betas = beta_from_temperature(protocol.temperatures.grid(), total_variance(x))
    settings = {**protocol.protocol(), "threads": protocol.threads, "patience": 1.0}

    def seconds(epochs: int) -> float:
        started = time.perf_counter()
        settings["updates"] = epoch * epochs
        nonlinear_scan(x, x[: len(x) // 3], betas, progress=False, **settings)
        return time.perf_counter() - started

    return _marginal(seconds) / epoch / len(betas)


def nonlinear_line(protocol: Nonlinear, work: Workload) -> dict[str, Any]:
    """Measure how long the outlook's nonlinear scans take, one per seed.

    Parameters
    ----------
    protocol : Nonlinear
        What the configuration says about them.
    work : Workload
        All of them together.

    Returns
    -------
    dict
        A row of the table.
    """
    device, cores = resolve_device(protocol.device), os.cpu_count() or 1
    parallel = min(max(1, cores // protocol.threads), len(protocol.seeds))
    seconds = work.amount * seconds_per_nonlinear_update(protocol)
    hours = seconds / (parallel if device == "cpu" else 1) / 3600
    return {**vars(work), "device": _device(device), "hours": hours}


def _marginal(seconds: Callable[[int], float]) -> float:
    """Seconds that a step adds, from runs of a given number of steps, excluding their start."""
    seconds(1)
    few, steps = seconds(1), 2
    while (many := seconds(steps)) - few < SECONDS and steps < 1 << 12:
        steps *= 2
    return (many - few) / (steps - 1)


def _kind(run: Run, channels: int) -> str:
    """Name what determines the cost of an image: not the weights of an objective or the length."""
    facts = run.model_dump(exclude={"seed": True, "training": {"epochs", "steps", "patience"}})
    weights = {"beta", "gamma", "lam", "alpha", "weight"}
    objective = {k: v for k, v in facts["objective"].items() if k not in weights}
    return json.dumps([{**facts, "objective": objective}, channels])


def measure(plan: Path, config: Mapping[str, Any]) -> None:
    """Measure how long the trainings of a configuration take on this machine.

    On a CPU as many trainings run side by side as there are cores for their threads, on a CUDA
    device one after another.

    Parameters
    ----------
    plan : Path
        The table to be written: study, trainings, amount, unit, device, hours. Each line is also
        printed as soon as it is measured.
    config : mapping
        The configuration.
    """
    checked = load(config)
    rows = studies(checked, checked)
    scan_work, adamw_work, nonlinear_work, *image_works = workloads(
        checked, rows, paths(checked, checked)
    )
    trainings = {study.key: new for study, new in new_trainings(rows.values())}
    known: dict[str, float] = {}
    lines = []
    for line in chain(
        linear_lines(checked, scan_work, adamw_work),
        [nonlinear_line(checked.outlook.nonlinear, nonlinear_work)],
        (image_line(work, trainings[work.study], known) for work in image_works),
    ):
        print("{study}: {hours:.2f} hours on {device}".format(**line), file=sys.stderr)
        lines.append(line)
    table = pd.DataFrame(lines)
    write_csv(table, plan)
    print(f"in all {table['hours'].sum():.2f} hours", file=sys.stderr)


def image_line(
    work: Workload, trainings: Iterable[Training], known: dict[str, float]
) -> dict[str, Any]:
    """Measure how long the trainings of a study on images take.

    Parameters
    ----------
    work : Workload
        All of them together.
    trainings : iterable of Training
        Each of them.
    known : dict
        Seconds per image by kind of training; what is measured here is added.

    Returns
    -------
    dict
        A row of the table.
    """
    cores, hours, devices = os.cpu_count() or 1, 0.0, set()
    for training in trainings:
        run, channels = training.run, IMAGE_SETS[training.data.kind].channels
        kind, device = _kind(run, channels), resolve_device(run.training.device)
        if kind not in known:
            known[kind] = seconds_per_image(run, channels)
        parallel = max(1, cores // run.training.threads) if device == "cpu" else 1
        hours += images_seen(training) * known[kind] / parallel / 3600
        devices.add(_device(device))
    return {**vars(work), "device": ", ".join(sorted(devices)), "hours": hours}


def linear_lines(config: Any, scan_work: Workload, adamw_work: Workload) -> list[dict[str, Any]]:
    """Measure how long the linear VAEs of a configuration take.

    Parameters
    ----------
    config : Config
        The configuration.
    scan_work, adamw_work : Workload
        The linear VAEs that it trains.

    Returns
    -------
    list of dict
        Rows of the table: of hirn2026's scans and of AdamW in vu2026's linear study.
    """
    protocol, linear = config.hirn2026.scan, config.vu2026.linear
    cost = {name: seconds_per_scan_update(protocol, name) for name in protocol.estimators}
    scan_seconds = sum(
        len(one.temperatures) * one.protocol["updates"] * cost[one.protocol["estimator"]]
        for one in config.hirn2026.scans().values()
    )
    sizes = linear.sizes().values()
    models = adamw_work.trainings / len(sizes)
    adamw_seconds = sum(
        models * size.iterations * seconds_per_adamw_update(linear, size) for size in sizes
    )
    parallel = min(os.cpu_count() or 1, len(sizes) * len(linear.parts()))  # jobs of one thread
    device = resolve_device(protocol.device)
    return [
        {**vars(scan_work), "device": _device(device), "hours": scan_seconds / 3600},
        {**vars(adamw_work), "device": _device("cpu"), "hours": adamw_seconds / parallel / 3600},
    ]


def _device(kind: str) -> str:
    return f"{os.cpu_count()} CPU cores" if kind == "cpu" else kind
