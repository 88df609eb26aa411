"""What vu2026's figures show, drawn from numbers that are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from betascan.core.files import write_npz
from betascan.plots import labels
from betascan.plots.points import FLOOR
from betascan.plots.style import ordinal
from betascan.studies.vu2026 import image_figures, image_views
from betascan.studies.vu2026.image_config import DOCUMENT, document_name
from betascan.studies.vu2026.image_tables import METRICS, SCORES

BETAS, LAMBDAS = (1.0, 32.0), (0.0, 8.0)
FOUR = [*DOCUMENT, "mpi3d_real_complex"]
STANDINS = ["mpi3d_real"]

pytestmark = pytest.mark.usefixtures("themed")


def panels(figure):
    """Axes by the label of their row and the title of their column."""
    grid = [ax for ax in figure.axes if not hasattr(ax, "_colorbar")]
    rows = {}
    for ax in grid:
        rows.setdefault(round(ax.get_subplotspec().rowspan.start), []).append(ax)
    titles = [ax.get_title() for ax in rows[0]]
    return {
        (row[0].get_ylabel().split("\n")[0], title): ax
        for row in rows.values()
        for title, ax in zip(titles, row, strict=True)
    }


def numbers(ax):
    """The numbers in the cells of a heat map, as lists from the upper left."""
    cells = {tuple(text.get_position()[::-1]): text.get_text() for text in ax.texts}
    return [cells[place].replace("−", "-") for place in sorted(cells)]


def rectangles(ax, **style):
    """Row and column of the cells that are marked in a heat map."""
    marked = [p for p in ax.patches if all(getattr(p, f"get_{k}")() == v for k, v in style.items())]
    return {(int(patch.get_y()), int(patch.get_x())) for patch in marked}


def image_value(dataset, metric, seed, beta, lam):
    """A number that no other model has."""
    return 1 + FOUR.index(dataset) + METRICS.index(metric) / 10 + seed / 100 + (beta + lam) / 1e4


@pytest.fixture(scope="module")
def image_table(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.csv"
    models = product(FOUR, METRICS, range(2), BETAS, LAMBDAS)
    rows = [(*model, image_value(*model)) for model in models]
    table = pd.DataFrame(rows, columns=["dataset", "metric", "seed", "beta", "lambda", "value"])
    table = table.assign(dataset=table["dataset"].map(document_name), plateau=False)
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def spectrum(image_table, tmp_path):
    """What the models carry: a number that no other model and metric has."""
    models = pd.read_csv(image_table).query("metric == 'NLL'")
    parts = {"active_units": 3, "information": 100, "total_correlation": 200}
    table = pd.concat([models.assign(metric=m, value=models["value"] + v)
                       for m, v in parts.items()])  # fmt: skip
    table.to_csv(tmp_path / "spectrum.csv", index=False)
    return tmp_path / "spectrum.csv"


@pytest.fixture
def with_failures(image_table, spectrum, tmp_path):
    """The same tables, in which seed 1 at beta 32 is on a plateau and has no active latents."""
    paths = []
    for path in (image_table, spectrum):
        table = pd.read_csv(path)
        empty = (table["seed"] == 1) & (table["beta"] == 32)
        table["plateau"] = empty
        table.loc[empty & (table["metric"] == "active_units"), "value"] = 0
        paths.append(tmp_path / f"failed_{path.name}")
        table.to_csv(paths[-1], index=False)
    return paths


@pytest.fixture
def cells(image_table, tmp_path):
    """Cells whose changes are 10, 20, 30, 40 % of ours and 12, 12, 31, 90 % published."""
    path = tmp_path / "cells.csv"
    means = pd.read_csv(image_table).query("seed == 0").rename(columns={"value": "mean"})
    means = means.sort_values(["dataset", "metric", "lambda", "beta"])
    count = len(means) // 4
    means["percent"] = [10.0, 20, 30, 40] * count
    means["published_percent"] = [12.0, 12, 31, 90] * count
    means["percent_standard_error"] = [np.nan, 2, 2, 2] * count
    means.to_csv(path, index=False)
    return path


def test_seeds_stand_under_their_data_set_metric_beta_and_lambda(image_table, spectrum):
    shown = panels(image_figures.boxes(image_table, spectrum, FOUR, STANDINS))
    assert len(shown) == 4 * 4
    assert ("SAP", "dSprites") in shown  # which is no stand-in
    ax = shown["SAP", "MPI3D-real stand-in"]
    colours = {to_rgba(look["color"]): lam for lam, look in ordinal(LAMBDAS).items()}
    points = {
        (BETAS[round(x)], colours[tuple(group.get_facecolor()[0])], round(y, 6))
        for group in ax.collections
        if hasattr(group, "get_offsets") and len(group.get_facecolor())
        for x, y in group.get_offsets()
    }
    assert points == {
        (beta, lam, round(image_value("mpi3d_real", "SAP", seed, beta, lam), 6))
        for seed, beta, lam in product(range(2), BETAS, LAMBDAS)
    }
    assert ax.get_ylim()[0] == 0


def test_models_on_a_plateau_are_crosses_and_the_floor_is_theirs(with_failures):
    shown = panels(image_figures.boxes(*with_failures, FOUR, STANDINS))
    ax = shown["MIG", "dSprites"]
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    values = [image_value("dsprites", "MIG", 1, 32, lam) for lam in LAMBDAS]
    np.testing.assert_allclose([line.get_ydata()[0] for line in crosses], values)
    filled = [y for group in ax.collections if hasattr(group, "get_offsets")
              for _, y in group.get_offsets()]  # fmt: skip
    assert not np.isclose(np.subtract.outer(filled, values), 0).any()
    (floor,) = [line for line in ax.lines if line.get_label() == FLOOR]
    assert floor.get_ydata()[0] == pytest.approx(max(values))
    assert not [line for line in shown["NLL (nats)", "dSprites"].lines if line.get_label() == FLOOR]


def test_the_mechanism_is_drawn_over_beta_without_lambda_and_with_the_largest(
    image_table, spectrum
):
    shown = panels(image_figures.mechanism(image_table, spectrum, FOUR, STANDINS))
    rows = ["total correlation", "$I(x;z)$ (nats)", "$I_m$ (nats)", "MIG", "SAP"]
    assert list(dict.fromkeys(label for label, _ in shown)) == rows
    ends = {"total correlation": ("NLL", 200), "$I(x;z)$ (nats)": ("NLL", 100),
            "MIG": ("MIG", 0), "SAP": ("SAP", 0), "$I_m$ (nats)": ("Im", 0)}  # fmt: skip
    for (label, title), ax in shown.items():
        dataset = FOUR[list(dict.fromkeys(t for _, t in shown)).index(title)]
        metric, added = ends[label]
        for container, lam in zip(ax.containers, LAMBDAS, strict=True):
            assert container.get_label() == labels.setting(lam=lam)
            expected = [added + image_value(dataset, metric, 0.5, beta, lam) for beta in BETAS]
            np.testing.assert_allclose(np.asarray(container.lines[0].get_ydata(), float), expected)


def test_the_mechanism_leaves_out_models_on_a_plateau(with_failures):
    shown = panels(image_figures.mechanism(*with_failures, FOUR, STANDINS))
    line = shown["MIG", "dSprites"].containers[0].lines[0].get_ydata()
    expected = [image_value("dsprites", "MIG", seed, beta, 0) for seed, beta in ((0.5, 1), (0, 32))]
    np.testing.assert_allclose(np.asarray(line, float), expected)


def test_scores_stand_over_the_information_of_their_model(with_failures):
    table = with_failures[0]
    shown = panels(image_figures.relation(table, FOUR, STANDINS))
    assert list(dict.fromkeys(label for label, _ in shown)) == ["MIG", "SAP"]
    ax = shown["SAP", "MPI3D-real stand-in"]
    points = {
        (round(x, 6), round(y, 6), line.get_markerfacecolor() == "white")
        for line in ax.lines
        for x, y in line.get_xydata()
    }
    models = [m for m in product(range(2), BETAS, LAMBDAS) if m[:2] != (1, 32)]
    assert points == {
        (*(round(image_value("mpi3d_real", metric, *model), 6) for metric in ("Im", "SAP")),
         model[2] > 0)
        for model in models
    }  # fmt: skip


def test_heat_maps_show_each_mean_in_its_place(cells):
    figure = image_figures.heatmaps(cells, FOUR, STANDINS)
    shown = panels(figure)
    places = list(product(LAMBDAS, BETAS))
    for dataset, title in zip(FOUR, dict.fromkeys(title for _, title in shown), strict=True):
        expected = [image_value(dataset, "MIG", 0, beta, lam) for lam, beta in places]
        assert numbers(shown["MIG", title]) == [f"{value:.3f}" for value in expected]
    maps = [shown["MIG", title].collections[0] for _, title in shown]
    most = image_value("mpi3d_real_complex", "MIG", 0, 32, 8)
    assert [(m.norm.vmin, m.norm.vmax) for m in maps] == [(0, pytest.approx(most))] * len(maps)
    assert sum(hasattr(ax, "_colorbar") for ax in figure.axes) == len(FOUR) + len(SCORES)


def test_changes_are_ours_then_the_published_then_their_difference(cells):
    figure = image_figures.percent(cells, "mpi3d_real", STANDINS)
    assert figure.get_suptitle().startswith("MPI3D-real stand-in: change against ")
    shown = panels(figure)
    assert {label for label, _ in shown} == {"NLL", "MIG", "SAP", "$I_m$"}
    assert numbers(shown["MIG", "ours, %"]) == ["+10", "+20", "+30", "+40"]
    assert numbers(shown["MIG", "published, %"]) == ["+12", "+12", "+31", "+90"]
    difference = shown["MIG", "ours − published, points"]
    assert numbers(difference) == ["-2", "+8", "-1", "-50"]
    allowed = 2 * np.sqrt(2) * 2 + 0.005
    shares = difference.collections[0].get_array().filled(np.nan).ravel()
    np.testing.assert_allclose(shares, [np.nan, 8 / allowed, -1 / allowed, -50 / allowed])
    assert rectangles(difference) == {(0, 1), (1, 1)}  # beyond what is allowed


@pytest.fixture
def models(tmp_path):
    """Rows of single models, and information and views that tell them apart."""
    rows, information, views = [], [], []
    for number, (dataset, beta, lam) in enumerate(product(FOUR, BETAS, LAMBDAS)):
        keys = {"dataset": dataset, "beta": beta, "lambda": lam}
        rows.append({"signature": f"{number:012x}", "keys": keys})
        folder = tmp_path / rows[-1]["signature"]
        folder.mkdir()
        frame = pd.DataFrame({"latent": [0, 0, 1, 1], "factor": ["shape", "floor_hue"] * 2})
        frame["mutual_information"] = [3, 2.5, 2 + number, 0]  # 2.5 + 2 is more than 3 + 0
        frame.to_csv(folder / "information.csv", index=False)
        pixels = np.full((2, 3, 4, 4, 1), number, np.uint8)
        arrays = {"traversals": pixels, "steps": np.linspace(-2, 2, 3), "rate": np.ones(2)}
        write_npz(folder / "views.npz", arrays)
        information.insert(0, folder / "information.csv")
        views.insert(0, folder / "views.npz")
    return rows, information, views


def test_information_is_of_the_model_it_is_called(models):
    rows, information, _ = models
    figure = image_views.information(information, rows, FOUR, STANDINS)
    axes = [ax for ax in figure.axes if not hasattr(ax, "_colorbar")]
    assert [ax.get_title() for ax in axes[:4]] == [
        rf"$\beta$ = {beta:g}, $\lambda$ = {lam:g}" + f"\n$I_m$ = {4.5 + number:.2f}"
        for number, (beta, lam) in enumerate(product(BETAS, LAMBDAS))
    ]
    assert axes[8].get_ylabel() == "MPI3D-real stand-in\nlatent"
    for number, ax in enumerate(axes):
        values = ax.collections[0].get_array().reshape(2, 2)
        assert values.tolist() == [[3, 2.5], [2 + number, 0]]
        assert rectangles(ax) == {(0, 1), (1, 0)}
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["shape", "floor hue"]


def test_traversals_are_of_the_model_they_are_called(models):
    rows, _, views = models
    figure = image_views.traversals(views[8:12], rows, "shapes3d", STANDINS)
    assert figure.get_suptitle() == labels.dataset("shapes3d", STANDINS)
    settings = product(BETAS, LAMBDAS)
    for number, (ax, (beta, lam)) in enumerate(zip(figure.axes, settings, strict=True)):
        assert ax.get_title() == rf"$\beta$ = {beta:g}, $\lambda$ = {lam:g}"
        assert ax.images[0].get_array().min() == 4 + number
