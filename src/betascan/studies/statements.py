"""What a document states, and whether results support it.

A study lists its `Statement`s in ``statements.py``. Each has a function that judges it by tables
of the study, with one of the tests of `betascan.studies.judgement`.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.studies.judgement import Judgement, Verdict

PAPERS = "papers"
COLUMNS = [
    "statement", "says", "place", "kind", "criterion", "estimate", "low", "high", "reason",
    "scale", "data", "verdict", "figure",
]  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A statement of a document.

    Attributes
    ----------
    name : str
        Unique in its study, such as ``mig_peaks_dsprites``.
    says : str
        What the document states, in one sentence.
    place : str
        Where: section, equation, figure, table or slide.
    judge : Callable
        Called with the tables that its parameters name, as DataFrames; returns a `Judgement`.
    about : {"law", "data", "beyond"}
        A law can be judged at any scale; a result of the document's own data and training only at
        the papers' scale; beyond is what the document does not say.
    dataset : str
        Images that it is about, by their name in `betascan.data.catalog`; empty for none.
    figure : str
        Figure of ours that shows it.
    contradiction : str
        What in the document contradicts it; it is then measured but not judged.
    construction : str
        Why no data could show anything else; it is then measured but not counted.
    """

    name: str
    says: str
    place: str
    judge: Callable[..., Judgement]
    about: Literal["law", "data", "beyond"] = "law"
    dataset: str = ""
    figure: str = ""
    contradiction: str = ""
    construction: str = ""


def judge(
    statement: Statement,
    tables: Mapping[str, pd.DataFrame],
    scale: str,
    standins: Collection[str] = (),
) -> Judgement:
    """Judge one statement.

    A stand-in for the images that a statement is about, or a smaller scale than its numbers need,
    leaves the verdict open; the estimate stands.

    Parameters
    ----------
    statement : Statement
        What is judged.
    tables : Mapping
        The study's tables by name.
    scale : str
        Name of the scale.
    standins : collection of str
        Data sets whose images are not the genuine ones.
    """
    wanted = inspect.signature(statement.judge).parameters
    outcome = statement.judge(**{name: tables[name] for name in wanted if name in tables})
    if statement.contradiction:
        return replace(outcome, verdict=Verdict.CONTRADICTION, reason=statement.contradiction)
    if statement.construction:
        return replace(outcome, verdict=Verdict.BY_CONSTRUCTION, reason=statement.construction)
    if statement.about == "beyond":
        return replace(outcome, verdict=Verdict.BEYOND)
    if statement.dataset in standins:
        return replace(outcome, verdict=Verdict.UNDECIDED, reason="stand-in; " + outcome.reason)
    if statement.about == "data" and scale != PAPERS:
        return replace(outcome, verdict=Verdict.UNDECIDED, reason="scale; " + outcome.reason)
    return outcome


def write(
    statements: Sequence[Statement],
    tables: Mapping[str, Path],
    path: Path,
    scale: str,
    standins: Collection[str] = (),
) -> None:
    """Judge all statements and write one row each, in `COLUMNS`.

    Parameters
    ----------
    statements : sequence of Statement
        Statements of one study.
    tables : Mapping
        CSV files by the names under which the statements ask for them.
    path : Path
        CSV to write.
    scale, standins
        Name of the scale and data sets that are stand-ins, as in `judge`.
    """
    frames = {name: read_csv(table) for name, table in tables.items()}
    rows: list[dict[str, Any]] = []
    for statement in statements:
        data = "none" if not statement.dataset else statement.dataset
        rows.append(
            {
                "statement": statement.name,
                "says": statement.says,
                "place": statement.place,
                **asdict(judge(statement, frames, scale, standins)),
                "scale": scale,
                "data": f"{data}, stand-in" if data in standins else data,
                "figure": statement.figure,
            }
        )
    write_csv(pd.DataFrame(rows, columns=COLUMNS), path)
