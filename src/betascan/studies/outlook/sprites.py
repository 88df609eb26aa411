"""dSprites: which latents of convolutional VAEs survive at each T, and what they carry."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from betascan.core.files import read_csv, write_csv
from betascan.core.randomness import stream
from betascan.data.grid import Rows
from betascan.evaluation import BATCH, each_model, encode, with_keys
from betascan.metrics import mig, mutual_information
from betascan.metrics.information import entropy
from betascan.metrics.moments import posterior_moments
from betascan.models import Saved
from betascan.models.vae import mean_image
from betascan.spectroscopy import fit_threshold
from betascan.studies.plateaus import EMPTY, PLATEAU
from betascan.training.batches import ImageBatches

BEFORE = "nmi_"
"""Prefix of a factor's name in columns of normalised mutual information."""


def latents(
    images: Path,
    models: Sequence[Path],
    latents: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    samples: int,
) -> None:
    """Measure each latent of trained models.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    latents : sequence of Path
        CSV to write for each: keys, T, mig, rank by signal fraction, latent, signal_fraction, rate
        (nats), distortion of reconstructions from the latents up to this rank (in units of V;
        rank 0: from none), and mutual information with each factor over the factor's entropy.
    rows : sequence of Mapping
        Signature and keys of each model (`betascan.studies.base.Training.row`).
    samples : int
        Largest number of images.
    """
    loaded = each_model(images, models, rows, "latents")
    for (saved, batches, row), table in zip(loaded, latents, strict=True):
        drawn = stream(saved.run.seed, "outlook/dsprites").permutation(len(batches))[:samples]
        write_csv(with_keys(_measured(saved, batches, drawn), row), table)


def _measured(saved: Saved, batches: ImageBatches, drawn: Rows) -> pd.DataFrame:
    """Return a row per latent, by rank, after one for no latent."""
    mean, log_variance = encode(saved.vae(), batches, drawn)
    factors, names = batches.factors[drawn], batches.facts.grid.names
    mu, spread = mean.astype(np.float64), log_variance.astype(np.float64)
    moments = posterior_moments((mu**2).mean(0), np.exp(spread).mean(0), spread.mean(0))
    order = np.argsort(-moments["signal_fraction"], kind="stable")
    shared = mutual_information(mean, factors) / entropy(factors)
    table = pd.DataFrame(
        {
            "latent": order,
            "signal_fraction": moments["signal_fraction"][order],
            "rate": moments["rate"][order],
            **{f"{BEFORE}{name}": shared[order, k] for k, name in enumerate(names)},
        },
        index=pd.RangeIndex(1, len(order) + 1, name="rank"),
    )
    table = table.reindex(range(len(order) + 1)).rename_axis("rank").reset_index()
    table["distortion"] = _pruned(saved, batches, drawn, order)
    return table.assign(T=saved.facts["temperature"], mig=mig(mean, factors))


@torch.no_grad()
def _pruned(
    saved: Saved, batches: ImageBatches, drawn: Rows, order: np.ndarray
) -> Float[np.ndarray, " ranks"]:
    """Distortion of reconstructions from the first ranks, the others at the prior mean."""
    vae, total = saved.vae(), np.zeros(len(order) + 1)
    for part in np.split(drawn, range(BATCH, len(drawn), BATCH)):
        x = batches[part]
        mean, z = vae.encode(x).mean, torch.zeros(len(part), len(order))
        for rank in range(len(order) + 1):
            if rank:
                z[:, order[rank - 1]] = mean[:, order[rank - 1]]
            error = mean_image(vae.decode(z), saved.run.likelihood) - x
            total[rank] += float(error.square().sum(dtype=torch.float64))
    return total / len(drawn) / batches.total_variance


def spectrum(
    parts: Sequence[Path],
    plateaus: Path,
    latents: Path,
    modes: Path,
    floor: float,
) -> None:
    """Join the latents of all models, and fit each rank's threshold and utility.

    Parameters
    ----------
    parts : sequence of Path
        CSV of `latents` above, those of models annealed from a lower beta with a column ``start``.
    plateaus : Path
        Table written by `betascan.studies.plateaus.table`.
    latents : Path
        CSV to write: all of them, with a column plateau. Of annealed models, only those that
        carry information where the other model is on a plateau.
    modes : Path
        CSV to write: seed, rank, threshold, threshold_se, inactive_below (at how many T below the
        threshold the latent is inactive) and utility, the decrease of the best distortion over T.
    floor : float
        Thresholds are fitted where M^2 exceeds it.
    """
    table = _with_plateau(pd.concat(map(read_csv, parts), ignore_index=True), read_csv(plateaus))
    found = []
    for seed, of_seed in table[~table["plateau"]].groupby("seed"):
        best = of_seed.groupby("rank")["distortion"].min()
        for rank, latent in of_seed[of_seed["rank"] > 0].groupby("rank"):
            T, M2 = latent["T"], latent["signal_fraction"]
            threshold, error = fit_threshold(T, M2, floor)
            found.append(
                {
                    "seed": seed,
                    "rank": rank,
                    "threshold": threshold,
                    "threshold_se": error,
                    "inactive_below": int(((threshold > T) & (floor >= M2)).sum()),
                    "utility": best[rank - 1] - best[rank],
                }
            )
    write_csv(table, latents)
    write_csv(pd.DataFrame(found), modes)


def _with_plateau(table: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Mark models on a plateau, and keep the annealed models that replace them."""
    keys = ["seed", "beta"]
    on_plateau = states["state"] == PLATEAU
    replaced = on_plateau & (states["annealed_rate"] >= EMPTY)
    table = table.reindex(columns=list(dict.fromkeys([*table, "start"])))
    table = table.merge(states[keys].assign(plateau=on_plateau, replaced=replaced), on=keys)
    annealed = table["start"].notna()
    table["plateau"] &= ~annealed
    return table[~annealed | table["replaced"]].drop(columns="replaced").reset_index(drop=True)
