"""Every published number of all documents beside ours, in one table, and how many came out."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.core.files import staged, write_csv

REPRODUCED, NOT_REPRODUCED, SCALE = "reproduced", "not reproduced", "scale cannot tell"
WRONG, NO_TARGET, BEYOND = "document is wrong", "no target", "beyond the document"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, SCALE, WRONG, NO_TARGET, BEYOND)
COMMON = {  # the studies' own words
    "holds": REPRODUCED,
    "agrees": REPRODUCED,
    "reproduced": REPRODUCED,
    "does not hold": NOT_REPRODUCED,
    "differs": NOT_REPRODUCED,
    "not reproduced": NOT_REPRODUCED,
    "scale cannot tell": SCALE,
    "stand-in cannot tell": SCALE,
    "seeds cannot tell": SCALE,
    "not at this scale": SCALE,
    "not converged": NO_TARGET,
    "reference": NO_TARGET,
    "beyond the document": BEYOND,
    "finding of ours": BEYOND,
    "not in the document": BEYOND,
    "not published": BEYOND,
}
SPEAKING = {"statement", "claim", "metric", "column", "where", "dataset", "method", "of"}
Record = Mapping[str, Any]
COLUMNS = ["document", "item", "published", "ours", "deviation", "verdict", "scale", "note"]


@dataclass(frozen=True)
class Source:
    """A table of a study: which of its columns say what."""

    document: str
    table: str  # its path below the results
    about: str  # what its rows are, in front of each item
    item: Sequence[str]  # columns that tell its rows apart
    published: str = "published"
    ours: str = "ours"
    note: Sequence[str] = ()
    study: str | None = None  # of several of a document, as its provenance names them


SOURCES = (
    Source("hirn2026", "hirn2026/claims.csv", "", ("statement", "where", "estimator", "split")),
    Source(
        "vu2026", "vu2026/linear_claims.csv", "linear study",
        ("statement", "n", "method"), study="linear",
    ),
    Source(
        "vu2026", "vu2026/linear.csv", "linear study",
        ("metric", "n", "method", "lambda", "beta"), ours="mean", study="linear",
    ),
    Source(
        "vu2026", "vu2026/image_claims.csv", "images",
        ("statement", "dataset", "metric"), study="images",
    ),
    Source(
        "vu2026", "vu2026/image_cells.csv", "change in %",
        ("dataset", "metric", "lambda", "beta"), "published_percent", "percent", study="images",
    ),
    *(
        Source(
            "denardin2025", f"denardin2025/table{number}.csv", f"Table {number}",
            ("column", "value"), "printed", note=("evidence",),
        )
        for number in ("01", "02", "03", "04")
    ),
    Source("denardin2025", "denardin2025/claims.csv", "", ("claim",), ours="evidence"),
    Source(
        "chen2018", "chen2018/claims.csv", "",
        ("statement", "where", "dataset", "of"), note=("evidence",),
    ),
    Source(
        "allen2024", "allen2024/claims.csv", "", ("statement", "where", "dataset"),
        note=("evidence", "contradiction"),
    ),
)  # fmt: skip


def _verdict(row: Record) -> str:
    """Translate a study's verdict; what the document itself contradicts is its error."""
    told = str(row["verdict"])
    wrong = told.startswith("printed value is wrong") or isinstance(row.get("contradiction"), str)
    if wrong or row.get("in_document") == "no":
        return WRONG
    return COMMON[told]


def _note(row: Record, source: Source, verdict: str) -> str:
    told = [str(row[column]) for column in source.note if pd.notna(row[column])]
    if row.get("in_document") == "no":
        told.append("its own published numbers do not bear the statement out")
    elif verdict in (SCALE, NO_TARGET, BEYOND) and row["verdict"] != verdict:
        told.append(row["verdict"])  # which is more exact
    return "; ".join(text for text in told if text)


def _named(column: str, value: object) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    return str(value) if column in SPEAKING else f"{column} {value}"


def rows(source: Source, table: pd.DataFrame, scale: str) -> list[dict[str, Any]]:
    """Return the rows of one table in COLUMNS; a deviation, ours - published, is of numbers."""
    found = []
    for row in table.to_dict("records"):
        parts = [_named(c, row[c]) for c in source.item if c in row and pd.notna(row[c])]
        published = row.get(source.published)
        verdict = _verdict(row)
        numbers = pd.to_numeric(pd.Series([row[source.ours], published]), errors="coerce")
        found.append(
            {
                "document": source.document,
                "item": ", ".join([source.about, *parts] if source.about else parts),
                "published": published,
                "ours": row[source.ours],
                "deviation": numbers[0] - numbers[1],
                "verdict": verdict,
                "scale": scale,
                "note": _note(row, source, verdict),
            }
        )
    return found


def counts(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of each document and scale have each verdict."""
    keys = ["document", "scale"]
    counted = comparison.groupby([*keys, "verdict"], sort=False).size().unstack(fill_value=0)
    return counted.reindex(columns=VERDICTS, fill_value=0).reset_index()


def origins(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Return one row a study: its scale, data, hours of training, device, commit."""
    found = []
    for name, record in records:
        data = record["data"]
        sources = {part["source"] for part in (data if isinstance(data, list) else [data])}
        made = record.get("made_by", [record])
        found.append(
            {
                "study": name,
                "scale": record["scale"],
                "data": "; ".join(sorted(sources)),
                "training hours": f"{record['training_seconds'] / 3600:.2g}",
                "device": ", ".join(record["device"]),
                "commit": ", ".join(sorted({str(one["commit"])[:7] for one in made})),
            }
        )
    return pd.DataFrame(found)


def _studies(provenances: Iterable[Path]) -> dict[tuple[str, str | None], Record]:
    """Read the record of every document, of each of its studies where it has several."""
    found: dict[tuple[str, str | None], Record] = {}
    for path in provenances:
        record, document = json.loads(path.read_text()), path.parent.name
        parts = {None: record} if "scale" in record else record
        found |= {(document, study): part for study, part in parts.items()}
    return found


def compare(
    tables: Sequence[Path],
    provenances: Sequence[Path],
    comparison: Path,
    markdown: Path,
    summary: Path,
    origin: Path,
    captions: Sequence[Path] = (),
    figures: Sequence[str] = (),
) -> None:
    """Write the comparison of all documents, the same to read, its counts, and what made it.

    tables: in the order of SOURCES. provenances: of the documents, each in its document's folder.
    captions: for each of `figures` ("hirn2026/fig1"), what it shows of the comparison.
    """
    records = _studies(provenances)
    frame = pd.DataFrame(
        [
            row
            for source, path in zip(SOURCES, tables, strict=True)
            for row in rows(
                source, pd.read_csv(path), records[source.document, source.study]["scale"]
            )
        ],
        columns=COLUMNS,
    )
    counted = counts(frame)
    named = (
        (f"{document}, {study}" if study else document, record)
        for (document, study), record in records.items()
    )
    write_csv(frame, comparison)
    write_csv(counted, summary)
    write_csv(origins(named), origin)
    with staged(markdown) as temporary:
        temporary.write_text(_readable(frame, counted))
    for figure, path in zip(figures, captions, strict=True):
        own, items = frame[frame["document"] == figure.split("/")[0]], shown_by(figure) or "$^"
        shown = own[[bool(re.search(items, item)) for item in own["item"]]]
        write_csv(shown[["item", "published", "ours", "verdict"]].map(_short), path)


def _readable(frame: pd.DataFrame, counted: pd.DataFrame) -> str:
    """Return the comparison in Markdown: the counts, then a table a document."""
    parts = ["# What was published and what came out", _markdown(counted)]
    for document, own in frame.groupby("document", sort=False):
        parts += [f"## {document}", _markdown(own.drop(columns="document"))]
    return "\n\n".join(parts) + "\n"


def _markdown(frame: pd.DataFrame) -> str:
    shown = frame.map(lambda cell: cell.replace("|", "\\|") if isinstance(cell, str) else cell)
    text = shown.to_markdown(index=False, floatfmt=".4g", missingval="", disable_numparse=False)
    return str(text)


def shown_by(figure: str) -> str | None:
    """Return which items of the comparison a figure ("hirn2026/fig1") shows, as a regex, if any."""
    with resources.as_file(resources.files("betascan.published").joinpath("figures.csv")) as path:
        known = pd.read_csv(path)
    for name, items in zip(known["figure"], known["items"], strict=True):
        if match := re.fullmatch(name, figure):
            return match.expand(items)
    return None


def _short(cell: Any) -> Any:
    """Shorten a number, also where it is text, to four digits; nothing where there is none."""
    if pd.isna(cell):
        return ""
    try:
        return f"{float(str(cell)):.4g}"
    except ValueError:
        return cell
