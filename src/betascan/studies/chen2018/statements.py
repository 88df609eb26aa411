"""What chen2018 states about the total correlation, beta-TCVAE and MIG, and how it is judged.

A seed is one observation: all models with the same seed start from the same weights, and see the
same images in the same order.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.studies import statements as common
from betascan.studies.chen2018.repeats import between_model_std, by_setting, errors
from betascan.studies.chen2018.tables import correlations, of_metric, wide
from betascan.studies.judgement import Judgement, difference, number
from betascan.studies.plateaus import if_learnt
from betascan.studies.statements import Statement

LEAST_MIG = 0.01
"""The last digit to which MIGs are printed."""
LEAST_NATS = 1.0
"""Difference in nats between ELBOs of about a hundred."""
LEAST_CORRELATION = 0.3
"""Conventionally a weak rank correlation; below it, beta and seed decide more than it does."""
LEAST_SPREAD = 0.1
"""Share of the standard deviation between models: too little to change their order."""
LEAST_LOSS = 0.1
"""Share of MIG lost by a rotation that mixes each pair of latents evenly."""
MARGIN_NATS = 1.0
"""Total correlations of models differ by a few nats."""
MARGIN_MIG = 0.1
"""A fifth of the published 0.5; seeds of a published box differ by as much."""
MARGIN_ELBO = 5.0
"""Nats, between implementations and seeds."""
CLASSIFIERS = ("sap", "dci_disentanglement", "factor_vae_score", "beta_vae_score")
TCVAE, VAE, FACTOR = "tcvae_mws", "beta_vae", "factor_vae"
"""The document's estimator is minibatch-weighted sampling."""


def _by_seed(scores: pd.DataFrame, dataset: str, differences: pd.Series, least: float) -> Judgement:
    """Judge differences, unless the models at beta = 1 have not learnt anything."""
    rate = wide(scores, "rate", dataset).xs(1.0, axis=1, level="beta").mean(axis=None)
    return if_learnt(difference(differences, least), rate)


def _mean_above_1(scores: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """MIG of each seed and model, mean over beta > 1."""
    mig = wide(scores, "mig_chen", dataset)
    return mig.drop(columns=1.0, level="beta").T.groupby("model").mean().T


def penalty(scores: pd.DataFrame, dataset: str) -> Judgement:
    """MIG of beta-TCVAE, mean over beta > 1 minus that at beta = 1."""
    at_1 = wide(scores, "mig_chen", dataset)[TCVAE][1.0]
    return _by_seed(scores, dataset, _mean_above_1(scores, dataset)[TCVAE] - at_1, LEAST_MIG)


def above(scores: pd.DataFrame, other: str) -> Judgement:
    """MIG of beta-TCVAE minus another model's at the same weight, mean over beta > 1."""
    gained = _mean_above_1(scores, "dsprites")
    return _by_seed(scores, "dsprites", gained[TCVAE] - gained[other], LEAST_MIG)


def elbo(scores: pd.DataFrame) -> Judgement:
    """ELBO of beta-TCVAE minus the beta-VAE's at the highest beta."""
    values = wide(scores, "elbo", "dsprites")
    highest = max(values.columns.get_level_values("beta"))
    gap = values[TCVAE][highest] - values[VAE][highest]
    return _by_seed(scores, "dsprites", gap, LEAST_NATS)


def correlated(scores: pd.DataFrame, dataset: str) -> Judgement:
    """Minus the rank correlation of total correlation and MIG over beta, of each seed."""
    rho = correlations(scores, dataset)[TCVAE]
    return _by_seed(scores, dataset, -rho, LEAST_CORRELATION)


def weighs(scores: pd.DataFrame, variant: str) -> Judgement:
    """MIG with beta on the total correlation minus that with the same weight elsewhere."""
    mig = wide(scores, "mig_chen", "dsprites")
    (beta,) = mig[variant].columns
    return _by_seed(scores, "dsprites", mig[TCVAE][beta] - mig[variant][beta], LEAST_MIG)


def dependent(scores: pd.DataFrame, joint_scores: pd.DataFrame) -> Judgement:
    """MIG of beta-TCVAE minus the beta-VAE's, mean over dependent joint distributions and beta."""
    gaps = []
    for name in sorted(set(joint_scores["sampling"])):
        mig = wide(joint_scores, "mig_chen", "dsprites", name)
        gaps.append((mig[TCVAE] - mig[VAE]).mean(axis=1))
    return _by_seed(scores, "dsprites", pd.concat(gaps, axis=1).mean(axis=1), LEAST_MIG)


def _minus_mig(by_model: pd.DataFrame, mig: str, average: str) -> pd.Series:
    """Mean or median over classifiers' scores minus one of the MIGs, by seed."""
    by_seed = by_model.groupby("seed").mean()
    others = by_seed.columns.intersection(CLASSIFIERS)
    return by_seed[others].agg(average, axis=1) - by_seed[mig]


def samples(repeated: pd.DataFrame) -> Judgement:
    """Error from few samples: mean over classifiers' scores minus MIG's, in spreads of models."""
    error = errors(repeated)
    error = error[error["samples"] < error["samples"].max()]
    table = error.pivot_table(index=["seed", "model", "beta"], columns="metric", values="error")
    return difference(_minus_mig(table, "mig_chen", "mean"), LEAST_SPREAD)


def settings(repeated: pd.DataFrame) -> Judgement:
    """Range over settings: median over classifiers' scores minus that over bins of the binned MIG.

    In spreads between models; the MIG of the document has no settings. DCI varies so much with the
    kind of its classifier that it would dominate a mean.
    """
    unit, ranges = between_model_std(repeated), {}
    for metric in ("mig", *CLASSIFIERS):
        table = by_setting(repeated, metric)
        ranges[metric] = (table.max(axis=1) - table.min(axis=1)) / unit[metric]
    return difference(_minus_mig(pd.DataFrame(ranges), "mig", "median"), LEAST_SPREAD)


def aligned(rotations: pd.DataFrame, laplace: bool) -> Judgement:
    """Share of MIG lost at 45 degrees, for all models of each seed together."""
    of_prior = (rotations["model"] == "beta_vae_laplace") == laplace
    rows = of_metric(rotations[of_prior], "mig_chen")
    mean = rows.pivot_table(index="seed", columns="degrees", values="value")
    return difference(1 - mean[45] / mean[0], LEAST_LOSS)


def estimated(terms: pd.DataFrame, estimator: str) -> Judgement:
    """Absolute bias of the total correlation, mean over each seed's models."""
    rows = (terms["dataset"] == "dsprites") & (terms["term"] == "total_correlation")
    bias = terms.loc[rows & (terms["estimator"] == estimator)].set_index("seed")["bias"]
    return number(bias.abs().groupby("seed").mean(), 0, MARGIN_NATS)


def best(scores: pd.DataFrame) -> Judgement:
    """MIG of beta-TCVAE at the beta with the highest mean."""
    mig = wide(scores, "mig_chen", "dsprites")[TCVAE]
    return number(mig[mig.mean().idxmax()], 0.5, MARGIN_MIG)


def rerun(scores: pd.DataFrame) -> Judgement:
    """ELBO where the maximised objective is -712, interpolated between values of beta."""
    objective, elbo = (wide(scores, name, "dsprites")[TCVAE] for name in ("objective", "elbo"))
    values = []
    for seed in objective.index:
        x, y = np.sort(objective.loc[seed]), elbo.loc[seed].iloc[np.argsort(objective.loc[seed])]
        values.append(float(np.interp(-712, x, y, left=np.nan, right=np.nan)))
    return number(pd.Series(values), -86.4, MARGIN_ELBO)


RQ1, RQ2, RQ3, RQ4 = (f"research question {number}" for number in range(1, 5))

STATEMENTS = (
    Statement(
        name="penalty",
        says="Penalising the total correlation promotes disentanglement (MIG at beta > 1 minus "
        "beta = 1).",
        place=RQ1,
        judge=partial(penalty, dataset="dsprites"),
        dataset="dsprites",
        figure="mig_beta",
    ),
    Statement(
        name="penalty_shapes3d",
        says="Penalising the total correlation promotes disentanglement, on 3D Shapes in place of "
        "the faces (MIG at beta > 1 minus beta = 1).",
        place=RQ1,
        judge=partial(penalty, dataset="shapes3d"),
        dataset="shapes3d",
        figure="mig_beta",
    ),
    Statement(
        name="above_beta_vae",
        says="beta-TCVAE disentangles better than the beta-VAE at the same beta (difference of "
        "MIG, mean over beta > 1).",
        place=RQ2,
        judge=partial(above, other=VAE),
        dataset="dsprites",
        figure="mig_beta",
    ),
    Statement(
        name="elbo",
        says="beta-TCVAE gives up less of the ELBO than the beta-VAE (difference at the highest "
        "beta, nats).",
        place=RQ2,
        judge=elbo,
        dataset="dsprites",
        figure="elbo_mig",
    ),
    Statement(
        name="above_factor_vae",
        says="beta-TCVAE can outperform FactorVAE at the same weight of the total correlation "
        "(difference of MIG, mean over weights above 1).",
        place="key findings",
        judge=partial(above, other=FACTOR),
        dataset="dsprites",
        figure="mig_beta",
    ),
    Statement(
        name="weight_of_information",
        says="It is the weight of the total correlation that disentangles, alpha = 1: the same "
        "weight on the index-code information does less (difference of MIG).",
        place="proposed method",
        judge=partial(weighs, variant="tcvae_alpha"),
        dataset="dsprites",
        figure="weights",
    ),
    Statement(
        name="weight_of_dimension_wise_kl",
        says="It is the weight of the total correlation that disentangles, gamma = 1: the same "
        "weight on the dimension-wise KL does less (difference of MIG).",
        place="proposed method",
        judge=partial(weighs, variant="tcvae_gamma"),
        dataset="dsprites",
        figure="weights",
    ),
    Statement(
        name="mws",
        says="Minibatch-weighted sampling estimates the total correlation (mean |bias|, nats).",
        place="proposed method",
        judge=partial(estimated, estimator="mws"),
        construction="each density is low by a factor of up to N, the number of images: the bias "
        "is about (D - 1) log N for D latents",
        dataset="dsprites",
        figure="elbo_terms_dsprites",
    ),
    Statement(
        name="mss",
        says="Minibatch-stratified sampling estimates the total correlation (mean |bias|, nats).",
        place="appendix C of the paper",
        judge=partial(estimated, estimator="mss"),
        about="beyond",
        dataset="dsprites",
        figure="elbo_terms_dsprites",
    ),
    Statement(
        name="samples",
        says="MIG is robust: it varies less with the sample than classifier-based scores do (their "
        "error minus MIG's, in spreads between models).",
        place=RQ3,
        judge=samples,
        dataset="dsprites",
        figure="metric_stability",
    ),
    Statement(
        name="settings",
        says="MIG is free of a classifier's settings: it varies less with its bins than "
        "classifier-based scores do with their settings (their median range minus MIG's, in "
        "spreads between models).",
        place=RQ3,
        judge=settings,
        dataset="dsprites",
        figure="metric_stability",
    ),
    Statement(
        name="axis_aligned",
        says="MIG is axis-aligned: it falls as latents are rotated (share lost at 45 degrees).",
        place="key findings",
        judge=partial(aligned, laplace=False),
        dataset="dsprites",
        figure="rotation",
    ),
    Statement(
        name="other_latents",
        says="MIG applies to other latent distributions: it falls likewise with Laplace latents "
        "(share lost at 45 degrees).",
        place="key findings",
        judge=partial(aligned, laplace=True),
        dataset="dsprites",
        figure="rotation",
    ),
    Statement(
        name="correlation",
        says="Under beta-TCVAE total correlation and disentanglement are negatively correlated "
        "(minus the rank correlation with MIG).",
        place=RQ4,
        judge=partial(correlated, dataset="dsprites"),
        dataset="dsprites",
        figure="tc_mig",
    ),
    Statement(
        name="correlation_shapes3d",
        says="Total correlation and disentanglement are negatively correlated on 3D Shapes too "
        "(minus the rank correlation with MIG).",
        place=RQ4,
        judge=partial(correlated, dataset="shapes3d"),
        dataset="shapes3d",
        figure="tc_mig",
    ),
    Statement(
        name="dependent",
        says="beta-TCVAE stays above the beta-VAE where two factors depend on each other "
        "(difference of MIG).",
        place="key findings",
        judge=dependent,
        dataset="dsprites",
        figure="joints",
    ),
    Statement(
        name="best",
        says="beta-TCVAE reaches a MIG of about 0.50.",
        place="results of the paper",
        judge=best,
        about="data",
        dataset="dsprites",
        figure="mig_beta",
    ),
    Statement(
        name="rerun",
        says="An ELBO of -86.4 nats goes with an objective of -712, estimated by MWS.",
        place="a public run of unknown beta",
        judge=rerun,
        about="data",
        dataset="dsprites",
        figure="elbo_mig",
    ),
)


def statements(statements: Path, scale: str, standins: list[str], **tables: Path) -> None:
    """Write what came out of each of `STATEMENTS`.

    Parameters
    ----------
    statements : Path
        Written, see `betascan.studies.statements.write`.
    scale : str
        Name of the scale.
    standins : list of str
        Data sets whose images are not the genuine ones.
    **tables : Path
        scores, joint_scores, terms, repeated, rotations.
    """
    common.write(STATEMENTS, tables, statements, scale, standins)
