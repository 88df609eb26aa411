"""What vu2026 states about its linear study, compared with what came out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import read_csv, write_csv
from betascan.studies.vu2026.linear_tables import ROUNDING

SMALL, TINY = 1e-3, 1e-10  # gains within follow the linear law, and are no rounding yet
STEEP = 0.01  # how far a slope may be from the law's, relatively
COLUMNS = ["item", "where", "statement", "n", "method", "published", "ours", "verdict"]

Row = dict[str, Any]


def claims(linear: Path, contraction: Path, claims: Path, size: int, scale: str) -> None:
    """Write each statement, the published number, ours and a verdict.

    Numbers of the results can only be judged at the papers' scale, the laws of the contraction at
    any.

    Parameters
    ----------
    linear : Path
        Of `linear_tables.cells`.
    contraction : Path
        Of `linear_jobs.contract`.
    claims : Path
        Written: COLUMNS.
    size : int
        Observed variables of the contraction.
    scale : str
        Of the run.
    """
    cells = read_csv(linear)
    statements = read_csv(Path(__file__).with_name("published_linear.csv"), index_col="item")
    rows = [
        {"n": n, "method": method, **row}
        for (n, method), panel in cells.groupby(["n", "method"], sort=False)
        for row in _of_panel(panel)
    ]
    rows += [
        {"n": size, "method": "fixed_point", **row}
        for row in _of_contraction(read_csv(contraction))
    ]
    for row in rows:
        statement = statements.loc[row["item"]]
        row |= {"where": statement["where"], "statement": statement["statement"]}
        row.setdefault("published", statement["value"])
        row["verdict"] = _verdict(row, statement["about"], scale)
    write_csv(pd.DataFrame(rows)[COLUMNS], claims)


def _verdict(row: Row, about: str, scale: str) -> str:
    """Judge a statement about the data, a law, or a finding of ours."""
    if scale != "papers" and about != "law":
        return "scale cannot tell"
    if row["item"] == "unbounded":
        return "not converged"
    if about == "ours":
        return "finding of ours"
    return "holds" if row["holds"] else "does not hold"


def _of_panel(cells: pd.DataFrame) -> list[Row]:
    """Measure the statements on the cells of one size and method."""
    beta, lam = float(cells["beta"].max()), float(cells["lambda"].max())
    target = cells[(cells["beta"] > 1) | (cells["lambda"] == 0)]
    agrees = (target["mean"] - target["published"]).abs() <= target["allowed"]
    exact = target[target["closed_form"].notna()]
    close = agrees[exact.index]
    apart = exact[["mean", "published"]].sub(exact["closed_form"], axis=0).abs().max()
    rows = [
        {"item": "likelihood", "ours": close.sum(), "published": len(exact), "holds": close.all()},
        {"item": "optimum", "ours": apart["mean"], "published": apart["published"]},
    ]
    for metric in ("SAP", "Im"):
        of = agrees[target["metric"] == metric]
        rows.append({"item": metric, "ours": of.sum(), "published": len(of), "holds": of.all()})
    collapsed = target[(target["metric"] == "Im") & (target["beta"] > 1) & (target["lambda"] == 0)]
    most = collapsed[["mean", "published"]].max()
    restored = _cell(cells, "Im", beta, lam)
    within = abs(restored["mean"] - restored["published"]) <= restored["allowed"]
    unbounded = _cell(cells, "recon", 1, lam)
    return [
        *rows,
        _row("collapse", most, bool(most["mean"] <= ROUNDING)),
        _row("restored", restored, bool(within)),
        _row("unbounded", unbounded),
    ]


def _row(item: str, values: pd.Series, holds: bool | None = None) -> Row:
    return {"item": item, "ours": values["mean"], "published": values["published"], "holds": holds}


def _cell(cells: pd.DataFrame, metric: str, beta: float, lam: float) -> pd.Series:
    chosen = (cells["metric"] == metric) & (cells["beta"] == beta) & (cells["lambda"] == lam)
    return cells[chosen].iloc[0]


def _of_contraction(contraction: pd.DataFrame) -> list[Row]:
    """Measure the laws of the contraction."""
    fitted = slopes(contraction)
    free = fitted[fitted["lambda"] == 0]
    free = free[free["beta"] == free["beta"].max()]
    slope, law = free["slope"].mean(), free["law"].mean()
    bound = fitted[fitted["lambda"] > 0]
    ratio = bound["slope"] / bound["law"]
    last = contraction[contraction["sweep"] == contraction["sweep"].max()]
    left = last[(last["lambda"] == 0) & (last["beta"] > 1)]["information"].max()
    steep = abs(slope / law - 1) < STEEP
    return [
        {"item": "gain", "ours": slope, "published": law, "holds": steep},
        {"item": "threshold", "ours": ratio.mean(), "holds": (ratio - 1).abs().max() < STEEP},
        {"item": "kept", "ours": left, "holds": left < ROUNDING},
    ]


def slopes(contraction: pd.DataFrame) -> pd.DataFrame:
    """Fit the slope of the log gain per sweep of every mode above its threshold.

    Parameters
    ----------
    contraction : DataFrame
        As of `linear_jobs.contract`.

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
