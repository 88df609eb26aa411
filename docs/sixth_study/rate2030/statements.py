"""What the document states, and how it is judged."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from betascan.studies import judgement, statements
from betascan.studies.statements import Statement


def _falls(table: pd.DataFrame) -> judgement.Judgement:
    return judgement.trend(table["beta"], table["rate"], rises=False)


STATEMENTS = (
    Statement(
        name="rate_falls",
        says="The rate falls as beta grows.",
        place="Section 2",
        judge=_falls,
        dataset="dsprites",
        figure="rate",
    ),
)


def judge(path: Path, scale: str, standins: Sequence[str], table: Path) -> None:
    """Write the study's statements."""
    statements.write(STATEMENTS, {"table": table}, path, scale, standins)
