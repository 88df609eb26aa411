"""All scores of a trained model in one tidy table, each with its convention and its interval."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from betascan.metrics.arrays import Floats, labels, varying
from betascan.metrics.classifier import Encode, beta_vae_hits, explicitness, factor_vae_hits
from betascan.metrics.confidence import bootstrap
from betascan.metrics.dci import Booster, dci
from betascan.metrics.mutual_information import (
    matched_information,
    mig,
    mig_denardin,
    modularity,
    top_gap,
)
from betascan.metrics.posterior import (
    active_units,
    aggregate_covariance,
    gaussian_total_correlation,
    posterior_summary,
)
from betascan.metrics.sampled_information import chen_gap, pointwise_information
from betascan.metrics.sap import sap_hits

Array = NDArray[np.floating]
Score = Literal[
    "mig", "mig_chen", "mig_denardin", "modularity", "matched_information", "sap", "dci",
    "explicitness", "factor_vae_score", "beta_vae_score", "spectroscopy", "elbo_terms",
]  # fmt: skip
ALL: tuple[Score, ...] = get_args(Score)
RESAMPLES = 200


@dataclass(frozen=True)
class Coded:
    """What a model makes of images: one row an image.

    mean, log_variance (n, latents) of q(z|x); factors (n, factors) the classes; values
    (n, any) the factor values as denardin2025's data sets hand them out, None to leave out
    `mig_denardin`.
    """

    mean: Array
    log_variance: Array
    factors: NDArray[np.generic]
    values: Array | None = None


@dataclass
class _Table:
    seed: int
    rows: list[dict[str, object]] = field(default_factory=list)

    def add(
        self,
        names: Sequence[str],
        convention: str,
        score: Callable[..., ArrayLike],
        *sizes: int,
        resamples: int = RESAMPLES,
    ) -> None:
        purpose = f"bootstrap/{names[0]}/{convention}"
        found = bootstrap(score, sizes, resamples=resamples, seed=self.seed, purpose=purpose)
        for name, value, low, high in zip(names, *found, strict=True):
            row = {"metric": name, "convention": convention, "value": value}
            self.rows.append(row | {"low": low, "high": high, "samples": sizes[0]})


def _elbo_samples(coded: Coded, seed: int) -> Floats:
    import torch

    from betascan.core.randomness import stream
    from betascan.metrics.total_correlation import elbo_samples

    noise = stream(seed, "scores/samples").standard_normal(coded.mean.shape)
    mean, log_variance = (
        torch.from_numpy(np.asarray(a, dtype=np.float64)) for a in (coded.mean, coded.log_variance)
    )
    z = mean + torch.exp(log_variance / 2) * torch.from_numpy(noise)
    return elbo_samples(z, mean, log_variance, dataset_size=len(z)).numpy()


def score_table(
    train: Coded,
    test: Coded,
    *,
    wanted: Collection[Score] = ALL,
    chosen: Sequence[int] | None = None,
    booster: Booster = "lightgbm",
    encode: Encode | None = None,
    factor_sizes: Sequence[int] = (),
    refits: int = 20,
    seed: int = 0,
    workers: int | None = None,
) -> pd.DataFrame:
    """Score a model: columns metric, convention, value, low, high, samples.

    train and test: separate images of one model. wanted: which scores; "spectroscopy" are active
    units, rate and Gaussian total correlation. chosen: the factors of `mig_chen` (dSprites:
    all but shape), default all. booster of `dci`, named in `convention`. The classifier scores
    need encode and factor_sizes, as of `factor_vae_score`. low and high bound 95 %
    by `bootstrap`: SAP, FactorVAE and beta-VAE scores hold their classifiers fixed and draw
    test rows; DCI and explicitness, `refits` times, fit anew on drawn training rows (none: NaN);
    index-code information and its fellows hold the mixture fixed. Raises MetricError.
    """
    table = _Table(seed)
    library = "disentanglement_lib"
    z, v, test_z, test_v = train.mean, train.factors, test.mean, test.factors
    n, tests, log_var = len(z), len(test_z), train.log_variance
    if "mig" in wanted:
        table.add(["mig"], library, lambda r: mig(z[r], v[r]), n)
    if "mig_chen" in wanted:
        of_chosen = v if chosen is None else v[:, list(chosen)]
        of_chosen = of_chosen[:, varying(labels(of_chosen))]
        points = pointwise_information(z, log_var, of_chosen, seed=seed)
        table.add(["mig"], "chen2018", lambda r: chen_gap(points[r].mean(0), of_chosen), n)
    if "mig_denardin" in wanted and (values := train.values) is not None:
        table.add(["mig"], "denardin2025", lambda r: mig_denardin(z[r], values[r]), n)
    if "modularity" in wanted:
        table.add(["modularity"], library, lambda r: modularity(z[r], v[r]), n)
    if "matched_information" in wanted:
        matched = partial(matched_information, estimator="histogram")
        table.add(["matched_information"], "vu2026", lambda r: matched(z[r], v[r]), n)
    if "sap" in wanted:
        hits = sap_hits(z, v, test_z, test_v, workers=workers)
        table.add(["sap"], library, lambda r: top_gap(hits[r].mean(0)).mean(), tests)
    if "dci" in wanted:
        table.add(
            ["dci_disentanglement", "dci_completeness", "dci_informativeness"],
            booster,
            lambda r, s: dci(z[r], v[r], test_z[s], test_v[s], booster, workers=workers),
            n,
            tests,
            resamples=refits,
        )
    if "explicitness" in wanted:
        table.add(
            ["explicitness"],
            library,
            lambda r, s: explicitness(z[r], v[r], test_z[s], test_v[s], workers=workers),
            n,
            tests,
            resamples=refits,
        )
    for name, score in ("factor_vae_score", factor_vae_hits), ("beta_vae_score", beta_vae_hits):
        if name in wanted and encode is not None:
            correct = score(encode, factor_sizes, seed=seed)
            table.add([name], library, lambda r, c=correct: c[r].mean(), len(correct))
    if "spectroscopy" in wanted:
        table.add(["active_units"], "burda2016", lambda r: active_units(z[r]), n)
        table.add(
            ["rate"], "hirn2026", lambda r: posterior_summary(z[r], log_var[r])["rate"].sum(), n
        )
        table.add(
            ["total_correlation"],
            "gaussian",
            lambda r: gaussian_total_correlation(aggregate_covariance(z[r], log_var[r])),
            n,
        )
    if "elbo_terms" in wanted:
        terms = _elbo_samples(train, seed)
        names = ["index_code_mi", "total_correlation", "dimension_wise_kl"]
        table.add(names, "exact", lambda r: terms[r].mean(0), n)
    return pd.DataFrame(table.rows)
