"""Collapsed posteriors: true collapse, or an optimisation that did not leave its plateau."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.studies.judgement import Judgement, left_open
from betascan.studies.runs import Row, read_runs

EMPTY = 0.5
"""Nats: a model with a lower rate cannot tell two equally likely values (log 2) apart."""
INFORMED = 3.0
"""Nats that models of the smallest weight must carry; else trainings were too short to judge by."""
LEARNT, COLLAPSED, PLATEAU, UNKNOWN = "learnt", "collapsed", "plateau", "unknown"


def table(
    histories: Sequence[Path],
    annealed: Sequence[Path],
    plateaus: Path,
    rows: Sequence[Row],
    weight: str,
) -> None:
    """Write for each model whether it has learnt, has collapsed, or sits on a plateau.

    A model with a rate below `EMPTY` is on a plateau if an informative model, trained from any
    start and with any weight, has a lower loss under the same weight.

    Parameters
    ----------
    histories : sequence of Path
        Histories of the models.
    annealed : sequence of Path
        Histories of the models trained again from the next lower weight (`image_rows.annealed`).
    plateaus : Path
        Written: the models' keys, rate (nats) and loss of the last interval, left_at (the first
        step from which the rate stays above `EMPTY`), annealed_rate, annealed_loss,
        lowest_informative_loss (under its weight, of any informative model), state.
    rows : sequence of Mapping
        Signatures and keys of all of them.
    weight : str
        The key that is the weight of the KL term.
    """
    keys = list(rows[0]["keys"])
    frame = models = _ended(read_runs(histories, rows), keys)
    if annealed:
        twins = _ended(read_runs(annealed, rows), keys)
        models = pd.concat([models, twins])
        twins = twins.rename(columns={"rate": "annealed_rate", "loss": "annealed_loss"})
        frame = frame.merge(twins.drop(columns="left_at"), on=keys, how="left")
    else:
        frame[["annealed_rate", "annealed_loss"]] = np.nan
    frame["lowest_informative_loss"] = _lowest_loss(
        frame, models[models["rate"] >= EMPTY], keys, weight
    )
    empty, better = frame["rate"] < EMPTY, frame["lowest_informative_loss"] < frame["loss"]
    frame["state"] = np.select(
        [~empty, better, frame["annealed_loss"].isna()], [LEARNT, PLATEAU, UNKNOWN], COLLAPSED
    )
    write_csv(frame.sort_values([*keys[:1], weight, *keys[1:]], kind="stable"), plateaus)


def if_learnt(judged: Judgement, *rates: float) -> Judgement:
    """Leave a verdict open unless models of the smallest weight carry information.

    Parameters
    ----------
    judged : Judgement
        What has been judged.
    *rates : float
        Nats that they carry, all of which must be at least `INFORMED`; NaN is not.
    """
    learnt = all(rate >= INFORMED for rate in rates)
    return judged if learnt else left_open(judged, "no learning")


def _lowest_loss(
    models: pd.DataFrame, informative: pd.DataFrame, keys: list[str], weight: str
) -> list[float]:
    """Return for each model the lowest D + weight R of others that differ in weight or seed."""
    series = [key for key in keys if key not in (weight, "seed")]
    lowest = []
    for _, model in models.iterrows():
        others = informative[(informative[series] == model[series]).all(axis=1)]
        losses = others["loss"] + (model[weight] - others[weight]) * others["rate"]
        lowest.append(losses.min())
    return lowest


def _ended(histories: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return rate and loss of the last interval of each model, and when it left the plateau."""
    ends = []
    for _, history in histories.groupby(keys, sort=False):
        last = history.iloc[-1]
        empty = history["rate"] < EMPTY
        since = history["step"][~empty[::-1].cummax()[::-1]]
        left = since.iloc[0] if len(since) else np.nan
        ends.append({**last[[*keys, "rate", "loss"]], "left_at": left})
    return pd.DataFrame(ends)
