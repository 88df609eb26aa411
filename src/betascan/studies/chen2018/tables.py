"""The tables of chen2018: scores of every model, ELBO terms by estimator, repeated scores."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from betascan.core.files import write_csv

NAMES = {"dsprites": "dSprites", "shapes3d": "Shapes3D"}
TITLES = {
    "beta_vae": r"$\beta$-VAE",
    "tcvae_mws": r"$\beta$-TCVAE, MWS",
    "tcvae_mss": r"$\beta$-TCVAE, MSS",
    "factor_vae": "FactorVAE",
}
PLAIN = {model: title.replace(r"$\beta$", "beta") for model, title in TITLES.items()}
KEYS = ["dataset", "model", "beta", "seed", "sampling"]

Point = tuple[str, str, int, float, str]
"""Data set, joint distribution of its factors, seed, beta, model."""


def _named(point: Point) -> dict[str, object]:
    dataset, sampling, seed, beta, model = point
    return dict(zip(KEYS, (dataset, model, beta, seed, sampling), strict=True))


def join_scores(
    scores: Sequence[Path],
    terms: Sequence[Path],
    histories: Sequence[Path],
    points: Sequence[Point],
    joined: Path,
) -> None:
    """Write KEYS, metric, value of all models, and nothing else.

    elbo, reconstruction and rate are means over the last interval of training, as is objective,
    the maximised one (public code calls it the modified ELBO); elbo = -(reconstruction + rate).
    mig is that of 20 bins; mig_chen and the exact terms are of `measure`. All of them are under
    the joint distribution that the factors were trained with. FactorVAE has gamma = beta - 1.
    """
    rows = []
    for point, of_score, of_terms, of_history in zip(points, scores, terms, histories, strict=True):
        value = pd.read_csv(of_score).set_index(["metric", "convention"])["value"]
        ended = pd.read_csv(of_history).iloc[-1]
        found = {
            "elbo": -ended["reconstruction"] - ended["rate"],
            "reconstruction": ended["reconstruction"],
            "rate": ended["rate"],
            "objective": -ended["loss"],
            "mig": value["mig", "disentanglement_lib"],
            "active_units": value["active_units", "burda2016"],
        }
        exact = pd.read_csv(of_terms)
        exact = exact[exact["estimator"].isin(["exact", "all posteriors"])]
        found |= dict(zip(exact["metric"], exact["value"], strict=True))
        rows += [{**_named(point), "metric": m, "value": v} for m, v in found.items()]
    write_csv(pd.DataFrame(rows), joined)


def join(tables: Sequence[Path], points: Sequence[Point], joined: Path) -> None:
    """Put the tables of several models below each other, KEYS before their columns."""
    frames = []
    for point, path in zip(points, tables, strict=True):
        own = pd.read_csv(path, keep_default_na=False)
        frames.append(own.assign(**_named(point))[[*KEYS, *own.columns]])
    write_csv(pd.concat(frames), joined)


def join_terms(tables: Sequence[Path], points: Sequence[Point], joined: Path) -> None:
    """Write the ELBO's terms of all models by every estimator, nats, and what is off: bias.

    KEYS, term, estimator, value, samples, bias: the difference from the exact sum.
    """
    frames = []
    for point, path in zip(points, tables, strict=True):
        own = pd.read_csv(path).rename(columns={"metric": "term"})
        own = own[own["estimator"] != "all posteriors"]
        exact = own[own["estimator"] == "exact"].set_index("term")["value"]
        own["bias"] = own["value"] - own["term"].map(exact)
        frames.append(own.assign(**_named(point))[[*KEYS, *own.columns]])
    write_csv(pd.concat(frames), joined)


def of_metric(scores: pd.DataFrame, metric: str, **keys: object) -> pd.DataFrame:
    """Return the rows of `join_scores` of one metric, and of the given values of KEYS."""
    chosen = scores["metric"] == metric
    for key, value in keys.items():
        chosen &= scores[key] == value
    return scores[chosen]
