"""What needs the posteriors of all images: MIG as published, and the terms of the ELBO."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from betascan import evaluation
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.metrics import mig_chen
from betascan.metrics.total_correlation import Method, elbo_terms
from betascan.models import load
from betascan.training.batches import ImageBatches

TERMS = ("index_code_mi", "total_correlation", "dimension_wise_kl")


def evaluate(
    images: Path,
    models: Sequence[Path],
    terms: Sequence[Path],
    exact: int,
    factors: Sequence[int],
    threads: int = 1,
    **usual: Any,
) -> None:
    """Score models as `evaluation.evaluate`, of the arguments `usual`, and write their terms.

    terms: metric, estimator, value, samples. mig_chen is made of samples of q(z|x) of `exact`
    images against the posteriors of all, for the chosen `factors`, under the joint distribution
    of factors that the images have. Terms of the ELBO in nats: exact with `exact` of the images
    as the whole data set, and from its minibatches of the size that the model was trained with,
    as a training estimates them.
    """
    evaluation.evaluate(images, models, threads=threads, **usual)
    pictures: ImageBatches | None = None
    for model, to in tqdm(list(zip(models, terms, strict=True)), desc="terms", unit=" models"):
        saved = load(model)
        seed, batch = saved.run.seed, saved.run.training.batch_size
        if pictures is None:
            pictures = ImageBatches(images, saved.run.model.size, torch.device("cpu"))
        mean, log_variance = evaluation.encode(saved.vae(), pictures, np.arange(len(pictures)))
        chosen = pictures.factors[:, list(factors)]
        gap = mig_chen(mean, log_variance, chosen, samples=exact, seed=seed)
        rows = stream(seed, "chen2018/terms/images").permutation(len(pictures))[:exact]
        table = estimates(mean[rows], log_variance[rows], min(batch, len(rows)), seed)
        mig = {"metric": "mig_chen", "estimator": "all posteriors", "value": gap}
        frame = pd.concat([pd.DataFrame([mig]), table])
        write_csv(frame.assign(samples=len(rows)), to)


def estimates(
    mean: NDArray[np.floating], log_variance: NDArray[np.floating], batch: int, seed: int
) -> pd.DataFrame:
    """Estimate the terms by every method: metric, estimator, value (nats, mean over images).

    mean, log_variance (N, latents) are the whole data set; its minibatches are of `batch` rows,
    one after the other, and what is left over has no turn.
    """
    N = len(mean)
    noise = stream(seed, "chen2018/terms/noise").standard_normal(mean.shape)
    mu, log_var = (torch.from_numpy(a.astype(np.float64)) for a in (mean, log_variance))
    z = mu + torch.exp(log_var / 2) * torch.from_numpy(noise)
    rows = []
    for method in get_args(Method):
        size = N if method == "exact" else batch
        parts = [slice(start, start + size) for start in range(0, N - size + 1, size)]
        found = [elbo_terms(z[p], mu[p], log_var[p], method=method, dataset_size=N) for p in parts]
        means = torch.tensor(found).mean(0).tolist()
        rows += [
            {"metric": name, "estimator": method, "value": value}
            for name, value in zip(TERMS, means, strict=True)
        ]
    return pd.DataFrame(rows)
