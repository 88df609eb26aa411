"""What each document printed, in our words and its numbers: compared with, never computed from."""

from importlib import resources

import pandas as pd


def statements(document: str) -> pd.DataFrame:
    """Return the statements of a document, indexed by item: where, statement, value."""
    source = resources.files("betascan.published").joinpath(f"{document}.csv")
    with resources.as_file(source) as path:
        return pd.read_csv(path, index_col="item")
