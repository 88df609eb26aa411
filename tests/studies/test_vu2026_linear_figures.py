"""What the figures of vu2026's linear study show, drawn from numbers that are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from betascan.plots.boxes import places
from betascan.plots.style import ordinal
from betascan.studies.vu2026 import linear_figures, linear_jobs

BETAS, LAMBDAS, METHODS = (1.0, 4.0), (0.0, 2.0), ("fixed_point", "adamw")
SCORES = ("recon", "SAP", "Im")

pytestmark = pytest.mark.usefixtures("themed")


def value(n, method, metric, lam, beta):
    """A number that no other cell has."""
    return n + METHODS.index(method) / 2 + SCORES.index(metric) / 10 + lam / 100 + beta / 1000


@pytest.fixture
def cells(tmp_path):
    """Cells of which the published mean is 0.02 less, the allowance 0.04 or, at lambda 2, 0.01."""
    rows = [
        (*cell, value(*cell), value(*cell) - 0.02, 0.01 if cell[3] else 0.04)
        for cell in product((12, 16), METHODS, SCORES, LAMBDAS, BETAS)
    ]
    columns = ["n", "method", "metric", "lambda", "beta", "mean", "published", "allowed"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "linear.csv", index=False)
    return tmp_path / "linear.csv"


@pytest.fixture
def runs(tmp_path):
    """Five starts of every cell, with the mean of the cell and its median."""
    rows = [
        (n, method, lam, beta, *(value(n, method, m, lam, beta) + shift for m in SCORES))
        for n, method, lam, beta in product((12, 16), METHODS, LAMBDAS, BETAS)
        for shift in (-0.2, -0.1, 0, 0.1, 0.2)
    ]
    columns = ["n", "method", "lambda", "beta", *SCORES]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "runs.csv", index=False)
    return tmp_path / "runs.csv"


def test_boxes_and_published_means_stand_at_their_beta_and_lambda(runs, cells):
    figure = linear_figures.boxes(runs, cells, 16)
    looks = ordinal(LAMBDAS)
    at = places(BETAS, looks)
    axes = np.reshape(figure.axes, (3, 2))
    assert [ax.get_title() for ax in axes[0]] == ["alternating updates, n = 16", "AdamW, n = 16"]
    assert [ax.get_ylabel().split()[0] for ax in axes[:, 0]] == ["NLL", "SAP", "$I_m$"]
    assert "logarithmic beyond ±10" in axes[0, 0].get_ylabel()
    for (row, column), ax in np.ndenumerate(axes):
        medians = {
            (round(np.mean(line.get_xdata()), 6), to_rgba(line.get_color())): line.get_ydata()[0]
            for container in ax.containers
            for line in container.medians
        }
        (crosses,) = [line for line in ax.lines if line.get_marker() == "x"]
        published = dict(zip(crosses.get_xdata().round(6), crosses.get_ydata(), strict=True))
        for beta, lam in product(BETAS, LAMBDAS):
            place = round(at[beta, lam], 6)
            expected = value(16, METHODS[column], SCORES[row], lam, beta)
            assert medians[place, to_rgba(looks[lam]["color"])] == pytest.approx(expected)
            assert published[place] == pytest.approx(expected - 0.02)


def test_heat_maps_show_ours_then_the_published_means_then_the_difference(cells):
    figure = linear_figures.heatmaps(cells, 12, "adamw")
    assert figure.legends[0].get_title().get_text() == "AdamW, n = 12: means over starts"
    axes = np.reshape([ax for ax in figure.axes if not hasattr(ax, "_colorbar")], (3, 3))
    titles = ["ours", "published", "ours − published"]
    assert [ax.get_title() for ax in axes[0]] == titles
    for score, (ours, published, difference) in zip(SCORES, axes, strict=True):
        means = np.array([value(12, "adamw", score, *cell) for cell in product(LAMBDAS, BETAS)])
        np.testing.assert_allclose(ours.collections[0].get_array().ravel(), means)
        np.testing.assert_allclose(published.collections[0].get_array().ravel(), means - 0.02)
        shares = difference.collections[0].get_array().filled(np.nan).ravel()
        np.testing.assert_allclose(shares, [0.5, 0.5, np.nan, 2])  # of what is allowed
        form = "+.2f" if score == "recon" else "+.3f"
        assert {text.get_text() for text in difference.texts} == {f"{0.02:{form}}"}
        marked = {(p.get_y(), p.get_x(), p.get_hatch()) for p in difference.patches}
        assert marked == {(1, 1, None), (1, 0, "////")}  # too far; beta 1 with lambda


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Sixty sweeps of the authors' 50 variables."""
    path = tmp_path_factory.mktemp("contraction") / "contraction.csv"
    model = {"data": {"factors": 5, "noise": 0.05, "seed": 42}, "latents": 10}
    runs = [(0, 1), (0, 32), (2, 128), (8, 32)]
    linear_jobs.contract(path, model, {"observed": 50, "rng_offset": 0}, 0, runs, 60)
    return path


def test_gains_are_drawn_beside_the_slope_of_the_law(followed):
    table = pd.read_csv(followed)
    free, bound, held = linear_figures.contraction(followed, 2, 128, 0.05).axes
    points = {line.get_label(): line for line in free.lines if line.get_marker() == "o"}
    assert list(points) == [rf"$\beta$ = {beta}" for beta in (1, 32)]
    gains = table.query("`lambda` == 0 and beta == 32 and mode == 1")["gain"]
    np.testing.assert_array_equal(points[r"$\beta$ = 32"].get_ydata(), gains)
    (law,) = [line for line in free.lines if line.get_linestyle() == "--"]  # none at beta 1
    slopes = np.diff(np.log(law.get_ydata()))
    np.testing.assert_allclose(slopes, -np.log(32))
    assert bound.get_title() == r"all modes, $\beta$ = 128, $\lambda$ = 2"
    thresholds = [text.get_text() for text in bound.get_legend().get_texts()]
    assert thresholds == ["246", "155", "92", "63.3", "44.3", "1.2 (noise)"]
    laws = [line for line in bound.lines if line.get_linestyle() == "--"]
    assert len(laws) == 4  # of the modes whose threshold 128 exceeds
    assert held.get_title() == r"information, $\beta$ = 32"


def test_information_ends_where_the_optimum_has_it(followed):
    *_, held = linear_figures.contraction(followed, 2, 128, 0.05).axes
    points = [line for line in held.lines if line.get_marker() == "o"]
    optima = [line for line in held.lines if line.get_linestyle() == "--"]
    assert [line.get_label() for line in points] == [rf"$\lambda$ = {lam}" for lam in (0, 8)]
    for run, optimum in zip(points, optima, strict=True):
        assert run.get_color() == optimum.get_color()
        assert run.get_ydata()[-1] == pytest.approx(optimum.get_ydata()[0], abs=0.01)
