"""How statements of allen2024 are judged on models of images.

A seed is one observation: models with the same seed start from the same weights, as far as they
have the same ones, and see the same images in the same order. In comparisons over kinds of models,
an observation is a kind's mean over seeds.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import scipy

from betascan.studies.allen2024.linear_statements import (
    MARGIN_SLOPE,
    slopes,
)
from betascan.studies.allen2024.tables import DATASETS
from betascan.studies.judgement import Judgement, difference, left_open, number, trend
from betascan.studies.plateaus import if_learnt

LEAST_MASS = 0.05
"""Difference of off-diagonal masses, or of distances to the axes, which lie between 0 and 1."""
LEAST_MIG = 0.01
"""The last digit to which MIGs are printed."""
LEAST_MIG_PER_MASS = LEAST_MIG
"""The last digit of MIG, over the full range of the off-diagonal mass."""
LEAST_ERROR = float(np.log(1.05))
"""Difference of logarithms of squared errors: 5 %."""
LEAST_COST = 0.05
"""Share of the operations of a step: 5 % more."""
MARGIN_IDENTITY = 0.1
"""Relative: an encoder that is within 10 % of its optimum."""
MARGIN_RANDOM = 0.1
"""Share of the off-diagonal mass of a random matrix."""
MARGIN_DEPENDENCE = 0.01
"""Two Gaussians with correlation 0.1, small by Cohen's convention, have 0.008."""
MARGIN_PAIRS = 0.05
"""Difference of logarithms of squared errors: 5 %."""


def _values(table: pd.DataFrame, dataset: str, cell: str, column: str) -> pd.Series:
    """Return a column of one kind of models, by seed."""
    chosen = (table["dataset"] == DATASETS[dataset]) & (table["cell"] == cell)
    return table[chosen].set_index("seed")[column]


def _of_learnt(judged: Judgement, rates: Sequence[float] | pd.Series) -> Judgement:
    """Leave it open if none of the models compared carries information."""
    return if_learnt(judged, np.max(rates))


def contrast(
    table: pd.DataFrame, dataset: str, more: str, less: str, column: str, least: float
) -> Judgement:
    """Judge a column of one kind of models minus that of another, by seed."""
    of = partial(_values, table, dataset)
    judged = difference(of(more, column) - of(less, column), least)
    return _of_learnt(judged, [of(cell, "rate").mean() for cell in (more, less)])


def equals(table: pd.DataFrame, values: pd.Series, published: float, margin: float) -> Judgement:
    """Judge a number measured with several seeds; rates are in `table`."""
    return _of_learnt(number(values, published, margin), table["rate"])


def _heaviest(table: pd.DataFrame) -> str:
    return f"penalty_{table['penalty'].max():g}"


def _of_mig(
    judged: Judgement, migs: Sequence[float] | pd.Series, collapsed: pd.DataFrame, dataset: str
) -> Judgement:
    """Leave it open if means of MIG do not exceed that of models without active latents.

    At least one of two must do so, or at least half of more than two.
    """
    floor = collapsed.loc[collapsed["dataset"] == DATASETS[dataset], "mig"].max()
    above = np.asarray(migs, dtype=float) > floor
    if np.isnan(floor) or (above.any() if len(above) == 2 else 2 * above.sum() >= len(above)):
        return judged
    return left_open(judged, f"no learning: MIG of models without active latents is {floor:.2g}")


def mig_contrast(
    table: pd.DataFrame, collapsed: pd.DataFrame, dataset: str, more: str, less: str
) -> Judgement:
    """MIG of one kind of models minus that of another, by seed."""
    judged = contrast(table, dataset, more, less, "mig", LEAST_MIG)
    means = [_values(table, dataset, cell, "mig").mean() for cell in (more, less)]
    return _of_mig(judged, means, collapsed, dataset)


def orthogonal(posterior_covariance: pd.DataFrame, dataset: str, column: str) -> Judgement:
    """Mass or distance of J with a full posterior minus that with a diagonal one."""
    return contrast(
        posterior_covariance, dataset, "posterior_full", "reference", column, LEAST_MASS
    )


def own_latents(posterior_covariance: pd.DataFrame) -> Judgement:
    """Off-diagonal mass of d s_i / d z_j in units of that of a random matrix."""
    of = partial(_values, posterior_covariance, "dsprites", "reference")
    active = of("active_units")
    share = of("gradient_mass") / np.sqrt(1 - 1 / active.where(active > 1))
    return equals(posterior_covariance, share, 0, MARGIN_RANDOM)


def identity(posterior_covariance: pd.DataFrame, dataset: str) -> Judgement:
    """Relative error of Sigma^-1 = I + E[J^T J] / (beta sigma^2)."""
    errors = _values(posterior_covariance, dataset, "reference", "identity_expected")
    return equals(posterior_covariance, errors, 0, MARGIN_IDENTITY)


def independence(pushforward: pd.DataFrame) -> Judgement:
    """Dependence of two components of the reference."""
    values = _values(pushforward, "dsprites", "reference", "dependence")
    return equals(pushforward, values, 0, MARGIN_DEPENDENCE)


def more_dependent(pushforward: pd.DataFrame, cell: str) -> Judgement:
    """Dependence of two components minus that of the reference."""
    return contrast(pushforward, "dsprites", cell, "reference", "dependence", MARGIN_DEPENDENCE)


def disentangled(posterior_covariance: pd.DataFrame, collapsed: pd.DataFrame) -> Judgement:
    """MIG with a diagonal posterior minus that with a full one."""
    return mig_contrast(posterior_covariance, collapsed, "dsprites", "reference", "posterior_full")


def efficient(operations: pd.DataFrame) -> Judgement:
    """Operations of a step with a full posterior over those with a diagonal one, minus 1."""
    table = operations.pivot_table(index="dataset", columns="cell", values="operations")
    more = table["posterior_full"] / table["reference"] - 1
    judged = difference(more - LEAST_COST, 0)
    return replace(
        judged,
        estimate=judged.estimate + LEAST_COST,
        low=judged.low + LEAST_COST,
        high=judged.high + LEAST_COST,
        criterion=f"mean difference above {LEAST_COST:g}",
    )


def _high_beta(tradeoff: pd.DataFrame) -> str:
    return f"beta_{tradeoff.loc[tradeoff['variance'] != 1, 'beta'].max():g}"


def beta_mig(tradeoff: pd.DataFrame, collapsed: pd.DataFrame) -> Judgement:
    """MIG at the higher beta minus that at beta = 1."""
    high = _high_beta(tradeoff)
    return mig_contrast(tradeoff, collapsed, "dsprites", high, "reference")


def beta_error(tradeoff: pd.DataFrame) -> Judgement:
    """Log squared error at the higher beta minus that at beta = 1."""
    logs = tradeoff.assign(log_error=np.log(tradeoff["squared_error"]))
    return contrast(logs, "dsprites", _high_beta(tradeoff), "reference", "log_error", LEAST_ERROR)


def _slopes_of(scan: pd.DataFrame, dataset: str) -> pd.Series:
    return slopes(scan[scan["dataset"] == DATASETS[dataset]])


def rises(likelihood_variance: pd.DataFrame, dataset: str) -> Judgement:
    """Slope of log effective variance in log beta."""
    judged = difference(_slopes_of(likelihood_variance, dataset), MARGIN_SLOPE)
    return _of_learnt(judged, likelihood_variance["rate"])


def slope(likelihood_variance: pd.DataFrame, dataset: str) -> Judgement:
    """Slope of log effective variance in log beta, which should be 1."""
    values = _slopes_of(likelihood_variance, dataset)
    return equals(likelihood_variance, values, 1, MARGIN_SLOPE)


def _over_beta(scan: pd.DataFrame) -> pd.DataFrame:
    at_one = (scan["dataset"] == DATASETS["dsprites"]) & (scan["variance"] == 1)
    return scan[at_one].groupby("beta")[["active_units", "log_volume"]].mean().reset_index()


def collapse(likelihood_variance: pd.DataFrame) -> Judgement:
    """Rank correlation of beta and active latents."""
    means = _over_beta(likelihood_variance)
    return trend(means["beta"], means["active_units"], rises=True)


def volume(likelihood_variance: pd.DataFrame) -> Judgement:
    """Rank correlation of beta and the sum of log s over active latents."""
    means = _over_beta(likelihood_variance)
    return trend(means["beta"], means["log_volume"], rises=True)


def pairs(likelihood_variance: pd.DataFrame) -> Judgement:
    """Median over pairs of the difference of log squared errors of (beta, 1) and (1, beta)."""
    rows = likelihood_variance[likelihood_variance["dataset"] == DATASETS["dsprites"]]
    rows = rows.assign(
        product=(rows["beta"] * rows["variance"]).round(12), log=np.log(rows["squared_error"])
    )
    of_pair = rows.groupby(["seed", "product"])["log"]
    apart = of_pair.agg(np.ptp)[of_pair.count() > 1]
    return equals(rows, apart.groupby("seed").median(), 0, MARGIN_PAIRS)


def _kinds(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Means over seeds for each kind of model of dSprites."""
    rows = table[table["dataset"] == DATASETS["dsprites"]]
    return rows.groupby("cell")[list(columns)].mean()


def architectures(decoders: pd.DataFrame, collapsed: pd.DataFrame) -> Judgement:
    """Rank correlation of off-diagonal mass and MIG over kinds of decoders, posteriors diagonal."""
    diagonal = decoders[decoders["posterior"] == "diagonal"]
    kinds = _kinds(diagonal, ["offdiagonal_mass", "mig"])
    judged = trend(kinds["offdiagonal_mass"], kinds["mig"], rises=False)
    return _of_mig(judged, kinds["mig"], collapsed, "dsprites")


def mlp(decoders: pd.DataFrame) -> Judgement:
    """Off-diagonal mass of an MLP with a full posterior minus that with a diagonal one."""
    full = "decoder_mlp+posterior_full"
    return contrast(decoders, "dsprites", full, "decoder_mlp", "offdiagonal_mass", LEAST_MASS)


def smooth(decoders: pd.DataFrame) -> Judgement:
    """Log error of the expansion, at least the samples' noise, with ReLU minus with SiLU."""
    errors = decoders[["taylor_hessian", "taylor_noise"]].max(axis=1)
    logs = decoders.assign(log_error=np.log(errors))
    return contrast(logs, "dsprites", "activation_relu", "reference", "log_error", LEAST_ERROR)


def unstable(pushforward: pd.DataFrame) -> Judgement:
    """Rank correlation of off-diagonal mass and instability over kinds of models."""
    kinds = _kinds(pushforward, ["offdiagonal_mass", "instability", "rate"])
    judged = trend(kinds["offdiagonal_mass"], kinds["instability"], rises=True)
    return _of_learnt(judged, kinds["rate"])


def confused(pushforward: pd.DataFrame) -> Judgement:
    """Rank correlation of latents not recovered and dependence over kinds of models."""
    kinds = _kinds(pushforward, ["recovered", "dependence", "rate"])
    judged = trend(1 - kinds["recovered"], kinds["dependence"], rises=True)
    return _of_learnt(judged, kinds["rate"])


def confused_mig(pushforward: pd.DataFrame, collapsed: pd.DataFrame) -> Judgement:
    """Rank correlation of latents not recovered and MIG over kinds of models."""
    kinds = _kinds(pushforward, ["recovered", "mig"])
    judged = trend(1 - kinds["recovered"], kinds["mig"], rises=False)
    return _of_mig(judged, kinds["mig"], collapsed, "dsprites")


def regularised(orthogonality_penalty: pd.DataFrame, dataset: str) -> Judgement:
    """Off-diagonal mass without the heaviest penalty minus that with it."""
    table = orthogonality_penalty
    return contrast(table, dataset, "reference", _heaviest(table), "offdiagonal_mass", LEAST_MASS)


def regularised_dependence(pushforward: pd.DataFrame) -> Judgement:
    """Dependence of two components without the heaviest penalty minus that with it."""
    heaviest = _heaviest(pushforward)
    return contrast(pushforward, "dsprites", "reference", heaviest, "dependence", MARGIN_DEPENDENCE)


def regularised_mig(
    orthogonality_penalty: pd.DataFrame, collapsed: pd.DataFrame, dataset: str
) -> Judgement:
    """MIG with the heaviest penalty minus that without."""
    table = orthogonality_penalty
    return mig_contrast(table, collapsed, dataset, _heaviest(table), "reference")


def monitored(orthogonality_penalty: pd.DataFrame, collapsed: pd.DataFrame) -> Judgement:
    """Minus the slope of MIG in off-diagonal mass over kinds of models, at the end, by seed."""
    ended = orthogonality_penalty[orthogonality_penalty["share"] == 1]
    ended = ended[ended["dataset"] == DATASETS["dsprites"]].dropna(subset=["offdiagonal_mass"])
    found = [
        scipy.stats.linregress(rows["offdiagonal_mass"], rows["mig"]).slope
        for _, rows in ended.groupby("seed")
        if rows["offdiagonal_mass"].nunique() > 2
    ]
    judged = difference(-np.array(found), LEAST_MIG_PER_MASS)
    means = ended.groupby("cell")["mig"].mean()
    return _of_mig(judged, means, collapsed, "dsprites")


def expanded(deterministic_elbo: pd.DataFrame) -> Judgement:
    """Off-diagonal mass of H under the deterministic ELBO, early in training minus at its end."""
    on = deterministic_elbo[deterministic_elbo["cell"].str.startswith("expanded_1+share")]
    early = f"expanded_1+share_{on['share'].min():g}"
    return contrast(deterministic_elbo, "dsprites", early, "expanded_1", "hessian_mass", LEAST_MASS)


def expanded_more(deterministic_elbo: pd.DataFrame) -> Judgement:
    """Off-diagonal mass of H under the sampled ELBO minus that under the deterministic one."""
    return contrast(
        deterministic_elbo, "dsprites", "reference", "expanded_1", "hessian_mass", LEAST_MASS
    )


def other_likelihood(likelihoods: pd.DataFrame, likelihood: str) -> Judgement:
    """Off-diagonal mass with a full posterior minus that with a diagonal one."""
    of = likelihoods[
        (likelihoods["likelihood"] == likelihood) & (likelihoods["dataset"] == DATASETS["dsprites"])
    ]
    masses = of.pivot_table(index="seed", columns="posterior", values="offdiagonal_mass")
    masses = masses.reindex(columns=["full", "diagonal"])
    return _of_learnt(difference(masses["full"] - masses["diagonal"], LEAST_MASS), of["rate"])
