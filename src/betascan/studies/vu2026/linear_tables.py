"""The table of vu2026's linear study: every cell compared with the published one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from betascan.core.files import read_csv, write_csv
from betascan.studies.vu2026.linear_data import SCORES, Data
from betascan.theory import lambda_beta

ROUNDING = 0.0005  # of what is published
EXACT = 0.001  # where the optimum fixes the likelihood: rounding, and as much again
ERRORS = 2.0  # standard errors of the difference of two means, published and ours
CELL = ["n", "method", "metric", "lambda", "beta"]
COLUMNS = [
    "mean", "standard_error", "published", "closed_form", "allowed", "at_rest", "verdict",
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
    budget ends: "not converged".

    Parameters
    ----------
    runs : Path
        All runs, as of `linear_jobs.solve`.
    linear : Path
        Written: CELL and COLUMNS. closed_form: the likelihood of the optimum (beta > 1). allowed:
        how far ours may lie from the published mean, which is twice the standard error of the
        difference of two means over as many starts and the rounding of the print; 0.001 if that
        is more and the optimum fixes the likelihood. at_rest: share of starts that converged
        within the budget.
    model, sizes : dict, sequence of dict
        Sections of the configuration (`linear_config`) as plain values.
    scale : str
        Only at the papers' scale is a mean held against the published one.
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
    table["verdict"] = [_verdict(row, scale) for _, row in table.iterrows()]
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


def _verdict(row: pd.Series, scale: str) -> str:
    if scale != "papers":
        return "scale cannot tell"
    if np.isnan(row["published"]):
        return "not in the document"
    if row["beta"] == 1 and row["lambda"] > 0:
        return "not converged"
    return "agrees" if abs(row["mean"] - row["published"]) <= row["allowed"] else "differs"
