"""MIG of latents that are rotated away from their axes (question 3); needs no training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.evaluation import each_model, encode, with_keys
from betascan.studies.chen2018.stability import SETTINGS, Posteriors

DEGREES = tuple(range(0, 91, 15))
METRICS = ("mig_chen", "mig")


def rotated(posteriors: Posteriors, degrees: float) -> Posteriors:
    """Rotate latents in pairs: the two whose means vary most, the next two, and so on.

    The marginals of a rotated Gaussian are Gaussian, and scores of single latents need only those.

    Parameters
    ----------
    posteriors : Posteriors
        Posteriors of one model.
    degrees : float
        Angle in the plane of each pair; at 90 the two latents have swapped.
    """
    mean, log_variance = posteriors.mean, posteriors.log_variance
    order = np.argsort(-mean.var(axis=0), kind="stable")
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    R = np.eye(mean.shape[1])
    for one, other in zip(order[::2], order[1::2], strict=False):
        R[[one, one, other, other], [one, other, one, other]] = cosine, -sine, sine, cosine
    variance = np.exp(log_variance) @ (R**2).T
    return replace(posteriors, mean=mean @ R.T, log_variance=np.log(variance))


def over_degrees(posteriors: Posteriors, samples: int, seed: int) -> pd.DataFrame:
    """Score at each of `DEGREES`, always on the same sample: metric, degrees, value."""
    rows = []
    for degrees in DEGREES:
        turned = rotated(posteriors, degrees)
        for metric in METRICS:
            random = stream(seed, f"chen2018/rotation/{metric}")
            value = SETTINGS[metric][0](turned, samples, random)
            rows.append({"metric": metric, "degrees": degrees, "value": value})
    return pd.DataFrame(rows)


def rotate(
    images: Path,
    models: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[Path],
    samples: int,
    mig_factors: Mapping[str, Sequence[int]],
    threads: int = 1,
) -> None:
    """Write keys and the table of `over_degrees` for each model.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    rows : sequence of Mapping
        Signature and keys of each model.
    scores : sequence of Path
        Written.
    samples : int
        Number of images from which a score is computed.
    mig_factors : Mapping
        Columns of the factors that enter MIG, by data set.
    threads : int
        Number of torch threads.
    """
    torch.set_num_threads(threads)
    loaded = each_model(images, models, rows, "rotations")
    for (saved, batches, row), to in zip(loaded, scores, strict=True):
        codes = encode(saved.vae(), batches, np.arange(len(batches)))
        factors = tuple(mig_factors[row["keys"]["dataset"]])
        posteriors = Posteriors(*codes, batches.factors, factors)
        write_csv(with_keys(over_degrees(posteriors, samples, saved.run.seed), row), to)
