"""What a run will train, on what, and for how long: reported before it starts."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from betascan.core.device import gpus
from betascan.core.errors import ConfigError, ContentError
from betascan.core.files import read_csv, read_json
from betascan.core.paths import Paths
from betascan.studies.base import Study, Training
from betascan.workflow.batches import new_trainings

Unit = Literal["images", "updates"]

GIGABYTES = {
    "worldclim/": 0.05,
    "dsprites_official.h5": 0.03,
    "shapes3d_official.h5": 0.27,
    "mpi3d_real_official.h5": 12.7,
    "mpi3d_real_complex_official.h5": 5.7,
}
"""What is downloaded for a file of the data folder; for MPI3D, the size of its pixels."""


@dataclass(frozen=True)
class Job:
    """Trainings that produce one file.

    Attributes
    ----------
    study : str
        Key of the study, or what part of it is meant.
    file : str
        The file that they produce.
    trainings : int
        How many models are trained.
    amount : int
        Maximum number of images that all of them are trained on, counting repetitions, or of
        updates that they take; a training may stop early.
    unit : {"images", "updates"}
        Which of the two.
    """

    study: str
    file: str
    trainings: int
    amount: int
    unit: Unit


@dataclass(frozen=True)
class Workload:
    """The trainings of a study; attributes as in `Job`, all of its jobs together."""

    study: str
    trainings: int
    amount: int
    unit: Unit


def images_seen(training: Training) -> int:
    """Return how many images a training sees at most, counting repetitions."""
    _, steps = training.run.training.schedule(training.data.images)
    return steps * training.run.training.batch_size


def _jobs(config: Any, studies: Mapping[str, Study], paths: Paths) -> Iterator[Job]:
    linear = config.vu2026.linear
    for folder, scan in config.hirn2026.scans().items():
        for number, part in enumerate(config.hirn2026.jobs(scan)):
            file = f"{paths.runs}/hirn2026/{folder}/scan-{number}.npz"
            yield Job("hirn2026", file, len(part), len(part) * scan.protocol["updates"], "updates")
    for name, size in linear.sizes().items():
        for number, lambdas in enumerate(linear.parts()):
            file = f"{paths.runs}/vu2026/linear/{name}-adamw-{number}.csv"
            models = len(linear.betas) * len(lambdas) * linear.starts
            yield Job("vu2026, linear", file, models, models * size.iterations, "updates")
    nonlinear = config.outlook.nonlinear
    points = len(nonlinear.temperatures.grid())
    for seed in nonlinear.seeds:
        file = f"{paths.runs}/outlook/nonlinear-{seed}.npz"
        yield Job("outlook, nonlinear", file, points, points * nonlinear.updates, "updates")
    for study, trainings in new_trainings(studies.values()):
        for training in trainings:
            file = f"{paths.models}/{training.signature}/model.pt"
            yield Job(study.key, file, 1, images_seen(training), "images")


def workloads(
    config: Any,
    studies: Mapping[str, Study],
    paths: Paths,
    outputs: Collection[str] | None = None,
) -> list[Workload]:
    """Return what is trained.

    Parameters
    ----------
    config : Config
        The configuration.
    studies : mapping of str to Study
        Their rows.
    paths : Paths
        The folders of the run.
    outputs : collection of str, optional
        The files that are to be made; all by default.

    Returns
    -------
    list of Workload
        First hirn2026's scans, AdamW in vu2026's linear study, which takes most of that study's
        time, and the outlook's nonlinear scans, in units of updates; then one entry per study that
        trains on images.
    """
    jobs: dict[str, list[Job]] = {}
    for job in _jobs(config, studies, paths):
        if outputs is None or job.file in outputs:
            jobs.setdefault(job.study, []).append(job)
    return [
        Workload(study, sum(j.trainings for j in some), sum(j.amount for j in some), some[0].unit)
        for study, some in jobs.items()
    ]


def describe(
    config: Any, studies: Mapping[str, Study], paths: Paths, outputs: Collection[str]
) -> str:
    """Say what is trained and how long that takes here, what is downloaded and what is replaced.

    Parameters
    ----------
    config : Config
        The configuration.
    studies : mapping of str to Study
        Their rows.
    paths : Paths
        The folders of the run; ``paths.plan`` is the table of `speed.measure`, which has the hours
        if it was made for this configuration.
    outputs : collection of str
        The files that this run makes.

    Returns
    -------
    str
        Several lines.
    """
    cores = os.cpu_count() or 1
    place = "GPU" if gpus() else f"{cores} CPU core{'s' * (cores > 1)}"
    lines = [
        f"betascan, scale {config.scale}, on {place}, into {paths.results} and {paths.figures}:"
    ]
    works = workloads(config, studies, paths, outputs)
    whole = {work.study: work for work in workloads(config, studies, paths)}
    measured = _hours(Path(paths.plan))
    total = 0.0
    for work in works:
        line = (
            f"  {work.study}: {work.trainings} training{'s' * (work.trainings > 1)}, "
            f"{_million(work.amount)} million {work.unit}"
        )
        if (known := measured.get(whole[work.study])) is not None:
            share = known * work.amount / whole[work.study].amount
            total += share
            line += f", {_duration(share)}"
        lines.append(line)
    if not works:
        lines.append("  no scan and no image model is trained")
    elif all(whole[work.study] in measured for work in works):
        lines.append(f"  in all {_duration(total)}, as measured here")
    else:
        lines.append("  hours unknown: `snakemake --cores 1 plan`, same --configfile, measures")
    devices = {t.run.training.device for study in studies.values() for t in study.trainings}
    if devices != {"cpu"}:
        lines += _on_cpus(works, cores)
    return "\n".join([*lines, *_remarks(paths, outputs)])


def _on_cpus(works: list[Workload], cores: int) -> Iterator[str]:
    images = sum(work.amount for work in works if work.unit == "images")
    if not gpus() and images > 1e8 * cores:
        yield (
            "  This scale needs a GPU and none was found: --configfile "
            "workflow/scales/demo.yaml takes minutes, laptop.yaml hours."
        )


def _remarks(paths: Paths, outputs: Collection[str]) -> Iterator[str]:
    made = {str(Path(file)) for file in outputs}
    download = {
        name: size for name, size in GIGABYTES.items() if str(Path(paths.data, name)) in made
    }
    if download:
        files = ", ".join(name.split("_official")[0].strip("/") for name in download)
        yield (
            f"  Downloads of {files}, at most {sum(download.values()):.2g} GB, unless "
            "BETASCAN_DATA holds them."
        )
    kept = (f"{paths.results}/", f"{paths.figures}/")
    if replaced := [file for file in outputs if file.startswith(kept) and Path(file).exists()]:
        yield (
            f"  It replaces {len(replaced)} file{'s' * (len(replaced) > 1)} in {paths.results} "
            f"and {paths.figures}; "
            "`--config output=FOLDER` writes elsewhere."
        )


def check_scale(studies: Mapping[str, Study], paths: Paths, outputs: Collection[str]) -> None:
    """Refuse to draw figures of one scale from tables of another.

    Parameters
    ----------
    studies : mapping of str to Study
        Their rows; each figure names its scale in its footer.
    paths : Paths
        The folders of the run.
    outputs : collection of str
        The files that this run makes.

    Raises
    ------
    ConfigError
        If figures of a study are made but none of its tables, and its record has another scale.
    """
    for key, study in studies.items():
        record = Path(paths.results, key, "provenance.json")
        drawn = any(file.startswith(f"{paths.figures}/{key}/") for file in outputs)
        tabulated = any(file.startswith(f"{paths.results}/{key}/") for file in outputs)
        if not drawn or tabulated or not record.exists():
            continue
        facts = read_json(record)
        parts = [facts, *(part for part in facts.values() if isinstance(part, dict))]
        made = {part["scale"] for part in parts if "scale" in part}
        ours = set(re.findall(r"scale: (\S+)", " ".join(row.footer for row in study.figures)))
        if others := sorted(made - ours):
            raise ConfigError(
                f"the tables in {record.parent} are of scale {', '.join(others)}, and figures of "
                f"them would say {', '.join(sorted(ours))}: give that scale's --configfile, and "
                f"--config output={paths.output}"
            )


def _million(amount: int) -> str:
    return f"{amount / 1e6:,.0f}" if amount > 1e8 else f"{amount / 1e6:.3g}"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"about {max(1, round(60 * hours))} min"
    return f"about {hours:.2g} h"


def _hours(measured: Path) -> dict[Workload, float]:
    if not measured.exists():
        return {}
    try:
        plan = read_csv(measured)
        rows = plan[["study", "trainings", "amount", "unit"]].itertuples(index=False, name=None)
        return {Workload(*row): hours for row, hours in zip(rows, plan["hours"], strict=True)}
    except (ContentError, KeyError):  # cut short, or from another version
        return {}
