"""Tables of README and docs, made from committed results: ``python -m betascan.report.readme``."""

import re
from pathlib import Path

import pandas as pd

from betascan.core.files import read_csv

PROJECT = Path(__file__).parents[3]
COLUMNS = [  # those of them that a study's claims have
    "statement", "claim", "published", "n", "method", "estimator", "split", "dataset", "metric",
    "of", "evidence", "ours", "verdict",
]  # fmt: skip


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def claims_table(claims: Path) -> str:
    """Return a study's claims.csv, or what has other columns whole, as a Markdown table."""
    frame = read_csv(claims)
    shown = [column for column in COLUMNS if column in frame] or list(frame)
    rows = [
        ["" if pd.isna(cell) else _cell(cell) for cell in row]
        for row in frame[shown].itertuples(index=False)
    ]
    lines = [shown, ["---"] * len(shown), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rewritten(text: str) -> str:
    """Return a page with each ``<!-- claims of KEY -->`` block made anew from the results.

    KEY is a study, study/table where its claims are in several tables, or all for the summary.
    """

    def block(match: re.Match[str]) -> str:
        study, _, name = match[2].partition("/")
        path = "summary.csv" if study == "all" else f"{study}/{name or 'claims'}.csv"
        table = claims_table(PROJECT / "results" / path)
        return f"{match[1]}\n{table}\n{match[3]}"

    pattern = r"(<!-- claims of ([\w/]+)[^>]*-->)\n.*?(<!-- end of claims -->)"
    return re.sub(pattern, block, text, flags=re.DOTALL)


def pages() -> list[Path]:
    """Return the files that have such tables."""
    return [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


if __name__ == "__main__":
    for page in pages():
        page.write_text(rewritten(page.read_text()))
