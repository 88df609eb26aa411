"""How the models of a study are split into jobs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betascan.config.base import PointsPerJob
from betascan.studies.base import Measurement, Study, Training


@dataclass(frozen=True)
class Batch:
    """The models of one job; or of one rule, if each of them has a job of its own.

    Attributes
    ----------
    rule : str
        Name of the rule.
    trainings : Sequence of Training
        The models.
    single : bool
        One job per model, distinguished by the wildcard ``signature``.
    """

    rule: str
    trainings: Sequence[Training]
    single: bool

    def files(self, folder: str, name: str) -> list[str]:
        """Return the files called `name` that a job makes or reads in `folder`."""
        if self.single:
            return [f"{folder}/{{signature}}/{name}"]
        return [f"{folder}/{training.signature}/{name}" for training in self.trainings]

    def outputs(self, folder: str, files: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the files that a job makes, by argument; `files` as in `Measurement`."""
        return {argument: self.files(folder, name) for argument, name in files.items()}

    def log(self, folder: str, suffix: str = "log") -> str:
        """Return the path of a job's log or benchmark file."""
        job = f"{self.rule}/{{signature}}" if self.single else self.rule
        return f"{folder}/{job}.{suffix}"

    @property
    def message(self) -> str:
        """What Snakemake prints when a job starts."""
        if self.single:
            return f"{self.rule}: model {{wildcards.signature}}"
        number = len(self.trainings)
        return f"{self.rule}: {number} model{'s' if number > 1 else ''}"

    def of(self, wildcards: Mapping[str, str]) -> list[Training]:
        """Return the models of one job."""
        if not self.single:
            return list(self.trainings)
        return [t for t in self.trainings if t.signature == wildcards["signature"]]

    def images(self, wildcards: Mapping[str, str]) -> str:
        """Return the file of images that all models of a job use."""
        (path,) = {training.data.path for training in self.of(wildcards)}
        return path

    def starts(self, models: str, wildcards: Mapping[str, str]) -> list[str]:
        """Return the models of other jobs that the models of a job continue."""
        own = {training.signature for training in self.of(wildcards)}
        starts = {t.start.signature for t in self.of(wildcards) if t.start} - own
        return [f"{models}/{signature}/model.pt" for signature in sorted(starts)]

    def continued(self, wildcards: Mapping[str, str]) -> list[str | None]:
        """Return the signature of the model that each model of a job continues."""
        return [t.start.signature if t.start else None for t in self.of(wildcards)]

    def rows(self, wildcards: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return signature and keys of the models of a job."""
        return [training.row for training in self.of(wildcards)]

    def runs(self, wildcards: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the full descriptions of a job's models, as plain values."""
        return [training.run.model_dump() for training in self.of(wildcards)]

    @property
    def signatures(self) -> str:
        """Regular expression for the wildcard ``signature``, as several studies share folders."""
        return "|".join(training.signature for training in self.trainings)

    @property
    def threads(self) -> int:
        """Threads of each training."""
        return max(training.run.training.threads for training in self.trainings)

    @property
    def gpus(self) -> int:
        """Share of ``--resources gpu`` that a job takes."""
        return int(any(t.run.training.device != "cpu" for t in self.trainings))


def unique(trainings: Iterable[Training]) -> list[Training]:
    """Return each training once, by content."""
    return list({training.signature: training for training in trainings}.values())


def _batches(rule: str, trainings: Sequence[Training], points_per_job: PointsPerJob) -> list[Batch]:
    if points_per_job == 1:
        return [Batch(rule, trainings, single=True)] if trainings else []
    of_data: dict[str, list[Training]] = {}
    for training in trainings:
        of_data.setdefault(Path(training.data.path).stem, []).append(training)
    batches = []
    for data, members in of_data.items():
        size = len(members) if points_per_job == "all" else points_per_job
        parts = [members[first : first + size] for first in range(0, len(members), size)]
        names = [f"{rule}_{data}" + (f"_{n}" if len(parts) > 1 else "") for n in range(len(parts))]
        batches += [Batch(name, part, False) for name, part in zip(names, parts, strict=True)]
    return batches


def new_trainings(studies: Iterable[Study]) -> list[tuple[Study, list[Training]]]:
    """Return the trainings of each study that no earlier study has."""
    done: set[str] = set()
    parts = []
    for study in studies:
        new = [t for t in unique(study.trainings) if t.signature not in done]
        done |= {training.signature for training in new}
        parts.append((study, new))
    return parts


def to_train(studies: Iterable[Study]) -> list[Batch]:
    """Return the jobs that train every model of all studies once."""
    return [
        batch
        for study, trainings in new_trainings(studies)
        for batch in _batches(f"{study.key}_train", trainings, study.points_per_job)
    ]


def to_measure(study: Study, measurement: Measurement) -> list[Batch]:
    """Return the jobs of one measurement."""
    rule = f"{study.key}_{measurement.name}"
    return _batches(rule, unique(measurement.of), study.points_per_job)
