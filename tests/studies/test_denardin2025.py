"""Tables and conclusions of the slides, from runs whose outcome is known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from betascan.studies.denardin2025 import claims, tables
from betascan.studies.denardin2025.config import TABLES

WEIGHTS = [1, 2, 4, 8, 16, 32, 64]
PAIRS = list(product(["dsprites", "mpi3d_real_complex"], ["beta_vae", "factor_vae"]))


@pytest.fixture(scope="module")
def author():
    return tables.published_runs()


def as_logged(author, folder, dataset, model):
    """Histories that end exactly where the author's logs do, and what their models are."""
    paths, rows = [], []
    for weight in WEIGHTS:
        told = author.loc[(dataset, model, weight)]
        row = {
            "step": [100, 200],
            "validation_reconstruction": [500.0, told["val_recon_last"]],
            "validation_rate": [0.0, told["val_kl_last"]],
        }
        if model == "factor_vae":
            for ours, theirs in (
                ("total_correlation", "tc"),
                ("d_real", "d_real"),
                (
                    "d_permuted",
                    "d_perm",
                ),
            ):
                row |= {ours: [0, told[f"slide_{theirs}"]], f"validation_{ours}": [0, 0]}
        name = f"{dataset}-{model}-{weight}"
        paths.append(folder / name / "history.csv")
        paths[-1].parent.mkdir(exist_ok=True)
        pd.DataFrame(row).to_csv(paths[-1], index=False)
        rows.append({"signature": name, "keys": {"weight": weight, "seed": 19}})
    return paths, rows


def made(folder, histories, number, scale="papers"):
    files = [folder / f"table{number}.{kind}" for kind in ("csv", "md", "tex")]
    paths, rows = histories
    tables.table(paths[::-1], *files, rows=rows, number=number, scale=scale)  # in any order
    return pd.read_csv(files[0]), files[1].read_text(), files[2].read_text()


def test_the_author_ran_28_models(author):
    assert len(author) == 28
    assert set(author.index) == {(*pair, weight) for pair in PAIRS for weight in WEIGHTS}


@pytest.mark.parametrize(
    ("number", "wrong"), [("01", {4, 8}), ("02", set()), ("03", {2, 4, 8}), ("04", set())]
)
def test_the_wrong_rows_are_marked_and_only_they(author, tmp_path, number, wrong):
    histories = as_logged(author, tmp_path, *TABLES[number])
    table, markdown, latex = made(tmp_path, histories, number)
    marked = table[table["verdict"].str.startswith("printed value is wrong")]
    assert set(marked["value"]) == wrong
    assert marked["evidence"].str.len().min() > 20 if wrong else marked.empty
    # where the log is far from the print, it is a marked row or a FactorVAE's other epoch
    errors = table[table["column"] == "Rec Error"]
    apart = errors[(errors["printed"] - errors["logged"]).abs() > 0.02]
    assert wrong <= set(apart["value"])
    assert "Rec Error" in markdown
    assert "tabular" in latex


def test_a_run_that_ends_where_the_author_s_did_is_a_reproduction(author, tmp_path):
    histories = as_logged(author, tmp_path, "dsprites", "beta_vae")
    table, *_ = made(tmp_path, histories, "01")
    assert table["verdict"].str.endswith("reproduced").all()
    assert not table["verdict"].str.contains("not reproduced").any()
    seen = table.set_index(["value", "column"])
    assert seen.loc[(4, "Rec Error"), "ours"] == pytest.approx(48.9597)
    assert seen.loc[(4, "Rec Error"), "printed"] == 71.91  # the document's own mistake
    path = histories[0][0]
    pd.read_csv(path).assign(validation_reconstruction=40.0).to_csv(path, index=False)
    table, *_ = made(tmp_path, histories, "01")
    assert table.set_index(["value", "column"])["verdict"][1, "Rec Error"] == "not reproduced"
    table, *_ = made(tmp_path, histories, "01", scale="demo")
    assert set(table["verdict"].str.split("; ").str[-1]) == {"scale cannot tell"}


def test_trends():
    rising = pd.Series([1.0, 2.0, 3.0, 5.0, 4.5], [1, 2, 4, 8, 16])
    assert claims.trend(rising, rises=True)[0] == "holds"
    assert claims.trend(rising, rises=False)[0] == "does not hold"
    assert claims.trend(-rising, rises=False)[0] == "holds"
    assert claims.trend(rising[:2], rises=True)[0] == "scale cannot tell"  # any two are in order


@pytest.mark.parametrize(
    ("values", "half_width", "verdict"),
    [
        ([0.1, 0.3, 0.2], 0.01, "holds"),
        ([0.3, 0.1, 0.2], 0.01, "does not hold"),
        ([0.3, 0.29, 0.2], 0.02, "scale cannot tell"),  # intervals overlap
        ([0.29, 0.3, 0.2], 0.02, "scale cannot tell"),
    ],
)
def test_where_the_best_score_is(values, half_width, verdict):
    value = np.array(values)
    scores = pd.DataFrame(
        {
            "weight": [1, 16, 64],
            "value": value,
            "low": value - half_width,
            "high": value + half_width,
        }
    )
    assert claims.best_within(scores, 16, 32)[0] == verdict


def judged(author, tmp_path, *, rate=20.0, genuine=True, scale="papers"):
    """Claims from the author's own numbers."""
    paths, rows = [], []
    for number, (dataset, model) in TABLES.items():
        made(tmp_path, as_logged(author, tmp_path, dataset, model), number)
        paths.append(tmp_path / f"table{number}.csv")
        for weight in WEIGHTS:
            mig = author.loc[(dataset, model, weight), "test_mig_file"]
            for metric, convention, value in (
                ("mig", "denardin2025", mig),
                ("rate", "hirn2026", rate),
            ):
                named = {"dataset": dataset, "model": model, "weight": weight, "seed": 19}
                rows.append(
                    named
                    | {
                        "metric": metric,
                        "convention": convention,
                        "value": value,
                        "low": value,
                        "high": value,
                    }
                )
    pd.DataFrame(rows).to_csv(tmp_path / "scores.csv", index=False)
    sources = dict.fromkeys(["dsprites", "mpi3d_real_complex"], genuine)
    claims.claims(tmp_path / "scores.csv", paths, tmp_path / "claims.csv", scale, sources)
    return pd.read_csv(tmp_path / "claims.csv").set_index("claim")["verdict"]


def test_the_author_s_own_logs_bear_the_conclusions_out(author, tmp_path):
    verdicts = judged(author, tmp_path)
    assert verdicts["reconstruction error rises with beta (beta-VAE, dSprites)"] == "holds"
    assert verdicts["best MIG at beta 16 to 32 (beta-VAE, dSprites)"] == "holds"
    assert verdicts["best MIG at low beta (beta-VAE, MPI3D)"] == "holds"
    assert verdicts["TC falls with gamma (FactorVAE, dSprites)"] == "holds"
    assert verdicts["D(z_real) approaches 0.5 with gamma (FactorVAE, dSprites)"] == "holds"
    assert verdicts["MIG up to 0.22 in the slides' convention (FactorVAE, dSprites)"] == "holds"


def test_what_cannot_be_told_is_not_told(author, tmp_path):
    assert set(judged(author, tmp_path, rate=0.1)) == {"scale cannot tell"}  # nothing learnt
    standin = judged(author, tmp_path, genuine=False)
    assert standin["best MIG at low beta (beta-VAE, MPI3D)"] == "scale cannot tell"
    small = judged(author, tmp_path, scale="laptop")
    told = "MIG up to 0.22 in the slides' convention (FactorVAE, dSprites)"
    assert small[told] == "scale cannot tell"
