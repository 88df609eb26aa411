"""What a run will train, on what, and for how long: said before it starts."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.studies.base import Study, Training
from betascan.workflow.batches import unique

# compiled kernel, 19 features, 32 latents, batch 256, one core (benchmarks/scan.py); a point of
# the papers' scan stops after about half its updates, but what may come is what is announced
MICROSECONDS_AN_UPDATE = 26
# of AdamW in vu2026's linear study, 100 variables, one core (benchmarks/linear_gaussian.py); it
# goes with their square, and takes most of the study's time
MICROSECONDS_AT_100 = 60


@dataclass(frozen=True)
class Workload:
    """The trainings of images of a study: how many, and how many images they see in all."""

    study: str
    trainings: int
    images: int


def images_seen(training: Training) -> int:
    """Return how many images a training sees at most, repetitions counted."""
    _, steps = training.run.training.schedule(training.data.images)
    return steps * training.run.training.batch_size


def workloads(studies: Mapping[str, Study]) -> list[Workload]:
    """Return the trainings of images, a line a study."""
    loads = []
    for key, study in studies.items():
        if models := unique(study.trainings):
            loads.append(Workload(key, len(models), sum(map(images_seen, models))))
    return loads


def has_gpu() -> bool:
    """Tell whether this machine seems to have a CUDA device; asks no torch."""
    return shutil.which("nvidia-smi") is not None


def describe(config: Any, studies: Mapping[str, Study], measured: Path) -> str:
    """Say in one line a study what is trained and how long that takes on this machine.

    measured: the table of `speed.measure`, which has the hours if it was made for these very
    trainings.
    """
    scan, cores = config.hirn2026.scan, os.cpu_count() or 1
    points = len(scan.estimators) * len(scan.temperatures.grid())
    minutes = points * scan.updates * MICROSECONDS_AN_UPDATE / 1e6 / 60 / cores
    device = "GPU" if has_gpu() else f"{cores} CPU cores"
    lines = [
        f"betascan, scale {config.scale}, on {device}:",
        f"  hirn2026: {points} linear VAEs of at most {scan.updates:,} updates, "
        f"about {max(1, round(minutes))} minutes on the CPU",
    ]
    linear = config.vu2026.linear
    models = len(linear.betas) * len(linear.lambdas) * linear.starts
    sizes = linear.sizes().values()
    updates = models * sum(size.iterations * (size.observed / 100) ** 2 for size in sizes)
    minutes = updates * MICROSECONDS_AT_100 / 1e6 / 60 / cores
    lines.append(
        f"  vu2026, linear: {models} models of {len(sizes)} sizes by two methods, "
        f"about {max(1, round(minutes))} minutes on the CPU"
    )
    hours = _hours(measured)
    for work in workloads(studies):
        known = hours.get((work.study, work.trainings, work.images))
        told = "hours unknown: `snakemake --cores 1 plan` measures"
        if known is not None:
            told = f"about {known:.2g} hours, as measured here"
        lines.append(
            f"  {work.study}: {work.trainings} trainings on {work.images / 1e6:,.3g} million "
            f"images in all, {told}"
        )
    total = sum(work.images for work in workloads(studies))
    if not has_gpu() and total > 1e8 * cores:
        lines.append(
            "  That is a plan for GPUs, and there is none here: --configfile "
            "workflow/scales/laptop.yaml takes hours, demo.yaml minutes."
        )
    return "\n".join(lines)


def _hours(measured: Path) -> dict[tuple[str, int, int], float]:
    if not measured.exists():
        return {}
    plan = pd.read_csv(measured)
    keys = plan[["study", "trainings", "images"]].itertuples(index=False, name=None)
    return dict(zip(keys, plan["hours"], strict=True))
