"""Tables 01-04 beside what the author printed and logged, and the scores of all runs."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from scipy import stats

from betascan.core.files import read_csv, staged, write_csv
from betascan.studies.denardin2025.config import TABLES
from betascan.studies.runs import Row, read_runs

COLUMNS = {  # of the slides: ours at the end of training, the printed one, the author's log
    "Rec Error": ("validation_reconstruction", "slide_recon", "val_recon_last"),
    "KL": ("validation_rate", "slide_kl", "val_kl_last"),
    "TC": ("total_correlation", "slide_tc", None),
    "D(z_real)": ("d_real", "slide_d_real", None),
    "D(z_perm)": ("d_permuted", "slide_d_perm", None),
}
CLOSE = 0.1  # of the author's value: what two random streams may differ by


def published_runs() -> pd.DataFrame:
    """Return what the author printed and logged, indexed by data set, model and weight."""
    runs = read_csv(Path(__file__).with_name("published.csv"))
    runs["dataset"] = runs["dataset"].replace("mpi3d", "mpi3d_real_complex")
    return runs.set_index(["dataset", "model", "param"])


def wrong_rows() -> pd.DataFrame:
    """Return the evidence for printed rows of other runs, indexed by table and weight."""
    path = Path(__file__).with_name("published_errors.csv")
    return read_csv(path, dtype={"table": "str"}).set_index(["table", "value"])


def _verdict(ours: float, author: float, scale: str) -> str:
    if scale != "papers":
        return "scale cannot tell"
    close = abs(ours - author) <= CLOSE * max(abs(author), 1.0)
    return "reproduced" if close else "not reproduced"


def table(
    histories: Sequence[Path],
    csv: Path,
    markdown: Path,
    latex: Path,
    rows: Sequence[Row],
    number: str,
    scale: str,
) -> None:
    """Write one of Tables 01-04: means over seeds, printed and logged values, verdicts.

    As in the slides, reconstruction and KL are those of the validation images after the last
    epoch, TC and the discriminator's probabilities those of the training minibatches of that
    epoch; `on_validation` has them on validation images. logged is the author's own log at the
    end of the run, by which we judge where there is one: `evidence` says where the printed value
    is another run's or epoch's.

    Parameters
    ----------
    histories : sequence of Path
        Of the models of the table.
    csv, markdown, latex : Path
        The table, three times.
    rows : sequence of Mapping
        Signatures and keys of the models.
    number : str
        A key of `TABLES`.
    scale : str
        Only at the papers' scale is a value held against the author's.
    """
    author, errors, lines = published_runs().loc[TABLES[number]], wrong_rows(), []
    ended = read_runs(histories, rows).groupby(["weight", "seed"]).tail(1)
    for weight, runs in ended.groupby("weight"):
        slide = author.loc[weight] if weight in author.index else None
        wrong = (number, weight) in errors.index
        for column, (ours, printed, logged) in COLUMNS.items():
            if ours not in runs or runs[ours].isna().all():
                continue
            shown = slide[printed] if slide is not None else float("nan")
            log = slide[logged] if slide is not None and logged else float("nan")
            target, mean = log if pd.notna(log) else shown, runs[ours].mean()
            verdict = _verdict(mean, target, scale) if pd.notna(target) else "not published"
            held_out = ours if ours.startswith("validation") else f"validation_{ours}"
            lines.append(
                {
                    "value": weight,
                    "column": column,
                    "ours": mean,
                    "standard_error": runs[ours].sem(),
                    "printed": shown,
                    "logged": log,
                    "verdict": f"printed value is wrong; {verdict}" if wrong else verdict,
                    "on_validation": runs[held_out].mean(),
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

    Student's over seeds; of a single seed the bootstrap interval over test images, which says
    nothing of other seeds.

    Parameters
    ----------
    scores : DataFrame
        Rows of one data set, model, metric and convention: weight, seed, value, low, high.

    Returns
    -------
    DataFrame
        weight, value, low, high; sorted by weight.
    """
    rows = []
    for weight, runs in scores.groupby("weight"):
        low, value, high = runs["low"].iloc[0], runs["value"].mean(), runs["high"].iloc[0]
        if len(runs) > 1:
            reach = stats.t.ppf(0.975, len(runs) - 1) * runs["value"].sem()
            low, high = value - reach, value + reach
        rows.append({"weight": weight, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["weight", "value", "low", "high"])
