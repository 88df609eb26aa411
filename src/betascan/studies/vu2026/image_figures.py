"""Figures of vu2026's image study: scores over seeds, and over beta and lambda."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.patches import Patch

from betascan.plots.style import GUIDE, PAGE, rank_colours, save
from betascan.studies.vu2026.image_tables import DATASETS, METRICS

FEW = 5  # seeds below which a box would hide that it has no quartiles
LINEAR = 10  # % below which the colour of a change is linear in it, beyond it logarithmic
LABELS = {"NLL": "NLL (nats)", "MIG": "MIG", "SAP": "SAP", "Im": r"$I_m$ (nats)"}
SETS = list(DATASETS.values())


def boxes(table: Path, png: Path, pdf: Path, footer: str) -> None:
    """Every metric over beta, a colour a lambda: box plots over seeds, or points if few."""
    values = pd.read_csv(table)
    betas, lambdas = sorted(set(values["beta"])), sorted(set(values["lambda"]))
    colours, few = rank_colours(len(lambdas)), values["seed"].nunique() < FEW
    step = 0.8 / len(lambdas)
    figure, axes = plt.subplots(len(METRICS), len(SETS), figsize=(PAGE, 7.2), sharex=True)
    for (row, column), ax in np.ndenumerate(axes):
        chosen = values[(values["metric"] == METRICS[row]) & (values["dataset"] == SETS[column])]
        for (beta, lam), group in chosen.groupby(["beta", "lambda"]):
            place = lambdas.index(lam)
            x = betas.index(beta) + (place - (len(lambdas) - 1) / 2) * step
            score = group["value"].to_numpy()
            if few:
                ax.plot(
                    [x] * len(score), score, "o", ms=2.4, color=colours(place), mew=0, clip_on=False
                )
                ax.hlines(score.mean(), x - step / 2, x + step / 2, colours(place), lw=1)
            else:
                colour = colours(place)
                line = {"color": colour, "lw": 0.6}
                ax.boxplot(
                    score, positions=[x], widths=0.75 * step, patch_artist=True,
                    boxprops={"fc": (*colour[:3], 0.35), "ec": colour, "lw": 0.6},
                    medianprops={"color": colour, "lw": 1.2}, whiskerprops=line, capprops=line,
                    flierprops={"marker": "o", "ms": 1.5, "mfc": colour, "mew": 0},
                    manage_ticks=False,
                )  # fmt: skip
        for edge in range(1, len(betas)):
            ax.axvline(edge - 0.5, color="#e5e5e5", lw=0.5, zorder=0)
        if METRICS[row] != "NLL":
            ax.set_ylim(bottom=0)
        ax.set(xlim=(-0.5, len(betas) - 0.5), xticks=range(len(betas)))
        ax.set_xticklabels([f"{beta:g}" for beta in betas])
        ax.tick_params(axis="x", length=0)
    _frame(axes, r"$\beta$")
    keys = [Patch(color=colours(k), label=f"{lam:g}") for k, lam in enumerate(lambdas)]
    figure.legend(
        handles=keys, title=r"$\lambda$", loc="outside right center", frameon=False,
        handlelength=1, handleheight=1,
    )  # fmt: skip
    save(figure, png, pdf, footer)


def _frame(axes: np.ndarray, below: str) -> None:
    """Name the data sets above, the metrics on the left and what is below."""
    for dataset, ax in zip(SETS, axes[0], strict=True):
        ax.set_title(dataset)
    for metric, ax in zip(METRICS, axes[:, 0], strict=True):
        ax.set_ylabel(LABELS[metric])
    for ax in axes[-1]:
        ax.set_xlabel(below)


def _heatmap(ax: Axes, table: pd.DataFrame, norm: Normalize, palette: str, form: str) -> None:
    """Draw a table of lambda x beta with its numbers in the cells."""
    colours = mpl.colormaps[palette].with_extremes(bad="#eeeeee")
    values = np.ma.masked_invalid(table.to_numpy())
    ax.imshow(values, norm=norm, cmap=colours, aspect="auto")
    for (row, column), value in np.ndenumerate(values.filled(np.nan)):
        shade = np.dot(colours(norm(value))[:3], (0.3, 0.6, 0.1)) if np.isfinite(value) else 1
        ax.text(
            column, row, f"{value:{form}}".replace("-", "−") if np.isfinite(value) else "no number",
            ha="center", va="center", fontsize=5.5, color="black" if shade > 0.5 else "white",
        )  # fmt: skip
    ax.set_xticks(range(len(table.columns)), [f"{beta:g}" for beta in table.columns])
    ax.set_yticks(range(len(table)), [f"{lam:g}" for lam in table.index])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _grid(cells: pd.DataFrame, dataset: str, metric: str, column: str) -> pd.DataFrame:
    """Return one column of the cells as lambda x beta."""
    chosen = cells[(cells["dataset"] == dataset) & (cells["metric"] == metric)]
    return chosen.pivot(index="lambda", columns="beta", values=column)


def heatmaps(cells: Path, png: Path, pdf: Path, footer: str) -> None:
    """Mean of every metric over seeds, lambda x beta; colours from least to most in a panel."""
    frame = pd.read_csv(cells)
    figure, axes = plt.subplots(len(METRICS), len(SETS), figsize=(PAGE, 6.6))
    for (row, column), ax in np.ndenumerate(axes):
        table = _grid(frame, SETS[column], METRICS[row], "mean")
        form = ".0f" if METRICS[row] == "NLL" else ".3f"
        _heatmap(ax, table, Normalize(table.min(axis=None), table.max(axis=None)), "cividis", form)
    _frame(axes, r"$\beta$")
    for metric, ax in zip(METRICS, axes[:, 0], strict=True):
        ax.set_ylabel(f"{LABELS[metric]}\n" + r"$\lambda$")
    save(figure, png, pdf, footer)


def percent(cells: Path, png: Path, pdf: Path, dataset: str, footer: str) -> None:
    """Changes against beta 1, lambda 0 in %: ours, the published ones, and their difference.

    The colours of a row are alike.
    """
    frame, columns = pd.read_csv(cells), ["percent", "published_percent", "difference"]
    titles = ["ours, %", "published, %", "ours − published, points"]
    figure, axes = plt.subplots(len(METRICS), len(columns), figsize=(PAGE, 6.6))
    for metric, panels in zip(METRICS, axes, strict=True):
        tables = [_grid(frame, DATASETS[dataset], metric, column) for column in columns]
        most = float(np.nanmax([table.abs().max(axis=None) for table in tables]))
        norm = SymLogNorm(LINEAR, vmin=-max(most, LINEAR), vmax=max(most, LINEAR))
        for ax, table in zip(panels, tables, strict=True):
            small = table.abs().max(axis=None) < LINEAR
            _heatmap(ax, table, norm, "PuOr_r", "+z.2f" if small else "+z.0f")
        panels[0].set_ylabel(f"{LABELS[metric].split()[0]}\n" + r"$\lambda$")
    for title, top, bottom in zip(titles, axes[0], axes[-1], strict=True):
        top.set_title(title)
        bottom.set_xlabel(r"$\beta$")
    figure.suptitle(DATASETS[dataset], fontsize=8, color=GUIDE)
    save(figure, png, pdf, footer)
