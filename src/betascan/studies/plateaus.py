"""Empty codes: collapsed, or a plateau that the optimisation did not leave."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.studies.runs import Row, read_runs

EMPTY = 0.5
"""Nats: a code with a lower rate cannot tell two equally likely values (log 2) apart."""
INFORMED = 3.0
"""Nats that models of the least weight carry, or trainings were too short to judge by."""
LEARNT, COLLAPSED, PLATEAU, UNKNOWN = "learnt", "collapsed", "plateau", "unknown"


def table(
    histories: Sequence[Path],
    annealed: Sequence[Path],
    plateaus: Path,
    rows: Sequence[Row],
    weight: str,
) -> None:
    """Write for each model whether it has learnt, has collapsed, or sits on a plateau.

    An empty code is a plateau if a model with a code, whatever start and weight it was trained
    with, has a lower loss under the same weight.

    Parameters
    ----------
    histories : sequence of Path
        Of the models.
    annealed : sequence of Path
        Of the models trained again from the next lower weight (`image_rows.annealed`).
    plateaus : Path
        Written: the models' keys, rate (nats) and loss of the last interval, left_at (the first
        step from which the rate stays above `EMPTY`), annealed_rate, annealed_loss,
        cheapest_code (the lowest loss under its weight of any model with a code), state.
    rows : sequence of Mapping
        Signatures and keys of all of them.
    weight : str
        The key that is the weight of the KL term.
    """
    keys = list(rows[0]["keys"])
    frame = codes = _ended(read_runs(histories, rows), keys)
    if annealed:
        twins = _ended(read_runs(annealed, rows), keys)
        codes = pd.concat([codes, twins])
        twins = twins.rename(columns={"rate": "annealed_rate", "loss": "annealed_loss"})
        frame = frame.merge(twins.drop(columns="left_at"), on=keys, how="left")
    else:
        frame[["annealed_rate", "annealed_loss"]] = np.nan
    frame["cheapest_code"] = _cheapest(frame, codes[codes["rate"] >= EMPTY], keys, weight)
    empty, better = frame["rate"] < EMPTY, frame["cheapest_code"] < frame["loss"]
    frame["state"] = np.select(
        [~empty, better, frame["annealed_loss"].isna()], [LEARNT, PLATEAU, UNKNOWN], COLLAPSED
    )
    write_csv(frame.sort_values([*keys[:1], weight, *keys[1:]], kind="stable"), plateaus)


def _cheapest(
    models: pd.DataFrame, codes: pd.DataFrame, keys: list[str], weight: str
) -> list[float]:
    """Return for each model the lowest D + weight R of codes that differ in weight or seed."""
    series = [key for key in keys if key not in (weight, "seed")]
    lowest = []
    for _, model in models.iterrows():
        others = codes[(codes[series] == model[series]).all(axis=1)]
        losses = others["loss"] + (model[weight] - others[weight]) * others["rate"]
        lowest.append(losses.min())
    return lowest


def _ended(histories: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return rate and loss of the last interval of each model, and when its code filled."""
    ends = []
    for _, history in histories.groupby(keys, sort=False):
        last = history.iloc[-1]
        empty = history["rate"] < EMPTY
        since = history["step"][~empty[::-1].cummax()[::-1]]
        left = since.iloc[0] if len(since) else np.nan
        ends.append({**last[[*keys, "rate", "loss"]], "left_at": left})
    return pd.DataFrame(ends)
