"""The rate of trained image models, split up: I(x;z), total correlation, dimension-wise KL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.evaluation import each_model, encode, with_keys
from betascan.metrics.total_correlation import elbo_samples

POSTERIORS = 50_000
"""Maximum number of images in the aggregate posterior: I(x;z) cannot exceed the log of it."""
SAMPLES = 1_000
"""Maximum number of codes over which the terms are averaged."""
TERMS = ("information", "total_correlation", "dimension_wise_kl")


def measure(
    images: Path,
    models: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    terms: Sequence[Path],
    threads: int = 1,
) -> None:
    """Estimate KL(q(z|x) || p(z)) = I(x;z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p).

    The last two add up to KL(q(z) || p(z)). The aggregate posterior q(z) is the mixture of the
    posteriors of up to `POSTERIORS` images, summed exactly at one code from each of `SAMPLES` of
    them.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`, with diagonal posteriors and a Gaussian prior.
    rows : sequence of Mapping
        Signature and keys of each model.
    terms : sequence of Path
        Written: keys, metric (`TERMS`), value and standard_error (nats), images.
    threads : int
        Number of torch threads.

    References
    ----------
    chen2018, Eq. 2; denardin2025, beta-VAEs, with the last two terms combined.
    """
    torch.set_num_threads(threads)
    loaded = each_model(images, models, rows, "terms")
    for (saved, batches, row), to in zip(loaded, terms, strict=True):
        seed = saved.run.seed
        members = stream(seed, "rate_terms/images").permutation(len(batches))[:POSTERIORS]
        mean, log_variance = (
            torch.from_numpy(a.astype(np.float64)) for a in encode(saved.vae(), batches, members)
        )
        index = torch.arange(min(SAMPLES, len(members)))
        noise = stream(seed, "rate_terms/noise").standard_normal((len(index), mean.shape[1]))
        z = mean[index] + torch.exp(log_variance[index] / 2) * torch.from_numpy(noise)
        values = elbo_samples(z, mean, log_variance, dataset_size=len(members), index=index).numpy()
        table = pd.DataFrame(
            {
                "metric": TERMS,
                "value": values.mean(axis=0),
                "standard_error": values.std(axis=0, ddof=1) / np.sqrt(len(values)),
                "images": len(members),
            }
        )
        write_csv(with_keys(table, row), to)
