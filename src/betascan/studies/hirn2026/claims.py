"""The statements of hirn2026 beside what came out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.published import statements
from betascan.spectroscopy import fit_slope
from betascan.studies.hirn2026.tables import utilities

ACCURATE = np.log(2)  # a threshold or utility is inaccurate when off by more than a factor of 2
NOISY = 0.1  # of the posterior scale A^2, which is 1 without noise (Eq. 40)
RESOLVED = 16  # modes up to this rank have several points of the scan below their threshold


def _within(factor: float) -> Callable[[float, float], bool]:
    return lambda ours, published: abs(np.log(ours / published)) < np.log(factor)


CHECKS: dict[str, Callable[[float, float], bool]] = {
    **dict.fromkeys(["cells_train", "cells_validation", "cells_test"], _within(1.005)),
    "plateau": _within(np.sqrt(10)),  # published as an order of magnitude
    "noise_onset": _within(np.sqrt(10)),
    "pca_rank_18": lambda ours, published: ours < published,
    "utility_rank": lambda ours, published: ours >= published,
    "threshold_rank": lambda ours, published: ours == published,
    "log_variance_slope": lambda ours, published: abs(ours - published) < 0.02,
    "rate_slope": lambda ours, published: abs(ours - published) < 0.01,
    "duality": lambda ours, published: abs(ours - published) < 0.05,
}


def noise_onset(seen: pd.DataFrame, floor: float) -> float:
    """Return the highest T of the noisy range: where A^2 of the active latents is off by a tenth.

    Counted from the low end of the scan, as the root mean square of log A^2; nan if none is.
    """
    active = seen[(seen["signal_fraction"] > floor) & (seen["rank"] <= RESOLVED)]
    squares = np.log(active["posterior_scale"]) ** 2
    noise = np.sqrt(squares.groupby(active["T"]).mean()).sort_index()
    noisy = (noise > NOISY).cumprod().astype(bool)
    return float(noise.index[noisy].max()) if noisy.any() else np.nan


def slopes(seen: pd.DataFrame, column: str, lowest: float, floor: float) -> float:
    """Median over ranks of the slope of an observable in log T, active points above `lowest`."""
    found = []
    for _, group in seen[seen["rank"] <= RESOLVED].groupby("rank"):
        active = (group["signal_fraction"] > floor) & (group["T"] >= lowest)
        if active.sum() >= 5:
            T, values = group["T"].to_numpy(), group[column].to_numpy()
            found.append(fit_slope(T, values, active.to_numpy())[0])
    return float(np.median(found))


def _of_estimator(
    seen: pd.DataFrame, levels: pd.DataFrame, modes: pd.DataFrame, lowest: float, floor: float
) -> dict[tuple[str, str], float]:
    """Measure the statements on one estimator's tables: (item, split) -> ours."""
    train = seen[seen["split"] == "train"]
    own, ranks = modes[modes["split"] == "train"].set_index("rank"), int(modes["rank"].max())
    wrong = own.index[own["log_threshold_ratio"].abs() > ACCURATE]
    unstable = own.index[own["log_utility_ratio"].abs() > ACCURATE]
    best = levels[(levels["split"] == "test") & (levels["rank"] >= ranks)]
    resolved = modes[(modes["rank"] <= RESOLVED) & (modes["split"] != "validation")]
    scatter = resolved.groupby("split")["log_duality"].apply(lambda x: np.sqrt(np.mean(x**2)))
    return {
        ("plateau", "test"): float(best["distortion"].min()),
        ("utility_rank", "train"): unstable.min() - 1 if len(unstable) else ranks,
        ("threshold_rank", "train"): wrong.min() if len(wrong) else ranks + 1,
        ("noise_onset", "train"): noise_onset(train, floor),
        ("log_variance_slope", "train"): slopes(train, "mean_log_sigma2", lowest, floor),
        ("rate_slope", "train"): slopes(train, "rate", lowest, floor),
        ("duality", "test"): scatter["test"],
        ("duality", "train"): scatter["train"],
        ("shift_share", "test"): 1 - (scatter["train"] / scatter["test"]) ** 2,
    }


def claims(
    splits: Path,
    observables: Path,
    distortion: Path,
    modes: Path,
    pca: Path,
    claims: Path,
    floor: float,
    scale: str,
) -> None:
    """Write each statement of the document, the published number, ours and a verdict.

    Statements about the paper's data and protocol can only be judged at the papers' scale, laws
    be confirmed at any; the analytic estimator is ours, so its rows only say what there would be
    without sampling noise.
    """
    published = statements("hirn2026")
    sizes = pd.read_csv(splits).set_index("split")["cells"]
    components = pd.read_csv(pca).query("split == 'test'").set_index("rank")["pca_distortion"]
    seen, spectrum = pd.read_csv(observables), pd.read_csv(modes)
    levels = utilities(pd.read_csv(distortion))
    found: dict[tuple[str, str, str], float] = {
        **{(f"cells_{split}", "", split): float(cells) for split, cells in sizes.items()},
        ("pca_rank_18", "", "test"): abs(float(components[int(spectrum["rank"].max())])),
    }
    for estimator, of_modes in spectrum.groupby("estimator"):
        of_seen, of_levels = (f[f["estimator"] == estimator] for f in (seen, levels))
        lowest = published["value"]["noise_onset"]
        measured = _of_estimator(of_seen, of_levels, of_modes, lowest, floor)
        found |= {(item, estimator, split): value for (item, split), value in measured.items()}
    rows = []
    for (item, estimator, split), ours in found.items():
        statement = published.loc[item]
        if statement["about"] == "ours":
            verdict = "finding of ours"
        elif scale != "papers" and statement["about"] == "data":
            verdict = "scale cannot tell"
        elif estimator == "analytic" and statement["about"] == "data":
            verdict = "beyond the document"
        elif CHECKS[item](ours, statement["value"]):
            verdict = "holds"
        else:  # a law may show in little training, but that it does not is no evidence
            verdict = "does not hold" if scale == "papers" else "scale cannot tell"
        rows.append(
            {
                "item": item,
                "where": statement["where"],
                "statement": statement["statement"],
                "published": statement["value"],
                "estimator": estimator,
                "split": split,
                "ours": ours,
                "verdict": verdict,
            }
        )
    write_csv(pd.DataFrame(rows), claims)
