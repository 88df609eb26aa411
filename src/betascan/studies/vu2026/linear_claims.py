"""What vu2026 shows of its linear study, beside what came out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.published import statements
from betascan.studies.vu2026.linear_tables import ROUNDING

SMALL, TINY = 1e-3, 1e-10  # gains within follow the linear law, and are no rounding yet
STEEP = 0.01  # how far a slope may be from the law's, relatively

Row = dict[str, Any]


def _cell(cells: pd.DataFrame, metric: str, beta: float, lam: float) -> pd.Series:
    chosen = (cells["metric"] == metric) & (cells["beta"] == beta) & (cells["lambda"] == lam)
    return cells[chosen].iloc[0]


def _of_panel(cells: pd.DataFrame) -> list[Row]:
    """Measure the statements on the cells of one size and method."""
    beta, lam = cells["beta"].max(), cells["lambda"].max()
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
        own = agrees[target["metric"] == metric]
        rows.append({"item": metric, "ours": own.sum(), "published": len(own), "holds": own.all()})
    gone = target[(target["metric"] == "Im") & (target["beta"] > 1) & (target["lambda"] == 0)]
    worst, told = gone["mean"].max(), gone["published"].max()
    rows.append({"item": "collapse", "ours": worst, "published": told, "holds": worst <= ROUNDING})
    held = _cell(cells, "Im", beta, lam)
    within = abs(held["mean"] - held["published"]) <= held["allowed"]
    rows.append(
        {"item": "restored", "ours": held["mean"], "published": held["published"], "holds": within}
    )
    loose = _cell(cells, "recon", 1, lam)
    rows.append({"item": "unbounded", "ours": loose["mean"], "published": loose["published"]})
    return rows


def slopes(contraction: pd.DataFrame) -> pd.DataFrame:
    """Slope of the log gain per sweep of every mode above its threshold, beside the law's.

    Fitted to the last half of the gains that are small. Returns lambda, beta, mode, slope,
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


def _of_contraction(contraction: pd.DataFrame) -> list[Row]:
    found = slopes(contraction)
    free = found[found["lambda"] == 0]
    free = free[free["beta"] == free["beta"].max()]
    bound = found[found["lambda"] > 0]
    ratio, slope, law = (bound["slope"] / bound["law"]), free["slope"].mean(), free["law"].mean()
    last = contraction[contraction["sweep"] == contraction["sweep"].max()]
    gone = last[(last["lambda"] == 0) & (last["beta"] > 1)]["information"].max()
    return [
        {
            "item": "gain",
            "ours": slope,
            "published": law,
            "holds": abs(slope / law - 1) < STEEP,
        },
        {"item": "threshold", "ours": ratio.mean(), "holds": (ratio - 1).abs().max() < STEEP},
        {"item": "kept", "ours": gone, "holds": gone < ROUNDING},
    ]


def claims(linear: Path, contraction: Path, claims: Path, size: int, scale: str) -> None:
    """Write each statement, the published number, ours and a verdict.

    Numbers of the results can only be judged at the papers' scale, the laws of the contraction,
    of which `size` variables were observed, at any.
    """
    cells, told = pd.read_csv(linear), statements("vu2026_linear")
    rows = [
        {"n": n, "method": method, **row}
        for (n, method), own in cells.groupby(["n", "method"], sort=False)
        for row in _of_panel(own)
    ]
    rows += [
        {"n": size, "method": "fixed_point", **row}
        for row in _of_contraction(pd.read_csv(contraction))
    ]
    for row in rows:
        statement = told.loc[row["item"]]
        row |= {"where": statement["where"], "statement": statement["statement"]}
        row.setdefault("published", statement["value"])
        if scale != "papers" and statement["about"] != "law":
            row["verdict"] = "scale cannot tell"
        elif row["item"] == "unbounded":
            row["verdict"] = "not converged"
        elif statement["about"] == "ours":
            row["verdict"] = "finding of ours"
        else:
            row["verdict"] = "holds" if row["holds"] else "does not hold"
    columns = ["item", "where", "statement", "n", "method", "published", "ours", "verdict"]
    write_csv(pd.DataFrame(rows)[columns], claims)
