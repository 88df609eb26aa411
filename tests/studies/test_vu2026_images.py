"""Tables of vu2026's image study, from scores that are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from betascan.config.images import TABULAR_METRICS
from betascan.metrics.inputs import LatentCodes
from betascan.metrics.scores import score_table
from betascan.studies.judgement import Verdict
from betascan.studies.vu2026 import image_tables
from betascan.studies.vu2026.image_config import DOCUMENT, NEEDED
from betascan.studies.vu2026.image_tables import published

BETAS, LAMBDAS = (1.0, 4.0, 32.0), (0.0, 8.0)
FOUR = (*DOCUMENT, "mpi3d_real_complex")  # which the document does not have


def score(metric, seed, beta, lam):
    """Scores that rise to beta 4 and fall to a fifth at 32, unless lambda holds them."""
    if metric == "nll":
        return 100 + beta - lam / 2
    held = {1.0: 0.9 if lam else 1.0, 4.0: 2.0, 32.0: 1.8 if lam else 0.4}[beta]
    return held * (1 + 0.01 * seed) * {"mig": 0.1, "sap": 0.05, "matched_information": 2.0}[metric]


def rows_of(datasets):
    """Signatures and keys of the models of three seeds."""
    models = product(datasets, range(3), BETAS, LAMBDAS)
    return [
        {
            "signature": f"{number:012x}",
            "keys": {"dataset": dataset, "seed": seed, "beta": beta, "lambda": lam},
        }
        for number, (dataset, seed, beta, lam) in enumerate(models)
    ]


def write_tables(folder, datasets, standins=(), rate=lambda *_: 12.5, plateau=lambda *_: False):
    """Write a study's tables, from files whose order is not that of the rows."""
    rows = rows_of(datasets)
    scores, histories, terms = [], [], []
    for row in rows:
        settings = [row["keys"][name] for name in ("seed", "beta", "lambda")]
        values = {
            (m, convention): score(m, *settings) for m, convention in image_tables.SCORES.values()
        }
        values |= {("active_units", "burda2016"): 5, ("rate", "hirn2026"): rate(*settings)}
        values |= {("mig", "chen2018"): 99.0}
        table = pd.DataFrame([[*which, v] for which, v in values.items()])
        table.columns = ["metric", "convention", "value"]
        last = score("nll", *settings)
        history = pd.DataFrame({"step": [5, 10], "reconstruction": [999.0, last]})
        parts = pd.DataFrame({"metric": image_tables.TERMS, "value": [9.0, 0.5, 3.0]})
        for files, name, frame in (
            (scores, "scores", table), (histories, "history", history), (terms, "terms", parts),
        ):  # fmt: skip
            files.append(folder / row["signature"] / f"{name}.csv")
            files[-1].parent.mkdir(exist_ok=True)
            frame.to_csv(files[-1], index=False)
    table, cells = folder / "images.csv", folder / "cells.csv"
    plateaus = folder / "plateaus.csv"
    states = [
        {**row["keys"], "state": "plateau" if plateau(keys["seed"], keys["beta"]) else "learnt"}
        for row in rows for keys in [row["keys"]] if keys["lambda"] == 0
    ]  # fmt: skip
    pd.DataFrame(states).to_csv(plateaus, index=False)
    image_tables.join(
        scores[::-1], histories, terms, plateaus, table, folder / "spectrum.csv", rows
    )
    image_tables.cells(table, cells, "papers", standins)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tables of a study of the document's data sets, of which one is a stand-in."""
    return write_tables(tmp_path_factory.mktemp("vu2026"), DOCUMENT, ["mpi3d_real"])


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """The tables of a study of four data sets."""
    return write_tables(tmp_path_factory.mktemp("vu2026-four"), FOUR, ["mpi3d_real_complex"])


def row(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_the_published_table_is_whole():
    table = published()
    assert len(table) == 3 * 4 * 25
    where = {"dataset": "MPI3D", "metric": "MIG", "lambda": 8, "beta": 8}
    assert row(table, **where)["published_percent"] == 88.49
    assert set(table["dataset"]) == set(DOCUMENT.values())


def test_every_model_has_its_row_and_its_change(folder):
    table = pd.read_csv(folder / "images.csv")
    assert list(table.columns) == [
        *["dataset", "metric", "lambda", "beta", "seed", "value", "percent", "published_percent"],
        "plateau",
    ]
    assert len(table) == 3 * 4 * 3 * 6
    where = {"dataset": "dSprites", "lambda": 0, "beta": 32, "seed": 1}
    mig = row(table, metric="MIG", **where)
    assert np.isclose(mig["value"], 0.0404)
    assert np.isclose(mig["percent"], -60)
    assert mig["published_percent"] == 224.54
    nll = row(table, metric="NLL", **where)
    assert nll["value"] == 132  # of the last interval
    assert np.isclose(nll["percent"], 100 * (132 / 101 - 1))
    spectrum = pd.read_csv(folder / "spectrum.csv")
    assert row(spectrum, metric="rate", **where)["value"] == 12.5
    assert row(spectrum, metric="total_correlation", **where)["value"] == 0.5
    assert not table["plateau"].any()


def test_every_score_that_may_be_asked_for_leaves_the_tables_alone(tmp_path):
    random = np.random.default_rng(0)
    train, test = (
        LatentCodes(random.normal(size=(n, 3)), random.normal(size=(n, 3)), factors, factors * 1.0)
        for n in (60, 40)
        for factors in [random.integers(0, 3, (n, 2))]
    )
    accepted = TABULAR_METRICS
    assert len(accepted) > len(NEEDED)
    rows = rows_of(["dsprites"])[:1]
    folder = tmp_path / rows[0]["signature"]
    scores, history, terms = (folder / f"{name}.csv" for name in ("scores", "history", "terms"))
    folder.mkdir()
    pd.DataFrame({"reconstruction": [7.0]}).to_csv(history, index=False)
    plateaus = tmp_path / "plateaus.csv"
    pd.DataFrame([{**rows[0]["keys"], "state": "learnt"}]).to_csv(plateaus, index=False)
    pd.DataFrame({"metric": image_tables.TERMS, "value": 1}).to_csv(terms, index=False)
    files = tmp_path / "images.csv", tmp_path / "spectrum.csv"
    written = []
    for wanted in (NEEDED, accepted):
        table = score_table(train, test, metrics=wanted, n_refits=0, workers=1)
        table.to_csv(scores, index=False)
        image_tables.join([scores], [history], [terms], plateaus, *files, rows)
        written.append([file.read_text() for file in files])
    assert written[0] == written[1]


def test_a_change_against_nothing_is_no_number():
    values = pd.DataFrame(
        {"dataset": "dSprites", "metric": "MIG", "lambda": 0.0, "beta": [1.0, 4.0], "seed": 0}
    ).assign(value=[0.0, 0.1], plateau=False)
    assert image_tables.with_percent(values)["percent"].isna().all()


def test_means_over_seeds(folder):
    cells = pd.read_csv(folder / "cells.csv")
    cell = row(cells, **{"dataset": "Shapes3D", "metric": "MIG", "lambda": 8, "beta": 32})
    assert cell["seeds"] == 3
    assert np.isclose(cell["mean"], 0.1818)
    assert np.isclose(cell["percent"], 80)
    assert np.isclose(cell["difference"], 80 - 873.38)
    assert (cell["data"], cell["verdict"]) == ("genuine", Verdict.NOT_REPRODUCED)
    standin = cells[(cells["dataset"] == "MPI3D") & (cells["beta"] > 1)]
    assert set(standin["data"]) == {"stand-in"}
    assert set(standin["verdict"]) == {Verdict.UNDECIDED}
    reference = cells[(cells["beta"] == 1) & (cells["lambda"] == 0)]
    assert set(reference["verdict"]) == {Verdict.BY_CONSTRUCTION}


def test_a_change_of_means_and_its_error():
    value, reference = pd.Series([3.0, 5.0]), pd.Series([1.0, 3.0])
    change, error = image_tables.relative(value, reference)
    assert np.isclose(change, 100)  # 4 against 2
    assert np.isclose(error, 50)  # of (3 - 2 x 1, 5 - 2 x 3) / 2 = (1/2, -1/2)
    change, error = image_tables.relative(2 * reference, reference)
    assert np.isclose(error, 0)  # the same in every seed
    assert np.isnan(image_tables.relative(value[:1], reference[:1])[1])
    assert image_tables.relative(value, reference[:1])[0] == 200  # 3 against 1, of one seed


def test_a_reference_on_a_plateau_is_left_out(tmp_path):
    """Of two seeds with MIG 0.2 at beta 4, one has a reference that never learnt."""
    rows = pd.DataFrame(
        {"dataset": "dSprites", "metric": "MIG", "lambda": 0, "beta": [1, 1, 4, 4],
         "seed": [1, 2, 1, 2], "value": [0.1, 0.02, 0.2, 0.2],
         "plateau": [False, True, False, False]}
    )  # fmt: skip
    changes = image_tables.with_percent(rows)
    changes.to_csv(tmp_path / "images.csv", index=False)
    image_tables.cells(tmp_path / "images.csv", tmp_path / "cells.csv", "papers", [])
    assert np.isclose(row(pd.read_csv(tmp_path / "cells.csv"), beta=4)["percent"], 100)
    assert changes.set_index(["beta", "seed"])["percent"][4].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("ours", "error", "verdict"),
    [
        (244.0, 5.0, Verdict.REPRODUCED),
        (150.0, 5.0, Verdict.NOT_REPRODUCED),
        (244.0, 100.0, Verdict.UNDECIDED),  # 0 would agree as well
        (244.0, np.nan, Verdict.UNDECIDED),
    ],
)
def test_a_cell_agrees_by_errors_that_do_not_hide_it(tmp_path, ours, error, verdict):
    """The published change of MIG on dSprites at beta 16 is 244.48 %; the error of two seeds."""
    values = [1 + ours / 100 + error / 100, 1 + ours / 100 - error / 100]
    seeds = [0, 1] if np.isfinite(error) else [0]
    rows = [
        {"dataset": "dSprites", "metric": "MIG", "lambda": 0, "beta": beta, "seed": seed,
         "value": value, "plateau": False}
        for beta, group in ((1, [1, 1]), (16, values if len(seeds) > 1 else [1 + ours / 100]))
        for seed, value in zip(seeds, group, strict=False)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "images.csv", index=False)
    image_tables.cells(tmp_path / "images.csv", tmp_path / "cells.csv", "papers", [])
    assert row(pd.read_csv(tmp_path / "cells.csv"), beta=16)["verdict"] == verdict


def test_a_model_is_on_a_plateau_if_it_began_there_and_is_still_empty(tmp_path):
    """At beta 32 seeds 0 and 1 were continued from a plateau; lambda 8 got seed 1 out of it."""

    def rate(seed, beta, lam):
        return 0.01 if beta == 32 and (seed == 0 or (seed == 1 and lam == 0)) else 12.5

    write_tables(tmp_path, ["dsprites"], rate=rate, plateau=lambda seed, beta: beta == 32)
    table = pd.read_csv(tmp_path / "images.csv")
    failed = table[table["plateau"]].groupby(["seed", "beta", "lambda"]).size()
    assert failed.to_dict() == {(0, 32, 0): 4, (0, 32, 8): 4, (1, 32, 0): 4}


def test_means_are_over_what_has_learnt(folder, tmp_path):
    table = pd.read_csv(folder / "images.csv")
    at = (table["beta"] == 32) & (table["lambda"] == 0) & (table["seed"] == 2)
    table.loc[at, ["value", "plateau"]] = 0.0, True
    table.to_csv(tmp_path / "images.csv", index=False)
    image_tables.cells(tmp_path / "images.csv", tmp_path / "cells.csv", "papers", [])
    cells = pd.read_csv(tmp_path / "cells.csv")
    cell = row(cells, **{"dataset": "Shapes3D", "metric": "MIG", "lambda": 0, "beta": 32})
    assert cell["seeds"] == 2
    assert np.isclose(cell["mean"], 0.0402)  # of seeds 0 and 1
    assert np.isclose(cell["percent"], -60)  # against the same seeds


def test_a_data_set_of_ours_is_measured_and_not_judged(four):
    cells = pd.read_csv(four / "cells.csv").set_index("dataset")
    assert set(cells.loc["mpi3d_real_complex", "verdict"]) == {Verdict.BEYOND}
    assert cells.loc["mpi3d_real_complex", "percent"].equals(
        cells.loc["MPI3D", "percent"].set_axis(cells.loc["mpi3d_real_complex"].index)
    )
