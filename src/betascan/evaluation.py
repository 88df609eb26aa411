"""From trained image models to scores, information matrices and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from betascan.core.errors import DataError
from betascan.core.files import write_csv, write_npz
from betascan.core.randomness import stream
from betascan.data.grid import Rows
from betascan.data.sampling import split
from betascan.metrics import mutual_information
from betascan.metrics.inputs import LatentCodes
from betascan.metrics.scores import score_table
from betascan.models import Saved, Vae, load
from betascan.models.vae import mean_image
from betascan.training.batches import ImageBatches

BATCH = 500
SHOWN = 5  # images reconstructed, as in denardin2025
STEPS = np.linspace(-2, 2, 7)  # of a traversal, in standard deviations of the prior


def evaluate(
    images: Path,
    models: Sequence[Path],
    scores: Sequence[Path],
    information: Sequence[Path],
    views: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    wanted: Sequence[str],
    samples: int,
    test_samples: int,
    refits: int | None,
    threads: int = 1,
) -> None:
    """Score trained models, on images that were held out of training if there are any.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    scores : sequence of Path
        Written: keys, metric, convention, value, low, high, samples.
    information : sequence of Path
        Written: keys, latent, factor, mutual_information (nats; posterior means in 20 bins).
    views : sequence of Path
        Written: originals and reconstructions (5, H, W, C), traversals (latents, 7, H, W, C),
        all uint8, steps (7,) of a traversal in standard deviations of the prior, and rate
        (latents,) in nats.
    rows : sequence of Mapping
        Signature and keys of each model (`betascan.studies.base.Training.row`).
    wanted : sequence of str
        Names of `betascan.metrics.registry.METRICS`.
    samples, test_samples : int
        Maximum number of images, for the scores and for testing classifiers.
    refits : int, optional
        How many times classifiers are refitted for an interval; None: no intervals.
    threads : int
        Number of threads for torch, and for the fits.

    Raises
    ------
    DataError
        If a model is missing, damaged or not the one its row names, or images are too few.
    """
    torch.set_num_threads(threads)
    loaded = each_model(images, models, rows, "evaluate")
    for (saved, batches, row), to_scores, to_information, to_views in zip(
        loaded, scores, information, views, strict=True
    ):
        vae = saved.vae()
        train_rows, test_rows = _rows(saved, len(batches), samples, test_samples)
        train, test = (_coded(vae, batches, part) for part in (train_rows, test_rows))
        table = score_table(
            train, test, metrics=wanted, n_refits=refits, seed=saved.run.seed, workers=threads
        )
        write_csv(with_keys(table, row), to_scores)
        write_csv(with_keys(_information(train, batches.facts.grid.names), row), to_information)
        shown = test_rows[:SHOWN]
        write_npz(to_views, _views(saved, vae, batches, shown, train), rows=shown.tolist())


def each_model(
    images: Path, models: Sequence[Path], rows: Sequence[Mapping[str, Any]], title: str
) -> Iterator[tuple[Saved, ImageBatches, Mapping[str, Any]]]:
    """Load models one after another, with a progress bar.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    rows : sequence of Mapping
        Signature and keys of each model (`betascan.studies.base.Training.row`).
    title : str
        What the bar says.

    Yields
    ------
    tuple of (Saved, ImageBatches, Mapping)
        The model, the images at its size, and its row.

    Raises
    ------
    DataError
        If a model is missing, damaged or not the one its row names.
    """
    for path, row in tqdm(list(zip(models, rows, strict=True)), title, unit=" models"):
        saved = load(path)
        if saved.facts.get("signature") != row["signature"]:
            raise DataError(f"{path} is not the model {row['signature']}: delete it and run again")
        yield saved, image_batches(images, saved.run.model.size), row


def with_keys(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table with a model's keys as its first columns."""
    return table.assign(**row["keys"])[[*row["keys"], *table.columns]]


@lru_cache(maxsize=2)
def image_batches(images: Path, size: int) -> ImageBatches:
    """Return a file's images at a given size, on the CPU; cached for the next model of a job."""
    return ImageBatches(images, size, torch.device("cpu"))


def _rows(saved: Saved, images: int, samples: int, test_samples: int) -> tuple[Rows, Rows]:
    """Draw the samples: from the test part if the training held one out, otherwise from all."""
    training, seed = saved.run.training, saved.run.seed
    parts = split(images, seed, training.fractions)
    part = parts[2] if training.held_out else parts[0]
    if len(part) < 4:
        raise DataError(f"{len(part)} images are too few to score a model on: take more")
    drawn = stream(seed, "evaluate/samples").permutation(part)[: samples + test_samples]
    first = round(len(drawn) * samples / (samples + test_samples))
    return drawn[:first], drawn[first:]


@torch.no_grad()
def encode(vae: Vae, batches: ImageBatches, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
    """Encode images.

    Parameters
    ----------
    vae : Vae
        The model.
    batches : ImageBatches
        The images, at the model's size.
    rows : ndarray of int, shape (n,)
        Numbers of the images.

    Returns
    -------
    tuple of ndarray of float32, shape (n, latents)
        Means and log-variances of q(z|x); for a full covariance, those of its diagonal.
    """
    posteriors = [
        vae.encode(batches[part]) for part in np.split(rows, range(BATCH, len(rows), BATCH))
    ]
    mean = torch.cat([posterior.mean for posterior in posteriors])
    log_variance = torch.cat([posterior.variance.log() for posterior in posteriors])
    return mean.numpy(), log_variance.numpy()


def _coded(vae: Vae, batches: ImageBatches, rows: Rows) -> LatentCodes:
    mean, log_variance = encode(vae, batches, rows)
    factors, grid = batches.factors[rows], batches.facts.grid
    if batches.facts.maximum == 1:  # dSprites' own file has the values, and a constant colour
        values = np.insert(grid.values(factors), 0, 1.0, axis=1)
    else:
        values = factors.astype(np.float64)
    return LatentCodes(mean, log_variance, factors, values)


def _information(coded: LatentCodes, names: Sequence[str]) -> pd.DataFrame:
    matrix = mutual_information(coded.mean, coded.factors)
    latents, factors = matrix.shape
    return pd.DataFrame(
        {
            "latent": np.repeat(np.arange(latents), factors),
            "factor": np.tile(names, latents),
            "mutual_information": matrix.ravel(),
        }
    )


@torch.no_grad()
def _views(
    saved: Saved, vae: Vae, batches: ImageBatches, rows: Rows, coded: LatentCodes
) -> dict[str, NDArray[Any]]:
    """Reconstruct images, and traverse each latent from the code of the first one."""
    x = batches[rows]
    mean = vae.encode(x).mean
    latents, steps = mean.shape[1], len(STEPS)
    walk = mean[:1].repeat(latents * steps, 1)
    walk[torch.arange(latents * steps), torch.arange(latents).repeat_interleave(steps)] = (
        torch.from_numpy(STEPS).float().repeat(latents)
    )

    def pixels(z: torch.Tensor) -> NDArray[np.uint8]:
        return _uint8(mean_image(vae.decode(z), saved.run.likelihood))

    rate = (np.exp(coded.log_variance) + coded.mean**2 - 1 - coded.log_variance).mean(0) / 2
    traversals = pixels(walk)
    return {
        "originals": _uint8(x),
        "reconstructions": pixels(mean),
        "traversals": traversals.reshape(latents, steps, *traversals.shape[1:]),
        "steps": STEPS,
        "rate": rate,
    }


def _uint8(x: torch.Tensor) -> NDArray[np.uint8]:
    return (x.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
