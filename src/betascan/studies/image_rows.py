"""Rows that every study of images has."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from betascan.config.base import ConfigModel
from betascan.config.images import Evaluation
from betascan.studies.base import Measurement, Table, Training
from betascan.studies.context import Context

SCORE_FILES = {"scores": "scores.csv", "information": "information.csv", "views": "views.npz"}


def evaluate(
    models: Sequence[Training],
    evaluation: Evaluation,
    *,
    function: str = "betascan.evaluation.evaluate",
    files: Mapping[str, str] | None = None,
    threads: int = 1,
    **params: Any,
) -> Measurement:
    """Return the row that scores all models.

    Parameters
    ----------
    models : sequence of Training
        The models.
    evaluation : Evaluation
        Which scores, from how many images.
    function : str
        What scores them, if it is not `betascan.evaluation.evaluate`.
    files : Mapping, optional
        What that function writes in addition to `SCORE_FILES`.
    threads : int
        Number of threads of a job.
    **params
        Further parameters of the function.
    """
    return Measurement(
        name="evaluate",
        function=function,
        files={**SCORE_FILES, **(files or {})},
        of=models,
        params={**evaluation.model_dump(), **params},
        threads=threads,
    )


def provenance(
    context: Context[Any],
    models: Sequence[Training],
    *,
    scale: str,
    config: ConfigModel,
    path: str = "",
    name: str = "provenance",
) -> Table:
    """Return the row that says where the numbers of these models come from."""
    return Table(
        name=name,
        function="betascan.report.provenance.summarise",
        needs={
            "cards": context.trained("card.json", models),
            "records": context.trained("record.json", models),
        },
        makes={"provenance": path or context.result("provenance.json")},
        params={"scale": scale, "config": config.model_dump()},
    )


def index(context: Context[Any], models: Sequence[Training]) -> Table:
    """Return the row that lists the models by keys and signature."""
    return Table(
        name="runs",
        function="betascan.studies.runs.index",
        needs={},
        makes={"index": context.result("runs.csv")},
        params={"rows": [training.row for training in models]},
        caption="The trained models: what the study calls each, and the signature of its folder "
        "in runs/models.",
    )


def annealed(trainings: Sequence[Training], weight: str, above: float) -> list[Training]:
    """Return trainings again, each starting from the model of the next lower weight.

    A model that also collapses from informative initial weights has collapsed for good; one that
    does so only from random ones is on a plateau of the optimisation.

    Parameters
    ----------
    trainings : sequence of Training
        Trainings with keys of the same names.
    weight : str
        The key along which the weight of the KL term grows.
    above : float
        Only weights above it are trained again.
    """
    ordered = sorted(trainings, key=lambda training: training.keys[weight])
    last: dict[tuple[Any, ...], Training] = {}
    again = []
    for training in ordered:
        others = {key: value for key, value in training.keys.items() if key != weight}
        series = (training.data.name, *others.items())
        last_of_series, last[series] = last.get(series), training
        if last_of_series is None or float(training.keys[weight]) <= above:
            continue
        last[series] = replace(
            training,
            keys={**training.keys, "start": "annealed"},
            start=last_of_series,
        )
        again.append(last[series])
    return again


def plateaus(
    context: Context[Any], models: Sequence[Training], twins: Sequence[Training], weight: str
) -> Table:
    """Return the row that tells collapsed codes from plateaus: see `betascan.studies.plateaus`."""
    return Table(
        name="plateaus",
        function="betascan.studies.plateaus.table",
        needs={
            "histories": context.trained("history.csv", models),
            "annealed": context.trained("history.csv", twins),
        },
        makes={"plateaus": context.result("plateaus.csv")},
        params={"rows": [training.row for training in [*models, *twins]], "weight": weight},
        caption="Models at the end of training: whether they carry information, and from which "
        "step on; for those that carry none, whether an informative model has a lower loss (a "
        "plateau of the optimisation) or none does (a collapse).",
    )
