"""What allen2024 states, beside what the linear truth and the image models show."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import linregress, spearmanr, ttest_1samp

from betascan.core.files import write_csv
from betascan.published import statements
from betascan.studies.allen2024.tables import DATASETS

HOLDS, NOT, UNTOLD, OURS = "holds", "does not hold", "scale cannot tell", "finding of ours"
LEVEL = 0.05  # of every test, one-sided
EXACT = 1e-3  # relative to 1: what an exact statement may miss by where minima are to rounding
FEWEST = 5  # models from which a rank correlation or a slope is judged
SETTLED = {"cost", "sign", "sign_author", "collapse_low", "bounded", "smooth"}
"""Statements that more training would not turn; another that fails may only have come too early."""


class Found(NamedTuple):
    """A number, what it rests on, and a verdict on the statement that it is positive."""

    ours: float
    evidence: str
    verdict: str


def paired(more: pd.Series, less: pd.Series, ratio: bool = False) -> Found:
    """Judge whether `more` exceeds `less`, both by seed: t-test of the differences, at 5 %.

    ratio: of their logarithms, and reports the geometric mean of more / less.
    """
    change = (np.log(more / less) if ratio else more - less).dropna()
    mean = float(change.mean()) if len(change) else np.nan
    told = float(np.exp(mean)) if ratio else mean
    if len(change) < 2 or change.std() == 0:
        return Found(told, f"{len(change)} seeds", UNTOLD)
    above = float(ttest_1samp(change, 0, alternative="greater").pvalue)
    verdict = HOLDS if above < LEVEL else NOT if 1 - above < LEVEL else UNTOLD
    unit = "of the logarithm, " if ratio else ""
    evidence = f"standard error {change.sem():.2g} {unit}p = {above:.2g}, {len(change)} seeds"
    return Found(told, evidence, verdict)


def ranked(x: pd.Series, y: pd.Series, rises: bool) -> Found:
    """Judge whether y rises (or falls) with x by Spearman's test over models."""
    known = x.notna() & y.notna()
    if known.sum() < FEWEST or x[known].nunique() < 2 or y[known].nunique() < 2:
        return Found(np.nan, f"{known.sum()} models with both", UNTOLD)
    found = spearmanr(x[known], y[known], alternative="greater" if rises else "less")
    verdict = HOLDS if found.pvalue < LEVEL else NOT if found.pvalue > 1 - LEVEL else UNTOLD
    return Found(float(found.statistic), f"p = {found.pvalue:.2g}, {known.sum()} models", verdict)


def slope(beta: pd.Series, variance: pd.Series, author: bool) -> Found:
    """Judge the sign of the slope of log variance in log beta: the author's +, the document's -."""
    known = variance.notna() & (variance > 0)
    if known.sum() < FEWEST or beta[known].nunique() < 2:
        return Found(np.nan, f"{known.sum()} models with active latents", UNTOLD)
    fit = linregress(np.log(beta[known]), np.log(variance[known]))
    low, high = (fit.slope + s * 2 * fit.stderr for s in (-1, 1))
    verdict = UNTOLD
    if low > 0 or high < 0:
        verdict = HOLDS if (low > 0) == author else NOT
    evidence = f"{low:.3f} to {high:.3f} (two standard errors), {known.sum()} models"
    return Found(float(fit.slope), evidence, verdict)


def linear(truth: pd.DataFrame) -> dict[str, Found]:
    """Judge the statements on the linear truth, where minima are exact to rounding."""
    angles = truth[truth["part"] == "angles"].set_index("posterior")
    diagonal, full = angles.loc[["diagonal"]], angles.loc[["full"]]
    worst = float(diagonal["max_angle"].max())
    starts, excess = len(diagonal), float(angles["excess_loss"].max())
    same = f"{starts} starts, losses within {excess:.1g} nats of the optimum"
    rotated = full["mean_angle"]
    any_rotation = full["angle_of_any_rotation"].iloc[0]
    turned = paired(rotated.reset_index(drop=True), pd.Series(0.0, range(len(rotated))))
    error = float(angles["identity_error"].max())
    scan = truth[truth["part"] == "scan"]
    logs = [c for c in truth if c.startswith("log_variance_") and "law" not in c]
    twins = scan.assign(own=scan["variance"] == 1).groupby(["seed", "price", "own"])[logs].mean()
    spread = twins.groupby(["seed", "price"]).agg(np.ptp).to_numpy().max()
    found = {
        "linear_axes": Found(worst, same, HOLDS if worst < np.degrees(EXACT) else NOT),
        "linear_rotation": Found(
            float(rotated.mean()),
            f"{rotated.min():.3g} to {rotated.max():.3g}, drawn evenly {any_rotation:.3g}; {same}",
            turned.verdict,
        ),
        "linear_identity": Found(error, same, HOLDS if error < EXACT else NOT),
        "linear_equality": Found(
            float(spread), f"{len(twins)} optima", HOLDS if spread < EXACT else NOT
        ),
    }
    seen = scan[(scan["variance"] == 1) & (scan["active"] > 0)]
    for item, author in (("linear_sign", False), ("linear_sign_author", True)):
        found[item] = slope(seen["beta"], seen["effective_variance"], author)
    return found


def _by_seed(table: pd.DataFrame, cell: str, column: str) -> pd.Series:
    return table[table["cell"] == cell].set_index("seed")[column]


def _contrast(
    tables: Mapping[str, pd.DataFrame], more: str, less: str, ratio: bool = False
) -> Callable[[str, str], Found]:
    """Compare two cells of an experiment in a column."""

    def judge(experiment: str, column: str) -> Found:
        table = tables[experiment]
        return paired(_by_seed(table, more, column), _by_seed(table, less, column), ratio)

    return judge


def images(tables: Mapping[str, pd.DataFrame]) -> dict[str, Found]:
    """Judge the statements on the models of one data set; tables by experiment, and cost."""
    e1, n1, n2 = tables["e1"], tables["n1"], tables["n2"]
    full = _contrast(tables, "posterior_full", "reference")
    scan = n2[n2["variance"] == 1]
    betas = n2["beta"]
    highest = n1.loc[n1["penalty"].idxmax(), "penalty"]
    penalised = f"penalty_{highest:g}"
    beta = f"beta_{e1[e1['variance'] != 1]['beta'].max():g}"
    found = {
        "orthogonal": full("e2", "offdiagonal_mass"),
        "axes": full("e2", "axis_distance"),
        "independent": full("e2", "gradient_mass"),
        "disentangled": _contrast(tables, "reference", "posterior_full")("e2", "mig"),
        "cost": _contrast(tables, "posterior_full", "reference", True)("cost", "ms_a_step"),
        "beta_mig": _contrast(tables, beta, "reference")("e1", "mig"),
        "beta_error": _contrast(tables, beta, "reference", True)("e1", "squared_error"),
        "sign": slope(scan["beta"], scan["effective_variance"], author=False),
        "sign_author": slope(scan["beta"], scan["effective_variance"], author=True),
        "collapse_low": ranked(betas[scan.index], scan["active_units"], rises=True),
        "equality": equality(n2),
        "architectures": ranked(tables["e3"]["offdiagonal_mass"], tables["e3"]["mig"], False),
        "regularised": _contrast(tables, "reference", penalised)("n1", "offdiagonal_mass"),
        "regularised_mig": _contrast(tables, penalised, "reference")("n1", "mig"),
        "monitored": ranked(n1["offdiagonal_mass"], n1["mig"], False),
        "expanded": _contrast(tables, "reference", "expanded_1")("e4", "hessian_mass"),
        "smooth": _contrast(tables, "activation_relu", "reference")("e3", "taylor_hessian"),
        "volume": volume(scan),
    }
    priors = tables["n3"]["prior"]
    for prior in priors[priors != "gaussian"].drop_duplicates():
        judge = _contrast(tables, f"prior_{prior}", "reference")
        found[f"prior_{prior}"] = judge("n3", "offdiagonal_mass")
    other = tables["q1"]
    for kind in other.loc[other["likelihood"] != "gaussian", "likelihood"].drop_duplicates():
        own = other[other["likelihood"] == kind].set_index("seed")
        one, two = (own[own["posterior"] == p]["offdiagonal_mass"] for p in ("full", "diagonal"))
        found[kind] = paired(one, two)
    return found


def equality(n2: pd.DataFrame) -> Found:
    """Judge whether twins (beta, 1) and (1, beta) differ by less than two seeds do."""
    effective = (n2["beta"] * n2["variance"]).round(12)
    logs = np.log(n2["squared_error"])
    groups = n2.assign(effective=effective, logs=logs)
    twins = groups[groups.groupby(["seed", "effective"])["cell"].transform("count") > 1]
    apart = twins.groupby(["seed", "effective"])["logs"].agg(np.ptp)
    between = groups[groups["variance"] == 1].groupby("effective")["logs"].std().mean()
    largest = f"largest change {100 * np.expm1(apart.max()):.2g} %, {len(apart)} pairs"
    if np.isnan(between):
        return Found(np.nan, f"{largest}, one seed", UNTOLD)
    most = float(apart.max() / between)
    return Found(most, largest, HOLDS if most < 1 else NOT)


def bounded(runaway: pd.DataFrame) -> Found:
    """Judge by whether the exact form of a smooth decoder stayed above the bound."""
    kinds = runaway.set_index(["activation", "curvature"]).sort_index()
    own = kinds.loc[("silu", "hessian")]
    lowest, held = float(own["loss"].min()), bool(own["bounded"].all())
    other = kinds.loc[("silu", "gauss_newton")]["loss"].min()
    evidence = f"step {own['step'].max()}; Gauss-Newton's lowest {other:.3g}"
    return Found(lowest, evidence, UNTOLD if held else NOT)


def volume(scan: pd.DataFrame) -> Found:
    """How the mean log singular value of active latents goes with beta: open, so ours."""
    found = ranked(scan["beta"], scan["log_volume"] / scan["active_units"], True)
    return found if found.verdict == UNTOLD else found._replace(verdict=OURS)


def claims(
    linear_truth: Path,
    tables: Sequence[Path],
    runaway: Path,
    claims: Path,
    experiments: Sequence[str],
    bound: float,
    scale: str,
    standins: Sequence[str],
) -> None:
    """Write each statement, ours, its evidence, and a verdict.

    tables: of `experiments`, and the last one the cost. shown is what this run says; the verdict
    is the same, but that a statement which is not borne out by short trainings is left open,
    except where length has no part in it (`SETTLED`, and all of the linear truth).
    contradiction: who says the opposite of what does not hold, where somebody does.
    """
    told = statements("allen2024")
    frames = {name: pd.read_csv(t) for name, t in zip((*experiments, "cost"), tables, strict=True)}
    losses = pd.read_csv(runaway)
    losses["bounded"] = losses["loss"] > bound
    found = {("linear-Gaussian", i): f for i, f in linear(pd.read_csv(linear_truth)).items()}
    made_up = [DATASETS[name] for name in standins]
    for dataset in frames["e1"]["dataset"].unique():
        own = {name: t[t["dataset"] == dataset].reset_index() for name, t in frames.items()}
        label = f"{dataset} (stand-in)" if dataset in made_up else dataset
        found |= {(label, item): f for item, f in images(own).items()}
    found[DATASETS["dsprites"], "bounded"] = bounded(losses)
    rows = []
    for (dataset, item), (ours, evidence, shown) in found.items():
        settled = scale == "papers" or item in SETTLED or dataset == "linear-Gaussian"
        opposite = told.loc[item, "contradiction"] if shown == NOT else np.nan
        rows.append(
            {"item": item, "dataset": dataset}
            | told.loc[item, ["where", "statement", "published"]].to_dict()
            | {"ours": ours, "evidence": evidence, "shown": shown}
            | {"verdict": UNTOLD if shown == NOT and not settled else shown}
            | {"contradiction": opposite}
        )
    write_csv(pd.DataFrame(rows), claims)
