"""What vu2026 states, and the tests that decide it.

Seeds are the units of differences: the cells of one seed share their starts. With five of them, a
difference is detected if it exceeds 1.3 times its standard deviation over seeds. Scores are judged
over all beta above 1, not only at the largest.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import read_csv
from betascan.studies import judgement
from betascan.studies.judgement import Judgement, Verdict
from betascan.studies.plateaus import if_learnt
from betascan.studies.statements import Statement, write
from betascan.studies.vu2026.image_config import DOCUMENT, document_name
from betascan.studies.vu2026.image_tables import published
from betascan.studies.vu2026.linear_tables import ROUNDING, slopes
from betascan.studies.vu2026.linear_tables import published as linear_published

SLIGHT = 0.05
"""Share of a score: a smaller loss is not a collapse, a smaller gain not a broader range;
published 0.06 to 0.6."""
RELATED = 0.3
"""Rank correlation with I_m within a seed that would explain anything; published 0.5 to 1."""
LIKE = 0.5
"""Rank correlation of a seed's panel with the published one, as in `judgement.pattern`."""
HELD = 0.1
"""Nats of I_m that lambda should at least preserve in the linear study; published 0.7 to 1.2."""
CONTRACTED = 0.1
"""Largest fraction of a gain that may remain after all sweeps."""
STEEP = 0.01
"""Largest relative distance of a slope from the law's."""
LIKELIHOOD = 0.01
"""Nats: margin of a likelihood, which the optimum fixes; AdamW's distance from it is smaller."""
ALIKE = 0.05
"""Share of the published mean score of a panel. Means over `STARTS` have errors of 2.4 % (SAP) and
1.4 % (I_m)."""
STARTS = 50
"""Number of starts of the published means."""

# The linear study: a start is one observation, which the cells of all sizes and methods share.


def _coded(linear: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the cells of a metric at beta > 1: those that have an optimum."""
    return linear[(linear["metric"] == metric) & (linear["beta"] > 1)]


def linear_collapse(linear: pd.DataFrame) -> Judgement:
    """Judge the largest I_m without lambda at beta > 1, over all panels."""
    cells = _coded(linear, "Im")
    return judgement.number(
        [cells.loc[cells["lambda"] == 0, "mean"].max()], 0, ROUNDING, exact=True
    )


def linear_contraction(contraction: pd.DataFrame) -> Judgement:
    """Judge the largest remaining fraction of a mode's gain without lambda at beta > 1."""
    free = contraction[(contraction["lambda"] == 0) & (contraction["beta"] > 1)]
    gains = free.groupby(["mode", "beta"])["gain"]
    return judgement.number([(gains.last() / gains.first()).max()], 0, CONTRACTED, exact=True)


def linear_information(contraction: pd.DataFrame) -> Judgement:
    """Judge I(z; v) after the last sweep without lambda, largest over beta > 1."""
    last = contraction[contraction["sweep"] == contraction["sweep"].max()]
    left = last.loc[(last["lambda"] == 0) & (last["beta"] > 1), "information"]
    return judgement.number([left.max()], 0, ROUNDING, exact=True)


def linear_restored(runs: pd.DataFrame) -> Judgement:
    """Judge what lambda adds to I_m in the cell of beta > 1 where it adds least, start by start."""
    coded = runs[runs["beta"] > 1]
    cells = coded.pivot(index="start", columns=["lambda", "n", "method", "beta"], values="Im")
    held = [cells[lam] - cells[0] for lam in cells.columns.unique("lambda") if lam > 0]
    gains = pd.concat(held, axis=1)
    return judgement.difference(gains.iloc[:, int(np.argmin(gains.mean()))], HELD)


def linear_cells(runs: pd.DataFrame, *, metric: str) -> Judgement:
    """Judge ours minus published, averaged over cells with lambda and beta > 1, start by start."""
    cells = linear_published().query(f"metric == '{metric}' and `lambda` > 0 and beta > 1")
    both = runs.merge(cells, on=["n", "method", "lambda", "beta"])
    distance = (both[metric] - both["published"]).groupby(both["start"]).mean()
    margin = LIKELIHOOD if metric == "recon" else ALIKE * cells["published"].mean()
    return judgement.number(distance, 0, margin, published_n=STARTS)


def linear_rate(contraction: pd.DataFrame) -> Judgement:
    """Judge the slope of the log gain divided by log(beta_c/beta), for each collapsing mode."""
    fitted = slopes(contraction)
    ratio = (fitted["slope"] / fitted["law"]).groupby(fitted["mode"]).mean()
    return judgement.number(ratio, 1, STEEP)


def linear_optimum(linear: pd.DataFrame) -> Judgement:
    """Judge the largest distance of the alternating updates' likelihoods from the closed form."""
    cells = linear[linear["method"] == "fixed_point"].dropna(subset=["closed_form"])
    return judgement.number(
        [(cells["mean"] - cells["closed_form"]).abs().max()], 0, ROUNDING, exact=True
    )


LINEAR = (
    Statement(
        "linear_contraction",
        "For beta > 1 without lambda, the encoder's gain contracts, mode by mode "
        "(largest remaining fraction of a gain).",
        "abstract",
        linear_contraction,
        figure="contraction",
    ),
    Statement(
        "linear_information",
        "For beta > 1 without lambda, the alternating updates drive I(z; v) to zero (nats).",
        "abstract",
        linear_information,
        figure="contraction",
    ),
    Statement(
        "linear_collapse",
        "For beta > 1 without lambda, no I_m remains, with either method at either size (nats).",
        "results of the linear study",
        linear_collapse,
        about="data",
        figure="linear_boxes_n50",
    ),
    Statement(
        "linear_restored",
        "lambda > 0 preserves latent-factor information over the whole range of beta: gain in I_m "
        "of the cell where it is smallest (nats).",
        "abstract",
        linear_restored,
        figure="linear_boxes_n50",
    ),
    *(
        Statement(
            f"linear_{name}",
            f"{says} of the 64 cells with lambda > 0 and beta > 1: ours minus published.",
            "results of the linear study",
            partial(linear_cells, metric=metric),
            about="data",
            figure="linear_heatmaps_n50_fixed_point",
        )
        for name, metric, says in (
            ("likelihoods", "recon", "Negative log-likelihoods (nats)"),
            ("sap", "SAP", "SAP"),
            ("im", "Im", "I_m (nats)"),
        )
    ),
    Statement(
        "linear_rate",
        "The gain falls by the factor beta_c/beta per sweep, with beta_c = 1 + 2 lambda v: slope "
        "divided by the law's.",
        "our derivation",
        linear_rate,
        about="beyond",
        figure="contraction",
    ),
    Statement(
        "linear_optimum",
        "Likelihoods at beta > 1 are those of a closed form: largest distance (nats).",
        "our derivation",
        linear_optimum,
        about="beyond",
        figure="linear_heatmaps_n50_fixed_point",
    ),
)


# The study of images.


def _panel(models: pd.DataFrame, dataset: str, metric: str) -> pd.DataFrame:
    """Return a value of each model, seeds x (lambda, beta), without models on a plateau.

    All are NaN if the run left the data set out.
    """
    name = document_name(dataset)
    if name not in set(models["dataset"]):
        models = models[models["dataset"] == models["dataset"].iloc[0]]
        models = models.assign(dataset=name, value=np.nan)
    chosen = models[(models["dataset"] == name) & (models["metric"] == metric)]
    values = chosen.assign(value=chosen["value"].mask(chosen["plateau"]))
    return values.pivot(index="seed", columns=["lambda", "beta"], values="value")


def _if_learnt(outcome: Judgement, spectrum: pd.DataFrame, dataset: str) -> Judgement:
    """Leave the verdict open if the models without pressure carry too little information."""
    rate = _panel(spectrum, dataset, "rate")
    if rate.isna().all(axis=None):
        return judgement.left_open(outcome, "not measured")
    return if_learnt(outcome, rate[0].iloc[:, 0].mean())


def _if_collapsed(
    outcome: Judgement, images: pd.DataFrame, spectrum: pd.DataFrame, dataset: str
) -> Judgement:
    """Leave the verdict open if I_m does not collapse: trainings may be too short for it."""
    outcome = _if_learnt(outcome, spectrum, dataset)
    collapse = information_collapses(images, spectrum, dataset=dataset)
    if outcome.verdict == Verdict.UNDECIDED or collapse.verdict == Verdict.REPRODUCED:
        return outcome
    return judgement.left_open(outcome, f"no collapse of I_m is seen; {outcome.reason}")


def _peak(free: pd.DataFrame) -> pd.Series:
    """Return each seed's score at the intermediate beta that is best for the other seeds.

    At its own best beta a seed's score would be too high by chance.
    """
    inner = free.iloc[:, 1:-1]
    peaks = {}
    for seed, scores in inner.iterrows():
        others = inner.drop(index=seed).mean()
        peaks[seed] = scores[others.idxmax()] if others.notna().any() else np.nan
    return pd.Series(peaks, dtype=float)


def peaks(images: pd.DataFrame, spectrum: pd.DataFrame, *, dataset: str, metric: str) -> Judgement:
    """Judge how far the peak lies above the smallest and the largest beta, relative to it.

    Scores without a peak refute it only where I_m collapses.
    """
    free = _panel(images, dataset, metric)[0]
    peak = _peak(free)
    ends = free.iloc[:, [0, -1]].max(axis=1, skipna=False)
    outcome = judgement.difference((peak - ends) / peak.mean(), SLIGHT)
    if outcome.verdict == Verdict.REPRODUCED:
        return _if_learnt(outcome, spectrum, dataset)
    return _if_collapsed(outcome, images, spectrum, dataset)


def information_collapses(
    images: pd.DataFrame, spectrum: pd.DataFrame, *, dataset: str
) -> Judgement:
    """Judge how much I_m falls from its peak to the largest beta, relative to it."""
    free = _panel(images, dataset, "Im")[0]
    peak = _peak(free)
    outcome = judgement.difference((peak - free.iloc[:, -1]) / peak.mean(), SLIGHT)
    return _if_learnt(outcome, spectrum, dataset)


def falls(spectrum: pd.DataFrame, *, dataset: str, metric: str) -> Judgement:
    """Judge a term of the rate against beta without lambda, averaged over seeds."""
    panel = _panel(spectrum, dataset, metric)
    mean = panel[0].mean() if panel.size else pd.Series(dtype=float)
    outcome = judgement.trend(mean.index, mean, rises=False)
    if mean.empty:
        return replace(outcome, reason="not measured")
    return _if_learnt(outcome, spectrum, dataset)


def explains(images: pd.DataFrame, spectrum: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge the rank correlation of MIG and SAP with I_m over the cells of each seed."""
    im = _panel(images, dataset, "Im")
    correlations = [
        im.corrwith(_panel(images, dataset, metric), axis=1, method="spearman")
        for metric in ("MIG", "SAP")
    ]
    mean = pd.concat(correlations, axis=1).mean(axis=1)
    outcome = judgement.difference(mean, RELATED)
    return _if_collapsed(outcome, images, spectrum, dataset)


def ranges(images: pd.DataFrame, spectrum: pd.DataFrame, *, dataset: str, metric: str) -> Judgement:
    """Judge the relative gain of a score from lambda, averaged over beta > 1 and lambda > 0."""
    panel = _panel(images, dataset, metric)
    free = panel[0].loc[:, panel[0].columns > 1]
    held = [panel[lam].reindex(columns=free.columns) for lam in panel.columns.unique(0) if lam > 0]
    gains = pd.concat([with_lambda - free for with_lambda in held], axis=1).mean(axis=1)
    outcome = judgement.difference(gains / free.mean(axis=None), SLIGHT)
    outcome = _if_collapsed(outcome, images, spectrum, dataset)
    gain = published_gain(dataset, metric)
    return replace(outcome, reason=f"{outcome.reason}; published {gain:+.1%}")


def published_gain(dataset: str, metric: str) -> float:
    """Return what `ranges` judges, for the published panel."""
    panel = published()
    chosen = panel[(panel["dataset"] == document_name(dataset)) & (panel["metric"] == metric)]
    percent = chosen[chosen["beta"] > 1].groupby("lambda")["published_percent"].mean()
    with_lambda = percent.drop(index=0).mean()
    return float((with_lambda - percent[0]) / (100 + percent[0]))


def pattern(
    images: pd.DataFrame, spectrum: pd.DataFrame, *, dataset: str, metric: str
) -> Judgement:
    """Judge the order of a seed's cells against the published panel.

    Cells of one beta and seed continue the same model, so betas are permuted as wholes.
    """
    panel = _panel(images, dataset, metric)
    author = published()
    chosen = (author["dataset"] == document_name(dataset)) & (author["metric"] == metric)
    author = author[chosen].pivot(index="lambda", columns="beta", values="published_percent")
    lambdas, betas = (panel.columns.unique(level) for level in ("lambda", "beta"))
    ours = [panel[lam].reindex(columns=betas).to_numpy() for lam in lambdas]
    outcome = judgement.pattern_of_columns(
        np.stack(ours, axis=1), author.reindex(index=lambdas, columns=betas), LIKE
    )
    return _if_learnt(outcome, spectrum, dataset)


SYMBOLS = {"NLL": "NLL", "MIG": "MIG", "SAP": "SAP", "Im": "I_m"}


def _of(dataset: str) -> list[Statement]:
    """Return what is stated of each data set of images."""
    name = DOCUMENT[dataset]
    none = {
        "shapes3d": "its own cells of Shapes3D show no collapse up to beta = 32, where MIG, SAP "
        "and I_m are 894, 478 and 415 % above those at beta = 1",
    }.get(dataset, "")

    def on(key: str, says: str, place: str, judge: Callable[..., Judgement], figure: str,
           contradiction: str = "") -> Statement:  # fmt: skip
        return Statement(
            f"{key}_{dataset}", says, place, partial(judge, dataset=dataset), dataset=dataset,
            figure=figure, contradiction=contradiction,
        )  # fmt: skip

    return [
        *(
            on(
                f"{metric.lower()}_peaks",
                f"{metric} on {name} peaks at an intermediate beta and is lower at 1 and at 32 "
                "(share of the peak).",
                "abstract",
                partial(peaks, metric=metric),
                "image_boxes",
                none,
            )
            for metric in ("MIG", "SAP")
        ),
        on(
            "independence",
            f"KL pressure promotes marginal independence on {name}: total correlation falls with "
            "beta.",
            "abstract",
            partial(falls, metric="total_correlation"),
            "image_mechanism",
        ),
        on(
            "information_falls",
            f"KL pressure removes the latent channel's information on {name}: I(x;z) falls with "
            "beta.",
            "abstract",
            partial(falls, metric="information"),
            "image_mechanism",
        ),
        on(
            "information_collapses",
            f"KL pressure removes the information about factors on {name}: I_m falls from its "
            "peak to beta = 32 (share of the peak).",
            "abstract",
            information_collapses,
            "image_mechanism",
            none,
        ),
        on(
            "explains",
            f"Collapse of information explains failing disentanglement on {name}: MIG and SAP "
            "rank like I_m as beta and lambda vary.",
            "title, abstract",
            explains,
            "image_relation",
        ),
        *(
            on(
                f"{metric.lower()}_range",
                f"lambda > 0 {verb} {SYMBOLS[metric]} on {name} over a broader range of beta: gain "
                "over all beta > 1 (share of the score without lambda).",
                "abstract",
                partial(ranges, metric=metric),
                "image_mechanism",
            )
            for metric, verb in (("MIG", "stabilises"), ("SAP", "stabilises"), ("Im", "restores"))
        ),
        *(
            on(
                f"{metric.lower()}_pattern",
                f"Changes of {SYMBOLS[metric]} on {name} with beta and lambda.",
                "panels of changes in %, not in the abstract",
                partial(pattern, metric=metric),
                f"image_percent_{dataset}",
            )
            for metric in SYMBOLS
        ),
    ]


IMAGES = tuple(statement for dataset in DOCUMENT for statement in _of(dataset))
STATEMENTS = (*LINEAR, *IMAGES)


def linear_statements(statements: Path, scale: str, standins: list[str], **tables: Path) -> None:
    """Judge `LINEAR` by runs, linear and contraction; arguments as in `image_statements`."""
    write(LINEAR, tables, statements, scale, standins)


def image_statements(statements: Path, scale: str, standins: list[str], **tables: Path) -> None:
    """Judge `IMAGES` by the tables images and spectrum.

    Of data sets that the run left out, only what the document itself contradicts is listed.

    Parameters
    ----------
    statements : Path
        CSV to write, with the columns `betascan.studies.statements.COLUMNS`.
    scale : str
        Name of the scale.
    standins : list of str
        Data sets whose images are not the genuine ones.
    **tables : Path
        By the names under which statements ask for them.
    """
    measured = set(read_csv(tables["images"])["dataset"])
    listed = [s for s in IMAGES if document_name(s.dataset) in measured or s.contradiction]
    write(listed, tables, statements, scale, standins)
