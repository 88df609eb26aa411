"""Tables 01-04 with what the author printed and logged, and the scores of all runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float

from betascan.core.files import read_csv, staged, write_csv
from betascan.studies import judgement
from betascan.studies.denardin2025.config import TABLES
from betascan.studies.judgement import Verdict
from betascan.studies.plateaus import PLATEAU
from betascan.studies.runs import Row, read_runs
from betascan.studies.statements import PAPERS

COLUMNS = {  # of the slides: ours at the end of training, the printed one, the author's log
    "Rec Error": ("validation_reconstruction", "slide_recon", "val_recon_last"),
    "KL": ("validation_rate", "slide_kl", "val_kl_last"),
    "TC": ("total_correlation", "slide_tc", None),
    "D(z_real)": ("d_real", "slide_d_real", None),
    "D(z_perm)": ("d_permuted", "slide_d_perm", None),
}
CLOSE = 0.1  # share of the author's value by which two random streams may differ
GUESS = 0.5  # the discriminator's output as long as it has learnt nothing
DIGIT = 0.01  # the last digit printed
SAME_EPOCH = 0.02  # the author's last and best epochs of Table 01 differ by up to 1.5 %
FEWEST = 5  # seeds; with fewer, intervals are many times as wide as the range of a score

KEYS = ["dataset", "model", "weight", "seed"]


def published_runs() -> pd.DataFrame:
    """Return what the author printed and logged, indexed by data set, model and weight."""
    runs = read_csv(Path(__file__).with_name("published.csv"))
    runs["dataset"] = runs["dataset"].replace("mpi3d", "mpi3d_real_complex")
    return runs.set_index(["dataset", "model", "param"])


def wrong_rows() -> pd.DataFrame:
    """Return the printed rows that match no end of a run, with evidence, by table and weight.

    One rule for all: error or KL differs from the author's log by more than 2 % and more than the
    last digit, both at the last epoch and at the best one. What is known about a row's origin
    is added.
    """
    path = Path(__file__).with_name("published_errors.csv")
    known = read_csv(path, dtype={"table": "str"}).set_index(["table", "value"])["origin"]
    author, rows = published_runs(), []
    for number, key in TABLES.items():
        for weight, run in author.loc[key].iterrows():
            printed = run[["slide_recon", "slide_kl"]].to_numpy(float)
            epochs = {
                epoch: run[[f"val_recon_{epoch}", f"val_kl_{epoch}"]].to_numpy(float)
                for epoch in ("last", "best")
            }
            if any(_same(printed, logged) for logged in epochs.values()):
                continue
            (error, kl), (lowest, its_kl) = epochs["last"], epochs["best"]
            evidence = (
                f"the author's run ended at {error:.2f} / {kl:.2f}, "
                f"its best epoch had {lowest:.2f} / {its_kl:.2f}"
            )
            if (number, weight) in known.index:
                evidence += f"; printed is {known[number, weight]}"
            rows.append({"table": number, "value": weight, "evidence": evidence})
    return pd.DataFrame(rows).set_index(["table", "value"])


def _same(printed: Float[np.ndarray, "2"], logged: Float[np.ndarray, "2"]) -> bool:
    allowed = np.maximum(SAME_EPOCH * np.abs(logged), DIGIT)
    return bool((np.abs(printed - logged) <= allowed).all())


def ends(histories: Sequence[Path], plateaus: Path, ends: Path, rows: Sequence[Row]) -> None:
    """Write what the slides tabulate for every model, and which models are on a plateau.

    As in the slides, reconstruction and KL are those of the validation images after the last
    epoch, and TC and the discriminator's probabilities those of the training minibatches of that
    epoch; `on_validation` has them on validation images.

    Parameters
    ----------
    histories : sequence of Path
        Histories of all models.
    plateaus : Path
        Table written by `betascan.studies.plateaus.table`; a FactorVAE, whose KL is not weighted,
        has no plateau.
    ends : Path
        Written: dataset, model, weight, seed, column (of the slides), value, on_validation,
        plateau.
    rows : sequence of Mapping
        Signatures and keys of the models.
    """
    runs = read_runs(histories, rows).groupby(KEYS, sort=False).tail(1)
    parts = []
    for column, (ours, _, _) in COLUMNS.items():
        held_out = ours if ours.startswith("validation") else f"validation_{ours}"
        if ours in runs:
            values = {"column": column, "value": runs[ours], "on_validation": runs[held_out]}
            parts.append(runs[KEYS].assign(**values))
    order = [*KEYS, "column"]
    frame = pd.concat(parts).dropna(subset=["value"])
    frame = frame.merge(read_csv(plateaus)[[*KEYS, "state"]], on=KEYS, how="left")
    frame["plateau"] = frame.pop("state") == PLATEAU
    frame["column"] = pd.Categorical(frame["column"], list(COLUMNS))
    write_csv(frame.sort_values(order), ends)


def _judge(
    values: pd.Series, column: str, target: float, scale: str, standin: bool
) -> tuple[Verdict, str]:
    """Judge a mean over seeds against the author's value; it is left open if no seed has learnt."""
    chance = GUESS if column.startswith("D(") else 0.0
    informative = abs(target - chance)
    if pd.isna(target):
        return Verdict.BEYOND, "not published"
    if standin:
        return Verdict.UNDECIDED, "stand-in"
    if scale != PAPERS:
        return Verdict.UNDECIDED, "scale"
    if values.empty:
        return Verdict.UNDECIDED, "all seeds on a plateau"
    if informative <= DIGIT / 2:
        return Verdict.UNDECIDED, "printed is what nothing learnt gives"
    outcome = judgement.number(values, target, max(CLOSE * informative, DIGIT / 2), exact=True)
    return outcome.verdict, f"{outcome.criterion}, {outcome.reason}"


def table(
    ends: Path,
    csv: Path,
    markdown: Path,
    latex: Path,
    number: str,
    scale: str,
    standins: Sequence[str],
) -> None:
    """Write one of Tables 01-04: means over seeds, printed and logged values, verdicts.

    logged is the author's own log at the end of the run, against which we judge where there is
    one; it lacks TC and the discriminator. Our value may differ by a tenth of the author's or, for
    the discriminator, of its distance from 1/2. Runs on a plateau are not in the means.

    Parameters
    ----------
    ends : Path
        Table written by `ends`.
    csv, markdown, latex : Path
        The table in three formats.
    number : str
        A key of `TABLES`.
    scale : str
        Values are compared with the author's at the papers' scale only.
    standins : sequence of str
        Data sets whose images are not the genuine ones.
    """
    (dataset, model), errors, lines = TABLES[number], wrong_rows(), []
    author, runs = published_runs().loc[dataset, model], read_csv(ends)
    runs = runs[(runs["dataset"] == dataset) & (runs["model"] == model)]
    for (weight, column), cell in runs.groupby(["weight", "column"], sort=False):
        slide = author.loc[weight] if weight in author.index else None
        _, printed, logged = COLUMNS[column]
        shown = slide[printed] if slide is not None else np.nan
        log = slide[logged] if slide is not None and logged else np.nan
        learnt = cell[~cell["plateau"]]
        kept = cell if learnt.empty else learnt
        verdict, reason = _judge(
            learnt["value"], column, log if pd.notna(log) else shown, scale, dataset in standins
        )
        wrong = (number, weight) in errors.index
        lines.append(
            {
                "value": weight,
                "column": column,
                "ours": kept["value"].mean(),
                "standard_error": kept["value"].sem(),
                "printed": shown,
                "logged": log,
                "verdict": Verdict.CONTRADICTION if wrong else verdict,
                "reason": reason,
                "seeds": len(learnt),
                "on_plateau": len(cell) - len(learnt),
                "on_validation": kept["on_validation"].mean(),
                "evidence": errors.loc[(number, weight), "evidence"] if wrong else "",
            }
        )
    frame = pd.DataFrame(lines)
    write_csv(frame, csv)
    with staged(markdown) as temporary:
        text = frame.to_markdown(index=False, floatfmt=".4g", missingval="")
        temporary.write_text(text.replace(" nan ", "     ") + "\n")
    with staged(latex) as temporary:
        temporary.write_text(
            frame.to_latex(index=False, float_format="%.4g", na_rep="", escape=True)
        )


def of_metric(scores: pd.DataFrame, dataset: str, metric: str, convention: str) -> pd.DataFrame:
    """Return the rows of `join_scores` for one data set and score, by weight."""
    one = (
        (scores["dataset"] == dataset)
        & (scores["metric"] == metric)
        & (scores["convention"] == convention)
    )
    return scores[one].sort_values("weight")


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over seeds of one score at each weight, with its 95 % interval.

    Student's t over seeds, from `FEWEST` seeds on; for a single seed, the bootstrap interval over
    test images, which says nothing about other seeds.

    Parameters
    ----------
    scores : DataFrame
        Rows of one data set, model, metric and convention: weight, seed, value, low, high.

    Returns
    -------
    DataFrame
        weight, value, low, high (NaN where there is no interval); sorted by weight.
    """
    rows = []
    for weight, runs in scores.groupby("weight"):
        low, value, high = runs["low"].iloc[0], runs["value"].mean(), runs["high"].iloc[0]
        if len(runs) > 1:
            reach = scipy.stats.t.ppf(0.975, len(runs) - 1) * runs["value"].sem()
            reach = reach if len(runs) >= FEWEST else np.nan
            low, high = value - reach, value + reach
        rows.append({"weight": weight, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["weight", "value", "low", "high"])
