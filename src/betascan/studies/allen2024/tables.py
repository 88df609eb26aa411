"""The tables of allen2024: one row a model, with what it changes of the reference."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import write_csv

DATASETS = {"dsprites": "dSprites", "shapes3d": "Shapes3D"}
SCORES = {"mig": "disentanglement_lib", "active_units": "hirn2026", "rate": "hirn2026"}
MEANS = (
    *("squared_error", "offdiagonal_mass", "mean_absolute_cosine", "axis_distance"),
    *("gradient_mass", "hessian_mass", "log_volume"),
)
SIDES = ("gauss_newton", "expected", "hessian")

Point = tuple[str, int, str]
"""Data set, seed and cell of a model."""


def experiment(
    scores: Sequence[Path],
    jacobians: Sequence[Path],
    identities: Sequence[Path],
    cards: Sequence[Path],
    table: Path,
    runs: Sequence[Point],
    cells: Mapping[str, Mapping[str, Any]],
) -> None:
    """Put the models of an experiment into one table.

    Columns: dataset, seed, cell, steps, what the cell is, scores, the means over test images of
    `measure.at_points` (s1, s2, ... geometric means), errors of the expansion and of the
    identity (relative), and effective_variance.
    """
    rows = []
    files = zip(runs, scores, jacobians, identities, cards, strict=True)
    for (dataset, seed, name), of_scores, of_points, of_sides, card in files:
        value = pd.read_csv(of_scores).set_index(["metric", "convention"])["value"]
        points, sides, cell = pd.read_csv(of_points), pd.read_csv(of_sides), cells[name]
        singular = points.filter(regex=r"^s\d+$")
        rows.append(
            {"dataset": DATASETS[dataset], "seed": seed, "cell": name}
            | {"steps": json.loads(card.read_text())["last_step"], **cell}
            | {metric: _score(value, metric) for metric in SCORES}
            | points[list(MEANS)].mean().to_dict()
            | expansion_errors(points)
            | {f"identity_{side}": identity_error(sides, side) for side in SIDES}
            | {"effective_variance": effective_variance(sides, cell["beta"] * cell["variance"])}
            | np.exp(np.log(singular.clip(lower=1e-12)).mean()).to_dict()
        )
    write_csv(pd.DataFrame(rows), table)


def _score(value: pd.Series, metric: str) -> float:
    return float(value.xs(metric, level="metric").iloc[0])


def expansion_errors(points: pd.DataFrame) -> dict[str, float]:
    """Return |expansion - samples| / samples of E_q[D] - D(mean), of its mean over images.

    taylor_noise is the relative standard error of the samples: no error below it is measured.
    """
    truth = points["sampled"].mean()
    noise = np.sqrt((points["sampled_error"] ** 2).sum()) / len(points)
    errors = {
        f"taylor_{form}": abs(points[form].mean() / truth - 1)
        for form in ("gauss_newton", "hessian")
    }
    return errors | {"taylor_noise": float(noise / abs(truth))}


def identity_error(sides: pd.DataFrame, side: str) -> float:
    """|left - right|_F / |left|_F of the active latents of an image, the median over images."""
    own = sides[sides["active"]]
    if own.empty or own[side].isna().all():
        return np.nan
    counted = np.where(own["row"] == own["column"], 1, 2)  # both halves of a symmetric matrix
    squares = pd.DataFrame(
        {
            "point": own["point"],
            "error": counted * (own["left"] - own[side]) ** 2,
            "whole": counted * own["left"] ** 2,
        }
    )
    sums = squares.groupby("point").sum()
    return float(np.sqrt(sums["error"] / sums["whole"]).median())


def effective_variance(sides: pd.DataFrame, price: float) -> float:
    """The sigma^2 that a VAE of beta 1 would have with these posteriors and this decoder.

    From the diagonal, Sigma^-1 = 1 + |J_k|^2 / sigma_eff^2: the median over images and active
    latents, with |J_k|^2 = price (right - 1) whatever beta the training had.
    """
    own = sides[sides["active"] & (sides["row"] == sides["column"])]
    if own.empty:
        return np.nan
    return float((price * (own["expected"] - 1) / (own["left"] - 1)).median())


def cost(cards: Sequence[Path], records: Sequence[Path], cost: Path, runs: Sequence[Point]) -> None:
    """Write milliseconds a step of every model's training, on the machine that trained it."""
    rows = []
    for (dataset, seed, name), card, record in zip(runs, cards, records, strict=True):
        steps = json.loads(card.read_text())["last_step"]
        told = json.loads(record.read_text())
        named = {"dataset": DATASETS[dataset], "seed": seed, "cell": name}
        rows.append(named | {"ms_a_step": 1000 * told["seconds"] / steps, "device": told["device"]})
    write_csv(pd.DataFrame(rows), cost)


def identity(linear_truth: Path, tables: Sequence[Path], identity: Path) -> None:
    """Write the relative errors of Sigma^-1 = I + E[H] / beta, of the linear truth and of images.

    Columns: dataset, cell, seed, right (how the right side was taken), relative_error.
    """
    truth = pd.read_csv(linear_truth).query("part == 'angles'")
    linear = pd.DataFrame(
        {
            "dataset": "linear-Gaussian",
            "cell": truth["posterior"].map({"diagonal": "reference", "full": "posterior_full"}),
            "seed": truth["seed"],
            "right": "exact",
            "relative_error": truth["identity_error"],
        }
    )
    images = pd.concat([pd.read_csv(table) for table in tables])
    images = images.drop_duplicates(["dataset", "cell", "seed"]).rename(
        columns={f"identity_{side}": side for side in SIDES}
    )
    tall = images.melt(
        ["dataset", "cell", "seed"], list(SIDES), var_name="right", value_name="relative_error"
    )
    write_csv(pd.concat([linear, tall.dropna()]), identity)
