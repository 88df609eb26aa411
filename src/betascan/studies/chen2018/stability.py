"""How much scores of one model vary with the sample and with their settings (question 3)."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.data.grid import Classes, Rows
from betascan.data.sampling import sharing
from betascan.evaluation import each_model, encode, with_keys
from betascan.metrics import dci, mig, mig_chen, sap
from betascan.metrics.arrays import varying
from betascan.metrics.intervention import majority_vote, shared_factor_correct

CHUNK = 1 << 21  # rows of codes gathered at a time


@dataclass(frozen=True)
class Posteriors:
    """A model's posteriors of all images: mean, log_variance (N, latents), classes (N, factors)."""

    mean: NDArray[np.floating]
    log_variance: NDArray[np.floating]
    factors: Classes
    chosen: tuple[int, ...]
    """The factors of `mig_chen`."""


def _parts(posteriors: Posteriors, n: int, random: np.random.Generator) -> tuple[Rows, Rows]:
    """Draw n rows, and half as many others for testing."""
    drawn = random.permutation(len(posteriors.mean))[: n + n // 2]
    first = round(len(drawn) * 2 / 3)
    return drawn[:first], drawn[first:]


def _mig(posteriors: Posteriors, n: int, random: np.random.Generator, bins: int = 20) -> float:
    rows, _ = _parts(posteriors, n, random)
    return mig(posteriors.mean[rows], posteriors.factors[rows], bins)


def _mig_chen(posteriors: Posteriors, n: int, random: np.random.Generator) -> float:
    """MIG of n images whose own posteriors are the mixture; `measure` uses those of all images."""
    rows, _ = _parts(posteriors, n, random)
    classes = posteriors.factors[rows][:, list(posteriors.chosen)]
    seed = int(random.integers(1 << 31))
    return mig_chen(
        posteriors.mean[rows], posteriors.log_variance[rows], classes, samples=n, seed=seed
    )


def _trained(
    score: Callable[..., float], posteriors: Posteriors, n: int, random: np.random.Generator
) -> float:
    train, test = _parts(posteriors, n, random)
    z, v = posteriors.mean, posteriors.factors
    return score(z[train], v[train], z[test], v[test])


def _sap(posteriors: Posteriors, n: int, random: np.random.Generator, C: float = 0.01) -> float:
    return _trained(lambda *sets: sap(*sets, C=C, workers=1), posteriors, n, random)


def _dci(
    posteriors: Posteriors, n: int, random: np.random.Generator, booster: Any = "lightgbm"
) -> float:
    def score(z: Any, v: Any, test_z: Any, test_v: Any) -> float:
        return dci(z, v, test_z, test_v, booster, workers=1).disentanglement

    return _trained(score, posteriors, n, random)


def shared(
    factors: Classes, number: int, size: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], Rows]:
    """Draw which factor each of `number` groups shares, (number,), and its rows (number, size)."""
    fixed = random.choice(np.flatnonzero(varying(factors)), size=number)
    rows = np.empty((number, size), np.int64)
    for factor in np.unique(fixed):
        of_factor = fixed == factor
        rows[of_factor] = sharing(factors, int(factor), int(of_factor.sum()), size, random)
    return fixed, rows


def _factor_vae(
    posteriors: Posteriors, n: int, random: np.random.Generator, group: int = 64
) -> float:
    """FactorVAE's score from n votes, as `metrics.factor_vae_score`, from stored images."""
    fixed, rows = shared(posteriors.factors, n + n // 2, group, random)
    step = max(1, CHUNK // group)
    chunks = [slice(start, start + step) for start in range(0, len(rows), step)]
    groups = ((fixed[chunk], posteriors.mean[rows[chunk]]) for chunk in chunks)
    variances = posteriors.mean.var(axis=0, ddof=1)
    return float(majority_vote(groups, variances, n_train=n, n_test=n // 2).mean())


def _beta_vae(
    posteriors: Posteriors, n: int, random: np.random.Generator, group: int = 64, C: float = 1.0
) -> float:
    """Return the beta-VAE score from n points, as `metrics.beta_vae_score`, from stored images."""
    fixable = np.flatnonzero(varying(posteriors.factors))
    fixed = random.choice(fixable, size=n + n // 2)
    points = np.empty((len(fixed), posteriors.mean.shape[1]))
    for factor in fixable:
        of_factor = np.flatnonzero(fixed == factor)
        pairs = sharing(posteriors.factors, int(factor), len(of_factor) * group, 2, random)
        apart = np.abs(posteriors.mean[pairs[:, 0]] - posteriors.mean[pairs[:, 1]])
        points[of_factor] = apart.reshape(len(of_factor), group, -1).mean(1)
    return float(shared_factor_correct(points, fixed, n_train=n, C=C, max_iter=1000).mean())


Score = Callable[..., float]
SETTINGS: Mapping[str, tuple[Score, Sequence[Mapping[str, Any]]]] = {
    "mig_chen": (_mig_chen, [{}]),  # the settings, the usual one first
    "mig": (_mig, [{"bins": 20}, {"bins": 10}, {"bins": 40}]),
    "sap": (_sap, [{"C": 0.01}, {"C": 1e-4}, {"C": 1.0}]),
    "dci_disentanglement": (_dci, [{"booster": kind} for kind in ("lightgbm", "forest", "l1")]),
    "factor_vae_score": (_factor_vae, [{"group": 64}, {"group": 16}, {"group": 4}]),
    "beta_vae_score": (_beta_vae, [{"group": 64}, {"group": 4}, {"C": 0.01}]),
}


def repeated(
    posteriors: Posteriors, samples: Sequence[int], repeats: int, seed: int
) -> pd.DataFrame:
    """Score repeatedly: metric, setting, usual, samples, repeat, value.

    The usual setting is scored with each number of samples, the others with the most. Samples are
    rows, or votes and points from groups of rows; they are redrawn in each repeat.
    """
    rows = []
    for metric, (score, settings) in SETTINGS.items():
        for place, setting in enumerate(settings):
            label = ", ".join(f"{name} {value}" for name, value in setting.items())
            for n in samples if place == 0 else [max(samples)]:
                for repeat in range(repeats):
                    random = stream(seed, f"chen2018/stability/{metric}/{label}/{n}", repeat)
                    named = {"metric": metric, "setting": label, "usual": place == 0}
                    with warnings.catch_warnings():  # small samples may have barely two per class
                        warnings.filterwarnings("ignore", "The number of unique classes")
                        value = score(posteriors, n, random, **setting)
                    rows.append({**named, "samples": n, "repeat": repeat, "value": value})
    return pd.DataFrame(rows)


def stability(
    images: Path,
    models: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[Path],
    samples: Sequence[int],
    repeats: int,
    mig_factors: Mapping[str, Sequence[int]],
    threads: int = 1,
) -> None:
    """Write the table of `repeated` for each model; all images are encoded once."""
    torch.set_num_threads(threads)
    loaded = each_model(images, models, rows, "scores")
    for (saved, batches, row), to in zip(loaded, scores, strict=True):
        codes = encode(saved.vae(), batches, np.arange(len(batches)))
        factors = tuple(mig_factors[row["keys"]["dataset"]])
        posteriors = Posteriors(*codes, batches.factors, factors)
        write_csv(with_keys(repeated(posteriors, samples, repeats, saved.run.seed), row), to)
