"""The rate of each model."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from betascan.core.files import write_csv


def rate(scores: Sequence[Path], table: Path) -> None:
    """Write beta and rate (nats) of each model, from its scores."""
    rows = pd.concat(map(pd.read_csv, scores))
    rows = rows[rows["metric"] == "rate"].sort_values("beta")
    write_csv(rows[["beta", "value"]].rename(columns={"value": "rate"}), table)
