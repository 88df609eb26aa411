"""What hirn2026 announces for nonlinear VAEs (section VII), and what came out.

The document has no numbers for these, so verdicts are `Verdict.BEYOND`; estimates and intervals
say what was found. Margins were set before the scans were run; which T and latents count was
decided afterwards.
"""

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.studies.judgement import Judgement, difference, number
from betascan.studies.statements import Statement, write

FEWER = 1.0
"""One latent fewer at the same distortion is the least that would be a concentration."""
FIRST = 0.05
"""Share of the variance that the first latent should remove beyond the first principal axis."""
EQUAL = np.log(1.5)
"""Utility and threshold within this factor count as one spectrum."""
ON_LAW = 0.05
"""Root mean square of M^2 (at most 1) about the mean-field law that passes for the law."""
STABLE = np.log(1.2)
"""Thresholds of different seeds, grids or data within this factor count as the same."""
MORE_MIG = 0.05
"""What MIG should gain at a particular T over its mean over T."""
USEFUL = 0.01
"""Leading variables are those that remove a hundredth of the variance (hirn2026, section VI)."""


def _on_test(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["split"] == "test"]


def concentrates(points: pd.DataFrame) -> Judgement:
    """Judge active latents of the linear law minus those found, at equal distortion, by seed.

    Over the T at which all seeds have come to rest, so that all seeds have the same T.
    """
    seen = _on_test(points).query("active > 0")
    seen = seen[seen.groupby("T")["at_rest"].transform("all")]
    saved = seen["linear_active_at_distortion"] - seen["active"]
    return difference(saved.groupby(seen["seed"]).mean(), FEWER)


def first_removes_more(modes: pd.DataFrame) -> Judgement:
    """Judge the first latent's utility minus the first principal axis's, by seed."""
    first = _on_test(modes).query("rank == 1")
    return difference(first["utility"] - first["pca_utility"], FIRST)


def _of_seeds(
    column: Callable[[pd.DataFrame], pd.Series], margin: float, most_inactive: float = np.inf
) -> Callable[..., Judgement]:
    def judge(modes: pd.DataFrame) -> Judgement:
        seen = _on_test(modes).dropna(subset=["threshold_se"]).query("utility > 0")
        seen = seen[seen["inactive_below"] <= most_inactive]
        return number(column(seen).groupby(seen["seed"]).mean(), 0, margin)

    return judge


def stable(modes: pd.DataFrame) -> Judgement:
    """Judge the standard deviation of log thresholds over seeds, averaged over ranks."""
    seen = _on_test(modes).dropna(subset=["threshold_se"])
    spread = np.log(seen["threshold"]).groupby(seen["rank"]).std()
    return number([spread.mean()], 0, STABLE, exact=True)


def _moved(column: str) -> Callable[..., Judgement]:
    def judge(scaling: pd.DataFrame) -> Judgement:
        extreme = scaling["grid"].max() if column == "grid" else scaling["share"].min()
        there = scaling[scaling[column] == extreme].set_index("rank")["threshold"]
        whole = scaling.query("grid == 1 and share == 1").set_index("rank")["threshold"]
        moved = np.log(there / whole[whole > USEFUL]).abs()
        return number([moved.mean()], 0, STABLE, exact=True)

    return judge


def disentangled_at(latents: pd.DataFrame) -> Judgement:
    """Judge MIG at the best T minus its mean over T, by seed; the other seeds choose the T."""
    models = latents[(latents["rank"] == 0) & ~latents["plateau"]]
    mig = models.pivot_table(index="T", columns="seed", values="mig")
    gains = [
        mig.loc[mig.drop(columns=seed).mean(axis=1).idxmax(), seed] - mig[seed].mean()
        for seed in mig
        if mig.shape[1] > 1
    ]
    return difference(gains, MORE_MIG)


def sprites_duality(sprite_modes: pd.DataFrame) -> Judgement:
    """Judge the distance of log utilities and log thresholds on dSprites, by seed."""
    seen = sprite_modes.dropna(subset=["threshold_se"]).query("utility > 0")
    distance = np.log(seen["utility"] / seen["threshold"]).abs()
    return number(distance.groupby(seen["seed"]).mean(), 0, EQUAL)


CLIMATE = [
    Statement(
        name="nonlinear_concentrates",
        says="A nonlinear decoder concentrates utility: it needs fewer active latents than the "
        "linear one at the same distortion (at the T at which all seeds have come to rest).",
        place="section VII",
        judge=concentrates,
        about="beyond",
        dataset="climate",
        figure="concentration",
    ),
    Statement(
        name="first_latent",
        says="The first latent of a nonlinear VAE removes more of the variance than the first "
        "principal axis.",
        place="section VII",
        judge=first_removes_more,
        about="beyond",
        dataset="climate",
        figure="spectrum",
    ),
    Statement(
        name="nonlinear_duality",
        says="Utilities measured by pruning also coincide with thresholds in nonlinear VAEs "
        "(mean distance of their logarithms, for latents that are inactive at no more than one T "
        "below the threshold).",
        place="sections III and V",
        judge=_of_seeds(lambda m: np.log(m["utility"] / m["threshold"]).abs(), EQUAL, 1),
        about="beyond",
        dataset="climate",
        figure="spectrum",
    ),
    Statement(
        name="nonlinear_law",
        says="Signal fractions of nonlinear VAEs follow the mean-field law (root mean square "
        "about the fitted law).",
        place="section III",
        judge=_of_seeds(lambda m: m["departure"], ON_LAW),
        about="beyond",
        dataset="climate",
        figure="signal",
    ),
    Statement(
        name="nonlinear_stable",
        says="The nonlinear spectrum is the same for other initial weights (standard deviation "
        "of log thresholds over seeds).",
        place="section VII",
        judge=stable,
        about="beyond",
        dataset="climate",
        figure="spectrum",
    ),
    Statement(
        name="coarse_graining",
        says="The leading effective variables are stable under coarse-graining (distance of log "
        "thresholds between the coarsest grid and the single cells).",
        place="section VII",
        judge=_moved("grid"),
        about="beyond",
        dataset="climate",
        figure="scaling",
    ),
    Statement(
        name="data_size",
        says="The leading effective variables are stable under the size of the data (distance of "
        "log thresholds between the smallest share and all blocks).",
        place="section VII",
        judge=_moved("share"),
        about="beyond",
        dataset="climate",
        figure="scaling",
    ),
]

DSPRITES = [
    Statement(
        name="disentangled_at_some_temperature",
        says="The leading variables are more disentangled at particular T (MIG on dSprites at the "
        "best T, which the other seeds choose, minus its mean over T).",
        place="section VII",
        judge=disentangled_at,
        about="beyond",
        dataset="dsprites",
        figure="dsprites",
    ),
    Statement(
        name="dsprites_duality",
        says="Utilities measured by pruning also coincide with thresholds in convolutional VAEs on "
        "dSprites (mean distance of their logarithms).",
        place="sections III and V",
        judge=sprites_duality,
        about="beyond",
        dataset="dsprites",
        figure="dsprites",
    ),
]


def climate(statements: Path, scale: str, standins: Collection[str], **tables: Path) -> None:
    """Write what came out on WorldClim; see `betascan.studies.statements.write`."""
    write(CLIMATE, tables, statements, scale, standins)


def dsprites(statements: Path, scale: str, **tables: Path) -> None:
    """Write what came out on dSprites; see `betascan.studies.statements.write`."""
    write(DSPRITES, tables, statements, scale)
