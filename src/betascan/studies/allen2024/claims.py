"""What allen2024 states, and what the linear truth and the image models show."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import linregress, spearmanr, ttest_1samp

from betascan.core.files import read_csv, write_csv
from betascan.studies.allen2024.tables import DATASETS

HOLDS, FAILS, UNDECIDED, OURS = "holds", "does not hold", "scale cannot tell", "finding of ours"
LEVEL = 0.05  # of every test, one-sided
EXACT = 1e-3  # relative to 1: allowed of an exact statement, where minima are to rounding
MIN_MODELS = 5  # for a rank correlation or a slope
AT_ANY_LENGTH = {"cost", "sign", "sign_author", "collapse_low", "bounded", "smooth"}
"""Items that more training would not change; where another fails, training may be too short."""


class Outcome(NamedTuple):
    """What came out on a statement.

    Attributes
    ----------
    ours : float
        The number that the statement is about.
    evidence : str
        What it rests on.
    verdict : str
        Whether the statement holds.
    """

    ours: float
    evidence: str
    verdict: str


def paired(more: pd.Series, less: pd.Series, ratio: bool = False) -> Outcome:
    """Judge whether one quantity exceeds another by a t-test of the differences.

    Parameters
    ----------
    more, less : Series
        By seed.
    ratio : bool
        Test differences of logarithms, and report the geometric mean of more / less.
    """
    change = (np.log(more / less) if ratio else more - less).dropna()
    mean = float(change.mean()) if len(change) else np.nan
    ours = float(np.exp(mean)) if ratio else mean
    if len(change) < 2 or change.std() == 0:
        return Outcome(ours, f"{len(change)} seeds", UNDECIDED)
    p = float(ttest_1samp(change, 0, alternative="greater").pvalue)
    verdict = HOLDS if p < LEVEL else FAILS if 1 - p < LEVEL else UNDECIDED
    unit = "of the logarithm, " if ratio else ""
    evidence = f"standard error {change.sem():.2g} {unit}p = {p:.2g}, {len(change)} seeds"
    return Outcome(ours, evidence, verdict)


def rank_correlation(x: pd.Series, y: pd.Series, *, rises: bool) -> Outcome:
    """Judge whether y rises (or falls) with x by Spearman's test.

    Parameters
    ----------
    x, y : Series
        By model.
    rises : bool
        Which of the two the statement says.
    """
    known = x.notna() & y.notna()
    if known.sum() < MIN_MODELS or x[known].nunique() < 2 or y[known].nunique() < 2:
        return Outcome(np.nan, f"{known.sum()} models with both", UNDECIDED)
    test = spearmanr(x[known], y[known], alternative="greater" if rises else "less")
    verdict = HOLDS if test.pvalue < LEVEL else FAILS if test.pvalue > 1 - LEVEL else UNDECIDED
    return Outcome(float(test.statistic), f"p = {test.pvalue:.2g}, {known.sum()} models", verdict)


def slope(beta: pd.Series, variance: pd.Series, *, rises: bool) -> Outcome:
    """Judge the sign of the slope of log variance in log beta.

    Parameters
    ----------
    beta, variance : Series
        By model.
    rises : bool
        Whether the statement says that it is positive (the paper) or negative (mechanism 2).
    """
    known = variance.notna() & (variance > 0)
    if known.sum() < MIN_MODELS or beta[known].nunique() < 2:
        return Outcome(np.nan, f"{known.sum()} models with active latents", UNDECIDED)
    fit = linregress(np.log(beta[known]), np.log(variance[known]))
    low, high = (fit.slope + s * 2 * fit.stderr for s in (-1, 1))
    verdict = UNDECIDED
    if low > 0 or high < 0:
        verdict = HOLDS if (low > 0) == rises else FAILS
    evidence = f"{low:.3f} to {high:.3f} (two standard errors), {known.sum()} models"
    return Outcome(float(fit.slope), evidence, verdict)


def linear(truth: pd.DataFrame) -> dict[str, Outcome]:
    """Judge the statements on the linear truth, by item, from the table of `linear.solutions`."""
    angles = truth[truth["part"] == "angles"].set_index("posterior")
    diagonal, full = angles.loc[["diagonal"]], angles.loc[["full"]]
    worst = float(diagonal["max_angle"].max())
    excess = float(angles["excess_loss"].max())
    solved = f"{len(diagonal)} starts, losses within {excess:.1g} nats of the optimum"
    rotation = full["mean_angle"].reset_index(drop=True)
    random_rotation = full["angle_of_any_rotation"].iloc[0]
    rotated = paired(rotation, pd.Series(0.0, rotation.index))
    error = float(angles["identity_error"].max())
    scan = truth[truth["part"] == "scan"]
    logs = [c for c in truth if c.startswith("log_variance_") and "law" not in c]
    as_beta = scan.assign(as_beta=scan["variance"] == 1)
    optima = as_beta.groupby(["seed", "price", "as_beta"])[logs].mean()
    spread = optima.groupby(["seed", "price"]).agg(np.ptp).to_numpy().max()
    outcomes = {
        "linear_axes": Outcome(worst, solved, HOLDS if worst < np.degrees(EXACT) else FAILS),
        "linear_rotation": Outcome(
            float(rotation.mean()),
            f"{rotation.min():.3g} to {rotation.max():.3g}, drawn evenly {random_rotation:.3g}; "
            f"{solved}",
            rotated.verdict,
        ),
        "linear_identity": Outcome(error, solved, HOLDS if error < EXACT else FAILS),
        "linear_equality": Outcome(
            float(spread), f"{len(optima)} optima", HOLDS if spread < EXACT else FAILS
        ),
    }
    active = scan[(scan["variance"] == 1) & (scan["active"] > 0)]
    for item, rises in (("linear_sign", False), ("linear_sign_author", True)):
        outcomes[item] = slope(active["beta"], active["effective_variance"], rises=rises)
    return outcomes


def _by_seed(table: pd.DataFrame, variant: str, column: str) -> pd.Series:
    return table[table["cell"] == variant].set_index("seed")[column]


def _contrast(
    tables: Mapping[str, pd.DataFrame], more: str, less: str, ratio: bool = False
) -> Callable[[str, str], Outcome]:
    """Compare two variants in a column of a table."""

    def judge(table: str, column: str) -> Outcome:
        frame = tables[table]
        return paired(_by_seed(frame, more, column), _by_seed(frame, less, column), ratio)

    return judge


def images(tables: Mapping[str, pd.DataFrame]) -> dict[str, Outcome]:
    """Judge the statements on the image models, by item.

    Parameters
    ----------
    tables : Mapping
        Rows of one data set: the tables of `tables.models` by experiment, and ``cost``.
    """
    tradeoff, penalties = tables["tradeoff"], tables["orthogonality_penalty"]
    scan = tables["likelihood_variance"].query("variance == 1")
    activations = tables["activations"]
    penalised = f"penalty_{penalties['penalty'].max():g}"
    high_beta = f"beta_{tradeoff.loc[tradeoff['variance'] != 1, 'beta'].max():g}"
    full = _contrast(tables, "posterior_full", "reference")
    diagonal = _contrast(tables, "reference", "posterior_full")
    outcomes = {
        "orthogonal": full("posterior_covariance", "offdiagonal_mass"),
        "axes": full("posterior_covariance", "axis_distance"),
        "independent": full("posterior_covariance", "gradient_mass"),
        "disentangled": diagonal("posterior_covariance", "mig"),
        "cost": _contrast(tables, "posterior_full", "reference", True)("cost", "ms_a_step"),
        "beta_mig": _contrast(tables, high_beta, "reference")("tradeoff", "mig"),
        "beta_error": _contrast(tables, high_beta, "reference", True)("tradeoff", "squared_error"),
        "sign": slope(scan["beta"], scan["effective_variance"], rises=False),
        "sign_author": slope(scan["beta"], scan["effective_variance"], rises=True),
        "collapse_low": rank_correlation(scan["beta"], scan["active_units"], rises=True),
        "equality": equality(tables["likelihood_variance"]),
        "architectures": rank_correlation(
            activations["offdiagonal_mass"], activations["mig"], rises=False
        ),
        "regularised": _contrast(tables, "reference", penalised)(
            "orthogonality_penalty", "offdiagonal_mass"
        ),
        "regularised_mig": _contrast(tables, penalised, "reference")(
            "orthogonality_penalty", "mig"
        ),
        "monitored": rank_correlation(penalties["offdiagonal_mass"], penalties["mig"], rises=False),
        "expanded": _contrast(tables, "reference", "expanded_1")(
            "deterministic_elbo", "hessian_mass"
        ),
        "smooth": _contrast(tables, "activation_relu", "reference")(
            "activations", "taylor_hessian"
        ),
        "volume": volume(scan),
    }
    priors = tables["priors"]["prior"]
    for prior in priors[priors != "gaussian"].drop_duplicates():
        contrast = _contrast(tables, f"prior_{prior}", "reference")
        outcomes[f"prior_{prior}"] = contrast("priors", "offdiagonal_mass")
    others = tables["likelihoods"].query("likelihood != 'gaussian'")
    for likelihood, models in others.groupby("likelihood", sort=False):
        masses = models.set_index(["posterior", "seed"])["offdiagonal_mass"]
        outcomes[str(likelihood)] = paired(masses["full"], masses["diagonal"])
    return outcomes


def equality(models: pd.DataFrame) -> Outcome:
    """Judge whether (beta, 1) and (1, beta) differ by less than two seeds do.

    Parameters
    ----------
    models : DataFrame
        The table of likelihood_variance.
    """
    beta_sigma2 = (models["beta"] * models["variance"]).round(12)
    logs = np.log(models["squared_error"])
    by_product = models.assign(beta_sigma2=beta_sigma2, logs=logs)
    groups = by_product.groupby(["seed", "beta_sigma2"])
    pairs = by_product[groups["cell"].transform("count") > 1]
    apart = pairs.groupby(["seed", "beta_sigma2"])["logs"].agg(np.ptp)
    between = by_product[models["variance"] == 1].groupby("beta_sigma2")["logs"].std().mean()
    largest = f"largest change {100 * np.expm1(apart.max()):.2g} %, {len(apart)} pairs"
    if np.isnan(between):
        return Outcome(np.nan, f"{largest}, one seed", UNDECIDED)
    most = float(apart.max() / between)
    return Outcome(most, largest, HOLDS if most < 1 else FAILS)


def bounded(runaway: pd.DataFrame) -> Outcome:
    """Judge whether the exact form of a smooth decoder stayed above the bound.

    Parameters
    ----------
    runaway : DataFrame
        Of `runaway.run_away`, and bounded: whether a loss is above the bound.
    """
    forms = runaway.set_index(["activation", "curvature"]).sort_index()
    exact = forms.loc[("silu", "hessian")]
    lowest, stayed = float(exact["loss"].min()), bool(exact["bounded"].all())
    other = forms.loc[("silu", "gauss_newton")]["loss"].min()
    evidence = f"step {exact['step'].max()}; Gauss-Newton's lowest {other:.3g}"
    return Outcome(lowest, evidence, UNDECIDED if stayed else FAILS)


def volume(scan: pd.DataFrame) -> Outcome:
    """Say how the mean log singular value of active latents goes with beta: an open question."""
    mean_log = scan["log_volume"] / scan["active_units"]
    outcome = rank_correlation(scan["beta"], mean_log, rises=True)
    return outcome if outcome.verdict == UNDECIDED else outcome._replace(verdict=OURS)


def claims(
    linear_truth: Path,
    tables: Sequence[Path],
    runaway: Path,
    claims: Path,
    bound: float,
    scale: str,
    standins: Sequence[str],
) -> None:
    """Write each statement, ours, its evidence, and a verdict.

    Parameters
    ----------
    linear_truth : Path
        Of `linear.solutions`.
    tables : sequence of Path
        ``<experiment>.csv`` of `tables.models`, and ``cost.csv``.
    runaway : Path
        Of `runaway.run_away`.
    claims : Path
        Written: item, dataset, where, statement, published, ours, evidence, shown (what this run
        says), verdict (the same, but that a statement which short trainings do not bear out is
        left open, except for `AT_ANY_LENGTH` and the linear truth), contradiction (who says the
        opposite of what does not hold).
    bound : float
        Nats an image, below which a loss has run away.
    scale : str
        Of the trainings.
    standins : sequence of str
        Data sets whose images are stand-ins.
    """
    statements = read_csv(Path(__file__).with_name("published.csv"), index_col="item")
    frames = {table.stem: read_csv(table) for table in tables}
    losses = read_csv(runaway)
    losses["bounded"] = losses["loss"] > bound
    outcomes = {("linear-Gaussian", i): o for i, o in linear(read_csv(linear_truth)).items()}
    for key, name in DATASETS.items():
        of_dataset = {
            experiment: frame[frame["dataset"] == name].reset_index()
            for experiment, frame in frames.items()
        }
        label = f"{name} (stand-in)" if key in standins else name
        outcomes |= {(label, item): o for item, o in images(of_dataset).items()}
    outcomes[DATASETS["dsprites"], "bounded"] = bounded(losses)
    rows = []
    for (dataset, item), (ours, evidence, shown) in outcomes.items():
        decided = scale == "papers" or item in AT_ANY_LENGTH or dataset == "linear-Gaussian"
        contradiction = statements.loc[item, "contradiction"] if shown == FAILS else np.nan
        rows.append(
            {"item": item, "dataset": dataset}
            | statements.loc[item, ["where", "statement", "published"]].to_dict()
            | {"ours": ours, "evidence": evidence, "shown": shown}
            | {"verdict": UNDECIDED if shown == FAILS and not decided else shown}
            | {"contradiction": contradiction}
        )
    write_csv(pd.DataFrame(rows), claims)
