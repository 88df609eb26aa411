"""The tables of a document on one page, for the report, which shows HTML but only offers CSV."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from betascan.core.files import read_csv, staged
from betascan.report.statements import readable
from betascan.studies import statements

STYLE = """
body { font: 14px sans-serif; margin: 2em; }
table { border-collapse: collapse; margin-bottom: 2em; }
th, td { border-bottom: 1px solid #ddd; padding: 2px 10px; text-align: left; }
th, td { min-width: 6em; overflow-wrap: anywhere; }
th { position: sticky; top: 0; background: white; }
"""


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return statements in fewer columns, any other table as it is."""
    if not set(statements.COLUMNS) <= set(frame):
        return frame
    return pd.concat([frame.filter(["document"]), readable(frame, figures="")], axis=1)


def page(tables: Sequence[Path], html: Path, title: str) -> None:
    """Write the tables to one HTML page, each under its file's name."""
    parts = [f"<!doctype html><meta charset='utf-8'><style>{STYLE}</style><h1>{escape(title)}</h1>"]
    links = (f"<a href='#{path.name}'>{path.name}</a>" for path in tables)
    parts.append(f"<p>{' · '.join(links)}</p>")
    for path in tables:
        table = _shown(read_csv(path)).to_html(
            index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4g}"
        )
        parts.append(f"<h2 id='{path.name}'>{path.name}</h2>\n{table}")
    with staged(html) as temporary:
        temporary.write_text("\n".join(parts))
