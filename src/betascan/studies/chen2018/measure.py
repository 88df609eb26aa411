"""Measures that need the posteriors of all images: MIG as published, and the ELBO's terms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from betascan import evaluation
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.metrics import mig_chen
from betascan.metrics.total_correlation import Method, elbo_terms

TERMS = ("index_code_mi", "total_correlation", "dimension_wise_kl")


def evaluate(
    images: Path,
    models: Sequence[Path],
    rows: Sequence[Mapping[str, Any]],
    terms: Sequence[Path],
    n_exact_images: int,
    mig_factors: Mapping[str, Sequence[int]],
    threads: int = 1,
    **usual: Any,
) -> None:
    """Score models as `evaluation.evaluate` does, and write the terms of their ELBOs.

    MIG is estimated from samples of q(z|x) for `n_exact_images` images against the posteriors of
    all images, under the joint distribution of the images' factors. The terms of the ELBO, in
    nats, are exact with `n_exact_images` as the whole data set, and estimated from its minibatches
    of the size that the model was trained with; dimension_wise_kl only for models with the prior
    N(0, I).

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    rows : sequence of Mapping
        Signature and keys of each model.
    terms : sequence of Path
        Written: keys, metric, estimator, value, samples.
    n_exact_images : int
        Largest number of images for the exact terms.
    mig_factors : Mapping
        Columns of the factors that enter MIG, by data set.
    threads : int
        Number of torch threads.
    **usual
        Further arguments of `evaluation.evaluate`.

    References
    ----------
    chen2018, Eqs. 2 and 4 and appendix C.
    """
    evaluation.evaluate(images, models, rows=rows, threads=threads, **usual)
    loaded = evaluation.each_model(images, models, rows, "terms")
    for (saved, batches, row), to in zip(loaded, terms, strict=True):
        seed, batch = saved.run.seed, saved.run.training.batch_size
        mean, log_variance = evaluation.encode(saved.vae(), batches, np.arange(len(batches)))
        factors = batches.factors[:, list(mig_factors[row["keys"]["dataset"]])]
        gap = mig_chen(mean, log_variance, factors, samples=n_exact_images, seed=seed)
        chosen = stream(seed, "chen2018/terms/images").permutation(len(batches))[:n_exact_images]
        table = estimates(mean[chosen], log_variance[chosen], min(batch, len(chosen)), seed)
        if saved.run.model.prior != "gaussian":  # only that term involves the prior, N(0, I)
            table = table[table["metric"] != "dimension_wise_kl"]
        mig = {"metric": "mig_chen", "estimator": "all posteriors", "value": gap}
        frame = pd.concat([pd.DataFrame([mig]), table]).assign(samples=len(chosen))
        write_csv(evaluation.with_keys(frame, row), to)


def estimates(
    mean: NDArray[np.floating], log_variance: NDArray[np.floating], batch: int, seed: int
) -> pd.DataFrame:
    """Estimate the terms by every method: metric, estimator, value (nats, mean over images).

    mean, log_variance (N, latents) are the whole data set; its minibatches are consecutive blocks
    of `batch` rows, and leftover rows are not used.
    """
    N = len(mean)
    noise = stream(seed, "chen2018/terms/noise").standard_normal(mean.shape)
    mu, log_var = (torch.from_numpy(a.astype(np.float64)) for a in (mean, log_variance))
    z = mu + torch.exp(log_var / 2) * torch.from_numpy(noise)
    rows = []
    for method in get_args(Method):
        size = N if method == "exact" else batch
        parts = [slice(start, start + size) for start in range(0, N - size + 1, size)]
        terms_of = [
            elbo_terms(z[p], mu[p], log_var[p], method=method, dataset_size=N) for p in parts
        ]
        means = torch.tensor(terms_of).mean(0).tolist()
        rows += [
            {"metric": name, "estimator": method, "value": value}
            for name, value in zip(TERMS, means, strict=True)
        ]
    return pd.DataFrame(rows)
