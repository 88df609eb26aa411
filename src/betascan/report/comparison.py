"""The published numbers of all documents and ours in one table, and what produced ours."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.core.files import read_csv, read_json, write_csv
from betascan.studies.base import Compared
from betascan.studies.judgement import Verdict

SELF_EXPLANATORY = {"statement", "claim", "metric", "column", "where", "dataset", "method", "of"}
Record = Mapping[str, Any]
COLUMNS = ["document", "item", "published", "ours", "deviation", "verdict", "scale", "note"]


def _named(column: str, value: object) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    return str(value) if column in SELF_EXPLANATORY else f"{column} {value}"


def rows(document: str, source: Compared, table: pd.DataFrame, scale: str) -> list[dict[str, Any]]:
    """Return the rows of one table in COLUMNS; deviation, ours - published, is for numbers only."""
    compared = []
    for row in table.to_dict("records"):
        parts = [_named(c, row[c]) for c in source.item if c in row and pd.notna(row[c])]
        published = row.get(source.published)
        notes = [str(row[column]) for column in source.note if pd.notna(row[column])]
        numbers = pd.to_numeric(pd.Series([row[source.ours], published]), errors="coerce")
        compared.append(
            {
                "document": document,
                "item": ", ".join([source.about, *parts] if source.about else parts),
                "published": published,
                "ours": row[source.ours],
                "deviation": numbers[0] - numbers[1],
                "verdict": Verdict(row["verdict"]),
                "scale": scale,
                "note": "; ".join(notes),
            }
        )
    return compared


def _short(commit: str) -> str:
    """Shorten a commit, marked as git does if there were uncommitted changes."""
    digest, _, changes = commit.partition(" ")
    return digest[:7] + ("-dirty" if changes else "")


def origins(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Return one row per study: its scale, data, device, commit."""
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
                "device": ", ".join(record["device"]),
                "commit": ", ".join(sorted({_short(str(one["commit"])) for one in made})),
            }
        )
    return pd.DataFrame(lines)


def _studies(provenances: Iterable[Path]) -> dict[tuple[str, str], Record]:
    """Read the record of every document, or of each part where it has several.

    Parts have files of their own (``<part>_provenance.json``), or are keys of a single file.
    """
    records: dict[tuple[str, str], Record] = {}
    for path in provenances:
        record, document = read_json(path), path.parent.name
        part = path.stem.removesuffix("provenance").removesuffix("_")
        parts = {part: record} if "scale" in record else record
        records |= {(document, part): one for part, one in parts.items()}
    return records


def compare(
    tables: Sequence[Path],
    provenances: Sequence[Path],
    comparison: Path,
    origin: Path,
    sources: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    """Write the published numbers of all documents with ours, and what produced ours.

    Parameters
    ----------
    tables : sequence of Path
        Tables of the studies.
    provenances : sequence of Path
        One or several per study, in its folder.
    comparison, origin : Path
        Written.
    sources : sequence of (str, Mapping)
        For each of `tables` the study and a `betascan.studies.base.Compared` as plain values.
    """
    records = _studies(provenances)
    parts = []
    for (document, row), path in zip(sources, tables, strict=True):
        source = Compared(**row)
        scale = records[document, source.part]["scale"]
        parts += rows(document, source, read_csv(path), scale)
    named = (
        (f"{document}, {part}" if part else document, record)
        for (document, part), record in records.items()
    )
    write_csv(pd.DataFrame(parts, columns=COLUMNS), comparison)
    write_csv(origins(named), origin)
