"""All scores of a trained model in one tidy table, each with its convention and its interval."""

from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from importlib import import_module

import pandas as pd

from betascan.metrics.arrays import check_same_rows, matrix, train_test
from betascan.metrics.confidence import bootstrap
from betascan.metrics.errors import MetricError
from betascan.metrics.inputs import Encode, LatentCodes, ScoreInputs, Statistic
from betascan.metrics.registry import METRICS, Metric

RESAMPLES = 200


def _choose(metrics: Collection[str] | None, absent: set[str]) -> list[Metric]:
    """Return the registry's rows with these names, or all that need nothing absent."""
    if metrics is None:
        return [metric for metric in METRICS.values() if absent.isdisjoint(metric.needs)]
    for name in metrics:
        if name not in METRICS:
            near = get_close_matches(name, METRICS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose of {', '.join(METRICS)}"
            raise MetricError(f"there is no metric {name!r}: {hint}")
        if missing := absent.intersection(METRICS[name].needs):
            raise MetricError(
                f"{name} needs {' and '.join(sorted(missing))}: pass it, or leave {name} out"
            )
    return [metric for name, metric in METRICS.items() if name in metrics]


def _function(name: str) -> Callable[[ScoreInputs], Statistic]:
    module, _, function = name.rpartition(".")
    return getattr(import_module(module), function)


def score_table(
    train: LatentCodes,
    test: LatentCodes,
    *,
    metrics: Collection[str] | None = None,
    mig_factors: Sequence[int] | None = None,
    encode: Encode | None = None,
    factor_sizes: Sequence[int] = (),
    n_refits: int | None = 20,
    seed: int = 0,
    workers: int | None = None,
) -> pd.DataFrame:
    """Score a model with metrics of the registry, with 95 % intervals from `bootstrap`.

    SAP, FactorVAE and beta-VAE scores hold their classifiers fixed and resample the test set;
    DCI and explicitness refit models on resampled training sets; index-code information, total
    correlation and dimension-wise KL hold the mixture fixed.

    Parameters
    ----------
    train, test : LatentCodes
        Separate images of one model.
    metrics
        Names of the registry's metrics; by default all that the other arguments allow.
    mig_factors
        The factors of `mig_chen` (dSprites: all but shape), by default all.
    encode, factor_sizes
        Encoder and number of classes of each factor, for `factor_vae_score` and `beta_vae_score`.
    n_refits
        How many times models are refitted for an interval; 0: never, and their bounds are NaN;
        None: no intervals at all.
    seed
        Seed of samples and resamples.
    workers
        Threads for fits, one per core by default.

    Returns
    -------
    DataFrame
        Columns metric, convention, value, low, high, samples; a row per score, in the registry's
        order.

    Raises
    ------
    MetricError
        If an argument cannot be used or a metric needs something that is not given.
    """
    absent = {"values"} if train.values is None else set()
    absent |= {"encoder"} if encode is None else set()
    chosen = _choose(metrics, absent)
    z, v, test_z, test_v = train_test(train.mean, train.factors, test.mean, test.factors)
    log_variance = matrix(train.log_variance, "log-variances")
    if log_variance.shape != z.shape:
        raise MetricError(f"means are {z.shape} and log-variances {log_variance.shape}")
    values = None if train.values is None else matrix(train.values, "values")
    if values is not None:
        check_same_rows(z, values)
    inputs = ScoreInputs(
        codes=z,
        log_variance=log_variance,
        factors=v,
        values=values,
        test_codes=test_z,
        test_factors=test_v,
        encode=encode,
        factor_sizes=factor_sizes,
        mig_factors=mig_factors,
        seed=seed,
        workers=workers,
    )
    rows: list[dict[str, object]] = []
    n_resamples = 0 if n_refits is None else RESAMPLES
    for metric in chosen:
        for name, scores in metric.statistics.items():
            statistic = _function(name)(inputs)
            interval = bootstrap(
                *statistic,
                resamples=(n_refits or 0) if metric.refits else n_resamples,
                seed=seed,
                purpose=f"bootstrap/{scores[0].name}/{scores[0].convention}",
            )
            rows += [
                {
                    "metric": score.name,
                    "convention": score.convention,
                    "value": value,
                    "low": low,
                    "high": high,
                    "samples": statistic.sizes[0],
                }
                for score, value, low, high in zip(scores, *interval, strict=True)
            ]
    return pd.DataFrame(rows)
