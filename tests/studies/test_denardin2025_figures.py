"""What denardin2025's figures draw."""

import numpy as np
import pandas as pd
import pytest

from betascan.core.files import write_npz
from betascan.metrics.registry import METRICS
from betascan.plots import labels
from betascan.plots.points import FLOOR
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


@pytest.fixture
def ends(scores, tmp_path):
    """None of these models is on a plateau."""
    models = pd.read_csv(scores)[tables.KEYS].drop_duplicates().assign(plateau=False)
    models.to_csv(tmp_path / "ends.csv", index=False)
    return tmp_path / "ends.csv"


def test_a_panel_draws_the_score_that_its_title_names(scores, ends):
    figure = figures.scores(scores, ends, "dsprites", WANTED, standins=[])
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


def test_models_on_a_plateau_are_crosses_and_not_in_the_means(scores, ends):
    models = pd.read_csv(ends)
    models["plateau"] = (models["weight"] == 4) & (models["model"] == "beta_vae")
    models.to_csv(ends, index=False)
    figure = figures.scores(scores, ends, "dsprites", ["mig"], standins=[])
    (ax,) = figure.axes
    drawn = {c.get_label(): c.lines[0].get_ydata() for c in ax.containers}
    gaps = {name: list(pd.isna(values)) for name, values in drawn.items()}
    assert gaps[labels.MODELS["beta_vae"]] == [weight == 4 for weight in WEIGHTS]
    assert not any(gaps[labels.MODELS["factor_vae"]])
    (failed,) = [line for line in ax.lines if str(line.get_label()).endswith("on a plateau")]
    assert failed.get_marker() == "x"
    assert failed.get_ydata() == [value_of("mig", "disentanglement_lib", "beta_vae", 4)]


def test_the_floor_is_the_highest_score_without_active_latents(scores, ends):
    frame = pd.read_csv(scores)
    active = frame[frame["metric"] == "sap"].assign(metric="active_units", convention="burda2016")
    active["value"] = np.where(active["weight"] < 16, 0, 3)
    pd.concat([frame, active]).to_csv(scores, index=False)
    figure = figures.scores(scores, ends, "dsprites", WANTED, standins=[])
    for ax, score in zip(figure.axes, figures.shown_scores(WANTED), strict=True):
        (line,) = [line for line in ax.lines if line.get_label() == FLOOR]
        expected = value_of(score.name, score.convention, "factor_vae", 4)
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_without_empty_models_there_is_no_floor(scores, ends):
    figure = figures.scores(scores, ends, "dsprites", WANTED, standins=[])
    assert not [line for ax in figure.axes for line in ax.lines if line.get_label() == FLOOR]


def test_the_discriminator_stands_beside_the_printed_one(tmp_path):
    values = {"TC": 2.0, "D(z_real)": 0.9, "D(z_perm)": 0.2, "KL": 30.0}
    rows = [
        {"dataset": dataset, "model": model, "weight": weight, "seed": seed, "column": column,
         "value": value / weight + (seed == 2) * 0.02 + 5 * (model == "beta_vae"),
         "plateau": False}
        for dataset in ("dsprites", "mpi3d_real_complex") for model in ("beta_vae", "factor_vae")
        for weight in WEIGHTS for seed in (1, 2) for column, value in values.items()
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "ends.csv", index=False)
    figure = figures.discriminator(tmp_path / "ends.csv", "dsprites", standins=[])
    correlation, probability = figure.axes
    author = tables.published_runs().loc["dsprites", "factor_vae"]
    for ax, columns in (correlation, ["TC"]), (probability, ["D(z_real)", "D(z_perm)"]):
        printed = [line for line in ax.lines if line.get_label().endswith(", published")]
        for column, container, line in zip(columns, ax.containers, printed, strict=True):
            expected = [values[column] / weight + 0.01 for weight in WEIGHTS]
            np.testing.assert_allclose(np.asarray(container.lines[0].get_ydata(), float), expected)
            np.testing.assert_allclose(line.get_ydata(), author[tables.COLUMNS[column][1]])


def test_steps_until_codes_carry_information(tmp_path):
    rows = [
        ("dsprites", 1, 1, 500, "learnt"), ("dsprites", 1, 2, 1000, "learnt"),
        ("dsprites", 8, 1, np.nan, "plateau"), ("dsprites", 8, 2, np.nan, "collapsed"),
        ("mpi3d_real_complex", 8, 1, 7, "learnt"),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["dataset", "weight", "seed", "left_at", "state"])
    table.to_csv(tmp_path / "plateaus.csv", index=False)
    (ax,) = figures.plateaus(tmp_path / "plateaus.csv", "dsprites", standins=[]).axes
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    one, other = 2**-0.05, 2**0.05
    np.testing.assert_allclose(
        drawn["carries information from here on"], [[one, 500], [other, 1000]]
    )
    np.testing.assert_allclose(drawn["never: on a plateau"], [[8 * one, 1]])  # of the axes
    np.testing.assert_allclose(drawn["never: collapsed"], [[8 * other, 1]])
    assert "never: not trained again" not in drawn
    table.assign(state="unknown", left_at=np.nan).to_csv(tmp_path / "plateaus.csv", index=False)
    (ax,) = figures.plateaus(tmp_path / "plateaus.csv", "dsprites", standins=[]).axes
    assert [line.get_label() for line in ax.lines] == ["never: not trained again"]
    assert not len(ax.get_yticks())


def test_the_parts_of_the_rate_add_up_to_it(ends, tmp_path):
    models = pd.read_csv(ends)[tables.KEYS]
    parts = {"information": 4.0, "total_correlation": 0.5, "dimension_wise_kl": 1.5}
    rows = [models.assign(metric=m, value=v + models["weight"], images=900)
            for m, v in parts.items()]  # fmt: skip
    pd.concat(rows).to_csv(tmp_path / "terms.csv", index=False)
    figure = figures.rate_terms(tmp_path / "terms.csv", ends, "dsprites", ["dsprites"])
    assert len(figure.axes) == 2
    for ax in figure.axes:
        drawn = [container.lines[0].get_ydata() for container in ax.containers]
        weights = np.array(WEIGHTS)
        for line, expected in zip(
            drawn, (6 + 3 * weights, 4 + weights, 2 + 2 * weights, 0.5 + weights), strict=True
        ):
            np.testing.assert_allclose(np.asarray(line, float), expected)
        (most,) = [line for line in ax.lines if line.get_label().startswith("log of")]
        assert most.get_ydata()[0] == pytest.approx(np.log(900))
        assert "stand-in" in ax.get_title()


def test_the_published_mig_stands_only_with_its_own_convention(scores, ends):
    figure = figures.scores(scores, ends, "dsprites", WANTED, standins=[])
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
def test_any_number_of_scores_has_its_panels(scores, ends, wanted):
    figure = figures.scores(scores, ends, "dsprites", wanted, standins=["dsprites"])
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
