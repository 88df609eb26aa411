"""What chen2018's figures draw, from tables whose outcome is known."""

import math

import numpy as np
import pandas as pd
import pytest
from chen2018_tables import BETAS, made, made_terms
from scipy import stats

from betascan.core.files import write_npz
from betascan.plots import labels
from betascan.plots.boxes import places
from betascan.plots.style import MODEL_LOOKS
from betascan.studies.chen2018 import figures, metric_figures
from betascan.studies.chen2018.config import MODELS, REPEATED
from betascan.studies.chen2018.tables import correlations

pytestmark = pytest.mark.usefixtures("themed")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return made(tmp_path_factory.mktemp("tables"))


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return found


def test_a_box_of_mig_is_of_its_model_and_beta(tables):
    figure = figures.mig_beta(tables[0], standins=["shapes3d"])
    ax = figure.axes[0]
    assert [one.get_title() for one in figure.axes[:2]] == ["dSprites", "3D Shapes stand-in"]
    assert ax.get_ylabel() == labels.METRICS["mig_chen"]
    assert [text.get_text() for text in figure.axes[2].get_xticklabels()] == ["1", "2", "4", "8"]
    scores = pd.read_csv(tables[0]).query("dataset == 'dsprites'")
    mig = scores[scores["metric"] == "mig_chen"]
    expected = mig.groupby(["model", "beta"])["value"].median()["tcvae_mws", 8.0]
    colour = MODEL_LOOKS["tcvae_mws"]["color"]
    medians = [
        one.get_ydata()[0]
        for one in ax.lines
        if one.get_color() == colour and len(set(one.get_ydata())) == 1
    ]
    assert any(math.isclose(value, expected, rel_tol=1e-9) for value in medians)


def test_elbo_against_mig_has_elbo_along_x(tables):
    figure = figures.elbo_mig(tables[0], standins=[])
    ax, scores = figure.axes[0], pd.read_csv(tables[0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("ELBO (nats per image)", "MIG (chen2018)")
    chosen = scores.query("dataset == 'dsprites' and model == 'factor_vae'")
    wide = chosen.groupby(["beta", "metric"])["value"].mean().unstack()
    points = ax.collections[-1].get_offsets()
    np.testing.assert_allclose(points, wide[["elbo", "mig_chen"]])


def test_correlations_of_seeds_lie_where_they_are(tables, tmp_path):
    scores = pd.read_csv(tables[0])
    odd = (scores["metric"] == "total_correlation") & (scores["seed"] == scores["seed"].min())
    scores.loc[odd, "value"] *= -1
    scores.to_csv(tmp_path / "spread.csv", index=False)
    figure = figures.tc_mig(tmp_path / "spread.csv", standins=[])
    above, below = figure.axes[0], figure.axes[2]
    assert above.get_xlabel() == labels.METRICS["total_correlation"]
    expected = correlations(scores, "dsprites")
    for place, model in enumerate(MODELS):
        colour = MODEL_LOOKS[model]["color"]
        drawn = [line for line in below.lines if line.get_color() == colour]
        seeds, mean, reach, *ends = drawn
        assert (seeds.get_ydata() == place).all()
        np.testing.assert_allclose(seeds.get_xdata(), expected[model])
        assert mean.get_xdata() == pytest.approx([expected[model].mean()])
        interval = stats.ttest_1samp(expected[model], 0).confidence_interval()
        shown = [max(interval.low, -1), min(interval.high, 1)]
        np.testing.assert_allclose(reach.get_xdata(), shown)
        arrows = ["<" if interval.low < -1 else "|", ">" if interval.high > 1 else "|"]
        assert [end.get_marker() for end in ends] == arrows


def test_weights_are_those_of_their_part_of_the_rate(tables, tmp_path):
    scores = pd.read_csv(tables[0])
    scores[scores["seed"] < 2].to_csv(tmp_path / "few.csv", index=False)
    (ax,) = figures.weights(tmp_path / "few.csv", beta=4.0).axes
    dots = [points for points in ax.collections if hasattr(points, "get_sizes")]
    assert sum(len(points.get_offsets()) for points in dots) == 2 * 5
    figure = figures.weights(tables[0], beta=4.0)
    (ax,) = figure.axes
    names = [text.get_text().split("\n")[0] for text in ax.get_xticklabels()]
    assert names == ["none", "information", "total", "dimension-", "all three"]
    scores = scores.query("dataset == 'dsprites' and metric == 'mig_chen'")
    median = scores.groupby(["model", "beta"])["value"].median()
    order = [("tcvae_mws", 1.0), *((m, 4.0) for m in ("tcvae_alpha", "tcvae_mws", "tcvae_gamma"))]
    flat = {
        round(float(line.get_xdata().mean())): line.get_ydata()[0]
        for line in ax.lines
        if line.get_lw() == 1.3
    }
    for place, key in enumerate([*order, ("beta_vae", 4.0)]):
        assert flat[place] == pytest.approx(median[key])


def test_rotation_is_drawn_by_model_and_score(tables):
    figure = figures.rotation(tables[3], 4)
    rotations = pd.read_csv(tables[3])
    assert [ax.get_ylabel() for ax in figure.axes] == list(figures.METRICS.values())
    for ax, metric in zip(figure.axes, figures.METRICS, strict=True):
        assert ax.get_xlabel() == "rotation (degrees)"
        drawn = {c.get_label(): c.lines[0].get_xydata() for c in ax.containers}
        assert len(drawn) == len(MODELS) + 1
        chosen = rotations[rotations["metric"] == metric].groupby(["model", "degrees"])["value"]
        mean = chosen.mean()["beta_vae_laplace"]
        np.testing.assert_allclose(drawn[r"$\beta$-VAE, Laplace prior"][:, 1], mean)


def test_joint_distributions_are_drawn_with_their_ratio(tables):
    contrasts = dict(zip("BCD", (2.0, 3.0, 4.0), strict=True))
    figure = figures.joints(tables[0], tables[4], ("posX", "posY"), contrasts, [4.0])
    panels = {ax.get_title()[:4]: ax for ax in figure.axes}
    pixels = {name: panels[f"{name}: {ratio}"].images[0].get_array() for name, ratio in
              (("A", 1), ("D", 4))}  # fmt: skip
    assert np.allclose(pixels["A"], 1)
    assert pixels["D"].max() / pixels["D"].min() == pytest.approx(4)
    assert panels["B: 2"].get_xlabel() == "posX"


def test_models_of_dependent_factors_have_a_panel_a_beta(tables, tmp_path):
    scores, joints = pd.read_csv(tables[4]), tmp_path / "joint_scores.csv"
    of_d = (scores["sampling"] == "D") & (scores["model"] == "tcvae_mss")
    other = scores[of_d & (scores["metric"] == "mig_chen")].assign(beta=1.0, value=0.7)
    pd.concat([scores, other]).to_csv(joints, index=False)
    figure = figures.joints(tables[0], joints, ("posX", "posY"), {"D": 4.0}, [1.0, 4.0])
    at_1, at_4 = figure.subfigs[1].axes
    assert at_1.get_title() == "dSprites, $\\beta$ = 1"
    assert at_4.get_title() == "dSprites, $\\beta$ = 4"
    place = places(["A", "D"], MODEL_LOOKS)["D", "tcvae_mss"]
    drawn = [xy for line in at_1.lines for xy in line.get_xydata() if xy[1] == 0.7]
    assert np.mean(drawn, axis=0) == pytest.approx([place, 0.7], abs=0.02)
    assert at_4.get_ylim() == at_1.get_ylim()


def test_elbo_terms_are_those_of_their_title_and_estimator(tmp_path):
    terms = made_terms().query("dataset == 'dsprites'")
    low = terms.assign(bias=terms["bias"].where(terms["model"] != "beta_vae", -terms["bias"]))
    low.to_csv(tmp_path / "terms.csv", index=False)
    figure = metric_figures.elbo_terms(tmp_path / "terms.csv", "dsprites", standins=[])
    axes = np.reshape(figure.axes, (3, 3))
    assert axes[1, 0].get_ylabel() == "total correlation\n(nats)"
    bias = terms[(terms["term"] == "total_correlation") & (terms["estimator"] == "mws")]
    expected = bias.groupby("beta")["bias"].mean()
    np.testing.assert_allclose(line(axes[1, 2], "MWS").get_ydata(), expected)
    assert axes[0, 2].get_title() == "|bias| (nats), mean over models"
    bound = line(axes[0, 1], f"log {int(terms['samples'].max()):,}").get_ydata()
    np.testing.assert_allclose(bound, np.log(terms["samples"].max()))
    assert any(np.array_equal(one.get_ydata(), bound) for one in axes[0, 0].lines)
    colours = {one.get_color() for one in axes[0, 1].lines[:4]}
    assert not colours & {look["color"] for look in MODEL_LOOKS.values()}


def test_noise_falls_with_samples_as_it_was_made(tables):
    figure = metric_figures.stability(tables[2])
    raw = figure.subfigs[0].axes[1]
    few, many = line(raw, "SAP").get_ydata()
    assert few / many == pytest.approx(10, rel=0.8)  # noise of 100 / n
    assert few > 10 * line(raw, "MIG (chen2018)").get_ydata()[0]
    titles = [ax.get_title().split("\n")[0] for ax in figure.subfigs[1].axes]
    assert "MIG (chen2018)" not in titles  # has no setting
    assert titles[1] == "SAP"
    assert len(figure.subfigs[1].axes[1].lines) == len(REPEATED) * len(BETAS) * 3  # seeds


def test_traversals_name_each_model(tmp_path):
    images = np.zeros((3, 7, 8, 8, 1), np.uint8)
    arrays = {"traversals": images, "steps": np.linspace(-2, 2, 7), "rate": np.arange(3.0)}
    rows, views = [], []
    for model in MODELS:
        views.append(tmp_path / model / "views.npz")
        write_npz(views[-1], arrays)
        rows.append({"signature": model, "keys": {"model": model}})
    figure = metric_figures.traversals(views[::-1], rows, "shapes3d", 4.0, ["shapes3d"])
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == [labels.MODELS[model] for model in MODELS[::-1]]
    assert figure.get_suptitle().startswith("3D Shapes stand-in")
