"""Reading the files of trained models, each identified by the signature of its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from betascan.core.files import read_csv, write_csv

Row = Mapping[str, Any]


def keyed(files: Sequence[Path], rows: Sequence[Row]) -> list[tuple[Mapping[str, Any], Path]]:
    """Return each file with the keys of the model whose folder it lies in.

    Parameters
    ----------
    files : sequence of Path
        In folders that are named by signatures.
    rows : sequence of Mapping
        ``signature`` and ``keys`` of the models (`betascan.studies.base.Training.row`).
    """
    keys = {row["signature"]: row["keys"] for row in rows}
    return [(keys[file.parent.name], file) for file in files]


def read_runs(files: Sequence[Path], rows: Sequence[Row]) -> pd.DataFrame:
    """Return the rows of CSV files of several models, with the models' keys first."""
    frames = []
    for keys, file in keyed(files, rows):
        table = read_csv(file)
        frames.append(table.assign(**keys)[[*keys, *table.columns]])
    return pd.concat(frames, ignore_index=True)


def concatenate(parts: Sequence[Path], joined: Path) -> None:
    """Write tables with the same columns as one, in order."""
    write_csv(pd.concat([read_csv(part) for part in parts]), joined)


def index(index: Path, rows: Sequence[Row]) -> None:
    """Write the keys of models and the signature that names their folders."""
    write_csv(pd.DataFrame([{**row["keys"], "signature": row["signature"]} for row in rows]), index)
