"""Tables 01-04 beside what the author printed and logged, and the scores of all runs."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pandas as pd

from betascan.core.files import staged, write_csv

TABLES = {
    "01": ("dsprites", "beta_vae"),
    "02": ("dsprites", "factor_vae"),
    "03": ("mpi3d_real_complex", "beta_vae"),
    "04": ("mpi3d_real_complex", "factor_vae"),
}
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
    runs = _published("denardin2025_runs.csv", {})
    runs["dataset"] = runs["dataset"].replace("mpi3d", "mpi3d_real_complex")
    return runs.set_index(["dataset", "model", "param"])


def _published(name: str, kinds: dict[str, str]) -> pd.DataFrame:
    with resources.as_file(resources.files("betascan.published").joinpath(name)) as path:
        return pd.read_csv(path, dtype=kinds)


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
    number: str,
    weights: Sequence[float],
    scale: str,
) -> None:
    """Write one of Tables 01-04: value, column, ours, printed, logged, verdict and more.

    As in the slides, reconstruction and KL are those of the validation images after the last
    epoch, TC and the discriminator's probabilities those of the training minibatches of that
    epoch; `on_validation` has them on validation images. logged is the author's own log at the
    end of the run, by which we judge where there is one: `evidence` says where the printed value
    is another run's or epoch's.
    """
    dataset, model = TABLES[number]
    author, rows = published_runs().loc[dataset, model], []
    errors = _published("denardin2025_errors.csv", {"table": "str"}).set_index(["table", "value"])
    for weight, path in zip(weights, histories, strict=True):
        ended = pd.read_csv(path).iloc[-1]
        told = author.loc[weight] if weight in author.index else None
        wrong = (number, weight) in errors.index
        for column, (ours, printed, logged) in COLUMNS.items():
            if ours not in ended:
                continue
            shown = told[printed] if told is not None else float("nan")
            kept = told[logged] if told is not None and logged else float("nan")
            judged = kept if pd.notna(kept) else shown
            verdict = _verdict(ended[ours], judged, scale) if pd.notna(judged) else "not published"
            held_out = ended[ours if ours.startswith("validation") else f"validation_{ours}"]
            rows.append(
                {
                    "value": weight,
                    "column": column,
                    "ours": ended[ours],
                    "printed": shown,
                    "logged": kept,
                    "verdict": f"printed value is wrong; {verdict}" if wrong else verdict,
                    "on_validation": held_out,
                    "evidence": errors.loc[(number, weight), "evidence"] if wrong else "",
                }
            )
    frame = pd.DataFrame(rows)
    write_csv(frame, csv)
    with staged(markdown) as temporary:
        text = frame.to_markdown(index=False, floatfmt=".4g", missingval="")
        temporary.write_text(text.replace(" nan ", "     ") + "\n")
    with staged(latex) as temporary:
        temporary.write_text(
            frame.to_latex(index=False, float_format="%.4g", na_rep="", escape=True)
        )


def join_scores(
    scores: Sequence[Path], joined: Path, runs: Sequence[tuple[str, str, float]]
) -> None:
    """Write the scores of all `runs` (dataset, model, weight), these three columns first."""
    frames = []
    for (dataset, model, weight), path in zip(runs, scores, strict=True):
        named = {"dataset": dataset, "model": model, "weight": weight}
        own = pd.read_csv(path)
        frames.append(own.assign(**named)[[*named, *own.columns]])
    write_csv(pd.concat(frames), joined)


def of_metric(scores: pd.DataFrame, dataset: str, metric: str, convention: str) -> pd.DataFrame:
    """Return the rows of `join_scores` for one data set and score, by weight."""
    one = (
        (scores["dataset"] == dataset)
        & (scores["metric"] == metric)
        & (scores["convention"] == convention)
    )
    return scores[one].sort_values("weight")
