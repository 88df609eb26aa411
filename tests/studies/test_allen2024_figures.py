"""What the figures of allen2024 that compare settings draw."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from allen2024_models import (
    COLUMNS,
    FLOORS,
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
from matplotlib.colors import to_hex

from betascan.plots import themed
from betascan.plots.boxes import places
from betascan.studies.allen2024 import figures, group_figures, pushforward_figures
from betascan.studies.allen2024.figure_parts import LABELS, LOOKS
from betascan.studies.allen2024.tables import DATASETS


@pytest.fixture(autouse=True)
def theme():
    with themed():
        yield
    plt.close("all")


def test_tradeoff(tmp_path):
    frame = models("tradeoff")
    figure = figures.tradeoff(write(tmp_path, frame), collapsed(tmp_path), STANDINS)
    frame["beta_sigma2"] = frame["beta"] * frame["variance"]
    columns = {LABELS[column]: column for column in COLUMNS if column in LABELS}
    panels = {ax.get_title(): ax for ax in figure.axes}
    assert len(panels) == 6
    for title, ax in panels.items():
        for key, name in NAMES.items():
            of_dataset = frame[frame["dataset"] == DATASETS[key]]
            for sigma2, face in ((1, "white"), (0.1, LOOKS[key]["color"])):
                label = rf"{name}, $\sigma^2 = {sigma2:g}$"
                drawn = next(c for c in ax.containers if c.get_label() == label).lines[0]
                expected = of_dataset[of_dataset["variance"] == sigma2]
                assert_means(drawn.get_xydata(), expected, "beta_sigma2", columns[title])
                assert to_hex(drawn.get_markerfacecolor()) == to_hex(face)
                assert to_hex(drawn.get_color()) == to_hex(LOOKS[key]["color"])
    assert floors(panels["MIG"]) == FLOORS
    assert len(legend(figure)) == 5


def assert_groups(ax, frame, column, groups):
    """Two seeds are points; their mean is a line at the place of group and data set."""
    assert [text.get_text() for text in ax.get_xticklabels()] == list(groups)
    expected = {}
    for (group, key), x in places(list(groups), {key: LOOKS[key] for key in DATASETS}).items():
        chosen = groups[group] & (frame["dataset"] == DATASETS[key])
        expected[round(x, 6)] = frame.loc[chosen, column].mean()
    segments = [s for c in ax.collections if hasattr(c, "get_segments") for s in c.get_segments()]
    drawn = {round(segment[:, 0].mean(), 6): segment[0, 1] for segment in segments}
    assert drawn == pytest.approx(expected)


@pytest.mark.parametrize("name", ["posterior_covariance", "decoders", "priors", "likelihoods"])
def test_groups_of_models(tmp_path, name):
    frame = models(name).assign(active_units=2)
    posterior, beta, prior = frame["posterior"], frame["beta"], frame["prior"]
    decoder, activation = frame["decoder"], frame["activation"]
    names = {"SiLU": "silu", "ReLU": "relu", "soft-\nplus": "softplus", "tanh": "tanh"}
    kinds = {"Gauss": "gaussian", "Bern.": "bernoulli", "Lapl.": "laplace"}
    groups = {
        "posterior_covariance": {
            f"{p}\n$\\beta$ = {b}": (posterior == p) & (beta == b)
            for b in (1, 5)
            for p in ("diagonal", "full")
        },
        "decoders": {k: (activation == v) & (decoder == "convolutional") for k, v in names.items()}
        | {
            "lin.": decoder == "linear",
            "MLP": (decoder == "mlp") & (posterior == "diagonal"),
            "MLP\nfull": (decoder == "mlp") & (posterior == "full"),
        },
        "priors": {
            "Gaussian": prior == "gaussian",
            "Laplace": prior == "laplace",
            "uniform": prior == "uniform",
        },
        "likelihoods": {
            f"{k}\n{p[:4]}": (frame["likelihood"] == v) & (posterior == p)
            for k, v in kinds.items()
            for p in ("diagonal", "full")
        },
    }[name]
    arguments = [write(tmp_path, frame), collapsed(tmp_path)]
    if name == "posterior_covariance":
        counted = frame[["dataset", "cell", "posterior", "beta"]].copy()
        counted["operations"] = 1e9 * np.arange(1, len(counted) + 1)
        arguments.append(write(tmp_path, counted.drop(columns=["posterior", "beta"]), "counted"))
    figure = getattr(group_figures, name)(*arguments, STANDINS)
    columns = {LABELS[column]: column for column in COLUMNS if column in LABELS}
    panels = {ax.get_title(): ax for ax in figure.axes}
    if operations_panel := panels.pop(LABELS["operations"], None):
        billions = counted.assign(operations=counted["operations"] / 1e9)
        assert_groups(operations_panel, billions, "operations", groups)
        # two dimensions: sqrt(1 - 1/2); a rotation by an angle up to 45 degrees, matched
        of_random = {"gradient_mass": np.sqrt(1 / 2), "axis_distance": 1 - np.sqrt(8) / np.pi}
        for column, expected in of_random.items():
            random = next(x for x in panels[LABELS[column]].lines if x.get_ls() == "-.")
            assert random.get_ydata()[0] == pytest.approx(expected, abs=0.01)
    for title, ax in panels.items():
        assert_groups(ax, frame, columns[title], groups)
    assert floors(panels["MIG"]) == FLOORS
    assert set(NAMES.values()) <= set(legend(figure))


def test_a_group_without_active_latents_is_a_cross(tmp_path):
    frame = models("priors")
    chosen = (frame["prior"] == "laplace") & (frame["dataset"] == "Shapes3D")
    frame.loc[chosen, "offdiagonal_mass"] = np.nan
    figure = group_figures.priors(write(tmp_path, frame), collapsed(tmp_path), STANDINS)
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    (cross,) = [line for line in crosses if len(line.get_xdata())]
    assert cross.get_xdata()[0] == pytest.approx(1.2)  # second of three groups, its right half
    assert to_hex(cross.get_color()) == to_hex(LOOKS["shapes3d"]["color"])
    assert "fewer than two active latents" in legend(figure)


def test_deterministic_elbo(tmp_path):
    frame = models("deterministic_elbo")
    forms = list(product(("silu", "relu"), ("hessian", "gauss_newton"), (1, 2)))
    curves = pd.DataFrame(forms, columns=["activation", "curvature", "step"])
    curves["loss"] = -10.0 * np.arange(8)
    figure = figures.deterministic_elbo(
        write(tmp_path, frame), write(tmp_path, curves, "runaway"), STANDINS
    )
    for ax, column in zip(figure.axes, ("hessian_mass", "offdiagonal_mass"), strict=False):
        assert ax.get_ylabel() == LABELS[column]
        drawn = series(ax)
        assert len(drawn) == 2 * 2 * 2
        for key, name in NAMES.items():
            for form, second_order in (("sampled", False), ("deterministic", True)):
                chosen = frame["expanded"] == second_order
                chosen &= (frame["dataset"] == DATASETS[key]) & (frame["activation"] == "silu")
                assert_means(drawn[f"{name}, {form}"], frame[chosen], "steps", column)
    losses = {line.get_label(): list(line.get_ydata()) for line in figure.axes[2].lines}
    assert losses == {
        "SiLU, exact H": [0, -10],
        "SiLU, Gauss–Newton": [-20, -30],
        "ReLU, exact H": [-40, -50],
        "ReLU, Gauss–Newton": [-60, -70],
    }
    assert figure.axes[2].get_title() == "deterministic loss (nats), dSprites"


def test_pushforward(tmp_path):
    frame = pd.concat([models(name) for name in ("posterior_covariance", "decoders", "priors")])
    frame = frame.drop_duplicates(["dataset", "cell", "seed"])
    figure = pushforward_figures.pushforward(write(tmp_path, frame), collapsed(tmp_path), STANDINS)
    groups, mass, recovered, mig = figure.axes
    cells = {
        "diag.": "reference", "full": "posterior_full", "MLP\ndiag.": "decoder_mlp",
        "MLP\nfull": "decoder_mlp+posterior_full", "Lapl.\nprior": "prior_laplace",
        "unif.\nprior": "prior_uniform",
    }  # fmt: skip
    chosen = {group: frame["cell"] == cell for group, cell in cells.items()}
    assert_groups(groups, frame, "dependence", chosen)
    panels = {
        mass: ("offdiagonal_mass", "dependence"),
        recovered: ("recovered", "dependence"),
        mig: ("recovered", "mig"),
    }
    for ax, (x, y) in panels.items():
        assert (ax.get_xlabel(), ax.get_ylabel()) == (LABELS[x], LABELS[y])
        for line, dataset in zip(ax.lines, DATASETS.values(), strict=False):
            of_dataset = frame[frame["dataset"] == dataset].groupby("cell")[[x, y]].mean()
            np.testing.assert_allclose(line.get_xydata(), of_dataset)
    assert floors(mig) == FLOORS
    assert set(NAMES.values()) <= set(legend(figure))
