"""Figures of the slides: reconstructions, learning curves; and scores over beta and gamma."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogFormatter, NullLocator

from betascan.core.files import read_npz
from betascan.plots.style import COLUMN, GUIDE, PAGE, rank_colours
from betascan.studies.denardin2025.tables import of_metric, published_runs
from betascan.studies.runs import Row, keyed, read_runs

SYMBOL = {"beta_vae": r"$\beta$", "factor_vae": r"$\gamma$"}
TITLE = {"beta_vae": r"$\beta$-VAE", "factor_vae": "FactorVAE"}
LOOK: dict[str, dict[str, Any]] = {
    "beta_vae": {"color": "#0072b2", "marker": "o"},
    "factor_vae": {"color": "#d55e00", "marker": "s"},
}
SHIFT = {"beta_vae": 0.94, "factor_vae": 1.06}  # so that error bars do not hide each other


def reconstructions(
    views: Sequence[Path],
    scores: Path,
    rows: Sequence[Row],
    dataset: str,
    model: str,
) -> Figure:
    """Five test images and what each model makes of them; under each column the test MIG.

    As in the slides; MIG in their convention, the published one in brackets.
    """
    by_weight = {keys["weight"]: read_npz(path)[0] for keys, path in keyed(views, rows)}
    weights = sorted(by_weight)
    reconstructed = (by_weight[weight]["reconstructions"] for weight in weights)
    columns = [by_weight[weights[0]]["originals"], *reconstructed]
    mig = of_metric(pd.read_csv(scores), dataset, "mig", "denardin2025")
    ours = mig[mig["model"] == model].set_index("weight")["value"]
    author = published_runs().loc[dataset, model]["test_mig_file"]
    count = len(columns[0])
    figure, axes = plt.subplots(
        count, len(columns), figsize=(PAGE, PAGE * count / len(columns) + 0.7), squeeze=False
    )
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.0)
    for ax, image in zip(axes.T.flat, (i for column in columns for i in column), strict=True):
        ax.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    axes[0, 0].set_title("original")
    for weight, top, bottom in zip(weights, axes[0, 1:], axes[-1, 1:], strict=True):
        top.set_title(f"{SYMBOL[model]} = {weight:g}")
        published = f"\n({author[weight]:.2f})" if weight in author.index else ""
        bottom.set_xlabel(f"{ours[weight]:.2f}{published}")
    axes[-1, 0].set_xlabel("test MIG\n(published)")
    return figure


def curves(
    histories: Sequence[Path],
    rows: Sequence[Row],
    model: str,
    loss: str,
) -> Figure:
    """Validation reconstruction loss against steps, one curve a beta or gamma, as in the slides.

    loss: its unit.
    """
    figure, ax = plt.subplots(figsize=(COLUMN, 2.7))
    colours = rank_colours(len(rows))
    by_weight = read_runs(histories, rows).groupby("weight")
    for place, (weight, history) in enumerate(by_weight):
        ax.plot(
            history["step"], history["validation_reconstruction"], color=colours(place),
            marker="o", ms=1.8, label=f"{weight:g}",
        )  # fmt: skip
    ax.set(xlabel="steps (minibatches)", yscale="log")
    ax.set_ylabel(f"validation reconstruction\n({loss}, log scale)")
    for axis in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
        axis(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 1)))
    ax.legend(
        title=SYMBOL[model], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False,
        handlelength=1,
    )  # fmt: skip
    ax.set_title(TITLE[model])
    return figure


PANELS = (
    ("mig", "disentanglement_lib", "MIG"),
    ("mig", "denardin2025", "MIG, the slides' convention"),
    ("sap", "disentanglement_lib", "SAP"),
    ("dci_disentanglement", "lightgbm", "DCI disentanglement"),
    ("dci_completeness", "lightgbm", "DCI completeness"),
    ("dci_informativeness", "lightgbm", "DCI informativeness"),
)


def _over_weight(ax: Axes, rows: pd.DataFrame, model: str) -> None:
    """Draw a score with its interval; a score of exactly collapsed codes may have none."""
    value = rows["value"].to_numpy()
    reach = np.abs(rows[["low", "high"]].fillna(0).to_numpy() - value[:, None])
    reach[rows["low"].isna()] = 0
    ax.errorbar(
        rows["weight"] * SHIFT[model], value, yerr=reach.T, ms=3, capsize=1.5, elinewidth=0.7,
        label=TITLE[model], **LOOK[model],
    )  # fmt: skip


def scores(scores: Path, dataset: str) -> Figure:
    """What the slides lack: every score against beta and gamma, with its 95 % interval.

    The published MIG stands beside ours in its own convention.
    """
    frame = pd.read_csv(scores)
    author = published_runs().loc[dataset]
    figure, axes = plt.subplots(2, 3, figsize=(PAGE, 4.2), sharex=True)
    for ax, (metric, convention, label) in zip(axes.flat, PANELS, strict=True):
        chosen = of_metric(frame, dataset, metric, convention)
        for model in LOOK:
            rows = chosen[chosen["model"] == model].sort_values("weight")
            _over_weight(ax, rows, model)
            if convention == "denardin2025":
                printed = author.loc[model]["test_mig_file"]
                ax.plot(
                    printed.index * SHIFT[model], printed, ls=":", mfc="white",
                    label=f"{TITLE[model]}, published", **LOOK[model],
                )  # fmt: skip
        ax.set_xscale("log", base=2)
        ax.set_title(label)
        ax.axhline(0, color=GUIDE, lw=0.4)
    weights = sorted(frame["weight"].unique())
    for ax in axes[1]:
        ax.set_xlabel(r"$\beta$ or $\gamma$")
        ax.set_xticks(weights, [f"{weight:g}" for weight in weights])
        ax.xaxis.set_minor_locator(NullLocator())
    handles, labels = axes.flat[1].get_legend_handles_labels()
    figure.legend(
        handles[2:] + handles[:2],
        labels[2:] + labels[:2],
        loc="outside upper center",
        ncols=4,
        frameon=False,
    )
    return figure
