"""What README and docs quote from the committed results: ``python -m betascan.report.readme``.

It joins the tables of the studies in ``results/`` anew, then rewrites what is between markers:

- ``<!-- statements of KEY -->`` ... ``<!-- end of statements -->``: the statements of a document,
  or, for all documents, the counts of their outcomes;
- ``<!-- headlines of KEY/STATEMENT ... -->`` ... ``<!-- end of headlines -->``: one statement of
  each document;
- ``<!-- value of FILE: EXPRESSION where ROWS as FORMAT -->`` ... ``<!-- end of value -->``, inside
  a line: a number from a table in ``results/``, by `pandas.DataFrame.query` and ``eval``.

The badges, the gallery of figures and the API reference are written in full.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.core.files import read_csv
from betascan.core.paths import Paths
from betascan.report import api
from betascan.report.badges import badges
from betascan.report.statements import markdown, number, readable
from betascan.studies.base import Study
from betascan.workflow.config import load, read, studies
from betascan.workflow.report_rows import comparison

PROJECT = Path(__file__).parents[3]


def _studies() -> Mapping[str, Study]:
    papers = load(read(PROJECT / "config.yaml"))
    return studies(papers, papers)


def collect(folder: Path = PROJECT) -> None:
    """Join the committed tables of all studies, as the DAG does, in ``results/`` of a folder."""
    committed = {
        key: replace(study, statements=[s for s in study.statements if (PROJECT / s).exists()])
        for key, study in _studies().items()
    }
    tables = {table.name: table for table in comparison(committed, Paths(".")).tables}
    for table in (tables["numbers"], tables["statements"]):
        module, _, function = table.function.rpartition(".")
        files = _below(PROJECT, table.needs) | _below(folder, table.makes)
        getattr(import_module(module), function)(**files, **table.params)
    page = folder / "results/statements.md"
    page.write_text(re.sub(r"\[\w+\]\((\S+)\)", _link_if_drawn, page.read_text()))


def _link_if_drawn(link: re.Match[str]) -> str:
    return link[0] if (PROJECT / "results" / link[1]).exists() else ""


def _below(folder: Path, files: Mapping[str, Any]) -> dict[str, Path | list[Path]]:
    return {
        name: folder / file if isinstance(file, str) else [folder / one for one in file]
        for name, file in files.items()
    }


def statements_table(document: str, results: Path) -> str:
    """Return the statements of a document, or the counts for all, as a Markdown table."""
    if document == "all":
        return markdown(read_csv(results / "summary.csv"))
    frame = read_csv(results / "statements.csv")
    return markdown(readable(_drawn(frame[frame["document"] == document], results)))


def _drawn(frame: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Return statements without the figures that do not exist yet."""
    figures = results.parent / "figures" / frame["document"] / (frame["figure"].fillna("") + ".png")
    return frame.assign(figure=frame["figure"].where(figures.map(Path.exists), ""))


def headlines_table(names: Sequence[str], results: Path) -> str:
    """Return a short Markdown table of statements that are named ``document/statement``."""
    frame = read_csv(results / "statements.csv")
    chosen = frame.set_index(frame["document"] + "/" + frame["statement"]).loc[names]
    shown = readable(_drawn(chosen, results), "figures")
    shown.insert(0, "paper", [f"[{key}](docs/{key}.md)" for key in chosen["document"]])
    return markdown(shown[["paper", "statement", "run", "verdict", "figure"]])


def value(file: Path, expression: str, rows: str = "", spec: str = "") -> str:
    """Return one number of a table as text.

    Parameters
    ----------
    file : Path
        CSV file.
    expression : str
        A column, or an expression for `pandas.DataFrame.eval`, such as ``ours.max()``.
    rows : str
        Condition of `pandas.DataFrame.query`; all rows by default.
    spec : str
        Python format specification; three digits by default.

    Raises
    ------
    ValueError
        If the result is not a single value.
    """
    frame = read_csv(file)
    chosen = frame.query(rows, engine="python") if rows else frame
    found = chosen.eval(expression, engine="python")
    if isinstance(found, pd.Series):
        if len(found) != 1:
            raise ValueError(f"{file}: {len(found)} values of {expression} where {rows}, not one")
        found = found.iloc[0]
    return number(found) if not spec else format(found, spec)


def rewritten(text: str, results: Path = PROJECT / "results") -> str:
    """Return a page with everything between markers made anew from the results."""

    def statements(match: re.Match[str]) -> str:
        return f"{match[1]}\n{statements_table(match[2], results)}\n{match[3]}"

    def headlines(match: re.Match[str]) -> str:
        return f"{match[1]}\n{headlines_table(match[2].split(), results)}\n{match[3]}"

    def inline(match: re.Match[str]) -> str:
        found = value(results / match[2], match[3], match[4] or "", match[5] or "")
        return f"{match[1]}{found}{match[6]}"

    blocks = (
        (r"(<!-- statements of (\w+)[^>]*-->)\n.*?(<!-- end of statements -->)", statements),
        (r"(<!-- headlines of ([^:]+):[^>]*-->)\n.*?(<!-- end of headlines -->)", headlines),
        (
            r"(<!-- value of (\S+): (.+?)(?: where (.+?))?(?: as (\S+))? -->)"
            r".*?(<!-- end of value -->)",
            inline,
        ),
    )
    for pattern, function in blocks:
        text = re.sub(pattern, function, text, flags=re.DOTALL)
    return text


def pages() -> list[Path]:
    """Return the files that quote results."""
    metrics = PROJECT / "src/betascan/metrics/README.md"
    return [PROJECT / "README.md", metrics, *sorted((PROJECT / "docs").glob("*.md"))]


INTRODUCTION = """Each says its scale and its data. A click enlarges it. Captions describe what the
code draws now; traversals, reconstructions and other figures that need trained models, which are
not committed, may have been drawn by an earlier version.
"""


def gallery() -> str:
    """Return the page of all committed figures in Markdown, with their captions."""
    parts = ["# All figures\n", INTRODUCTION]
    for key, study in _studies().items():
        title = (PROJECT / f"docs/{key}.md").read_text().splitlines()[0].removeprefix("# ")
        parts.append(f"## [{title}](../docs/{key}.md)\n")
        for figure in study.figures:
            file = f"{key}/{figure.name}.png"
            if (PROJECT / "figures" / file).exists():
                picture = f'<img src="{file}" width="640" alt="{figure.name}">'
                parts += [f"### {figure.name}\n", f'<a href="{file}">{picture}</a>\n']
                parts.append(f"{figure.caption}\n")
    return "\n".join(parts)


def written() -> dict[Path, str]:
    """Return the text of the pages that are made from captions and docstrings, by path."""
    return {PROJECT / "figures/README.md": gallery(), PROJECT / "docs/api.md": api.page()}


def made() -> dict[Path, str]:
    """Return the text of every page that is generated or quotes results, by its path."""
    text = {page: rewritten(page.read_text()) for page in pages()}
    return text | badges()


if __name__ == "__main__":
    collect()
    for path, text in (made() | written()).items():
        path.write_text(text)
