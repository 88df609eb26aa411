"""Published numbers of all documents and ours in one table, and how many were reproduced."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.core.files import read_csv, read_json, staged, write_csv
from betascan.studies.base import Compared

REPRODUCED, NOT_REPRODUCED, SCALE = "reproduced", "not reproduced", "scale cannot tell"
WRONG, NO_TARGET, BEYOND = "document is wrong", "no target", "beyond the document"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, SCALE, WRONG, NO_TARGET, BEYOND)
COMMON = {  # from the words of the studies
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


def _verdict(row: Record) -> str:
    """Translate a study's verdict; what the document itself contradicts is its error."""
    verdict = str(row["verdict"])
    wrong = verdict.startswith("printed value is wrong") or isinstance(
        row.get("contradiction"), str
    )
    if wrong or row.get("in_document") == "no":
        return WRONG
    return COMMON[verdict]


def _note(row: Record, source: Compared, verdict: str) -> str:
    notes = [str(row[column]) for column in source.note if pd.notna(row[column])]
    if row.get("in_document") == "no":
        notes.append("its own published numbers do not bear the statement out")
    elif verdict in (SCALE, NO_TARGET, BEYOND) and row["verdict"] != verdict:
        notes.append(row["verdict"])  # which is more exact
    return "; ".join(text for text in notes if text)


def _named(column: str, value: object) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    return str(value) if column in SPEAKING else f"{column} {value}"


def rows(document: str, source: Compared, table: pd.DataFrame, scale: str) -> list[dict[str, Any]]:
    """Return the rows of one table in COLUMNS; a deviation, ours - published, is of numbers."""
    compared = []
    for row in table.to_dict("records"):
        parts = [_named(c, row[c]) for c in source.item if c in row and pd.notna(row[c])]
        published = row.get(source.published)
        verdict = _verdict(row)
        numbers = pd.to_numeric(pd.Series([row[source.ours], published]), errors="coerce")
        compared.append(
            {
                "document": document,
                "item": ", ".join([source.about, *parts] if source.about else parts),
                "published": published,
                "ours": row[source.ours],
                "deviation": numbers[0] - numbers[1],
                "verdict": verdict,
                "scale": scale,
                "note": _note(row, source, verdict),
            }
        )
    return compared


def counts(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of each document and scale have each verdict."""
    keys = ["document", "scale"]
    counted = comparison.groupby([*keys, "verdict"], sort=False).size().unstack(fill_value=0)
    return counted.reindex(columns=VERDICTS, fill_value=0).reset_index()


def origins(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Return one row a study: its scale, data, hours of training, device, commit."""
    lines = []
    for name, record in records:
        data = record["data"]
        sources = {part["source"] for part in (data if isinstance(data, list) else [data])}
        made = record.get("made_by", [record])
        lines.append(
            {
                "study": name,
                "scale": record["scale"],
                "data": "; ".join(sorted(sources)),
                "training hours": f"{record['training_seconds'] / 3600:.2g}",
                "device": ", ".join(record["device"]),
                "commit": ", ".join(sorted({str(one["commit"])[:7] for one in made})),
            }
        )
    return pd.DataFrame(lines)


def _studies(provenances: Iterable[Path]) -> dict[tuple[str, str], Record]:
    """Read the record of every document, or of each part where it has several."""
    records: dict[tuple[str, str], Record] = {}
    for path in provenances:
        record, document = read_json(path), path.parent.name
        parts = {"": record} if "scale" in record else record
        records |= {(document, part): one for part, one in parts.items()}
    return records


def compare(
    tables: Sequence[Path],
    provenances: Sequence[Path],
    comparison: Path,
    markdown: Path,
    summary: Path,
    origin: Path,
    sources: Sequence[tuple[str, Mapping[str, Any]]],
    statements: Sequence[Path] = (),
    shown: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the comparison of all documents, the same to read, its counts, and what made it.

    Parameters
    ----------
    tables : sequence of Path
        Tables of the studies.
    provenances : sequence of Path
        One a study, in its folder.
    comparison, markdown, summary, origin : Path
        Written.
    sources : sequence of (str, Mapping)
        For each of `tables` the study and a `betascan.studies.base.Compared` as plain values.
    statements : sequence of Path
        Written for figures: the rows of the comparison that each shows.
    shown : sequence of (str, str)
        For each of `statements` the study and a regular expression of items.
    """
    records = _studies(provenances)
    parts = []
    for (document, row), path in zip(sources, tables, strict=True):
        source = Compared(**row)
        scale = records[document, source.part]["scale"]
        parts += rows(document, source, read_csv(path), scale)
    frame = pd.DataFrame(parts, columns=COLUMNS)
    counted = counts(frame)
    named = (
        (f"{document}, {part}" if part else document, record)
        for (document, part), record in records.items()
    )
    write_csv(frame, comparison)
    write_csv(counted, summary)
    write_csv(origins(named), origin)
    with staged(markdown) as temporary:
        temporary.write_text(_readable(frame, counted))
    for (document, items), path in zip(shown, statements, strict=True):
        rows_of = frame[frame["document"] == document]
        shown_rows = rows_of[[bool(re.search(items, item)) for item in rows_of["item"]]]
        write_csv(shown_rows[["item", "published", "ours", "verdict"]].map(_short), path)


def _readable(frame: pd.DataFrame, counted: pd.DataFrame) -> str:
    """Return the comparison in Markdown: the counts, then a table a document."""
    parts = ["# What was published and what came out", _markdown(counted)]
    for document, table in frame.groupby("document", sort=False):
        parts += [f"## {document}", _markdown(table.drop(columns="document"))]
    return "\n\n".join(parts) + "\n"


def _markdown(frame: pd.DataFrame) -> str:
    shown = frame.map(lambda cell: cell.replace("|", "\\|") if isinstance(cell, str) else cell)
    text = shown.to_markdown(index=False, floatfmt=".4g", missingval="", disable_numparse=False)
    return str(text)


def _short(cell: Any) -> Any:
    """Shorten a number, also where it is text, to four digits; nothing where there is none."""
    if pd.isna(cell):
        return ""
    try:
        return f"{float(str(cell)):.4g}"
    except ValueError:
        return cell
