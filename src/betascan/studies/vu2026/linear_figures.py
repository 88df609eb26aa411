"""Figures of vu2026's linear study: scores of every cell, and the contraction sweep by sweep."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from betascan.plots.style import GUIDE, PAGE, rank_colours, save
from betascan.studies.vu2026.linear_data import SCORES
from betascan.theory import lambda_beta

LABELS = {"recon": "NLL (nats)", "SAP": "SAP", "Im": r"$I_m$ (nats)"}
METHODS = {"fixed_point": "alternating updates", "adamw": "AdamW"}
LINEAR = 10.0  # nats: likelihoods within are drawn to scale, those that fall without end are not
ROUNDING = 5e-4  # of the print: what is smaller is shown as 0
POINTS: Any = {"marker": "o", "ls": "", "ms": 2.2, "mew": 0}
FLOOR = 1e-12  # gains below are rounding where other modes are held


def boxes(runs: Path, linear: Path, png: Path, pdf: Path, observed: int, footer: str) -> None:
    """Every score over beta, a colour a lambda: box plots over starts, published means on them."""
    values = pd.read_csv(runs).query("n == @observed")
    cells = pd.read_csv(linear).query("n == @observed")
    betas, lambdas = sorted(set(values["beta"])), sorted(set(values["lambda"]))
    colours, step = rank_colours(len(lambdas)), 0.84 / len(lambdas)
    figure, axes = plt.subplots(len(SCORES), 2, figsize=(PAGE, 6.4), sharex=True, sharey="row")
    for (row, column), ax in np.ndenumerate(axes):
        score, method = SCORES[row], list(METHODS)[column]
        own = values[values["method"] == method]
        means = cells[(cells["method"] == method) & (cells["metric"] == score)]
        told = means.set_index(["beta", "lambda"])["published"]
        for (beta, lam), group in own.groupby(["beta", "lambda"]):
            place = lambdas.index(lam)
            x = betas.index(beta) + (place - (len(lambdas) - 1) / 2) * step
            colour = colours(place)
            line = {"color": colour, "lw": 0.7}
            ax.boxplot(
                group[score], positions=[x], widths=0.75 * step, patch_artist=True,
                boxprops={"fc": (*colour[:3], 0.35), "ec": colour, "lw": 0.7},
                medianprops={"color": colour, "lw": 1.3}, whiskerprops=line, capprops=line,
                flierprops={"marker": "o", "ms": 1.6, "mfc": colour, "mew": 0},
                manage_ticks=False,
            )  # fmt: skip
            ax.plot(x, told[beta, lam], "_", color="black", ms=7.5, mew=0.7, zorder=4)
        for edge in range(1, len(betas)):
            ax.axvline(edge - 0.5, color="#e5e5e5", lw=0.5, zorder=0)
        ax.set(xlim=(-0.5, len(betas) - 0.5), xticks=range(len(betas)))
        ax.set_xticklabels([f"{beta:g}" for beta in betas])
        ax.tick_params(axis="x", length=0)
        if score == "recon":
            ax.set_yscale("symlog", linthresh=LINEAR)
            ax.axhline(0, color="#e5e5e5", lw=0.5, zorder=0)
            ticks = [tick for tick in (-50, -20, -10, -5, 0, 5, 10, 20) if ax.get_ylim()[0] < tick]
            ax.set_yticks(ticks, [f"{tick}".replace("-", "−") for tick in ticks], minor=False)
            ax.set_yticks([], minor=True)
    for name, ax in zip(METHODS.values(), axes[0], strict=True):
        ax.set_title(f"{name}, n = {observed}")
    for score, ax in zip(SCORES, axes[:, 0], strict=True):
        ax.set_ylabel(LABELS[score])
    for ax in axes[-1]:
        ax.set_xlabel(r"$\beta$")
    keys: list[Patch | Line2D] = [
        Patch(color=colours(k), label=rf"$\lambda$ = {lam:g}") for k, lam in enumerate(lambdas)
    ]
    keys.append(Line2D([], [], color="black", ls="", marker="_", ms=7.5, label="published mean"))
    figure.legend(
        handles=keys, loc="outside upper center", frameon=False, ncols=len(keys),
        handlelength=1, handleheight=1,
    )  # fmt: skip
    starts = values["start"].nunique()
    save(figure, png, pdf, f"{footer} · {starts} starts")


def _heatmap(ax: Axes, table: pd.DataFrame, norm: Normalize, palette: str, form: str) -> None:
    """Draw a table of lambda x beta with its numbers in the cells."""
    colours = mpl.colormaps[palette]
    ax.imshow(table, norm=norm, cmap=colours, aspect="auto")
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        told = "0" if abs(value) < ROUNDING else f"{value:{form}}".replace("-", "−")
        shade = np.dot(colours(norm(value))[:3], (0.3, 0.6, 0.1)) if np.isfinite(value) else 1
        ax.text(
            column, row, told.replace("nan", "–"), ha="center", va="center", fontsize=6.5,
            color="black" if shade > 0.5 else "white",
        )  # fmt: skip
    ax.set_xticks(range(len(table.columns)), [f"{beta:g}" for beta in table.columns])
    ax.set_yticks(range(len(table)), [f"{lam:g}" for lam in table.index])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def heatmaps(linear: Path, png: Path, pdf: Path, observed: int, method: str, footer: str) -> None:
    """Means over starts, lambda x beta: ours, published, and the difference.

    A cell of the difference is framed where it exceeds what the table allows, and hatched where
    nothing converges, so that no agreement is to be expected.
    """
    cells = pd.read_csv(linear).query("n == @observed and method == @method")
    figure, axes = plt.subplots(len(SCORES), 3, figsize=(PAGE, 5.6), sharex=True, sharey=True)
    for score, row in zip(SCORES, axes, strict=True):
        own = cells[cells["metric"] == score].assign(
            difference=lambda frame: frame["mean"] - frame["published"]
        )
        tables = {
            name: own.pivot(index="lambda", columns="beta", values=name)
            for name in ("mean", "published", "difference", "allowed")
        }
        both = np.stack([tables["mean"], tables["published"]])
        settled = both[:, :, tables["mean"].columns > 1] if score == "recon" else both
        norm = Normalize(np.nanmin(settled), np.nanmax(settled), clip=True)
        for ax, name in zip(row, ("mean", "published"), strict=False):
            form = ".2f" if score == "recon" else ".3f"
            _heatmap(ax, tables[name], norm, "cividis", form)
        endless = (own["beta"] == 1) & (own["lambda"] > 0)
        reach = np.nanmax([*own.loc[~endless, "difference"].abs(), ROUNDING])
        _heatmap(row[2], tables["difference"], CenteredNorm(0, reach), "RdBu", "+.3f")
        _mark(row[2], tables["difference"], tables["allowed"])
        row[0].set_ylabel(f"{LABELS[score]}\n" + r"$\lambda$")
    for ax, title in zip(axes[0], ("ours", "published", "ours − published"), strict=True):
        ax.set_title(title)
    for ax in axes[-1]:
        ax.set_xlabel(r"$\beta$")
    keys = [
        Patch(fc="none", ec="black", lw=1.2, label="beyond what is allowed"),
        Patch(fc="none", ec=GUIDE, lw=0, hatch="////", label="does not converge: no target"),
    ]
    title = f"{METHODS[method]}, n = {observed}: means over starts"
    figure.legend(handles=keys, title=title, loc="outside upper center", ncols=2, frameon=False)
    save(figure, png, pdf, footer)


def _mark(ax: Axes, difference: pd.DataFrame, allowed: pd.DataFrame) -> None:
    """Frame the cells that differ; hatch those of beta 1 and lambda > 0, which never converge."""
    for (row, column), value in np.ndenumerate(difference.to_numpy()):
        box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=0)
        if difference.columns[column] == 1 and difference.index[row] > 0:
            box.set(hatch="////", ec=GUIDE, alpha=0.35)
        elif abs(value) > allowed.iloc[row, column]:
            box.set(ec="black", lw=1.2, zorder=3)
        else:
            continue
        ax.add_patch(box)


def contraction_figure(
    contraction: Path, png: Path, pdf: Path, lam: float, beta: float, noise: float, footer: str
) -> None:
    """Encoder gain per sweep without lambda and with it, and the information that is left.

    Dashed: the law's slope log(beta_c/beta), through one point of each mode, and the optimum's
    information. noise: the variance of y beyond the factors.
    """
    table = pd.read_csv(contraction)
    figure, (free, bound, held) = plt.subplots(1, 3, figsize=(PAGE, 3.1))
    strongest = table[(table["mode"] == 1) & (table["lambda"] == 0)]
    for colour, (value, run) in _coloured(strongest, "beta"):
        free.plot(run["sweep"], run["gain"], **POINTS, color=colour, label=rf"$\beta$ = {value:g}")
        _law(free, run, colour)
    for colour, (_, run) in _coloured(table.query("`lambda` == @lam and beta == @beta"), "place"):
        threshold = f"{run['critical_beta'].iloc[0]:.3g}"
        name = f"{threshold} (noise)" if run["mode"].iloc[0] == 0 else threshold
        bound.plot(run["sweep"], run["gain"], **POINTS, color=colour, label=name)
        _law(bound, run, colour)
    highest = strongest["beta"].max()
    modes = table.query("mode > 0 and beta == @highest")
    for colour, (value, run) in _coloured(modes, "lambda"):
        one = run[run["mode"] == 1]
        held.plot(
            one["sweep"],
            one["information"],
            **POINTS,
            color=colour,
            label=rf"$\lambda$ = {value:g}",
        )
        v = run.loc[run["sweep"] == 0, "variance"].to_numpy()
        known = lambda_beta.signal_fraction(v, highest, value) * (1 - noise / v)
        held.axhline(-np.log1p(-known).sum() / 2, color=colour, lw=0.8, ls="--", zorder=1)
    free.set_title(r"strongest mode, $\lambda$ = 0")
    bound.set_title(rf"all modes, $\lambda$ = {lam:g}, $\beta$ = {beta:g}")
    held.set_title(rf"information, $\beta$ = {highest:g}")
    for ax in (free, bound):
        ax.set(yscale="log", ylim=(FLOOR, 30))
    free.set_ylabel(r"encoder gain $|B u_k|$")
    held.set_ylabel(r"$I(z;v)$ (nats)")
    key: Any = {"frameon": False, "handlelength": 0.8, "labelspacing": 0.2, "markerscale": 1.5}
    free.legend(loc="lower right", **key)
    bound.legend(loc="upper right", bbox_to_anchor=(1, 0.8), title=r"$\beta_c$", **key)
    held.legend(loc="upper right", **key)
    for ax in (free, bound, held):
        ax.set_xlabel("sweep")
    save(figure, png, pdf, f"{footer} · dashed: theory, not fitted")


def _coloured(
    table: pd.DataFrame, column: str
) -> Iterator[tuple[tuple[float, ...], tuple[float, pd.DataFrame]]]:
    """Yield each group of a table with its colour; noise, mode 0, comes after all modes."""
    table = table.assign(place=table["mode"].replace(0, np.inf))
    groups = list(table.groupby(column))
    for place, (value, group) in enumerate(groups):
        yield rank_colours(len(groups))(place), (value, group)


def _law(ax: Axes, run: pd.DataFrame, colour: tuple[float, ...]) -> None:
    """Draw the slope of a mode beyond its threshold, through the middle of what is shown of it."""
    slope = np.log(run["critical_beta"].iloc[0] / run["beta"].iloc[0])
    if slope < 0:
        shown = run[run["gain"] > FLOOR]
        middle = shown.iloc[len(shown) // 2]
        line = middle["gain"] * np.exp(slope * (run["sweep"] - middle["sweep"]))
        ax.plot(run["sweep"], line, "--", color=colour, lw=0.8)
