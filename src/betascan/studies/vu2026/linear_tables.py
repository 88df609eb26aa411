"""The tables of vu2026's linear study: every run, and every cell beside the published one."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.studies.vu2026.linear_data import SCORES, Array, draw
from betascan.theory import lambda_beta

ROUNDING = 0.0005  # of what is published
EXACT = 0.001  # where the optimum fixes the likelihood: rounding, and as much again
ERRORS = 2.0  # standard errors of the difference of two means, published and ours
CELL = ["n", "method", "metric", "lambda", "beta"]


def published() -> pd.DataFrame:
    """Return the document's cells: CELL and published."""
    source = resources.files("betascan.published").joinpath("vu2026_linear_cells.csv")
    with resources.as_file(source) as path:
        wide = pd.read_csv(path)
    wide = wide.rename(columns=lambda name: name.removeprefix("beta"))
    tall = wide.melt(CELL[:-1], var_name="beta", value_name="published")
    return tall.astype({"lambda": float, "beta": float})


def join(parts: Sequence[Path], runs: Path) -> None:
    """Put the runs of all jobs into one table."""
    write_csv(pd.concat([pd.read_csv(part) for part in parts]), runs)


def _closed_form(
    table: pd.DataFrame, model: dict[str, Any], sizes: Sequence[dict[str, Any]]
) -> Array:
    """Return the likelihood of the optimum, for likelihoods at beta > 1."""
    optimum = np.full(len(table), np.nan)
    for size in sizes:
        data = draw(size["observed"], skipped=size["skipped"], **model["data"])
        own = (table["n"] == size["observed"]) & (table["metric"] == "recon") & (table["beta"] > 1)
        optimum[own] = lambda_beta.negative_log_likelihood(
            data.spectrum, table["beta"][own], table["lambda"][own], model["latents"]
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


def cells(
    runs: Path,
    linear: Path,
    model: dict[str, Any],
    sizes: Sequence[dict[str, Any]],
    scale: str,
) -> None:
    """Write mean and standard error over the starts of every cell beside the published mean.

    closed_form: the likelihood of the optimum (beta > 1). allowed: how far ours may lie from the
    published mean, twice the standard error of the difference of two means over as many starts
    and the rounding of the print; 0.001 if that is more and the optimum fixes the likelihood.
    at_rest: share of starts that came to rest within the budget. At beta = 1 and lambda > 0 the
    likelihood has no optimum, and what is reported is where the budget ends: "not converged".
    """
    kept = [name for name in CELL if name != "metric"]
    seen = pd.read_csv(runs).melt([*kept, "at_rest"], list(SCORES), var_name="metric")
    groups = seen.groupby(CELL, sort=False)
    table = groups["value"].agg(["mean", "sem"]).rename(columns={"sem": "standard_error"})
    table["at_rest"] = groups["at_rest"].mean()
    table = table.reset_index().merge(published(), on=CELL, how="left")
    table["closed_form"] = _closed_form(table, model, sizes)
    sampling = ERRORS * np.sqrt(2) * table["standard_error"] + ROUNDING
    table["allowed"] = sampling.clip(lower=EXACT).where(table["closed_form"].notna(), sampling)
    table["verdict"] = [_verdict(row, scale) for _, row in table.iterrows()]
    columns = [
        "mean",
        "standard_error",
        "published",
        "closed_form",
        "allowed",
        "at_rest",
        "verdict",
    ]
    write_csv(table[[*CELL, *columns]], linear)
