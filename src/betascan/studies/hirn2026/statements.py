"""The statements of the document, and the rows of the study that judge them.

The scans of the paper's estimator are judged: on the training split over the seeds of one draw of
the split, as set before the run; on held-out data over seeds or draws, whichever scatter more,
since the document's are not known. Scans that share a seed or a draw are not two observations.

Equations state an equality without a margin. Ours is 10 %; a factor of 2 for what the document
calls close, stable or inaccurate; half a decade for what it gives as a power of ten. They were set
before the scans that they judge, and after one earlier scan of each estimator; that seeds also
count on held-out data was decided afterwards.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.studies.hirn2026.replicates import PROTOCOL_T, QUIET, RESOLVED
from betascan.studies.judgement import (
    Judgement,
    Kind,
    Verdict,
    difference,
    number,
    trend,
    undecided,
)
from betascan.studies.statements import Statement, write

FACTOR = float(np.log(2))
"""Logarithm of the factor within which values are what the document calls close or stable."""
EQUAL = 0.1
"""Relative distance, or nats, within which two sides of an equation count as equal."""
DECADE = 0.5
"""Decades within which a power of ten is met."""
CLEAN = 0.05
"""Largest share of discordant pairs of latents in a clean ranking."""
SLOPE = 0.05
"""Margin for slopes in log T."""
GAP = 0.01
"""Nats: Jensen gap of posterior variances that are practically constant."""
WHOLE = 0.5
"""Margin for counts."""
PLATEAU, ONSET = 1e-7, 1e-5
"""Published on Figures 2 and 1."""

Judge = Callable[..., Judgement]


def over_scans(split: str) -> Callable[[Judge], Judge]:
    """Return a decorator with which a judge of replicates sees only independent scans.

    Parameters
    ----------
    split : str
        On the training split, seeds of one draw; on others seeds of one draw or draws of the split
        with one seed, whichever gives the wider interval.
    """
    ways = {"seeds": "draw", "draws": "seed"}

    def decorate(judge: Judge) -> Judge:
        @wraps(judge)
        def judged(replicates: pd.DataFrame, **tables: pd.DataFrame) -> Judgement:
            outcomes = []
            for over, shared in list(ways.items())[: 1 if split == "train" else 2]:
                scans = replicates[replicates[shared] == replicates[shared].iloc[0]]
                outcome = judge(scans, **tables)
                reason = re.sub(r"^n = \d+", rf"\g<0> {over}", outcome.reason)
                outcomes.append(replace(outcome, reason=reason))
            widths = [outcome.high - outcome.low for outcome in outcomes]
            return outcomes[int(np.argmax(np.nan_to_num(widths, nan=np.inf)))]

        return judged

    return decorate


def _values(
    replicates: pd.DataFrame, quantity: str, split: str, ranks: int | None = None
) -> pd.DataFrame:
    """Values by scan (row) and rank."""
    rows = replicates[(replicates["split"] == split) & (replicates["quantity"] == quantity)]
    if ranks is not None:
        rows = rows[rows["rank"] <= ranks]
    return rows.pivot(index=["draw", "seed"], columns="rank", values="value")


def _not_learnt(replicates: pd.DataFrame) -> bool:
    rows = replicates[replicates["quantity"] == "active_at_lowest"]
    return bool((rows["value"] == 0).any())


def below(
    quantity: str,
    bound: float,
    split: str,
    ranks: int | None = None,
    centre: float = 0,
    missing_is_off: bool = False,
) -> Judge:
    """Return a judge of whether a quantity, at every rank, is closer to a value than a bound.

    Parameters
    ----------
    quantity : str
        Name of the quantity in the table of replicates.
    bound : float
        Largest absolute distance.
    split : str
        Split of the data.
    ranks : int, optional
        Highest rank at which the quantity is judged; without it, the quantity has no rank.
    centre : float
        The value.
    missing_is_off : bool
        If true, a value that a scan does not have at a rank is off, as the logarithm of no
        utility is, and refutes if no scan has every rank; if false, it could be anything. In
        either case the other ranks can still refute, but no longer confirm.
    """

    @over_scans(split)
    def judge(replicates: pd.DataFrame) -> Judgement:
        distances = _values(replicates, quantity, split, ranks) - centre
        worst = distances.abs().max(axis=1)
        where = f" at every rank up to {ranks}" if ranks else ""
        criterion = f"below {bound:.3g}{where}"
        if _not_learnt(replicates):
            return undecided(Kind.DIFFERENCE, criterion, "no learning")
        outcome = difference(bound - worst, 0)
        if ranks:
            off = distances.mean().abs() >= bound
            named = ", ".join(str(rank) for rank in distances.columns[off])
            outcome = replace(outcome, reason=f"{outcome.reason}; off: rank {named or 'none'}")
        missing = distances.isna()
        if missing.any(axis=None):
            named = ", ".join(str(rank) for rank in distances.columns[missing.any()])
            outcome = replace(outcome, reason=f"{outcome.reason}; not in every scan: rank {named}")
            if missing_is_off and len(worst) > 1 and missing.any(axis=1).all():
                outcome = replace(outcome, verdict=Verdict.NOT_REPRODUCED)
            elif outcome.verdict == Verdict.REPRODUCED:
                outcome = replace(outcome, verdict=Verdict.UNDECIDED)
        return replace(
            outcome,
            estimate=bound - outcome.estimate,
            low=bound - outcome.high,
            high=bound - outcome.low,
            criterion=criterion,
        )

    return judge


def equals(quantity: str, published: float, margin: float, split: str) -> Judge:
    """Return a judge of whether a quantity without a rank equals the published number.

    Parameters
    ----------
    quantity, split
        Quantity and split, as in `below`.
    published, margin : float
        Published number and margin, as in `betascan.studies.judgement.number`.
    """

    @over_scans(split)
    def judge(replicates: pd.DataFrame) -> Judgement:
        values = _values(replicates, quantity, split).to_numpy().ravel()
        outcome = number(values, published, margin)
        if _not_learnt(replicates):
            return undecided(Kind.NUMBER, outcome.criterion, "no learning")
        return outcome

    return judge


def larger(one: str, other: str, split: str, least: float = 0.0) -> Judge:
    """Return a judge of whether a quantity is larger than another one of the same scan.

    Parameters
    ----------
    one, other : str
        Quantities without a rank.
    split
        Split of the data.
    least : float
        Smallest mean difference that would support the statement, as in
        `betascan.studies.judgement.difference`.
    """

    @over_scans(split)
    def judge(replicates: pd.DataFrame) -> Judgement:
        values = (_values(replicates, name, split).to_numpy().ravel() for name in (one, other))
        outcome = difference(np.subtract(*values), least)
        if _not_learnt(replicates):
            return undecided(Kind.DIFFERENCE, outcome.criterion, "no learning")
        return outcome

    return judge


@over_scans("train")
def cascade(replicates: pd.DataFrame) -> Judgement:
    """Judge whether modes collapse in the order of their utilities."""
    thresholds, utilities = (
        _values(replicates, name, "train", 10**6).mean() for name in ("threshold", "utility")
    )
    return trend(utilities, thresholds, rises=True)


@over_scans("test")
def pca_level(replicates: pd.DataFrame) -> Judgement:
    """Judge how far below 1e-12 PCA of rank 18 is."""
    return difference(-12 - _values(replicates, "log10_pca_level", "test").to_numpy(), 0)


@over_scans("test")
def first_inaccurate(replicates: pd.DataFrame) -> Judgement:
    """Judge from which rank on points leave the diagonal of Figure 3 by more than a factor of 2."""
    off = ~(_values(replicates, "log_duality", "test", 10**6).abs() <= FACTOR)
    first = np.where(off.any(axis=1), off.columns[off.to_numpy().argmax(axis=1)], off.shape[1] + 1)
    return number(first, 17, WHOLE)


@over_scans("test")
def in_band(replicates: pd.DataFrame, draws: pd.DataFrame) -> Judgement:
    """Count the ranks of Figure 3 in the band that the law gives over draws of the split."""
    low, high = (draws.groupby("rank")["ratio"].quantile(q) for q in (0.05, 0.95))
    ours = np.exp(_values(replicates, "log_duality", "test", RESOLVED))
    share = ((ours >= low[ours.columns]) & (ours <= high[ours.columns])).mean(axis=1)
    return number(share, 0.9, EQUAL)


def at_equal_temperature(distortion: pd.DataFrame) -> Judgement:
    """Measure how much larger the sampled estimator's distortion is than the analytic one's."""
    low = distortion[(distortion["split"] == "test") & (distortion["T"] <= QUIET)]
    whole = low[low["rank"] == low["rank"].max()]
    levels = whole.pivot(index="T", columns="estimator", values="distortion")
    criterion = f"decades, median and range over T up to {QUIET:g}"
    if not {"sampled", "analytic"} <= set(levels) or not len(levels):
        return undecided(Kind.NUMBER, criterion, "one estimator")
    more = np.log10(levels["sampled"] / levels["analytic"])
    found = (float(more.median()), float(more.min()), float(more.max()))
    return Judgement(Kind.NUMBER, *found, Verdict.BEYOND, criterion, f"{len(more)} points")


def scatter_of_the_law(draws: pd.DataFrame) -> Judgement:
    """Measure the scatter of log(utility / threshold) that the law alone shows on test."""
    resolved = draws[draws["rank"] <= RESOLVED]
    scatter = np.sqrt((np.log(resolved["ratio"]) ** 2).groupby(resolved["seed"]).mean())
    low, middle, high = scatter.quantile([0.05, 0.5, 0.95])
    criterion = "median and 90 % of the draws"
    reason = f"{len(scatter)} draws of the split"
    return Judgement(Kind.NUMBER, middle, low, high, Verdict.BEYOND, criterion, reason)


@over_scans("train")
def beta_one(replicates: pd.DataFrame) -> Judgement:
    """Count the modes that are active at beta = 1: a conversion, which cannot fail."""
    outcome = number(_values(replicates, "active_at_beta_one", "train"), np.nan, WHOLE, exact=True)
    return replace(outcome, verdict=Verdict.BY_CONSTRUCTION, criterion="T = 1/V by Eq. 9")


def cells(numbers: pd.DataFrame) -> Judgement:
    """Judge the number of cells that are valid in all layers."""
    row = numbers.set_index("item").loc["cells"]
    return number(row["ours"], row["published"], WHOLE, exact=True)


def remedies(remedies: pd.DataFrame) -> Judgement:
    """Measure how much closer to the law other trainings bring the weakest modes' thresholds."""
    error = np.log(remedies["threshold"] / remedies["pca_ratio"]).abs()
    table = remedies.assign(error=error).pivot(index="rank", columns="scan", values="error")
    protocol = table.pop(remedies["scan"].iloc[0])
    closer = protocol - table.min(axis=1)
    criterion = "distance of log T_k from the law: the protocol's less the best other scan's"
    reason = f"mean and range over ranks {table.index.min()} to {table.index.max()}"
    found = (float(closer.mean()), float(closer.min()), float(closer.max()))
    return Judgement(Kind.DIFFERENCE, *found, Verdict.BEYOND, criterion, reason)


STATEMENTS = (
    Statement(
        "cells", "808,053 cells are valid in all 19 layers.", "Appendix A", cells,
        about="data", dataset="climate", figure="split_map",
    ),
    Statement(
        "collapsed_distortion", "At T = 1 and above the normalised distortion is 1.",
        "Section II, below Eq. 9", equals("collapsed_distortion", 1, EQUAL / 10, "train"),
        figure="fig2",
    ),
    Statement(
        "cascade", "As T rises, modes collapse one by one, from the least to the most useful.",
        "Abstract; Section V", cascade, figure="fig1",
    ),
    Statement(
        "duality", "Thresholds and utilities coincide, mode by mode.", "Eqs. 19 and 49",
        below("log_duality", EQUAL, "train", RESOLVED, missing_is_off=True),
        about="data", dataset="climate", figure="fig3",
    ),
    Statement(
        "thresholds", "The threshold of a mode is its PCA ratio.", "Eqs. 38 and 45",
        below("log_threshold_ratio", EQUAL, "train", RESOLVED),
        about="data", dataset="climate", figure="by_rank",
    ),
    Statement(
        "utilities", "The utility of a mode is its PCA ratio.", "Eq. 48",
        below("log_utility_ratio", EQUAL, "train", RESOLVED, missing_is_off=True),
        about="data", dataset="climate", figure="by_rank",
    ),
    Statement(
        "close_to_diagonal", "On held-out data the points lie close to the diagonal.",
        "Section IV on Fig. 3",
        below("log_duality", FACTOR, "test", RESOLVED, missing_is_off=True),
        about="data", dataset="climate", figure="fig3",
    ),
    Statement(
        "band", "Nine of ten ranks lie in the law's band over draws of the split.", "ours",
        in_band, about="beyond", dataset="climate", figure="fig3",
    ),
    Statement(
        "scatter", "The law alone scatters about the diagonal over draws of the split.", "ours",
        scatter_of_the_law, about="beyond", dataset="climate", figure="fig3",
    ),
    Statement(
        "utilities_stable", "Utilities remain stable through rank 18.", "Section IV on Fig. 3",
        below("log_utility_ratio", FACTOR, "test", 18, missing_is_off=True),
        about="data", dataset="climate", figure="by_rank",
    ),
    Statement(
        "thresholds_inaccurate", "Thresholds become inaccurate at rank 17.",
        "Section IV on Fig. 3", first_inaccurate, about="data", dataset="climate", figure="fig3",
    ),
    Statement(
        "plateau", "The distortion levels off near 1e-7 after rank 18 (decades).",
        "Section IV on Fig. 2",
        equals("log10_plateau", np.log10(PLATEAU), DECADE, "test"),
        about="data", dataset="climate", figure="fig2",
    ),
    Statement(
        "plateau_over_law", "At its T, the plateau is at the law's distortion (decades above).",
        "ours", equals("log10_plateau_over_law", 0, EQUAL, "test"),
        about="beyond", dataset="climate", figure="fig2",
    ),
    Statement(
        "plateau_estimators",
        "At equal T, the paper's training leads to more distortion than training on the "
        "expectation over z in whitened coordinates.",
        "ours", at_equal_temperature, about="beyond", dataset="climate", figure="fig2",
    ),
    Statement(
        "pca_level", "The distortion of rank-18 PCA is below 1e-12 (decades below).",
        "Section IV on Fig. 2", pca_level,
        about="data", dataset="climate", figure="fig2",
    ),
    Statement(
        "noise", "Mean square and log-variance are visibly noisy below 1e-5 (decades).",
        "Section IV on Fig. 1",
        equals("log10_noise_onset", np.log10(ONSET), DECADE, "test"),
        about="data", dataset="climate", figure="fig1",
    ),
    Statement(
        "saturation", "The signal fraction hides that noise.", "Section IV on Fig. 1",
        larger("noise_of_scale", "noise_of_fraction", "test"),
        about="data", dataset="climate", figure="fig1",
    ),
    Statement(
        "log_variance_slope", "The log-variance is linear in log T with slope 1.", "Eq. 41",
        below("log_variance_slope", SLOPE, "train", RESOLVED, centre=1),
        about="data", dataset="climate", figure="by_rank",
    ),
    Statement(
        "rate_slope", "The rate is linear in log T with slope -1/2.", "Eq. 41",
        below("rate_slope", SLOPE / 2, "train", RESOLVED, centre=-0.5),
        about="data", dataset="climate", figure="by_rank",
    ),
    Statement(
        "posterior_scale", f"The posterior scale is 1 (for T from {QUIET:g}).", "Eq. 40",
        below("scale_drift_quiet", EQUAL, "train"),
        about="data", dataset="climate", figure="fig4",
    ),
    Statement(
        "scale_drift", "At low T the scale drifts away from 1.", "Section III.2",
        larger("scale_drift_lowest", "scale_drift_quiet", "train"),
        about="data", dataset="climate", figure="fig4",
    ),
    Statement(
        "jensen_gap", "Posterior variances are nearly constant over samples (nats).",
        "Sections III and III.3, Appendix C", below("jensen_gap", GAP, "train"),
        about="data", dataset="climate", figure="fig4",
    ),
    Statement(
        "rate_identity", "The rate follows from log-variance and scale (nats).", "Eqs. 11 and 61",
        below("rate_error", 2 * GAP, "test"), figure="fig4",
    ),
    Statement(
        "decoder",
        f"The decoder is the best one for uncorrelated latents (for T from {QUIET:g}).",
        "Eq. 26", below("decoder_error", EQUAL, "train"),
        about="data", dataset="climate", figure="rate_distortion",
    ),
    Statement(
        "eliminated_distortion", "Of a mode's variance, 1 - M^2 remains (sum over modes).",
        "Eqs. 27 and 36",
        below("eliminated_distortion", EQUAL, "train"),
        about="data", dataset="climate", figure="rate_distortion",
    ),
    Statement(
        "linear_distortion",
        "With z sampled, the distortion of an active mode is linear in T (sum over modes).",
        "Eq. 42", below("curve_distortion", EQUAL, "train"),
        about="data", dataset="climate", figure="rate_distortion",
    ),
    Statement(
        "rate_law", "The rate is half the sum of log T_k/T over active modes.", "Eq. 41",
        below("curve_rate", EQUAL, "train"),
        about="data", dataset="climate", figure="rate_distortion",
    ),
    Statement(
        "active",
        "Modes are active if and only if T is below their utility, which is their PCA ratio "
        "according to the law (share of T where their number is off).",
        "Section V", equals("share_off", 0, CLEAN, "train"),
        about="data", dataset="climate", figure="rate_distortion",
    ),
    Statement(
        "level_crossings", "Raw mean squares cross levels; log-variances less.",
        "Section IV on Fig. 1", larger("crossings_mean_mu2", "crossings_mean_log_sigma2", "test"),
        about="data", dataset="climate", figure="ranking",
    ),
    Statement(
        "clean_log_variance", "Log-variances rank latents cleanly.", "Section IV on Fig. 1",
        below("crossings_mean_log_sigma2", CLEAN, "test"),
        about="data", dataset="climate", figure="ranking",
    ),
    Statement(
        "greedy", "A greedy-forward ranking by utility agrees with that by signal fraction.",
        "Section IV, as an alternative", below("crossings_greedy", CLEAN, "test"),
        about="beyond", dataset="climate", figure="ranking",
    ),
    Statement(
        "beta_one",
        "beta = 1 is T = 1/V; the document does not say how many latents are then active.",
        "Section VI", beta_one, figure="rate_distortion",
    ),
    Statement(
        "one_per_cent",
        f"T = {PROTOCOL_T:g} keeps the modes whose utility is above 1 % (difference of counts).",
        "Section VI", equals("kept_but_useless", 0, WHOLE, "train"), figure="rate_distortion",
    ),
    Statement(
        "equilibrium", "Every point is trained to equilibrium (excess over the optimum's loss).",
        "Appendix A", below("largest_excess", CLEAN, "validation"),
        about="data", dataset="climate", figure="convergence",
    ),
    Statement(
        "remedies", "Other trainings bring the weakest modes' thresholds closer to the law.",
        "Section I: schedules move the apparent collapse", remedies,
        about="beyond", dataset="climate", figure="convergence",
    ),
)  # fmt: skip


def statements(statements: Path, scale: str, standins: Sequence[str], **tables: Path) -> None:
    """Judge all statements.

    Parameters
    ----------
    statements : Path
        CSV to write.
    scale : str
        Name of the scale.
    standins : sequence of str
        ``climate``, if it is one.
    **tables : Path
        replicates, draws, numbers, remedies and distortion.
    """
    write(STATEMENTS, tables, statements, scale, standins)
