"""Rows that every study of images has."""

from collections.abc import Mapping, Sequence
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
        What that function writes beside `SCORE_FILES`.
    threads : int
        Of a job.
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
