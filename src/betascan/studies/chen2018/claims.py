"""The four research questions of chen2018 as statements, our evidence, and a verdict."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from betascan.core.files import read_csv, write_csv
from betascan.studies.chen2018.config import INDEPENDENT
from betascan.studies.chen2018.repeats import between_model_std, by_setting, errors
from betascan.studies.chen2018.tables import NAMES, PLAIN, of_metric

YES, NO, UNCLEAR = "yes", "no", "unclear"
LEARNT = 3.0  # nats that models of beta 1 must carry to have learnt anything (as denardin2025)
TCVAES = ("tcvae_mws", "tcvae_mss")
METHODS = {"mws_low", "mss_nearer", "as_coded_off"}  # of an estimator, whatever it is applied to


class Outcome(NamedTuple):
    """A statement of `published/chen2018.csv`, what came out, and whether that bears it out."""

    item: str
    dataset: str
    of: str
    ours: float
    evidence: str
    shown: str


def above_zero(differences: pd.Series) -> tuple[float, str, str]:
    """Judge whether the mean of independent differences is above 0: mean, evidence, shown.

    By the 95 % interval of Student's t; NaN are left out.
    """
    values = differences.dropna().to_numpy()
    if len(values) < 2 or np.ptp(values) == 0:
        mean = float(values.mean()) if len(values) else np.nan
        return mean, f"n = {len(values)}, no interval", UNCLEAR
    mean, error = values.mean(), stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, mean, error)
    evidence = f"{mean:.3g} ± {error:.2g}, interval {low:.3g} to {high:.3g}, n = {len(values)}"
    return float(mean), evidence, YES if low > 0 else NO if high < 0 else UNCLEAR


def correlation(x: pd.Series, y: pd.Series) -> tuple[float, float, float, float]:
    """Pearson's r with its 95 % interval (Fisher's z) and p value; NaN where there is none."""
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan, np.nan, np.nan, np.nan
    test = stats.pearsonr(x, y)
    low, high = test.confidence_interval()
    return float(test.statistic), float(low), float(high), float(test.pvalue)


def wide(scores: pd.DataFrame, metric: str, dataset: str, sampling: str) -> pd.DataFrame:
    """Return one metric as seed x (model, beta)."""
    chosen = of_metric(scores, metric, dataset=dataset, sampling=sampling)
    return chosen.pivot_table(index="seed", columns=["model", "beta"], values="value")


def _penalty(scores: pd.DataFrame, dataset: str) -> Iterator[Outcome]:
    """Questions 1 and 2, by seed: models of one seed share initial weights and images."""
    mig = wide(scores, "mig_chen", dataset, INDEPENDENT)
    elbo = wide(scores, "elbo", dataset, INDEPENDENT)
    above = mig.drop(columns=1.0, level="beta").T.groupby("model").mean().T
    highest = max(mig.columns.get_level_values("beta"))
    for model in (*TCVAES, "factor_vae"):
        rise = above[model] - mig[model][1.0]
        yield Outcome("rises", dataset, model, *above_zero(rise))
    for model in TCVAES:
        for other in ("beta_vae", "factor_vae"):
            gap = above[model] - above[other]
            yield Outcome(f"beats_{other}", dataset, model, *above_zero(gap))
        gap = elbo[model][highest] - elbo["beta_vae"][highest]
        yield Outcome("elbo", dataset, model, *above_zero(gap))


def _correlated(scores: pd.DataFrame, dataset: str) -> Iterator[Outcome]:
    """Question 4: over all models of a kind; and, as in the document, over means of seeds."""
    keys = ["model", "beta", "seed"]
    pair = [
        of_metric(scores, metric, dataset=dataset, sampling=INDEPENDENT).set_index(keys)["value"]
        for metric in ("total_correlation", "mig_chen")
    ]
    both = pd.concat(pair, axis=1, keys=["tc", "mig"])
    for model in ("beta_vae", *TCVAES, "factor_vae"):
        rows = both.loc[model]
        r, low, high, p = correlation(rows["tc"], rows["mig"])
        means = rows.groupby("beta").mean()
        of_means = correlation(means["tc"], means["mig"])[0]
        evidence = f"n = {len(rows)}, no interval"
        if not np.isnan(r):
            evidence = (
                f"r = {r:.2f}, interval {low:.2f} to {high:.2f}, p = {p:.2g}, n = {len(rows)}"
            )
        if not np.isnan(of_means):
            evidence += f"; of means over seeds {of_means:.2f}, n = {len(means)}"
        shown = YES if high < 0 else NO if low > 0 else UNCLEAR
        yield Outcome("correlation", dataset, model, r, evidence, shown)


def _dependent(scores: pd.DataFrame) -> Iterator[Outcome]:
    for name in sorted(set(scores["sampling"]) - {INDEPENDENT}):
        mig = wide(scores, "mig_chen", "dsprites", name)
        for model in TCVAES:
            gap = (mig[model] - mig["beta_vae"]).iloc[:, 0]
            yield Outcome(f"joint_{name}", "dsprites", model, *above_zero(gap))


def _numbers(scores: pd.DataFrame, published: pd.Series) -> Iterator[Outcome]:
    """Numbers that others got on dSprites."""
    mig, elbo, objective = (
        wide(scores, metric, "dsprites", INDEPENDENT)["tcvae_mws"]
        for metric in ("mig_chen", "elbo", "objective")
    )
    best = mig.mean().idxmax()
    low, high = stats.t.interval(0.95, max(1, len(mig) - 1), mig[best].mean(), mig[best].sem())
    shown = UNCLEAR if np.isnan(low) else YES if low <= published["best"] <= high else NO
    evidence = f"beta = {best:g}, interval {low:.3g} to {high:.3g}, n = {len(mig)}"
    yield Outcome("best", "dsprites", "tcvae_mws", float(mig[best].mean()), evidence, shown)
    for item, values in (("rerun_elbo", elbo), ("rerun_objective", objective)):
        means = values.mean()
        shown = YES if means.min() <= published[item] <= means.max() else NO
        evidence = f"{means.min():.4g} to {means.max():.4g} over beta"
        yield Outcome(item, "dsprites", "tcvae_mws", float(means.iloc[-1]), evidence, shown)


def _metrics(repeated: pd.DataFrame) -> Iterator[Outcome]:
    """Question 3: paired by model, Wilcoxon's test; settings by Friedman's test."""
    fewer = errors(repeated)
    fewer = fewer[fewer["samples"] < fewer["samples"].max()]
    error = fewer.pivot_table(index=["model", "beta", "seed"], columns="metric", values="error")
    unit = between_model_std(repeated)
    for metric in ("sap", "dci_disentanglement", "factor_vae_score", "beta_vae_score"):
        ours, evidence, shown = np.nan, "no spread between models", UNCLEAR
        if {"mig_chen", metric} <= set(error.columns):
            both = error[["mig_chen", metric]].dropna()
            p = stats.wilcoxon(both["mig_chen"], both[metric]).pvalue
            one, other = both.median()
            ours = one / other
            evidence = f"{one:.3g} against {other:.3g}, p = {p:.2g}, n = {len(both)} models"
            shown = UNCLEAR if not p < 0.05 else YES if ours < 1 else NO
        yield Outcome("noise", "dsprites", metric, float(ours), evidence, shown)
    for metric in ("mig", "sap", "dci_disentanglement", "factor_vae_score", "beta_vae_score"):
        table = by_setting(repeated, metric)
        span = float((table.max(axis=1) - table.min(axis=1)).mean() / unit[metric])
        alike = (table.max(axis=1) == table.min(axis=1)).all()
        p = np.nan if alike else stats.friedmanchisquare(*table.T.to_numpy()).pvalue
        means = ", ".join(f"{name}: {value:.3g}" for name, value in table.mean().items())
        evidence = f"means {means}; p = {p:.2g}, n = {len(table)} models"
        yield Outcome("settings", "dsprites", metric, span, evidence, YES if p < 0.05 else UNCLEAR)


def _estimators(terms: pd.DataFrame, dataset: str) -> Iterator[Outcome]:
    rows = terms[terms["dataset"] == dataset]
    keys = ["model", "beta", "seed"]
    bias = rows.pivot_table(index=keys, columns=["term", "estimator"], values="bias")
    low = bias["index_code_mi"]["mws"]
    yield Outcome("mws_low", dataset, "all models", *above_zero(low))
    distance = bias["total_correlation"].abs()
    nearer = distance["mws"] - distance["mss"]
    yield Outcome("mss_nearer", dataset, "all models", *above_zero(nearer))
    off = distance["mss_as_coded"] - distance["mss"]
    yield Outcome("as_coded_off", dataset, "all models", *above_zero(off))


def verdict(outcome: Outcome, scale: str, standins: Sequence[str], learnt: bool) -> str:
    """Judge by seeds and models; what is smaller than the document does not refute it."""
    papers = scale == "papers"
    if not papers and (not learnt or outcome.item in ("best", "rerun_elbo", "rerun_objective")):
        return "scale cannot tell"
    if outcome.dataset in standins and outcome.item not in METHODS:
        return "stand-in cannot tell"
    if outcome.shown == YES:
        return "holds"
    if papers:
        return "does not hold" if outcome.shown == NO else "seeds cannot tell"
    return "not at this scale" if outcome.shown == NO else "scale cannot tell"


def claims(
    scores: Path,
    terms: Path,
    repeated: Path,
    claims: Path,
    scale: str,
    standins: Sequence[str],
) -> None:
    """Write each statement, of which model or score, published, ours, evidence and a verdict.

    Intervals are of 95 % over seeds, or over models where n says so. standins: the data sets
    whose images are not genuine; Shapes3D is in any case not the document's.
    """
    statements = read_csv(Path(__file__).with_name("published.csv"), index_col="item")
    table, again = read_csv(scores), read_csv(repeated, keep_default_na=False)
    estimated = read_csv(terms)
    outcomes = [
        *(f for name in NAMES for f in _penalty(table, name)),
        *_numbers(table, statements["value"]),
        *_metrics(again),
        *(f for name in NAMES for f in _correlated(table, name)),
        *_dependent(table),
        *(f for name in NAMES for f in _estimators(estimated, name)),
    ]
    learnt = {
        name: wide(table, "rate", name, INDEPENDENT).xs(1.0, axis=1, level="beta").mean(axis=None)
        >= LEARNT
        for name in NAMES
    }
    rows = [
        {
            "item": one.item,
            "dataset": NAMES[one.dataset],
            "of": PLAIN.get(one.of, one.of),
            "where": statements["where"][one.item],
            "statement": statements["statement"][one.item],
            "published": statements["value"][one.item],
            "ours": one.ours,
            "evidence": one.evidence,
            "verdict": verdict(one, scale, standins, bool(learnt[one.dataset])),
        }
        for one in outcomes
    ]
    write_csv(pd.DataFrame(rows), claims)
