"""Statements of allen2024 that its linear-Gaussian truth decides, and how they are judged."""

from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from betascan.studies import statements as common
from betascan.studies.judgement import Judgement, difference, number
from betascan.studies.statements import Statement

MARGIN_EXACT = 1e-3
"""Relative: minima of the linear truth are found to rounding."""
MARGIN_DEGREES = 0.1
"""Precision to which angles of the linear truth are found."""
LEAST_DEGREES = 10.0
"""A quarter of the mean angle of random rotations."""
MARGIN_SLOPE = 0.1
"""A factor of 4 over the scan, which spans six orders of magnitude at the papers' scale."""

MECHANISM_1, MECHANISM_2 = "mechanism 1", "mechanism 2"
CONTRADICTS_SIGN = (
    "the same mechanism says that weighing the KL by beta scales the variance by beta"
)


def _angles(truth: pd.DataFrame, posterior: str) -> pd.DataFrame:
    return truth[(truth["part"] == "angles") & (truth["posterior"] == posterior)].set_index("seed")


def slopes(scan: pd.DataFrame) -> pd.Series:
    """Slope of log effective variance in log beta at sigma^2 = 1, by seed."""
    known = scan[(scan["variance"] == 1) & (scan["effective_variance"] > 0)]
    found = {
        seed: scipy.stats.linregress(np.log(rows["beta"]), np.log(rows["effective_variance"])).slope
        for seed, rows in known.groupby("seed")
        if rows["beta"].nunique() > 1
    }
    return pd.Series(found, dtype=float)


def axes(linear_truth: pd.DataFrame) -> Judgement:
    """Largest angle of a diagonal posterior's decoder to the PCA axes."""
    return number(_angles(linear_truth, "diagonal")["max_angle"], 0, MARGIN_DEGREES, exact=True)


def rotation(linear_truth: pd.DataFrame) -> Judgement:
    """Mean angle of a full posterior's decoder minus that of a diagonal one."""
    full, diagonal = (_angles(linear_truth, p)["mean_angle"] for p in ("full", "diagonal"))
    return difference(full - diagonal, LEAST_DEGREES)


def exact_break(linear_truth: pd.DataFrame) -> Judgement:
    """Largest angle of a decoder that cannot be injective minus that of one that can."""
    too_many = linear_truth[linear_truth["part"] == "not injective"].set_index("seed")
    injective = _angles(linear_truth, "diagonal")
    return difference(too_many["max_angle"] - injective["max_angle"], LEAST_DEGREES)


def exact_identity(linear_truth: pd.DataFrame) -> Judgement:
    """Relative error of the identity, the larger of both posteriors'."""
    errors = linear_truth[linear_truth["part"] == "angles"].groupby("seed")["identity_error"].max()
    return number(errors, 0, MARGIN_EXACT, exact=True)


def exact_pairs(linear_truth: pd.DataFrame) -> Judgement:
    """Largest difference of a log-variance between (beta, 1) and (1, beta)."""
    scan = linear_truth[linear_truth["part"] == "scan"]
    columns = scan.columns[scan.columns.str.fullmatch(r"log_variance_\d+")]
    apart = scan.groupby(["seed", "beta_sigma2"])[list(columns)].agg(np.ptp).max(axis=1)
    return number(apart.groupby("seed").max(), 0, MARGIN_EXACT, exact=True)


def exact_slope(linear_truth: pd.DataFrame) -> Judgement:
    """Slope of the effective variance."""
    return number(slopes(linear_truth[linear_truth["part"] == "scan"]), 1, MARGIN_SLOPE, exact=True)


def exact_fall(linear_truth: pd.DataFrame) -> Judgement:
    """Minus that slope."""
    return difference(-slopes(linear_truth[linear_truth["part"] == "scan"]), MARGIN_SLOPE)


STATEMENTS = (
    Statement(
        name="linear_axes",
        says="A diagonal posterior finds the independent components, in the linear case the PCA "
        "axes (degrees).",
        place="core contribution",
        judge=axes,
        figure="linear_truth",
    ),
    Statement(
        name="linear_rotation",
        says="A full posterior finds any rotation of the independent components: it is the "
        "diagonal that selects them (degrees).",
        place=MECHANISM_1,
        judge=rotation,
        figure="linear_truth",
    ),
    Statement(
        name="linear_break",
        says="The translation breaks down if the decoder is not injective, as with more latents "
        "than observed variables (angle to the PCA axes, minus that of an injective one, degrees).",
        place="mechanism 1, break condition",
        judge=exact_break,
        construction="at a linear optimum the excess latents collapse",
        figure="linear_truth",
    ),
    Statement(
        name="linear_identity",
        says="Posterior covariance and Jacobian determine each other: "
        "Sigma^-1 = I + J^T J / (beta sigma^2).",
        place=MECHANISM_1,
        judge=exact_identity,
        figure="identity",
    ),
    Statement(
        name="linear_pairs",
        says="beta is a variance: (beta, sigma^2 = 1) and (1, sigma^2 = beta) have the same "
        "optimum.",
        place=MECHANISM_2,
        judge=exact_pairs,
        construction="the losses differ by a factor and a constant",
        figure="linear_truth",
    ),
    Statement(
        name="linear_slope",
        says="beta scales the likelihood's variance, which rises in proportion to beta (slope of "
        "logarithms).",
        place=MECHANISM_2,
        judge=exact_slope,
        construction="it follows from the identity",
        figure="likelihood_variance",
    ),
    Statement(
        name="linear_fall",
        says="Higher beta corresponds to lower likelihood variance (minus the slope).",
        place=MECHANISM_2,
        judge=exact_fall,
        contradiction=CONTRADICTS_SIGN,
        figure="likelihood_variance",
    ),
)


def write(statements: Path, scale: str, linear_truth: Path) -> None:
    """Write what came out of each of `STATEMENTS`.

    Parameters
    ----------
    statements : Path
        Written, see `betascan.studies.statements.write`.
    scale : str
        Name of the scale of the linear truth.
    linear_truth : Path
        Table written by `linear.solutions`.
    """
    common.write(STATEMENTS, {"linear_truth": linear_truth}, statements, scale)
