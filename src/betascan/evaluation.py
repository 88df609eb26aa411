"""From trained image models to scores, information matrices and pictures."""

from collections.abc import Sequence
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
from betascan.metrics.scores import Coded, score_table
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
    samples: int,
    test_samples: int,
    threads: int = 1,
    **options: Any,
) -> None:
    """Score trained models on images that they have not seen, if there are such.

    Writes for each model `scores` (metric, convention, value, low, high, samples), `information`
    (latent, factor, mutual_information in nats, of posterior means in 20 bins) and `views`
    (originals and reconstructions (5, H, W, C) and traversals (latents, 7, H, W, C) as uint8,
    steps (7,), rate (latents,) in nats). samples, test_samples: as many images at most for the
    scores and for the classifiers' test; options: as of `score_table`. Raises DataError.
    """
    torch.set_num_threads(threads)
    loaded: dict[int, ImageBatches] = {}
    jobs = list(zip(models, scores, information, views, strict=True))
    for model, to_scores, to_information, to_views in tqdm(jobs, desc="evaluate", unit=" models"):
        saved = load(model)
        size = saved.run.model.size
        if size not in loaded:
            loaded[size] = ImageBatches(images, size, torch.device("cpu"))
        pictures, vae = loaded[size], saved.vae()
        train_rows, test_rows = _rows(saved, len(pictures), samples, test_samples)
        train, test = (_coded(vae, pictures, rows) for rows in (train_rows, test_rows))
        write_csv(
            score_table(train, test, seed=saved.run.seed, workers=threads, **options), to_scores
        )
        write_csv(_information(train, pictures.facts.grid.names), to_information)
        shown = test_rows[:SHOWN]
        write_npz(to_views, _views(saved, vae, pictures, shown, train), rows=shown.tolist())


def _rows(saved: Saved, images: int, samples: int, test_samples: int) -> tuple[Rows, Rows]:
    """Draw the samples: of the test part where the training held one out, else of all."""
    held_out, seed = saved.run.training.held_out, saved.run.seed
    parts = split(images, seed, (1 - 2 * held_out, held_out, held_out))
    part = parts[2] if held_out else parts[0]
    if len(part) < 4:
        raise DataError(f"{len(part)} images are too few to score a model on: take more")
    drawn = stream(seed, "evaluate/samples").permutation(part)[: samples + test_samples]
    first = round(len(drawn) * samples / (samples + test_samples))
    return drawn[:first], drawn[first:]


@torch.no_grad()
def encode(vae: Vae, pictures: ImageBatches, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return mean and log-variance (n, latents) of q(z|x) of the images `rows`."""
    found = [vae.encode(pictures[part]) for part in np.split(rows, range(BATCH, len(rows), BATCH))]
    mean = torch.cat([posterior.mean for posterior in found])
    log_variance = torch.cat([posterior.variance.log() for posterior in found])
    return mean.numpy(), log_variance.numpy()


def _coded(vae: Vae, pictures: ImageBatches, rows: Rows) -> Coded:
    mean, log_variance = encode(vae, pictures, rows)
    factors, grid = pictures.factors[rows], pictures.facts.grid
    if pictures.facts.maximum == 1:  # dSprites' own file has the values, and a constant colour
        values = np.insert(grid.values(factors), 0, 1.0, axis=1)
    else:
        values = factors.astype(np.float64)
    return Coded(mean, log_variance, factors, values)


def _information(coded: Coded, names: Sequence[str]) -> pd.DataFrame:
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
    saved: Saved, vae: Vae, pictures: ImageBatches, rows: Rows, coded: Coded
) -> dict[str, NDArray[Any]]:
    """Reconstruct images, and traverse each latent from the code of the first one."""
    x = pictures[rows]
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
