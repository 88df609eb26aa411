"""Tables and statements of vu2026's linear study, from runs whose means are the published ones."""

import numpy as np
import pandas as pd
import pytest

from betascan.studies import statements as judging
from betascan.studies.judgement import Verdict
from betascan.studies.vu2026 import linear_jobs, linear_tables
from betascan.studies.vu2026.linear_data import SCORES
from betascan.studies.vu2026.statements import LINEAR, linear_statements

MODEL = {"data": {"factors": 5, "noise": 0.05, "seed": 42}, "latents": 10}
SIZES = [{"observed": 50, "rng_offset": 0}, {"observed": 100, "rng_offset": 163827}]


def runs_of(cells, column, shifts):
    """Starts of every cell, so far from a column."""
    means = cells.pivot(index=["n", "method", "lambda", "beta"], columns="metric", values=column)
    means = means.reset_index()
    starts = []
    for start, shift in enumerate(shifts):
        runs = means.assign(start=start, at_rest=start == 0)
        runs[list(SCORES)] += shift
        starts.append(runs)
    return pd.concat(starts, ignore_index=True)


def published_runs():
    """Two starts of every cell whose mean is the published one."""
    return runs_of(linear_tables.published(), "published", (-0.001, 0.001))


def cells_of(folder, runs, scale="papers"):
    runs.to_csv(folder / "runs.csv", index=False)
    linear_tables.cells(folder / "runs.csv", folder / "linear.csv", MODEL, SIZES, scale)
    return pd.read_csv(folder / "linear.csv")


def test_the_published_table_is_whole():
    cells = linear_tables.published()
    assert len(cells) == 2 * 2 * 3 * 25
    assert cells["published"].notna().all()
    where = "n == 100 and method == 'adamw' and metric == 'SAP' and `lambda` == 2 and beta == 16"
    assert cells.query(where)["published"].item() == 0.162


def test_runs_with_the_published_means_reproduce_them(tmp_path):
    cells = cells_of(tmp_path, published_runs())
    unbounded = (cells["beta"] == 1) & (cells["lambda"] > 0)
    empty = (cells["beta"] > 1) & (cells["lambda"] == 0)
    assert set(cells.loc[unbounded, "verdict"]) == {Verdict.UNDECIDED}
    assert set(cells.loc[empty, "verdict"]) == {Verdict.BY_CONSTRUCTION}
    assert empty.sum() == 2 * 2 * 3 * 4
    assert set(cells.loc[~unbounded & ~empty, "verdict"]) == {Verdict.REPRODUCED}
    assert set(cells["at_rest"]) == {0.5}
    sampling = 2 * np.sqrt(2) * 0.001 + 0.0005  # of two starts 0.002 apart
    np.testing.assert_allclose(cells["allowed"], sampling, rtol=1e-6)


def test_a_mean_beyond_its_allowance_is_not_reproduced(tmp_path):
    runs = published_runs()
    cell = (runs["n"] == 50) & (runs["method"] == "adamw") & (runs["beta"] == 4)
    runs.loc[cell & (runs["lambda"] == 2), "SAP"] += 0.005
    runs.loc[cell & (runs["lambda"] == 0), "Im"] = 0.1  # which is no empty code
    cells = cells_of(tmp_path, runs)
    wrong = cells[cells["verdict"] == Verdict.NOT_REPRODUCED]
    assert sorted(zip(wrong["metric"], wrong["lambda"], strict=True)) == [("Im", 0), ("SAP", 2)]


def test_at_another_scale_no_number_is_judged(tmp_path):
    cells = cells_of(tmp_path, published_runs(), scale="laptop")
    assert set(cells["verdict"]) == {Verdict.UNDECIDED}
    assert set(cells["reason"]) == {"scale"}


def with_cells(change):
    """The published cells, changed."""
    table = linear_tables.published()
    table = table.assign(mean=table["published"], closed_form=np.nan)
    exact = (table["metric"] == "recon") & (table["beta"] > 1) & (table["method"] == "fixed_point")
    table.loc[exact, "closed_form"] = table["published"]
    changed = change(table)
    return {"linear": changed, "runs": runs_of(changed, "mean", (-0.001, 0, 0.001))}


def shifted(metric, by, where="`lambda` > 0 and beta > 1"):
    def change(table):
        rows = table.query(f"metric == '{metric}' and {where}").index
        table.loc[rows, "mean"] += by
        return table

    return with_cells(change)


def sweeps(slope, left=0.0):
    """Gains of three modes that fall by `slope` times what the law says, on a logarithm."""
    rows = [
        {"lambda": lam, "beta": beta, "mode": mode, "sweep": sweep, "critical_beta": 1 + lam * mode,
         "gain": 2 * ((1 + lam * mode) / beta) ** (slope * sweep),
         "information": left if sweep == 39 else 5.0}
        for lam in (0.0, 2.0) for beta in (1.0, 16.0) for mode in (1, 2, 3) for sweep in range(40)
    ]  # fmt: skip
    return {"contraction": pd.DataFrame(rows)}


def stuck():
    """Gains of which that of one mode stays."""
    fallen, kept = (sweeps(slope)["contraction"] for slope in (1, 0))
    return {"contraction": pd.concat([fallen[fallen["mode"] != 3], kept[kept["mode"] == 3]])}


AS_PUBLISHED = with_cells(lambda table: table)
CASES = {
    "linear_contraction": (sweeps(1), stuck()),
    "linear_information": (sweeps(1), sweeps(1, left=0.1)),
    "linear_collapse": (AS_PUBLISHED, shifted("Im", 0.1, "`lambda` == 0 and beta == 32")),
    "linear_restored": (AS_PUBLISHED, shifted("Im", -1.5, "`lambda` == 2 and beta == 32")),
    "linear_likelihoods": (AS_PUBLISHED, shifted("recon", 0.02)),
    "linear_sap": (AS_PUBLISHED, shifted("SAP", -0.02)),
    "linear_im": (AS_PUBLISHED, shifted("Im", 0.1)),
    "linear_rate": (sweeps(1), sweeps(0.9)),
    "linear_optimum": (AS_PUBLISHED, shifted("recon", 0.01)),
}


def test_every_statement_has_its_cases():
    assert list(CASES) == [statement.name for statement in LINEAR]


@pytest.mark.parametrize("statement", LINEAR, ids=lambda statement: statement.name)
def test_a_statement_can_come_out_either_way(statement):
    wanted = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED
    for study, verdict in zip(CASES[statement.name], wanted, strict=True):
        tables = AS_PUBLISHED | sweeps(1) | study
        plain = judging.Statement(**{**vars(statement), "about": "law"})
        assert judging.judge(plain, tables, "papers").verdict == verdict


def test_the_published_means_have_errors_too(monkeypatch):
    (statement,) = [s for s in LINEAR if s.name == "linear_im"]
    both = judging.judge(statement, AS_PUBLISHED, "papers")
    monkeypatch.setattr("betascan.studies.vu2026.statements.STARTS", 10**9)
    ours = judging.judge(statement, AS_PUBLISHED, "papers")
    three_and_fifty = np.sqrt(1 + 3 / 50)
    assert both.high - both.low == pytest.approx(three_and_fifty * (ours.high - ours.low))


def test_the_statements_of_a_study_that_follows_the_theory(tmp_path):
    followed = [(0, 1), (0, 4), (0, 32), (8, 32), (2, 128)]
    linear_jobs.contract(tmp_path / "contraction.csv", MODEL, SIZES[0], 0, followed, 60)
    cells_of(tmp_path, published_runs())
    tables = {name: tmp_path / f"{name}.csv" for name in ("runs", "linear", "contraction")}
    linear_statements(tmp_path / "statements.csv", "laptop", [], **tables)
    judged = pd.read_csv(tmp_path / "statements.csv").set_index("statement")
    assert judged.loc["linear_contraction", "verdict"] == Verdict.REPRODUCED
    assert judged.loc["linear_information", "verdict"] == Verdict.REPRODUCED
    assert judged.loc["linear_rate", "verdict"] == Verdict.BEYOND
    assert judged.loc["linear_rate", "estimate"] == pytest.approx(1, abs=0.01)
    assert judged.loc["linear_im", "verdict"] == Verdict.UNDECIDED  # a number of another scale


def test_slopes_are_fitted_where_gains_are_small():
    sweeps = np.arange(40)
    gains = 2 * 0.25**sweeps + 1e-14  # to a floor of rounding
    frame = pd.DataFrame({"sweep": sweeps, "gain": gains}).assign(
        **{"lambda": 0.0, "beta": 4.0, "mode": 1, "critical_beta": 1.0}
    )
    below_its_threshold = frame.assign(mode=2, critical_beta=9.0)
    fitted = linear_tables.slopes(pd.concat([frame, below_its_threshold]))
    assert len(fitted) == 1
    assert fitted["slope"][0] == pytest.approx(np.log(1 / 4), rel=1e-3)
    assert fitted["law"][0] == pytest.approx(np.log(1 / 4))
