"""The tables of chen2018: scores of every model, ELBO terms by estimator, repeated scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from betascan.core.files import read_csv, write_csv
from betascan.studies.chen2018.config import INDEPENDENT
from betascan.studies.runs import Row, keyed

KEYS = ["dataset", "model", "beta", "seed", "sampling"]


def scores(
    scores: Sequence[Path],
    terms: Sequence[Path],
    histories: Sequence[Path],
    rows: Sequence[Row],
    joined: Path,
) -> None:
    """Write KEYS, metric and value of models.

    elbo, reconstruction and rate are means over the last interval of training, as is objective,
    the quantity maximised (the public code calls it the modified ELBO); elbo = -(reconstruction +
    rate). mig has 20 bins; mig_chen and the exact terms come from `measure`. All of them are
    computed under the joint distribution of the factors in training. FactorVAE has gamma =
    beta - 1.

    Parameters
    ----------
    scores, terms : sequence of Path
        Tables written by `measure.evaluate`.
    histories : sequence of Path
        Histories of the trainings.
    rows : sequence of Mapping
        Signatures and keys of the models.
    joined : Path
        Written.
    """
    value = pd.concat(map(read_csv, scores)).set_index([*KEYS, "metric", "convention"])["value"]
    exact = pd.concat(map(read_csv, terms)).set_index([*KEYS, "estimator"])
    lines = []
    for keys, path in keyed(histories, rows):
        model = tuple(keys[key] for key in KEYS)
        ended = read_csv(path).iloc[-1]
        values = {
            "elbo": -ended["reconstruction"] - ended["rate"],
            "reconstruction": ended["reconstruction"],
            "rate": ended["rate"],
            "objective": -ended["loss"],
            "mig": value[(*model, "mig", "disentanglement_lib")],
            "active_units": value[(*model, "active_units", "burda2016")],
        }
        for estimator in ("all posteriors", "exact"):
            own = exact.loc[[(*model, estimator)]]
            values |= dict(zip(own["metric"], own["value"], strict=True))
        named = dict(zip(KEYS, model, strict=True))
        lines += [{**named, "metric": metric, "value": v} for metric, v in values.items()]
    write_csv(pd.DataFrame(lines), joined)


def stability(tables: Sequence[Path], joined: Path) -> None:
    """Write the repeated scores of several models as one table."""
    parts = [read_csv(path, keep_default_na=False) for path in tables]
    write_csv(pd.concat(parts)[[*KEYS, *parts[0].columns.drop(KEYS)]], joined)


def elbo_terms(tables: Sequence[Path], joined: Path) -> None:
    """Write the ELBO's terms of all models from every estimator, and their bias, in nats.

    Columns: KEYS, term, estimator, value, samples and bias, the difference from the exact sum.

    Parameters
    ----------
    tables : sequence of Path
        ``terms.csv`` of `measure.evaluate`.
    joined : Path
        Written.
    """
    frames = []
    for path in tables:
        table = read_csv(path).rename(columns={"metric": "term"})
        table = table[table["estimator"] != "all posteriors"]
        exact = table[table["estimator"] == "exact"].set_index("term")["value"]
        table["bias"] = table["value"] - table["term"].map(exact)
        frames.append(table[[*KEYS, *table.columns.drop(KEYS)]])
    write_csv(pd.concat(frames), joined)


def of_metric(scores: pd.DataFrame, metric: str, **keys: object) -> pd.DataFrame:
    """Return the rows of `scores` for one metric and the given values of KEYS."""
    chosen = scores["metric"] == metric
    for key, value in keys.items():
        chosen &= scores[key] == value
    return scores[chosen]


def wide(
    scores: pd.DataFrame, metric: str, dataset: str, sampling: str = INDEPENDENT
) -> pd.DataFrame:
    """Return one metric as seed x (model, beta)."""
    chosen = of_metric(scores, metric, dataset=dataset, sampling=sampling)
    return chosen.pivot_table(index="seed", columns=["model", "beta"], values="value")


def correlations(scores: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Return the rank correlation of total correlation and MIG over beta, seed x model.

    Spearman's; NaN where one of the two does not vary.
    """
    tc, mig = (wide(scores, metric, dataset) for metric in ("total_correlation", "mig_chen"))
    models = tc.columns.get_level_values("model").unique()
    rho = pd.DataFrame(index=tc.index, columns=models, dtype=float)
    for model in models:
        for seed in tc.index:
            x, y = tc.loc[seed, model], mig.loc[seed, model]
            if np.ptp(x) and np.ptp(y):
                rho.loc[seed, model] = scipy.stats.spearmanr(x, y).statistic
    return rho
