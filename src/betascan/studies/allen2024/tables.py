"""The tables of allen2024: one row per model, with what it changes in the reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, read_json, write_csv
from betascan.studies.runs import Row

DATASETS = {"dsprites": "dSprites", "shapes3d": "Shapes3D"}
"""Values of the column ``dataset``."""
SCORES = {"mig": "disentanglement_lib", "active_units": "burda2016"}
"""Scores of a model, in their conventions."""
MEANS = [
    *("squared_error", "offdiagonal_mass", "mean_absolute_cosine", "axis_distance"),
    *("gradient_mass", "hessian_mass", "log_volume"),
]
"""Columns of `measure.decoder_measures` that are averaged over images."""
SIDES = ("gauss_newton", "expected", "hessian")
"""Ways to compute the right side of the identity, columns of `measure.precisions`."""


def models(
    scores: Sequence[Path],
    jacobians: Sequence[Path],
    identities: Sequence[Path],
    cards: Sequence[Path],
    histories: Sequence[Path],
    table: Path,
    rows: Sequence[Row],
    variants: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write the models of an experiment as one table.

    Parameters
    ----------
    scores, jacobians, identities, cards, histories : sequence of Path
        What evaluation, `measure.measure` (two) and training (two) wrote for each model.
    table : Path
        Written, a row per model: dataset, seed, cell (name of the variant), steps, columns of the
        variant, scores, means over images of `measure.decoder_measures` (s1, s2, ... geometric
        means), relative errors of the expansion and of the identity, effective_variance, rate
        (nats, mean over the last interval of training), and instability of the loss.
    rows : sequence of Mapping
        Signature and keys of each model, in the order of the table.
    variants : Mapping
        `config.Variant.columns` by name.
    """
    of_scores, of_points, of_entries, of_cards, of_histories = (
        {file.parent.name: file for file in files}
        for files in (scores, jacobians, identities, cards, histories)
    )
    lines = []
    for row in rows:
        signature, variant = row["signature"], variants[row["keys"]["cell"]]
        score = read_csv(of_scores[signature]).set_index(["metric", "convention"])["value"]
        points, entries = read_csv(of_points[signature]), read_csv(of_entries[signature])
        history = read_csv(of_histories[signature])
        singular_values = points.filter(regex=r"^s\d+$")
        lines.append(
            {**row["keys"], "dataset": DATASETS[row["keys"]["dataset"]]}
            | {"steps": read_json(of_cards[signature])["last_step"], **variant}
            | {metric: score.loc[metric, convention] for metric, convention in SCORES.items()}
            | points[MEANS].mean().to_dict()
            | expansion_errors(points)
            | {f"identity_{side}": identity_error(entries, side) for side in SIDES}
            | {
                "effective_variance": effective_variance(
                    entries, variant["beta"] * variant["variance"]
                )
            }
            | {"rate": history["rate"].iloc[-1], "instability": instability(history["loss"])}
            | np.exp(np.log(singular_values.clip(lower=1e-12)).mean()).to_dict()
        )
    write_csv(pd.DataFrame(lines), table)


def expansion_errors(points: pd.DataFrame) -> dict[str, float]:
    """Return the relative errors of the second-order expansion of E_q[D] - D(mean).

    Parameters
    ----------
    points : DataFrame
        Table returned by `measure.decoder_measures`.

    Returns
    -------
    dict
        taylor_gauss_newton and taylor_hessian, |expansion - samples| / |samples| of the means
        over images; taylor_noise, the relative standard error of the samples, below which no
        error can be measured.
    """
    truth = points["sampled"].mean()
    noise = np.sqrt((points["sampled_error"] ** 2).sum()) / len(points)
    errors = {
        f"taylor_{form}": abs(points[form].mean() / truth - 1)
        for form in ("gauss_newton", "hessian")
    }
    return errors | {"taylor_noise": float(noise / abs(truth))}


def identity_error(entries: pd.DataFrame, side: str) -> float:
    """Return |left - right|_F / |left|_F of the active latents, the median over images.

    Parameters
    ----------
    entries : DataFrame
        Table returned by `measure.precisions`.
    side : str
        One of `SIDES`: which right side.
    """
    active = entries[entries["active"]]
    if active.empty or active[side].isna().all():
        return np.nan
    count = np.where(active["row"] == active["column"], 1, 2)  # both halves of a symmetric matrix
    squares = pd.DataFrame(
        {
            "point": active["point"],
            "error": count * (active["left"] - active[side]) ** 2,
            "whole": count * active["left"] ** 2,
        }
    )
    sums = squares.groupby("point").sum()
    return float(np.sqrt(sums["error"] / sums["whole"]).median())


def effective_variance(entries: pd.DataFrame, beta_sigma2: float) -> float:
    """Return the sigma^2 that a VAE with beta 1 would have with these posteriors and this decoder.

    From the diagonal, Sigma^-1 = 1 + |J_k|^2 / sigma_eff^2: the median over images and active
    latents, with |J_k|^2 = beta sigma^2 (right - 1) whatever beta was used in training.

    Parameters
    ----------
    entries : DataFrame
        Table returned by `measure.precisions`.
    beta_sigma2 : float
        beta sigma^2 of the training.
    """
    diagonal = entries[entries["active"] & (entries["row"] == entries["column"])]
    if diagonal.empty:
        return np.nan
    squared_norms = beta_sigma2 * (diagonal["expected"] - 1)
    return float((squared_norms / (diagonal["left"] - 1)).median())


def instability(losses: pd.Series) -> float:
    """Return the fraction of a training loss's total variation that is upwards, 0 to 1.

    Parameters
    ----------
    losses : Series
        Means over the intervals of a training.
    """
    changes = losses.diff().dropna()
    way = changes.abs().sum()
    return float(changes.clip(lower=0).sum() / way) if way > 0 else np.nan


def collapsed(tables: Sequence[Path], table: Path) -> None:
    """Write the models without an active latent, whose MIG means nothing.

    Parameters
    ----------
    tables : sequence of Path
        Tables written by `models`; a model in several of them counts once.
    table : Path
        Written: dataset, seed, cell, mig.
    """
    models = pd.concat([read_csv(path) for path in tables])
    models = models[models["active_units"] == 0].drop_duplicates(["dataset", "seed", "cell"])
    write_csv(models[["dataset", "seed", "cell", "mig"]], table)


def pushforward(pushforwards: Sequence[Path], tables: Sequence[Path], table: Path) -> None:
    """Write what `pushforward.pushforward` measured, with all else that is known about each model.

    Parameters
    ----------
    pushforwards : sequence of Path
        Tables written by `pushforward.pushforward`.
    tables : sequence of Path
        Tables written by `models`, which contain all of these models.
    table : Path
        Written, a row per model: columns of `models`, dependence and recovered.
    """
    measured = pd.concat([read_csv(path) for path in pushforwards])
    measured["dataset"] = measured["dataset"].map(DATASETS)
    keys = ["dataset", "seed", "cell"]
    known = pd.concat([read_csv(path) for path in tables]).drop_duplicates(keys)
    write_csv(known.merge(measured, on=keys), table)


def identity(linear_truth: Path, tables: Sequence[Path], identity: Path) -> None:
    """Write the relative errors of Sigma^-1 = I + E[H] / beta.

    Parameters
    ----------
    linear_truth : Path
        Table written by `linear.solutions`.
    tables : sequence of Path
        Tables written by `models`; a model in several of them counts once.
    identity : Path
        Written: dataset, cell, seed, right (how the right side was computed), relative_error.
    """
    truth = read_csv(linear_truth).query("part == 'angles'")
    linear = pd.DataFrame(
        {
            "dataset": "linear-Gaussian",
            "cell": truth["posterior"].map({"diagonal": "reference", "full": "posterior_full"}),
            "seed": truth["seed"],
            "right": "exact",
            "relative_error": truth["identity_error"],
        }
    )
    images = pd.concat([read_csv(table) for table in tables])
    images = images.drop_duplicates(["dataset", "cell", "seed"]).rename(
        columns={f"identity_{side}": side for side in SIDES}
    )
    long = images.melt(
        ["dataset", "cell", "seed"], list(SIDES), var_name="right", value_name="relative_error"
    )
    write_csv(pd.concat([linear, long.dropna()]), identity)
