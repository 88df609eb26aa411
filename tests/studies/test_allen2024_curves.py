"""What the figures of allen2024 over training, over beta and against theory draw."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from allen2024_models import (
    NAMES,
    STANDINS,
    assert_means,
    collapsed,
    floors,
    legend,
    models,
    series,
    write,
)

from betascan.plots import themed
from betascan.studies.allen2024 import figures, linear, linear_figures
from betascan.studies.allen2024.figure_parts import LABELS
from betascan.studies.allen2024.tables import DATASETS


@pytest.fixture(autouse=True)
def theme():
    with themed():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """Table and pairs of a linear truth with two factors."""
    folder = tmp_path_factory.mktemp("truth")
    table, pairs = folder / "linear.csv", folder / "pairs.csv"
    linear.solutions(table, pairs, 6, [4.0, 1.0], 0.01, 0.1, [0.1, 2.0], starts=3, scan_starts=1)
    return table, pairs


def test_orthogonality_penalty(tmp_path):
    frame = models("orthogonality_penalty")
    figure = figures.orthogonality_penalty(write(tmp_path, frame), collapsed(tmp_path), STANDINS)
    kinds = {
        "diagonal posterior": (frame["penalty"] == 0) & (frame["posterior"] == "diagonal"),
        "penalty 10": frame["penalty"] == 10,
        "penalty 100": frame["penalty"] == 100,
        "full posterior": frame["posterior"] == "full",
    }
    rows = np.reshape(figure.axes, (2, 3))
    expected = zip(NAMES.items(), (0.3, 0.5), strict=True)
    for (over_steps, mig, final), ((key, name), floor) in zip(rows, expected, strict=True):
        of_dataset = frame["dataset"] == DATASETS[key]
        assert mig.get_title() == name
        points = [line for line in final.lines if line.get_ls() == "None"]
        for (kind, of_kind), drawn in zip(kinds.items(), points, strict=True):
            chosen = of_kind & of_dataset
            for ax, column in ((over_steps, "offdiagonal_mass"), (mig, "mig")):
                assert ax.get_ylabel() == LABELS[column]
                assert_means(series(ax)[kind], frame[chosen], "steps", column)
            last = frame[chosen & (frame["steps"] == 100_000)]
            np.testing.assert_allclose(drawn.get_xydata(), last[["offdiagonal_mass", "mig"]])
        assert list(floors(mig).values()) == list(floors(final).values()) == [floor]
    assert legend(figure)[:4] == list(kinds)


def test_likelihood_variance(tmp_path, truth):
    frame = models("likelihood_variance")
    frame["squared_error"] = 5.0
    of_pair = (frame["dataset"] == "dSprites") & (frame["seed"] == 1)
    frame.loc[of_pair & (frame["beta"] == 10), "squared_error"] = 7.0
    frame.loc[of_pair & (frame["variance"] == 10), "squared_error"] = 8.0
    of_shapes = (frame["dataset"] == "Shapes3D") & (frame["variance"] == 0.1)
    of_shapes |= (frame["dataset"] == "Shapes3D") & (frame["variance"] == 1e-3)
    frame.loc[of_shapes, "squared_error"] = 4.0
    figure = figures.likelihood_variance(write(tmp_path, frame), truth[0], STANDINS)
    left, middle, right = figure.axes
    at_one = frame[frame["variance"] == 1]
    for key, name in NAMES.items():
        of_dataset = at_one[at_one["dataset"] == DATASETS[key]]
        assert_means(series(left)[name], of_dataset, "beta", "effective_variance")
    for container, dataset in zip(middle.containers, DATASETS.values(), strict=True):
        of_dataset = at_one[at_one["dataset"] == dataset]
        assert_means(container.lines[0].get_xydata(), of_dataset, "beta", "active_units")
    lines = {line.get_label(): line.get_xydata() for line in left.lines}
    np.testing.assert_allclose(lines["linear-Gaussian"], [[0.1, 0.1], [2, 2]], rtol=1e-3)
    np.testing.assert_allclose(lines[r"the paper: $\propto\beta$"], [[1e-4, 1e-4], [100, 100]])
    np.testing.assert_allclose(lines[r"mechanism 2: $\propto 1/\beta$"], [[1e-4, 1e4], [100, 1e-2]])
    pairs = right.lines[0].get_xydata()
    assert len(pairs) == 2 * 3
    assert [7.0, 8.0] in pairs.tolist()
    assert (pairs == 5).all(axis=1).sum() == 5
    notes = [note.get_text() for note in right.texts]
    assert notes == ["median pair 0.0 % apart", "median pair 25.0 % apart"]


def test_the_reason_is_annotated_where_a_measured_variance_is_far_off_its_law(tmp_path, truth):
    frame = models("likelihood_variance")
    frame["effective_variance"] = frame["beta"]
    figure = figures.likelihood_variance(write(tmp_path, frame), truth[0], STANDINS)
    assert not figure.axes[0].texts
    frame.loc[frame["beta"] == 1e-3, "effective_variance"] = 1e-5
    figure = figures.likelihood_variance(write(tmp_path, frame), truth[0], STANDINS)
    (note,) = figure.axes[0].texts
    assert note.xy == pytest.approx((1e-3, 1e-5))


def test_singular_values(tmp_path):
    frame = models("likelihood_variance")
    figure = figures.singular_values(write(tmp_path, frame), STANDINS)
    at_one = frame[frame["variance"] == 1]
    *panels, volume = figure.axes
    for ax, (key, name) in zip(panels, NAMES.items(), strict=True):
        of_dataset = at_one[at_one["dataset"] == DATASETS[key]]
        assert ax.get_title() == name
        for k in (1, 2):
            assert_means(series(ax)[f"$s_{{{k}}}$"], of_dataset, "beta", f"s{k}")
        assert_means(series(volume)[name], of_dataset, "beta", "log_volume")
    assert legend(figure) == ["$s_{1}$", "$s_{2}$", *NAMES.values()]


def test_linear_truth(truth):
    table = pd.read_csv(truth[0])
    left, right = linear_figures.linear_truth(truth[0]).axes
    angles = table[table["part"] == "angles"]
    kinds = {
        "diagonal": angles[angles["posterior"] == "diagonal"],
        "full": angles[angles["posterior"] == "full"],
        "diagonal,\nnot injective": table[table["part"] == "not injective"],
    }
    assert [text.get_text() for text in left.get_xticklabels()] == list(kinds)
    for drawn, rows in zip(left.collections, kinds.values(), strict=True):
        assert len(rows) == 3
        expected = rows["mean_angle"].clip(lower=1e-6)
        np.testing.assert_allclose(sorted(drawn.get_offsets()[:, 1]), sorted(expected))
    lines = [line for line in right.lines if len(line.get_xdata())]
    laws = [line for line in lines if line.get_marker() == "None"]
    for law, eigenvalue in zip(laws, (4.01, 1.01), strict=True):
        x, y = law.get_data()
        np.testing.assert_allclose(y, np.minimum(0, np.log(x / eigenvalue)), atol=1e-6)
    scan = table[table["part"] == "scan"]
    for k, (as_beta, as_sigma2) in enumerate(zip(lines[1::3], lines[2::3], strict=True), start=1):
        for drawn, chosen in ((as_beta, scan["variance"] == 1), (as_sigma2, scan["beta"] == 1)):
            expected = scan.loc[chosen, ["beta_sigma2", f"log_variance_{k}"]]
            np.testing.assert_allclose(drawn.get_xydata(), expected)


def test_identity(tmp_path, truth):
    paths = []
    for number, (dataset, cell) in enumerate(
        [("shapes3d", "reference"), ("dsprites", "posterior_full"), ("dsprites", "reference")]
    ):
        rows = [(0, 0, True), (0, 1, True), (1, 1, True), (2, 2, False)]
        entries = pd.DataFrame(rows, columns=["row", "column", "active"])
        entries["left"] = 10.0 * (number + 1)
        entries["expected"] = 12.0 * (number + 1)
        keys = {"dataset": dataset, "seed": 0, "cell": cell}
        paths.append(write(tmp_path, entries.assign(**keys), str(number)))
    figure = linear_figures.identity(truth[1], paths, STANDINS)
    linear_panel, dsprites, shapes3d = figure.axes
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["linear-Gaussian", *NAMES.values()]
    diagonal, full = dsprites.lines[:2]
    np.testing.assert_allclose(diagonal.get_xydata(), [[36, 30], [36, 30]])
    np.testing.assert_allclose(full.get_xydata(), [[24, 20], [24, 20]])
    texts = [text.get_text() for text in dsprites.get_legend().get_texts()]
    assert texts == ["diagonal: off by 20 %", "full: off by 20 %"]
    np.testing.assert_allclose(shapes3d.lines[0].get_xydata(), [[12, 10], [12, 10]])
    pairs = pd.read_csv(truth[1])
    on_diagonal = pairs[(pairs["row"] == pairs["column"]) & (pairs["posterior"] == "full")]
    np.testing.assert_allclose(linear_panel.lines[1].get_xydata(), on_diagonal[["right", "left"]])
    assert all("exact to" in text.get_text() for text in linear_panel.get_legend().get_texts())
