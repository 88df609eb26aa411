"""What the slides state, and the tests that decide it.

Trends and patterns are judged on means over the seeds that have learnt; a trend is reproduced only
if the rank correlations of single seeds have its sign on average (decided after the run). For
differences, each seed is one observation. With three seeds, a difference is detected if it is more
than 2.5 times its standard deviation over seeds.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.studies import judgement
from betascan.studies.denardin2025.config import MODELS
from betascan.studies.denardin2025.tables import GUESS, KEYS, of_metric, published_runs
from betascan.studies.judgement import Judgement, Verdict
from betascan.studies.plateaus import if_learnt
from betascan.studies.statements import Statement, write

NAMES = {"dsprites": "dSprites", "mpi3d_real_complex": "MPI3D"}
REACHED = {"dsprites": 0.22, "mpi3d_real_complex": 0.21}
"""MIG of the best FactorVAE (conclusion 2)."""
MIG_MARGIN = 0.05
"""A quarter of `REACHED`."""
FLATTER = 0.1
"""Difference of d log(error)/d log(weight) by which FactorVAE is flatter: a quarter of the
published 0.4."""
CHEAPER = 0.1
"""Difference of log(error), at each model's best MIG: a tenth of the error; published 0.2 to 1."""
LOW, HIGH = 2.0, 16.0
"""The largest weight that counts as low, and the smallest that counts as high."""
LOW_IS_BETTER = 0.03
"""Difference of MIG; published 0.10 for the beta-VAE, 0.06 for FactorVAE."""
RICHER = 0.05
"""Difference of MIG at low weights, MPI3D against dSprites; published 0.11."""


def _panel(runs: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """Return `value` of the runs of one data set and model; NaN for runs on a plateau."""
    joined = runs.merge(ends[[*KEYS, "plateau"]].drop_duplicates(KEYS), on=KEYS)
    joined["value"] = joined["value"].mask(joined["plateau"])
    return joined.pivot(index="seed", columns="weight", values="value").astype(float)


def _ended(ends: pd.DataFrame, dataset: str, model: str, column: str) -> pd.DataFrame:
    chosen = (ends["dataset"] == dataset) & (ends["model"] == model) & (ends["column"] == column)
    return _panel(ends.loc[chosen, [*KEYS, "value"]], ends)


def _mig(scores: pd.DataFrame, ends: pd.DataFrame, dataset: str, model: str) -> pd.DataFrame:
    """Return MIG in the convention of the slides."""
    chosen = of_metric(scores, dataset, "mig", "denardin2025")
    return _panel(chosen[chosen["model"] == model], ends)


def _term(
    terms: pd.DataFrame, ends: pd.DataFrame, dataset: str, model: str, metric: str
) -> pd.DataFrame:
    chosen = (terms["dataset"] == dataset) & (terms["model"] == model) & (terms["metric"] == metric)
    return _panel(terms.loc[chosen, [*KEYS, "value"]], ends)


def _if_learnt(outcome: Judgement, ends: pd.DataFrame, *datasets: str) -> Judgement:
    """Leave the verdict open if the VAE (the lowest weight) carries too little information."""
    rates = ends[(ends["column"] == "KL") & (ends["weight"] == ends["weight"].min())]
    mean = rates.groupby("dataset")["value"].mean().reindex(datasets)
    return if_learnt(outcome, *mean)


def _trend(panel: pd.DataFrame, *, rises: bool) -> Judgement:
    """Judge the trend of means over seeds, but leave it open if single seeds may have none."""
    mean = panel.mean()
    outcome = judgement.trend(mean.index, mean, rises=rises)
    if len(panel) > 1:
        more = "; of seeds, " + ("above" if rises else "below") + " 0 on average"
        outcome = replace(outcome, criterion=outcome.criterion + more)
    if mean.empty:
        return replace(outcome, reason="not measured")
    weights = pd.Series(panel.columns, index=panel.columns, dtype=float)
    seeds = panel.T.corrwith(weights, method="spearman")
    agreed = judgement.difference(seeds if rises else -seeds, 0)
    if len(seeds) < 2 or outcome.verdict != Verdict.REPRODUCED or agreed.verdict == outcome.verdict:
        return outcome
    each = ", ".join(f"{seed:.2f}" for seed in seeds)
    return judgement.left_open(outcome, f"{outcome.reason}; by seed {each}")


def error_rises(ends: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether the reconstruction error rises with beta."""
    outcome = _trend(_ended(ends, dataset, "beta_vae", "Rec Error"), rises=True)
    return _if_learnt(outcome, ends, dataset)


def information_falls(ends: pd.DataFrame, terms: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether I(x;z) falls as beta rises."""
    outcome = _trend(_term(terms, ends, dataset, "beta_vae", "information"), rises=False)
    return _if_learnt(outcome, ends, dataset)


def mig_rises(ends: pd.DataFrame, scores: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether MIG rises with beta."""
    outcome = _trend(_mig(scores, ends, dataset, "beta_vae"), rises=True)
    return _if_learnt(outcome, ends, dataset)


def _slopes(errors: pd.DataFrame) -> pd.Series:
    """Return d log(error)/d log(weight) of each seed, over the models that have learnt."""
    x, y = np.log(errors.columns.to_numpy(float)), np.log(errors)
    slopes = {}
    for seed, row in y.iterrows():
        known = row.notna().to_numpy()
        slopes[seed] = np.polyfit(x[known], row[known], 1)[0] if known.sum() > 1 else np.nan
    return pd.Series(slopes)


def stable(ends: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge how much less FactorVAE's error grows with its weight than the beta-VAE's."""
    beta, factor = (_slopes(_ended(ends, dataset, model, "Rec Error")) for model in MODELS)
    return _if_learnt(judgement.difference(beta - factor, FLATTER), ends, dataset)


def balance(ends: pd.DataFrame, scores: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge how much smaller FactorVAE's error is, with each model at its best MIG."""
    best = []
    for model in MODELS:
        error = np.log(_ended(ends, dataset, model, "Rec Error"))
        mig = _mig(scores, ends, dataset, model).reindex_like(error)
        best.append(error.where(mig.eq(mig.max(axis=1), axis=0)).mean(axis=1))
    beta, factor = best
    return _if_learnt(judgement.difference(beta - factor, CHEAPER), ends, dataset)


def mig_reached(ends: pd.DataFrame, scores: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge FactorVAE's best MIG."""
    best = _mig(scores, ends, dataset, "factor_vae").max(axis=1)
    outcome = judgement.number(best, REACHED[dataset], MIG_MARGIN)
    return _if_learnt(outcome, ends, dataset)


def correlation_falls(ends: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether TC, as estimated by the discriminator, falls as gamma rises."""
    outcome = _trend(_ended(ends, dataset, "factor_vae", "TC"), rises=False)
    return _if_learnt(outcome, ends, dataset)


def confusion_grows(ends: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether |D(z_real) - 1/2| falls as gamma rises."""
    certain = (_ended(ends, dataset, "factor_vae", "D(z_real)") - GUESS).abs()
    return _if_learnt(_trend(certain, rises=False), ends, dataset)


def independence_grows(ends: pd.DataFrame, terms: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge whether the total correlation of the mixture of posteriors falls as gamma rises."""
    outcome = _trend(_term(terms, ends, dataset, "factor_vae", "total_correlation"), rises=False)
    return _if_learnt(outcome, ends, dataset)


def low_is_best(ends: pd.DataFrame, scores: pd.DataFrame, *, dataset: str, model: str) -> Judgement:
    """Judge MIG at low weights against high ones."""
    mig = _mig(scores, ends, dataset, model)
    low, high = mig.loc[:, mig.columns <= LOW], mig.loc[:, mig.columns >= HIGH]
    difference = low.mean(axis=1) - high.mean(axis=1)
    return _if_learnt(judgement.difference(difference, LOW_IS_BETTER), ends, dataset)


def richer_data(ends: pd.DataFrame, scores: pd.DataFrame) -> Judgement:
    """Judge MIG at low weights on MPI3D against dSprites, mean of both models."""
    mean = {}
    for dataset in NAMES:
        both = [_mig(scores, ends, dataset, model) for model in MODELS]
        mean[dataset] = pd.concat([mig.loc[:, mig.columns <= LOW] for mig in both], axis=1).mean(
            axis=1
        )
    difference = mean["mpi3d_real_complex"] - mean["dsprites"]
    return _if_learnt(judgement.difference(difference, RICHER), ends, *NAMES)


def _of_all(panels: Sequence[pd.DataFrame], dataset: str, column: str) -> Judgement:
    """Judge the pattern over the 14 models of a data set."""
    author = published_runs().loc[dataset][column]
    ours = pd.concat([panel.mean() for panel in panels], keys=MODELS)
    return judgement.pattern(ours, author.reindex(ours.index))


def pattern_of_ends(ends: pd.DataFrame, *, dataset: str, column: str) -> Judgement:
    """Judge errors or KLs of all models against the author's log."""
    logged = {"Rec Error": "val_recon_last", "KL": "val_kl_last"}[column]
    panels = [_ended(ends, dataset, model, column) for model in MODELS]
    return _if_learnt(_of_all(panels, dataset, logged), ends, dataset)


def pattern_of_mig(ends: pd.DataFrame, scores: pd.DataFrame, *, dataset: str) -> Judgement:
    """Judge MIGs of all models against the published ones."""
    panels = [_mig(scores, ends, dataset, model) for model in MODELS]
    return _if_learnt(_of_all(panels, dataset, "test_mig_file"), ends, dataset)


def _of(dataset: str) -> list[Statement]:
    """Return the statements about one data set."""
    name, on = NAMES[dataset], partial(Statement, dataset=dataset)
    numbers = {"dsprites": "Tables 01, 02", "mpi3d_real_complex": "Tables 03, 04"}[dataset]
    curves, scores = f"curves_{dataset}_beta_vae", f"scores_{dataset}"
    falls = "its own MIGs on MPI3D fall with beta, from 0.16 at 2 to 0.01 at 64 (conclusion 3)"
    return [
        on(
            f"error_rises_{dataset}",
            f"The beta-VAE's reconstruction error on {name} rises with beta.",
            "conclusion 1",
            partial(error_rises, dataset=dataset),
            figure=curves,
        ),
        on(
            f"mig_rises_{dataset}",
            f"The beta-VAE's disentanglement (MIG) on {name} improves with beta.",
            "conclusion 1",
            partial(mig_rises, dataset=dataset),
            figure=scores,
            contradiction=falls if dataset == "mpi3d_real_complex" else "",
        ),
        on(
            f"information_falls_{dataset}",
            f"beta penalises I(x;z) on {name}.",
            "beta-VAEs",
            partial(information_falls, dataset=dataset),
            figure=f"rate_terms_{dataset}",
        ),
        on(
            f"stable_{dataset}",
            f"FactorVAE's reconstruction on {name} is stable: its error grows less with gamma than "
            "the beta-VAE's with beta.",
            "conclusion 2",
            partial(stable, dataset=dataset),
            figure=f"curves_{dataset}_factor_vae",
        ),
        on(
            f"balance_{dataset}",
            f"FactorVAE has the better balance on {name}: a smaller error at its best MIG than the "
            "beta-VAE at its own.",
            "conclusion 2",
            partial(balance, dataset=dataset),
            figure=scores,
        ),
        on(
            f"mig_reached_{dataset}",
            f"FactorVAE's MIG on {name} reaches {REACHED[dataset]}, in the slides' convention.",
            "conclusion 2",
            partial(mig_reached, dataset=dataset),
            about="data",
            figure=scores,
        ),
        on(
            f"correlation_falls_{dataset}",
            f"FactorVAE's total correlation on {name}, as estimated by its discriminator, falls "
            "with gamma.",
            numbers,
            partial(correlation_falls, dataset=dataset),
            figure=f"discriminator_{dataset}",
        ),
        on(
            f"confusion_grows_{dataset}",
            f"The discriminator's confusion on {name} increases with gamma: D(z_real) moves "
            "closer to 1/2.",
            "conclusion 2",
            partial(confusion_grows, dataset=dataset),
            figure=f"discriminator_{dataset}",
        ),
        on(
            f"independence_grows_{dataset}",
            f"Latents on {name} are less dependent at higher gamma (total correlation of their "
            "aggregate posterior).",
            "conclusion 2",
            partial(independence_grows, dataset=dataset),
            figure=f"rate_terms_{dataset}",
        ),
        on(
            f"errors_{dataset}",
            f"Reconstruction errors of the 14 models of {name}.",
            numbers,
            partial(pattern_of_ends, dataset=dataset, column="Rec Error"),
            figure=curves,
        ),
        on(
            f"rates_{dataset}",
            f"KLs of the 14 models of {name}.",
            numbers,
            partial(pattern_of_ends, dataset=dataset, column="KL"),
            figure=f"rate_terms_{dataset}",
        ),
        on(
            f"migs_{dataset}",
            f"Test MIGs of the 14 models of {name}.",
            "figures of reconstructions",
            partial(pattern_of_mig, dataset=dataset),
            figure=scores,
        ),
    ]


STATEMENTS = (
    *_of("dsprites"),
    *_of("mpi3d_real_complex"),
    *(
        Statement(
            f"low_is_best_{model}",
            f"On MPI3D the {name} has its best MIG at low {weight}: at most 2 against at least 16.",
            "conclusion 3",
            partial(low_is_best, dataset="mpi3d_real_complex", model=model),
            dataset="mpi3d_real_complex",
            figure="scores_mpi3d_real_complex",
        )
        for model, name, weight in (
            ("beta_vae", "beta-VAE", "beta"),
            ("factor_vae", "FactorVAE", "gamma"),
        )
    ),
    Statement(
        "richer_data",
        "Richer data support better separation under weak regularisation: MIG on MPI3D above "
        "dSprites at weights of at most 2.",
        "conclusion 3",
        richer_data,
        dataset="mpi3d_real_complex",
        figure="scores_mpi3d_real_complex",
    ),
)


def statements(statements: Path, scale: str, standins: list[str], **tables: Path) -> None:
    """Judge `STATEMENTS` by the study's tables: ends, scores, terms.

    Parameters
    ----------
    statements : Path
        Written, in `betascan.studies.statements.COLUMNS`.
    scale : str
        Name of the scale.
    standins : list of str
        Data sets whose images are not the genuine ones.
    **tables : Path
        Tables by the names under which statements ask for them.
    """
    write(STATEMENTS, tables, statements, scale, standins)
