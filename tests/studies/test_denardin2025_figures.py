"""What denardin2025's figures draw."""

import numpy as np
import pandas as pd
import pytest

from betascan.core.files import write_npz
from betascan.metrics.registry import METRICS
from betascan.plots import labels
from betascan.plots.style import MODEL_LOOKS
from betascan.studies.denardin2025 import figures, tables

WEIGHTS = [1.0, 4.0, 16.0]
pytestmark = pytest.mark.usefixtures("themed")
WANTED = ["mig", "mig_denardin", "sap", "dci", "spectroscopy"]


def value_of(metric, convention, model, weight):
    """A different value for every score, model and weight."""
    place = sorted(score.name + score.convention for score in figures.shown_scores(WANTED))
    return 0.1 * place.index(metric + convention) + 0.01 * weight + (model == "factor_vae")


@pytest.fixture
def scores(tmp_path):
    rows = [
        {
            "dataset": "dsprites", "model": model, "weight": weight, "seed": 19,
            "metric": score.name, "convention": score.convention, "value": value,
            "low": value - 0.02, "high": value + 0.03,
        }
        for score in figures.shown_scores(WANTED)
        for model in labels.MODELS
        if model in ("beta_vae", "factor_vae")
        for weight in WEIGHTS
        for value in [value_of(score.name, score.convention, model, weight)]
    ]  # fmt: skip
    pd.DataFrame(rows).sample(frac=1, random_state=0).to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


def test_a_panel_draws_the_score_that_its_title_names(scores):
    figure = figures.scores(scores, "dsprites", WANTED, standins=[])
    panels = {ax.get_title(): ax for ax in figure.axes}
    assert list(panels) == [score.label for score in figures.shown_scores(WANTED)]
    for score in figures.shown_scores(WANTED):
        for model in ("beta_vae", "factor_vae"):
            (drawn,) = [
                container
                for container in panels[score.label].containers
                if container.get_label() == labels.MODELS[model]
            ]
            expected = [value_of(score.name, score.convention, model, w) for w in WEIGHTS]
            np.testing.assert_allclose(np.asarray(drawn.lines[0].get_ydata(), float), expected)
            assert drawn.lines[0].get_color() == MODEL_LOOKS[model]["color"]


def test_the_published_mig_stands_only_with_its_own_convention(scores):
    figure = figures.scores(scores, "dsprites", WANTED, standins=[])
    published = f"{labels.MODELS['beta_vae']}, published"
    panels = {
        ax.get_title(): [line for line in ax.lines if line.get_label() == published]
        for ax in figure.axes
    }
    assert [title for title, lines in panels.items() if lines] == ["MIG (denardin2025)"]
    (line,) = panels["MIG (denardin2025)"]
    author = tables.published_runs().loc["dsprites", "beta_vae"]["test_mig_file"]
    np.testing.assert_allclose(line.get_ydata(), author)


@pytest.mark.parametrize("wanted", [["mig"], list(METRICS)])
def test_any_number_of_scores_has_its_panels(scores, wanted):
    figure = figures.scores(scores, "dsprites", wanted, standins=["dsprites"])
    assert len(figure.axes) == len(figures.shown_scores(wanted))
    assert "stand-in" in figure.legends[0].get_title().get_text()


def test_curves_end_beside_the_author_s(tmp_path):
    rows, paths = [], []
    for weight in WEIGHTS:
        paths.append(tmp_path / f"w{weight:g}" / "history.csv")
        paths[-1].parent.mkdir()
        history = {"step": [10, 20], "validation_reconstruction": [100.0 * weight, 50.0 * weight]}
        pd.DataFrame(history).to_csv(paths[-1], index=False)
        rows.append({"signature": f"w{weight:g}", "keys": {"weight": weight, "seed": 19}})
    figure = figures.curves(paths[::-1], rows, "dsprites", "beta_vae", "nats", standins=[])
    (ax,) = figure.axes
    curves = {line.get_label(): line for line in ax.lines if line.get_label() != "_author"}
    assert list(curves) == ["1", "4", "16"]
    np.testing.assert_allclose(curves["16"].get_ydata(), [1600, 800])
    author = tables.published_runs().loc["dsprites", "beta_vae"]["val_recon_last"]
    ticks = [line.get_ydata()[0] for line in ax.lines if line.get_label() == "_author"]
    np.testing.assert_allclose(ticks, author[WEIGHTS])


def test_a_column_of_reconstructions_is_of_its_weight(scores, tmp_path):
    rows, views = [], []
    for weight in WEIGHTS:
        shade = np.full((5, 8, 8, 1), 10 * weight, np.uint8)
        views.append(tmp_path / f"v{weight:g}" / "views.npz")
        write_npz(views[-1], {"originals": np.zeros_like(shade), "reconstructions": shade})
        rows.append({"signature": f"v{weight:g}", "keys": {"weight": weight, "seed": 19}})
    figure = figures.reconstructions(views[::-1], rows=rows, scores=scores, dataset="dsprites",
                                     model="factor_vae", standins=[])  # fmt: skip
    columns = np.reshape(figure.axes, (5, 4))
    assert [ax.images[0].get_array().max() for ax in columns[0]] == [0, 10, 40, 160]
    assert columns[0, 3].get_title() == r"$\gamma$ = 16"
    expected = value_of("mig", "denardin2025", "factor_vae", 16)
    assert columns[-1, 3].get_xlabel() == f"{expected:.2f}"
