"""Tables and statements of vu2026's image study, from scores that are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from betascan.config.images import TABULAR_METRICS
from betascan.metrics.inputs import LatentCodes
from betascan.metrics.scores import score_table
from betascan.studies.vu2026 import image_claims, image_tables
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


def write_tables(folder, datasets, standins=()):
    """Write a study's tables, from files whose order is not that of the rows."""
    rows = rows_of(datasets)
    scores, histories = [], []
    for row in rows:
        settings = [row["keys"][name] for name in ("seed", "beta", "lambda")]
        values = {
            (m, convention): score(m, *settings) for m, convention in image_tables.SCORES.values()
        }
        values |= {("active_units", "burda2016"): 5, ("rate", "hirn2026"): 12.5}
        values |= {("total_correlation", "gaussian"): 0.25, ("mig", "chen2018"): 99.0}
        table = pd.DataFrame([[*which, v] for which, v in values.items()])
        table.columns = ["metric", "convention", "value"]
        last = score("nll", *settings)
        history = pd.DataFrame({"step": [5, 10], "reconstruction": [999.0, last]})
        for files, name, frame in (scores, "scores", table), (histories, "history", history):
            files.append(folder / row["signature"] / f"{name}.csv")
            files[-1].parent.mkdir(exist_ok=True)
            frame.to_csv(files[-1], index=False)
    table, cells = folder / "images.csv", folder / "cells.csv"
    image_tables.join(scores[::-1], histories, table, folder / "spectrum.csv", rows)
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
    spectrum = row(pd.read_csv(folder / "spectrum.csv"), metric="rate", **where)
    assert spectrum["value"] == 12.5


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
    scores, history = folder / "scores.csv", folder / "history.csv"
    folder.mkdir()
    pd.DataFrame({"reconstruction": [7.0]}).to_csv(history, index=False)
    files = tmp_path / "images.csv", tmp_path / "spectrum.csv"
    written = []
    for wanted in (NEEDED, accepted):
        table = score_table(train, test, metrics=wanted, n_refits=0, workers=1)
        table.to_csv(scores, index=False)
        image_tables.join([scores], [history], *files, rows)
        written.append([file.read_text() for file in files])
    assert written[0] == written[1]


def test_a_change_against_nothing_is_no_number():
    values = pd.DataFrame(
        {"dataset": "dSprites", "metric": "MIG", "lambda": 0.0, "beta": [1.0, 4.0], "seed": 0}
    ).assign(value=[0.0, 0.1])
    assert image_tables.with_percent(values)["percent"].isna().all()


def test_means_over_seeds(folder):
    cells = pd.read_csv(folder / "cells.csv")
    cell = row(cells, **{"dataset": "Shapes3D", "metric": "MIG", "lambda": 8, "beta": 32})
    assert cell["seeds"] == 3
    assert np.isclose(cell["mean"], 0.1818)
    assert np.isclose(cell["percent"], 80)
    assert np.isclose(cell["difference"], 80 - 873.38)
    assert cell["verdict"] == "differs"
    standin = cells[(cells["dataset"] == "MPI3D") & (cells["beta"] > 1)]
    assert set(standin["verdict"]) == {"stand-in cannot tell"}
    reference = cells[(cells["beta"] == 1) & (cells["lambda"] == 0)]
    assert set(reference["verdict"]) == {"reference"}


def test_a_change_of_means_and_its_error():
    value, reference = pd.Series([3.0, 5.0]), pd.Series([1.0, 3.0])
    change, error = image_tables.relative(value, reference)
    assert np.isclose(change, 100)  # 4 against 2
    assert np.isclose(error, 50)  # of (3 - 2 x 1, 5 - 2 x 3) / 2 = (1/2, -1/2)
    change, error = image_tables.relative(2 * reference, reference)
    assert np.isclose(error, 0)  # the same in every seed
    assert np.isnan(image_tables.relative(value[:1], reference[:1])[1])


@pytest.mark.parametrize(
    ("change", "error", "expected"),
    [
        *[(20, 4, "yes"), (20, 11, "unclear"), (20, np.nan, "unclear"), (np.nan, 1, "unclear")],
        *[(-20, 4, "no"), (4, 0.1, "no"), (4, 3, "unclear")],
    ],
)
def test_a_change_is_there_by_two_standard_errors(change, error, expected):
    assert image_claims.judge(change, error, slight=5) == expected


def claims_of(folder, scale="papers", standins=()):
    path = folder / "claims.csv"
    image_claims.claims(folder / "images.csv", path, scale, standins)
    return pd.read_csv(path)


def test_claims_that_hold(folder):
    claims = claims_of(folder)
    mig = claims[(claims["metric"] == "MIG") & (claims["dataset"] == "dSprites")].set_index("item")
    assert mig["ours"]["peak"] == 4
    assert np.isclose(mig["ours"]["collapse"], 80)
    assert np.isclose(mig["ours"]["restored"], 350)
    assert set(mig["verdict"]) == {"holds"}
    everywhere = row(claims, item="collapse_everywhere", metric="MIG")
    assert (everywhere["published"], everywhere["in_document"]) == (2, "no")
    assert (everywhere["ours"], everywhere["verdict"]) == (3, "holds")


def test_the_documents_own_shapes3d_shows_no_collapse(folder):
    shapes = claims_of(folder).query("dataset == 'Shapes3D'")
    scores = shapes[shapes["item"].isin(["peak", "collapse", "restored"])]
    assert set(scores["in_document"]) == {"no"}
    assert set(shapes[shapes["item"] == "peak"]["published"]) == {32}


def test_claims_that_do_not_hold(folder, tmp_path):
    table = pd.read_csv(folder / "images.csv")
    falls = {1.0: 1.0, 4.0: 2.0, 32.0: 3.0}
    rises = table["metric"] != "NLL"
    table.loc[rises, "value"] = table["beta"].map(falls)[rises] * (1 + 0.01 * table["seed"])
    table.to_csv(tmp_path / "images.csv", index=False)
    claims = claims_of(tmp_path)
    scores = claims[claims["metric"] != "NLL"]
    assert set(scores["in_ours"]) == {"no"}
    assert set(scores["verdict"]) == {"does not hold"}


def test_one_seed_another_scale_and_stand_ins_cannot_tell(folder, tmp_path):
    assert set(claims_of(folder, scale="laptop")["verdict"]) == {"scale cannot tell"}
    verdicts = claims_of(folder, standins=["shapes3d"]).groupby("dataset")["verdict"].agg(set)
    assert verdicts["Shapes3D"] == verdicts["all three"] == {"stand-in cannot tell"}
    assert verdicts["dSprites"] == {"holds"}
    table = pd.read_csv(folder / "images.csv")
    table[table["seed"] == 0].to_csv(tmp_path / "images.csv", index=False)
    assert set(claims_of(tmp_path)["verdict"]) == {"seeds cannot tell"}


def test_a_data_set_of_ours_is_measured_and_not_judged(folder, four):
    cells = pd.read_csv(four / "cells.csv").set_index("dataset")
    assert set(cells.loc["mpi3d_real_complex", "verdict"]) == {"not in the document"}
    assert cells.loc["mpi3d_real_complex", "percent"].equals(
        cells.loc["MPI3D", "percent"].set_axis(cells.loc["mpi3d_real_complex"].index)
    )
    claims = claims_of(four, standins=["mpi3d_real_complex"]).set_index("dataset")
    added = claims.loc["mpi3d_real_complex"]
    assert set(added["verdict"]) == set(added["in_document"]) == {"not in the document"}
    assert added["published"].isna().all()
    assert set(added["in_ours"]) == {"yes"}
    # neither its presence nor its stand-in changes what is said of the document's three
    others = claims.drop("mpi3d_real_complex").reset_index()
    pd.testing.assert_frame_equal(others, claims_of(folder).reindex(columns=others.columns))


def test_of_fewer_data_sets_nothing_holds_everywhere(tmp_path):
    write_tables(tmp_path, ["dsprites"])
    claims = claims_of(tmp_path).set_index("item")
    assert set(claims.loc["collapse", "in_ours"]) == {"yes"}
    assert set(claims.loc["collapse_everywhere", "in_ours"]) == {"unclear"}
