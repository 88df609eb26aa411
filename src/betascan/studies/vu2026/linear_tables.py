"""The tables of vu2026's linear study: cells beside the published ones, slopes of gains."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from betascan.core.files import read_csv, write_csv
from betascan.studies.judgement import Verdict
from betascan.studies.statements import PAPERS
from betascan.studies.vu2026.linear_data import SCORES, Data
from betascan.theory import lambda_beta

ROUNDING = 0.0005  # of what is published
EXACT = 0.001  # where the optimum fixes the likelihood: rounding, and as much again
ERRORS = 2.0  # standard errors of the difference of two means, published and ours
SMALL, TINY = 1e-3, 1e-10  # gains between them follow the linear law and are not yet rounding
CELL = ["n", "method", "metric", "lambda", "beta"]
COLUMNS = [
    "mean", "standard_error", "published", "closed_form", "allowed", "at_rest", "verdict", "reason",
]  # fmt: skip


def published() -> pd.DataFrame:
    """Return the means that the document prints: CELL and published."""
    wide = read_csv(Path(__file__).with_name("published_linear_cells.csv"))
    wide = wide.rename(columns=lambda name: name.removeprefix("beta"))
    tall = wide.melt(CELL[:-1], var_name="beta", value_name="published")
    return tall.astype({"lambda": float, "beta": float})


def cells(
    runs: Path,
    linear: Path,
    model: dict[str, Any],
    sizes: Sequence[dict[str, Any]],
    scale: str,
) -> None:
    """Compare the mean of every cell, over the starts, with the published one.

    At beta = 1 and lambda > 0 the likelihood has no optimum, and what is reported is where the
    budget ends. Without lambda at beta > 1 the optimum is an empty code: scores of 0 and the
    entropy of the data hold by construction.

    Parameters
    ----------
    runs : Path
        All runs, as in `linear_jobs.solve`.
    linear : Path
        CSV to write: CELL and COLUMNS. closed_form: the likelihood of the optimum (beta > 1).
        allowed: how far ours may lie from the published mean, which is twice the standard error of
        the difference of two means over as many starts plus the rounding of the printed value;
        0.001 if that is more and the optimum fixes the likelihood. at_rest: share of starts that
        converged within the budget.
    model, sizes : dict, sequence of dict
        Sections of the configuration (`linear_config`) as plain values.
    scale : str
        A mean is judged by the published one only at the papers' scale.
    """
    kept = [name for name in CELL if name != "metric"]
    scores = read_csv(runs).melt([*kept, "at_rest"], list(SCORES), var_name="metric")
    groups = scores.groupby(CELL, sort=False)
    table = groups["value"].agg(["mean", "sem"]).rename(columns={"sem": "standard_error"})
    table["at_rest"] = groups["at_rest"].mean()
    table = table.reset_index().merge(published(), on=CELL, how="left")
    table["closed_form"] = _closed_form(table, model, sizes)
    sampling = ERRORS * np.sqrt(2) * table["standard_error"] + ROUNDING
    table["allowed"] = sampling.clip(lower=EXACT).where(table["closed_form"].notna(), sampling)
    judged = [_judge(row, scale) for _, row in table.iterrows()]
    table["verdict"], table["reason"] = zip(*judged, strict=True)
    write_csv(table[[*CELL, *COLUMNS]], linear)


def _closed_form(
    table: pd.DataFrame, model: dict[str, Any], sizes: Sequence[dict[str, Any]]
) -> Float[np.ndarray, " rows"]:
    """Return the likelihood of the optimum for likelihoods at beta > 1, NaN for other rows."""
    optimum = np.full(len(table), np.nan)
    for size in sizes:
        data = Data.draw(size["observed"], rng_offset=size["rng_offset"], **model["data"])
        of_size = table["n"] == size["observed"]
        chosen = of_size & (table["metric"] == "recon") & (table["beta"] > 1)
        optimum[chosen] = lambda_beta.negative_log_likelihood(
            data.spectrum, table["beta"][chosen], table["lambda"][chosen], model["latents"]
        )
    return optimum


def _judge(row: pd.Series, scale: str) -> tuple[Verdict, str]:
    if np.isnan(row["published"]):
        return Verdict.BEYOND, "not published"
    if scale != PAPERS:
        return Verdict.UNDECIDED, "scale"
    if row["beta"] == 1 and row["lambda"] > 0:
        return Verdict.UNDECIDED, "no optimum: where a budget ends"
    if abs(row["mean"] - row["published"]) > row["allowed"]:
        return Verdict.NOT_REPRODUCED, ""
    if row["beta"] > 1 and row["lambda"] == 0:
        return Verdict.BY_CONSTRUCTION, "an empty code"
    return Verdict.REPRODUCED, ""


def slopes(contraction: pd.DataFrame) -> pd.DataFrame:
    """Fit the slope of the log gain per sweep of every mode above its threshold.

    Parameters
    ----------
    contraction : DataFrame
        Table of `linear_jobs.contract`.

    Returns
    -------
    DataFrame
        lambda, beta, mode, slope (fitted to the last half of the gains that are small) and
        law = log(beta_c/beta).
    """
    rows = []
    for (lam, beta, mode), run in contraction.groupby(["lambda", "beta", "mode"]):
        small = run[run["gain"].between(TINY, SMALL)]
        law = np.log(run["critical_beta"].iloc[0] / beta)
        if law < 0 and len(small) > 2:
            late = small.iloc[len(small) // 2 - 1 :]
            slope = np.polyfit(late["sweep"], np.log(late["gain"]), 1)[0]
            rows.append({"lambda": lam, "beta": beta, "mode": mode, "slope": slope, "law": law})
    return pd.DataFrame(rows, columns=["lambda", "beta", "mode", "slope", "law"])
