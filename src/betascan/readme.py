"""The README's tables, made from committed results: ``python -m betascan.readme`` rewrites them."""

import re
from pathlib import Path

import pandas as pd

PROJECT = Path(__file__).parents[2]
COLUMNS = ["statement", "published", "estimator", "split", "ours", "verdict"]


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def claims_table(claims: Path) -> str:
    """Return a study's claims.csv as a Markdown table."""
    rows = [
        ["" if pd.isna(cell) else _cell(cell) for cell in row]
        for row in pd.read_csv(claims)[COLUMNS].itertuples(index=False)
    ]
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rewritten(text: str) -> str:
    """Return the README with each ``<!-- claims of KEY -->`` block made anew from the results."""

    def block(match: re.Match[str]) -> str:
        table = claims_table(PROJECT / "results" / match[2] / "claims.csv")
        return f"{match[1]}\n{table}\n{match[3]}"

    pattern = r"(<!-- claims of (\w+)[^>]*-->)\n.*?(<!-- end of claims -->)"
    return re.sub(pattern, block, text, flags=re.DOTALL)


if __name__ == "__main__":
    readme = PROJECT / "README.md"
    readme.write_text(rewritten(readme.read_text()))
