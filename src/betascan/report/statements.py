"""The statements of all documents in one table, as a readable page, and counted by verdict."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from betascan.core.files import read_csv, staged, write_csv
from betascan.studies import statements as judged
from betascan.studies.judgement import Verdict

COLUMNS = ["document", *judged.COLUMNS]
COUNTED = tuple(verdict for verdict in Verdict if verdict is not Verdict.BY_CONSTRUCTION)
HEAD = """# What the documents state, and what came out

*Estimate*: the quantity judged, with its 95 % interval. *Criterion*: what decides.

- A difference is *reproduced* if the whole interval lies above 0, and *not reproduced* if it lies
  below the smallest difference that would matter, even if above 0.
- A number is *reproduced* if its 90 % interval lies within the margin, and *not reproduced* if the
  95 % interval lies outside.
- A rank correlation is *reproduced* by its one-sided p, and *not reproduced* as a difference is.
- Anything else is *inconclusive*.

"At every rank" judges the worst rank; 0.693 is log 2. *Evidence*: the p value and the number n of
observations (seeds, starts, scans or models); or why a row is inconclusive or not counted.
Criteria are in `src/betascan/studies/<document>/*statements.py`, the tests of them in
`src/betascan/studies/judgement.py`.
"""


def counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of each document and scale have each verdict that counts."""
    keys = ["document", "scale"]
    counted = frame.groupby([*keys, "verdict"], sort=False).size().unstack(fill_value=0)
    return counted.reindex(columns=list(COUNTED), fill_value=0).reset_index()


def number(value: float) -> str:
    """Return a number with three digits, whole from a thousand on; nothing for NaN."""
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def readable(frame: pd.DataFrame, figures: str = "../figures") -> pd.DataFrame:
    """Return statements as a page shows them.

    Parameters
    ----------
    frame : DataFrame
        In `COLUMNS`, or without document where figures are not linked.
    figures : str
        Where the page finds the figures; empty for their names alone.

    Returns
    -------
    DataFrame
        Text: statement, place, criterion, estimate, evidence, run, verdict and figure.
    """
    rows = []
    for row in frame.fillna({"reason": "", "figure": ""}).to_dict("records"):
        low, high = number(row["low"]), number(row["high"])
        figure = row["figure"]
        if figures and figure:
            figure = f"[{figure}]({figures}/{row['document']}/{figure}.png)"
        rows.append(
            {
                "statement": row["says"],
                "place": row["place"],
                "criterion": row["criterion"],
                "estimate": number(row["estimate"]) + (f" [{low}, {high}]" if low != high else ""),
                "evidence": row["reason"],
                "run": row["scale"] + ("" if row["data"] == "none" else f", {row['data']}"),
                "verdict": row["verdict"],
                "figure": figure,
            }
        )
    return pd.DataFrame(rows)


def markdown(frame: pd.DataFrame) -> str:
    """Return a table of text and whole numbers in Markdown."""
    lines = [list(frame), ["---"] * frame.shape[1], *frame.astype(str).to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in x)} |" for x in lines)


def _captioned(frame: pd.DataFrame) -> str:
    """Return a table in reStructuredText; nothing if it has no rows."""
    if frame.empty:
        return ""
    table = frame.map(lambda cell: re.sub(r"([\\*`_|])", r"\\\1", str(cell))).to_csv(index=False)
    head = ".. csv-table::\n   :header-rows: 1\n   :widths: auto\n\n"
    return head + "".join(f"   {line}\n" for line in table.splitlines())


def _write(text: str, path: Path) -> None:
    with staged(path) as temporary:
        temporary.write_text(text)


def _joined(tables: Iterable[Path], documents: Iterable[str]) -> pd.DataFrame:
    parts = [read_csv(path).assign(document=d) for path, d in zip(tables, documents, strict=True)]
    return pd.concat([pd.DataFrame(columns=COLUMNS), *parts], ignore_index=True)[COLUMNS]


def collect(
    tables: Sequence[Path],
    statements: Path,
    page: Path,
    summary: Path,
    documents: Sequence[str],
    captions: Sequence[Path] = (),
    shown: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the statements of all documents, a page of them, and the counts of their outcomes.

    Parameters
    ----------
    tables : sequence of Path
        Tables written by `betascan.studies.statements.write`.
    statements, page, summary : Path
        Written: in `COLUMNS`, in Markdown, and the counts.
    documents : sequence of str
        Document of each of `tables`.
    captions : sequence of Path
        Written for the report: the statements that a figure shows, in reStructuredText.
    shown : sequence of (str, str)
        For each of `captions` the document and the figure.
    """
    frame = _joined(tables, documents)
    counted = counts(frame)
    write_csv(frame, statements)
    write_csv(counted, summary)
    parts = [HEAD, markdown(counted)]
    for document, table in frame.groupby("document", sort=False):
        parts += [f"\n## {document}\n", markdown(readable(table))]
    _write("\n".join(parts) + "\n", page)
    for (document, figure), path in zip(shown, captions, strict=True):
        mine = frame[(frame["document"] == document) & (frame["figure"] == figure)]
        table = readable(mine, "").reindex(columns=["statement", "estimate", "verdict"])
        _write(_captioned(table), path)
