"""What a run will train, on what, and for how long: said before it starts."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from betascan.core.errors import ContentError
from betascan.core.files import read_csv
from betascan.studies.base import Study, Training
from betascan.workflow.batches import unique


@dataclass(frozen=True)
class Workload:
    """The trainings of a study.

    Attributes
    ----------
    study : str
        Its key, or what part of it is meant.
    trainings : int
        How many models are trained.
    amount : int
        Images that all of them are trained on, repetitions counted, or updates that they take; at
        most, as a training may stop early.
    unit : {"images", "updates"}
        Which of the two.
    """

    study: str
    trainings: int
    amount: int
    unit: Literal["images", "updates"]


def images_seen(training: Training) -> int:
    """Return how many images a training sees at most, repetitions counted."""
    _, steps = training.run.training.schedule(training.data.images)
    return steps * training.run.training.batch_size


def workloads(studies: Mapping[str, Study]) -> list[Workload]:
    """Return the trainings of images, one entry a study.

    Parameters
    ----------
    studies : mapping of str to Study
        Their rows.

    Returns
    -------
    list of Workload
        In units of images.
    """
    loads = []
    for key, study in studies.items():
        if models := unique(study.trainings):
            loads.append(Workload(key, len(models), sum(map(images_seen, models)), "images"))
    return loads


def linear_workloads(config: Any) -> tuple[Workload, Workload]:
    """Return the trainings of linear VAEs.

    Parameters
    ----------
    config : Config
        The configuration.

    Returns
    -------
    scan, adamw : Workload
        hirn2026's scan, and AdamW in vu2026's linear study, which takes most of that study's time.
        In units of updates.
    """
    scan, linear = config.hirn2026.scan, config.vu2026.linear
    points = len(scan.estimators) * len(scan.temperatures.grid())
    models = len(linear.betas) * len(linear.lambdas) * linear.starts
    iterations = [size.iterations for size in linear.sizes().values()]
    return (
        Workload("hirn2026", points, points * scan.updates, "updates"),
        Workload("vu2026, linear", models * len(iterations), models * sum(iterations), "updates"),
    )


def has_gpu() -> bool:
    """Tell whether this machine seems to have a CUDA device; asks no torch."""
    return shutil.which("nvidia-smi") is not None


def describe(config: Any, studies: Mapping[str, Study], measured: Path) -> str:
    """Say in one line a study what is trained and how long that takes on this machine.

    Parameters
    ----------
    config : Config
        The configuration.
    studies : mapping of str to Study
        Their rows.
    measured : Path
        The table of `speed.measure`, which has the hours if it was made for these very trainings.

    Returns
    -------
    str
        Several lines.
    """
    cores = os.cpu_count() or 1
    lines = [f"betascan, scale {config.scale}, on {'GPU' if has_gpu() else f'{cores} CPU cores'}:"]
    hours = _hours(measured)
    for work in (*linear_workloads(config), *workloads(studies)):
        known = hours.get((work.study, work.trainings, work.amount, work.unit))
        lines.append(
            f"  {work.study}: {work.trainings} trainings, {work.amount / 1e6:,.3g} million "
            f"{work.unit} in all, {_duration(known)}"
        )
    total = sum(work.amount for work in workloads(studies))
    if not has_gpu() and total > 1e8 * cores:
        lines.append(
            "  That is a plan for GPUs, and there is none here: --configfile "
            "workflow/scales/laptop.yaml takes hours, demo.yaml minutes."
        )
    return "\n".join(lines)


def _duration(hours: float | None) -> str:
    if hours is None:
        return "hours unknown: `snakemake --cores 1 plan` measures"
    if hours < 1:
        return f"about {max(1, round(60 * hours))} min, as measured here"
    return f"about {hours:.2g} h, as measured here"


def _hours(measured: Path) -> dict[tuple[str, int, int, str], float]:
    if not measured.exists():
        return {}
    try:
        plan = read_csv(measured)
        keys = plan[["study", "trainings", "amount", "unit"]].itertuples(index=False, name=None)
        return dict(zip(keys, plan["hours"], strict=True))
    except (ContentError, KeyError):  # cut short, or of another version
        return {}
