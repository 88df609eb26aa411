"""Tables of allen2024 whose every number is another, and what a figure of them draws."""

from itertools import product

import numpy as np
import pandas as pd
import yaml
from dag import PROJECT
from matplotlib.colors import to_hex

from betascan.studies.allen2024.figure_parts import LABELS, LOOKS
from betascan.studies.allen2024.tables import DATASETS
from betascan.workflow.config import load

IMAGES = load(yaml.safe_load((PROJECT / "config.yaml").read_text())).allen2024.images
COLUMNS = [name for name in LABELS if name.endswith(("_mass", "_distance", "_variance", "_error"))]
COLUMNS += ["mig", "rate", "active_units", "taylor_hessian", "taylor_gauss_newton", "taylor_noise"]
COLUMNS += ["log_volume", "s1", "s2", "instability", "dependence", "recovered"]
STANDINS = ["shapes3d"]
NAMES = {"dsprites": "dSprites", "shapes3d": "3D Shapes stand-in"}


def models(experiment):
    """All models of an experiment, two seeds each."""
    random = np.random.default_rng(0)
    rows = [
        {"dataset": DATASETS[dataset], "seed": seed, "cell": name, **variant.columns()}
        | {"steps": round(100_000 * variant.step_fraction)}
        | dict(zip(COLUMNS, 1 + random.random(len(COLUMNS)), strict=True))
        for dataset, seed, (name, variant) in product(
            DATASETS, (0, 1), IMAGES.experiment(experiment).items()
        )
    ]
    return pd.DataFrame(rows)


def write(folder, frame, name="table"):
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


def collapsed(folder):
    """Models without an active latent as a file."""
    migs = {"dSprites": [0.1, 0.3], "Shapes3D": [0.5, 0.4]}
    rows = [
        {"dataset": dataset, "seed": seed, "cell": "beta_100", "mig": mig}
        for dataset, values in migs.items()
        for seed, mig in enumerate(values)
    ]
    return write(folder, pd.DataFrame(rows), "collapsed")


def series(ax):
    """The curves with error bars of a panel: (x, y) by label."""
    return {c.get_label(): c.lines[0].get_xydata() for c in ax.containers}


def legend(figure):
    (shown,) = figure.legends
    return [text.get_text() for text in shown.get_texts()]


def assert_means(drawn, frame, x, y):
    expected = frame.groupby(x)[y].mean().dropna()
    np.testing.assert_allclose(drawn, np.column_stack([expected.index, expected]))


def floors(ax):
    """Heights of the dotted lines by colour."""
    lines = [line for line in ax.lines if line.get_ls() == ":" and len(line.get_xdata())]
    return {to_hex(line.get_color()): line.get_ydata()[0] for line in lines}


FLOORS = {to_hex(LOOKS["dsprites"]["color"]): 0.3, to_hex(LOOKS["shapes3d"]["color"]): 0.5}
