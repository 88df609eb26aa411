import numpy as np
import pandas as pd
import pytest

from betascan.core.files import write_npz
from betascan.studies.vu2026 import image_claims, image_figures, image_tables, image_views
from betascan.studies.vu2026.image_tables import DATASETS, published

BETAS, LAMBDAS = (1.0, 4.0, 32.0), (0.0, 8.0)
CELLS = [(beta, lam) for beta in (1.0, 32.0) for lam in LAMBDAS]


def score(metric, seed, beta, lam):
    """Scores that rise to beta 4 and fall to a fifth at 32, unless lambda holds them."""
    if metric == "nll":
        return 100 + beta - lam * (beta > 1) / 2
    held = {1.0: 1.0, 4.0: 2.0, 32.0: 1.8 if lam else 0.4}[beta]
    return held * (1 + 0.01 * seed) * {"mig": 0.1, "sap": 0.05, "matched_information": 2.0}[metric]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the tables of a study of three seeds."""
    folder = tmp_path_factory.mktemp("vu2026")
    runs = [
        (dataset, seed, beta, lam)
        for dataset in DATASETS
        for seed in range(3)
        for beta in BETAS
        for lam in LAMBDAS
    ]
    scores, histories = [], []
    for number, (_, seed, beta, lam) in enumerate(runs):
        values = {m: score(m, seed, beta, lam) for m in ("mig", "sap", "matched_information")}
        values |= {"active_units": 5, "rate": 12.5, "total_correlation": 0.25}
        table = pd.DataFrame({"metric": list(values), "value": list(values.values())})
        table.to_csv(folder / f"scores-{number}.csv", index=False)
        last = score("nll", seed, beta, lam)
        history = pd.DataFrame({"step": [5, 10], "reconstruction": [999.0, last]})
        history.to_csv(folder / f"history-{number}.csv", index=False)
        scores.append(folder / f"scores-{number}.csv")
        histories.append(folder / f"history-{number}.csv")
    table, cells = folder / "images.csv", folder / "cells.csv"
    image_tables.join(scores, histories, runs, table, folder / "spectrum.csv")
    image_tables.cells(table, cells, "papers", ["mpi3d_real"])
    return folder


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


def test_every_model_has_its_row_and_its_change(made):
    table = pd.read_csv(made / "images.csv")
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
    assert set(pd.read_csv(made / "spectrum.csv")["metric"]) == set(image_tables.SPECTRUM)


def test_a_change_against_nothing_is_no_number():
    values = pd.DataFrame(
        {"dataset": "dSprites", "metric": "MIG", "lambda": 0.0, "beta": [1.0, 4.0], "seed": 0}
    ).assign(value=[0.0, 0.1])
    assert image_tables.with_percent(values)["percent"].isna().all()


def test_means_over_seeds(made):
    cells = pd.read_csv(made / "cells.csv")
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


def claimed(made, scale="papers", standins=()):
    path = made / "claims.csv"
    image_claims.claims(made / "images.csv", path, scale, standins)
    return pd.read_csv(path)


def test_claims_that_hold(made):
    claims = claimed(made)
    mig = claims[(claims["metric"] == "MIG") & (claims["dataset"] == "dSprites")].set_index("item")
    assert mig["ours"]["peak"] == 4
    assert np.isclose(mig["ours"]["collapse"], 80)
    assert np.isclose(mig["ours"]["restored"], 350)
    assert set(mig["verdict"]) == {"holds"}
    everywhere = row(claims, item="collapse_everywhere", metric="MIG")
    assert (everywhere["published"], everywhere["in_document"]) == (2, "no")
    assert (everywhere["ours"], everywhere["verdict"]) == (3, "holds")


def test_the_documents_own_shapes3d_shows_no_collapse(made):
    claims = claimed(made)
    shapes = claims[claims["dataset"] == "Shapes3D"]
    own = shapes[shapes["item"].isin(["peak", "collapse", "restored"])]
    assert set(own["in_document"]) == {"no"}
    assert set(shapes[shapes["item"] == "peak"]["published"]) == {32}


def test_claims_that_do_not_hold(made, tmp_path):
    table = pd.read_csv(made / "images.csv")
    falls = {1.0: 1.0, 4.0: 2.0, 32.0: 3.0}
    rises = table["metric"] != "NLL"
    table.loc[rises, "value"] = table["beta"].map(falls)[rises] * (1 + 0.01 * table["seed"])
    table.to_csv(tmp_path / "images.csv", index=False)
    claims = claimed(tmp_path)
    scores = claims[claims["metric"] != "NLL"]
    assert set(scores["in_ours"]) == {"no"}
    assert set(scores["verdict"]) == {"does not hold"}


def test_one_seed_another_scale_and_stand_ins_cannot_tell(made, tmp_path):
    assert set(claimed(made, scale="laptop")["verdict"]) == {"scale cannot tell"}
    told = claimed(made, standins=["shapes3d"]).groupby("dataset")["verdict"].agg(set)
    assert told["Shapes3D"] == told["all three"] == {"stand-in cannot tell"}
    assert told["dSprites"] == {"holds"}
    table = pd.read_csv(made / "images.csv")
    table[table["seed"] == 0].to_csv(tmp_path / "images.csv", index=False)
    assert set(claimed(tmp_path)["verdict"]) == {"seeds cannot tell"}


def test_every_figure_is_drawn(made, tmp_path):
    drawn = [tmp_path / "figure.png", tmp_path / "figure.pdf"]
    image_figures.boxes(made / "images.csv", *drawn, "footer")
    image_figures.heatmaps(made / "cells.csv", *drawn, "footer")
    image_figures.percent(made / "cells.csv", *drawn, "mpi3d_real", "footer")
    rng = np.random.default_rng(0)
    tables, views = [], []
    for number in range(len(DATASETS) * len(CELLS)):
        table = pd.DataFrame({"latent": np.repeat(range(4), 2), "factor": ["shape", "scale"] * 4})
        tables.append(tmp_path / f"information-{number}.csv")
        table.assign(mutual_information=rng.random(8)).to_csv(tables[-1], index=False)
    image_views.information(tables, *drawn, CELLS, "footer")
    for number in range(len(CELLS)):
        views.append(tmp_path / f"views-{number}.npz")
        images = rng.integers(256, size=(4, 7, 8, 8, 1), dtype=np.uint8)
        arrays = {"traversals": images, "steps": np.linspace(-2, 2, 7), "rate": rng.random(4)}
        write_npz(views[-1], arrays)
    image_views.traversals(views, *drawn, "dsprites", CELLS, "footer")
    assert drawn[0].read_bytes().startswith(b"\x89PNG")
    assert drawn[1].read_bytes().startswith(b"%PDF")


def test_matched_pairs_are_those_of_the_score(tmp_path):
    import matplotlib.pyplot as plt

    frame = pd.DataFrame(
        {"latent": [0, 0, 1, 1], "factor": ["a", "b"] * 2, "mutual_information": [3, 2.5, 2, 0]}
    )
    matched, _ = image_views._matrix(plt.subplots()[1], frame, 3)
    assert matched == 4.5  # 2.5 + 2, not 3 + 0
