"""Metrics against the plain way, boosters against the reference, conventions against each other.

python benchmarks/metrics.py speed [ROWS] | agreement | conventions     10,000 rows: 20 minutes

agreement and conventions write the tables in this folder that the README of the metrics quotes.
"""

import math
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mutual_info_score

from betascan import metrics
from betascan.core.files import write_csv
from betascan.metrics import total_correlation as tc
from betascan.metrics.importance import Booster, completeness, disentanglement, importances

sys.path.append(str(Path(__file__).parents[1] / "tests" / "metrics"))
import plain

SIZES = (3, 6, 40, 32, 32)  # dSprites: shape, scale, orientation, positions


def codes_of(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, log-variances and factors of a model that knows positions well and shapes badly."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.integers(size, size=rows) for size in SIZES])
    u = factors / (np.array(SIZES) - 1)
    angle = 2 * np.pi * u[:, 2]
    signal = np.column_stack([u[:, 3], u[:, 4], u[:, 1], np.cos(angle), np.sin(angle), u[:, 0]])
    mixing = np.eye(6, 10) * [3, 3, 2, 0.8, 0.8, 0.4, 0, 0, 0, 0]
    mixing += 0.15 * np.random.default_rng(0).normal(size=(6, 10)) * (np.arange(10) < 8)
    mean = (signal - signal.mean(axis=0)) @ mixing + 0.1 * rng.normal(size=(rows, 10))
    mean[:, 8:] *= 0.02
    log_variance = np.log(np.clip(1 - mean.var(axis=0), 0.02, 1)) + 0 * mean
    return mean.astype(np.float32), log_variance.astype(np.float32), factors


def timed(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 1) -> None:
    """Print the best of interleaved rounds, and how far the results are apart."""
    best, values = [math.inf, math.inf], [np.zeros(0), np.zeros(0)]
    for _ in range(rounds):
        for k, way in enumerate((ours, theirs)):
            start = time.perf_counter()
            values[k] = np.asarray(way())
            best[k] = min(best[k], time.perf_counter() - start)
    apart = np.abs(values[0] - values[1]).max()
    ratio = best[1] / best[0]
    print(f"{name:36} {best[0]:8.3f} s {best[1]:8.3f} s {ratio:7.1f} {apart:9.1e}", flush=True)


def broadcast_terms(z: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor) -> list[float]:
    density = torch.distributions.Normal(mean, torch.exp(log_variance / 2)).log_prob(z[:, None])
    log_q = torch.logsumexp(density.sum(2), 1) - math.log(len(mean))
    product = (torch.logsumexp(density, 1) - math.log(len(mean))).sum(1)
    conditional = density.diagonal().sum(0)
    prior = torch.distributions.Normal(0, 1).log_prob(z).sum(1)
    return [t.mean().item() for t in (conditional - log_q, log_q - product, product - prior)]


def speed(rows: int) -> None:
    mean, log_variance, v = codes_of(rows, 0)
    test_mean, _, test_v = codes_of(rows // 2, 1)
    sets = mean, v, test_mean, test_v
    print(f"{rows} rows, {rows // 2} of test, 10 codes, factors of {SIZES}")
    print(f"{'':36} {'ours':>10} {'plain':>10} {'ratio':>7} {'apart':>9}")
    timed("mig", lambda: metrics.mig(mean, v), lambda: plain.mig(mean, v), 5)
    timed("sap", lambda: metrics.sap(*sets), lambda: plain.sap(*sets), 3)
    sample = mean + np.exp(log_variance / 2) * np.random.default_rng(0).normal(size=mean.shape)
    z, m, lv = (torch.from_numpy(a.astype(np.float64)) for a in (sample, mean, log_variance))
    few = [a[:2000] for a in (z, m, lv)]

    def exact(z: torch.Tensor, m: torch.Tensor, lv: torch.Tensor) -> list[float]:
        return [t.item() for t in tc.elbo_terms(z, m, lv, dataset_size=len(z))]

    exact(*few)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    exact(z, m, lv)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    seconds = time.perf_counter() - start
    print(f"{'exact terms of all rows':36} {seconds:8.3f} s, {grown:.0f} MB more", flush=True)
    timed("exact terms of 2000 rows", lambda: exact(*few), lambda: broadcast_terms(*few), 3)

    def reference(workers: int | None) -> np.ndarray:
        return np.array(metrics.dci(*sets, "reference", workers=workers))

    timed("dci reference, parallel", lambda: reference(None), lambda: reference(1))
    start = time.perf_counter()
    light = np.array(metrics.dci(*sets, "lightgbm"))
    print(f"{'dci lightgbm':36} {time.perf_counter() - start:8.3f} s   {light.round(4)}")


def agreement() -> None:
    """24 representations of 1500 rows: LightGBM against the reference."""
    scores = []
    for case in range(24):
        rng = np.random.default_rng(case)
        sizes = [(2, 3, 10), (3, 6, 5), (4, 2, 2, 3)][case % 3]
        options = {"latents": 8, "noise": rng.uniform(0.02, 0.5), "mixing": rng.uniform(0, 1)}
        codes, v = plain.example(case, 2000, sizes, **options)
        sets = codes[:1500], v[:1500], codes[1500:], v[1500:]
        row = []
        for booster in "reference", "lightgbm":
            table, score = importances(*sets, booster)
            row.append([disentanglement(table), completeness(table), score.mean()])
        scores.append(row)
        print(case, sizes, np.round(row, 4).tolist(), flush=True)
    reference, light = np.moveaxis(np.array(scores), 1, 0)
    rows = []
    for k, name in enumerate(("disentanglement", "completeness", "informativeness")):
        apart = light[:, k] - reference[:, k]
        rows.append(
            {
                "score": name,
                "rank_correlation": spearmanr(reference[:, k], light[:, k])[0],
                "mean_difference": apart.mean(),
                "largest": np.abs(apart).max(),
            }
        )
    table = pd.DataFrame(rows)
    print(table)
    write_csv(table, Path(__file__).with_name("metrics_agreement.csv"))


def conventions() -> None:
    """One model, many numbers: what each convention of other code changes."""
    mean, log_variance, v = codes_of(10_000, 0)
    test_mean, _, test_v = codes_of(5_000, 1)
    colour = np.zeros((len(v), 1), int)
    values = np.column_stack(
        [
            colour + 1,
            v[:, 0] + 1,
            np.linspace(0.5, 1, 6)[v[:, 1]],
            np.linspace(0, 2 * np.pi, 40)[v[:, 2]],
            np.linspace(0, 1, 32)[v[:, 3]],
            np.linspace(0, 1, 32)[v[:, 4]],
        ]
    )
    entropies = np.array([mutual_info_score(f, f) for f in v.T])
    table = metrics.mutual_information(mean, v)
    gaps = metrics.top_gap(table)
    rng = np.random.default_rng(0)
    sample = mean + np.exp(log_variance / 2) * rng.normal(size=mean.shape)
    ranks = mean.argsort(axis=0).argsort(axis=0)
    quantiles = (ranks * 20 // len(mean)).astype(float)

    rows: list[dict[str, Any]] = []
    group = "MIG"

    def show(name: str, value: float) -> None:
        rows.append({"score": group, "convention": name, "value": value})
        print(f"{group:16} {name:62} {value:8.4f}", flush=True)

    show("disentanglement_lib: mean of gap over entropy, nats over nats", metrics.mig(mean, v))
    show("nats over bits", float(np.mean(gaps / (entropies / math.log(2)))))
    show("the constant colour counted as 0", np.append(gaps / entropies, 0).mean())
    show("shape left out", metrics.mig(mean, v[:, 1:]))
    show("values truncated to integers", metrics.mig(mean, values.astype(int)))
    show("denardin2025: bits, colour, integers, and 19 bins", metrics.mig_denardin(mean, values))
    show("mean gap over mean entropy", gaps.mean() / entropies.mean())
    show("gap over the best latent's information", np.mean(gaps / table.max(axis=0)))
    show("samples for means", metrics.mig(sample, v))
    show(
        "chen2018: samples against all posteriors, without shape",
        metrics.mig_chen(mean, log_variance, v[:, 1:]),
    )
    show("the same with shape", metrics.mig_chen(mean, log_variance, v))
    show("reshape for transpose", metrics.mig(mean.T.reshape(mean.shape), v))
    show("20 bins of equal content", metrics.mig(quantiles, v))
    show("10 bins", metrics.mig(mean, v, 10))
    show("100 bins", metrics.mig(mean, v, 100))
    show("1,000 rows", metrics.mig(mean[:1000], v[:1000]))
    sets = mean, v, test_mean, test_v
    group = "SAP"
    show("disentanglement_lib: LinearSVC, balanced, raw codes", metrics.sap(*sets))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(3):
            old = plain.sap(*sets, dual=True, random_state=seed)
            show(f"scikit-learn before 1.5: dual solver, seed {seed}", old)
    scale = mean.std(axis=0)
    show("codes scaled to variance 1", metrics.sap(mean / scale, v, test_mean / scale, test_v))
    show("squared correlation", metrics.sap_continuous(mean, v))
    group = "DCI"
    boosters: tuple[Booster, ...] = ("lightgbm", "forest", "l1")
    for booster in boosters:
        few = (mean[:2000], v[:2000], test_mean[:2000], test_v[:2000])
        importance, _ = importances(*few, booster)
        show(f"{booster}: disentanglement", disentanglement(importance))
        show(f"{booster}: completeness", completeness(importance))
        per_latent = [disentanglement(row[None]) for row in importance]
        show(f"{booster}: disentanglement, latents weighed alike", float(np.mean(per_latent)))
    group = "I_m"
    show("gaussian (linear study)", metrics.matched_information(mean, v))
    show("histogram (image study)", metrics.matched_information(mean, v, "histogram"))
    group = "total correlation"
    z, m, lv = (torch.from_numpy(a.astype(np.float64)) for a in (sample, mean, log_variance))
    show("exact, all 10,000 posteriors", tc.elbo_terms(z, m, lv, dataset_size=len(z))[1].item())
    batches = torch.randperm(len(z), generator=torch.Generator().manual_seed(0)).view(-1, 500)
    for method in "mws", "mss", "mss_as_coded":
        of = [tc.elbo_terms(z[b], m[b], lv[b], method=method, dataset_size=len(z)) for b in batches]
        show(f"{method}, minibatches of 500", float(np.mean([terms[1].item() for terms in of])))
    covariance = metrics.aggregate_covariance(mean, log_variance)
    show("Gaussian, aggregate posterior", metrics.gaussian_total_correlation(covariance))
    means_only = metrics.gaussian_total_correlation(np.cov(mean.T))
    show("Gaussian, means only (disentanglement_lib)", means_only)
    write_csv(pd.DataFrame(rows), Path(__file__).with_name("metrics_conventions.csv"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["speed", *rows]:
            speed(int(rows[0]) if rows else 2000)
        case ["agreement"]:
            agreement()
        case ["conventions"]:
            conventions()
        case _:
            sys.exit(__doc__)
