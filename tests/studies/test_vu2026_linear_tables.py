"""Tables and statements of vu2026's linear study, from runs whose means are the published ones."""

import numpy as np
import pandas as pd
import pytest

from betascan.studies.vu2026 import linear_claims, linear_jobs, linear_tables
from betascan.studies.vu2026.linear_data import SCORES

MODEL = {"data": {"factors": 5, "noise": 0.05, "seed": 42}, "latents": 10}
SIZE = {"observed": 50, "rng_offset": 0}


def published_runs():
    """Two starts of every cell of n = 50 whose mean is the published one."""
    cells = linear_tables.published().query("n == 50")
    means = cells.pivot(
        index=["n", "method", "lambda", "beta"], columns="metric", values="published"
    ).reset_index()
    starts = [means.assign(start=0, at_rest=True), means.assign(start=1, at_rest=False)]
    for shift, runs in zip((-0.001, 0.001), starts, strict=True):
        runs[list(SCORES)] += shift
    return pd.concat(starts, ignore_index=True)


def tables(folder, runs, scale="papers"):
    runs.to_csv(folder / "runs.csv", index=False)
    files = folder / "linear.csv", folder / "contraction.csv", folder / "claims.csv"
    linear_tables.cells(folder / "runs.csv", files[0], MODEL, [SIZE], scale)
    followed = [(0, 1), (0, 4), (0, 32), (8, 32), (2, 128)]
    linear_jobs.contract(files[1], MODEL, SIZE, 0, followed, 60)
    linear_claims.claims(*files, 50, scale)
    return pd.read_csv(files[0]), pd.read_csv(files[2]).set_index(["method", "item"])


def test_the_published_table_is_whole():
    cells = linear_tables.published()
    assert len(cells) == 2 * 2 * 3 * 25
    assert cells["published"].notna().all()
    where = "n == 100 and method == 'adamw' and metric == 'SAP' and `lambda` == 2 and beta == 16"
    assert cells.query(where)["published"].item() == 0.162


def test_runs_with_the_published_means_bear_the_statements_out(tmp_path):
    cells, claims = tables(tmp_path, published_runs())
    unbounded = (cells["beta"] == 1) & (cells["lambda"] > 0)
    assert set(cells.loc[unbounded, "verdict"]) == {"not converged"}
    assert set(cells.loc[~unbounded, "verdict"]) == {"agrees"}
    assert set(cells["at_rest"]) == {0.5}
    sampling = 2 * np.sqrt(2) * 0.001 + 0.0005  # of two starts 0.002 apart
    np.testing.assert_allclose(cells["allowed"], sampling, rtol=1e-6)
    judged = claims[~claims["verdict"].isin(["not converged", "finding of ours"])]
    assert set(judged["verdict"]) == {"holds"}
    assert claims.loc[("fixed_point", "likelihood"), "ours"] == 20
    assert claims.loc[("adamw", "SAP"), ["ours", "published"]].tolist() == [21, 21]
    assert claims.loc[("fixed_point", "restored"), "ours"] == pytest.approx(1.1, abs=0.05)
    assert claims.loc[("adamw", "unbounded"), "ours"] == pytest.approx(-19.1, abs=0.05)
    assert claims.loc[("fixed_point", "gain"), "published"] == pytest.approx(-np.log(32))
    assert claims.loc[("fixed_point", "optimum"), "published"] < 0.001


def test_a_mean_beyond_its_allowance_differs_and_is_counted(tmp_path):
    runs = published_runs()
    cell = (runs["method"] == "adamw") & (runs["lambda"] == 2) & (runs["beta"] == 4)
    runs.loc[cell, "SAP"] += 0.005
    cells, claims = tables(tmp_path, runs)
    assert cells.loc[cells["verdict"] == "differs", "metric"].tolist() == ["SAP"]
    assert claims.loc[("adamw", "SAP"), ["ours", "verdict"]].tolist() == [20, "does not hold"]
    assert claims.loc[("adamw", "Im"), "verdict"] == "holds"
    assert claims.loc[("fixed_point", "SAP"), "verdict"] == "holds"


def test_information_that_is_left_without_lambda_is_no_collapse(tmp_path):
    runs = published_runs()
    left = (runs["lambda"] == 0) & (runs["beta"] == 32) & (runs["method"] == "adamw")
    runs.loc[left, "Im"] = 0.1
    _, claims = tables(tmp_path, runs)
    assert claims.loc[("adamw", "collapse"), ["ours", "verdict"]].tolist() == [0.1, "does not hold"]
    assert claims.loc[("fixed_point", "collapse"), "verdict"] == "holds"


def test_only_laws_are_judged_at_another_scale(tmp_path):
    cells, claims = tables(tmp_path, published_runs(), scale="laptop")
    assert set(cells["verdict"]) == {"scale cannot tell"}
    laws = claims.index.get_level_values("item").isin(["gain", "threshold", "kept"])
    assert set(claims.loc[laws, "verdict"]) == {"holds"}
    assert set(claims.loc[~laws, "verdict"]) == {"scale cannot tell"}


def test_slopes_are_fitted_where_gains_are_small():
    sweeps = np.arange(40)
    gains = 2 * 0.25**sweeps + 1e-14  # to a floor of rounding
    frame = pd.DataFrame({"sweep": sweeps, "gain": gains}).assign(
        **{"lambda": 0.0, "beta": 4.0, "mode": 1, "critical_beta": 1.0}
    )
    below_its_threshold = frame.assign(mode=2, critical_beta=9.0)
    fitted = linear_claims.slopes(pd.concat([frame, below_its_threshold]))
    assert len(fitted) == 1
    assert fitted["slope"][0] == pytest.approx(np.log(1 / 4), rel=1e-3)
    assert fitted["law"][0] == pytest.approx(np.log(1 / 4))
