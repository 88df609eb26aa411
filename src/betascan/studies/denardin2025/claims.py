"""The conclusions of the slides as statements that the runs bear out or not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd
from scipy.stats import spearmanr

from betascan.core.files import read_csv, write_csv
from betascan.studies.denardin2025.config import TABLES
from betascan.studies.denardin2025.tables import of_metric, over_seeds

HOLDS, NOT, UNDECIDED = "holds", "does not hold", "scale cannot tell"
LEARNT = 3.0  # nats that a model of the least weight must carry to have learnt anything
LOW = 2.0  # a "low" beta or gamma
FEWEST = 4  # weights with which a rank test can come out at 5 %
NAMES = {"dsprites": "dSprites", "mpi3d_real_complex": "MPI3D"}
MODELS = {"beta_vae": "beta-VAE", "factor_vae": "FactorVAE"}

Verdict = tuple[str, str]


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{weight:g}: {value:.3g}" for weight, value in values.items())


def trend(values: pd.Series, rises: bool) -> Verdict:
    """Judge whether values rise (or fall) along their index: Spearman's test, at 5 %, one-sided."""
    side: Literal["greater", "less"] = "greater" if rises else "less"
    test = spearmanr(values.index, values, alternative=side)
    p = f"p = {test.pvalue:.2g}" if test.pvalue >= 0.001 else "p < 0.001"
    evidence = f"rank correlation {test.statistic:.2f}, {p} ({_listed(values)})"
    if len(values) < FEWEST:
        return UNDECIDED, evidence
    return HOLDS if test.pvalue < 0.05 else NOT, evidence


def best_within(scores: pd.DataFrame, lowest: float, highest: float) -> Verdict:
    """Judge whether the best score has its weight in a range.

    scores (weight, value, low, high). If the intervals of the best within and of the best
    outside overlap, the samples cannot tell.
    """
    inside = scores["weight"].between(lowest, highest)
    evidence = _listed(scores.set_index("weight")["value"])
    if not inside.any() or inside.all():
        return UNDECIDED, evidence
    one, other = (s.loc[s["value"].idxmax()] for s in (scores[inside], scores[~inside]))
    if one["low"] > other["high"]:
        return HOLDS, evidence
    return NOT if other["low"] > one["high"] else UNDECIDED, evidence


def _if_able(verdict: Verdict, able: bool) -> Verdict:
    return verdict if able else (UNDECIDED, verdict[1])


def claims(
    scores: Path,
    tables: Sequence[Path],
    claims: Path,
    scale: str,
    genuine: dict[str, bool],
) -> None:
    """Write each conclusion of the slides, our evidence and a verdict.

    tables: 01 to 04. Runs whose posteriors carry less than 3 nats at the least weight have not
    learnt enough to say anything. What the slides say of MPI3D as data cannot be judged on a
    stand-in, nor a published MIG on another scale.
    """
    frame, rows = read_csv(scores), []
    parts = []
    for path in tables:
        dataset, model = TABLES[path.stem.removeprefix("table")]
        parts.append(read_csv(path).assign(dataset=dataset, model=model))
    ends = pd.concat(parts)

    def of(dataset: str, model: str, metric: str, convention: str) -> pd.DataFrame:
        chosen = of_metric(frame, dataset, metric, convention)
        return over_seeds(chosen[chosen["model"] == model])

    def ended(dataset: str, model: str, column: str) -> pd.Series:
        one = (ends["dataset"] == dataset) & (ends["model"] == model) & (ends["column"] == column)
        return ends[one].set_index("value")["ours"].sort_index()

    def add(dataset: str, model: str, claim: str, verdict: Verdict) -> None:
        learnt = of(dataset, model, "rate", "hirn2026")["value"].iloc[0] >= LEARNT
        judged, evidence = _if_able(verdict, bool(learnt))
        whole = f"{claim} ({MODELS[model]}, {NAMES[dataset]})"
        rows.append({"claim": whole, "evidence": evidence, "verdict": judged})

    for dataset in NAMES:
        errors = {model: ended(dataset, model, "Rec Error") for model in MODELS}
        for model, name in (("beta_vae", "beta"), ("factor_vae", "gamma")):
            mig = of(dataset, model, "mig", "denardin2025")
            if model == "beta_vae":
                add(dataset, model, "reconstruction error rises with beta",
                    trend(errors[model], True))  # fmt: skip
            if dataset == "dsprites":
                add(dataset, model, f"best MIG at {name} 16 to 32", best_within(mig, 16, 32))
            else:
                verdict = best_within(mig, 0, LOW)
                add(dataset, model, f"best MIG at low {name}", _if_able(verdict, genuine[dataset]))
        growth = {model: float(e.iloc[-1] / e.iloc[0]) for model, e in errors.items()}
        stable = HOLDS if growth["factor_vae"] < growth["beta_vae"] else NOT
        evidence = ", ".join(f"{MODELS[m]} {value:.2f} times" for m, value in growth.items())
        add(dataset, "factor_vae", "reconstruction more stable than beta-VAE's from least to "
            "largest weight", (stable, evidence))  # fmt: skip
        add(dataset, "factor_vae", "TC falls with gamma",
            trend(ended(dataset, "factor_vae", "TC"), False))  # fmt: skip
        unsure = (ended(dataset, "factor_vae", "D(z_real)") - 0.5).abs()
        settles, evidence = trend(unsure, False)
        add(dataset, "factor_vae", "D(z_real) approaches 0.5 with gamma",
            (settles, f"distance to 0.5: {evidence}"))  # fmt: skip
        best = of(dataset, "factor_vae", "mig", "denardin2025")["value"].max()
        published = {"dsprites": 0.22, "mpi3d_real_complex": 0.21}[dataset]
        able = scale == "papers" and genuine[dataset]
        near = HOLDS if abs(best - published) < 0.05 else NOT
        add(dataset, "factor_vae", f"MIG up to {published} in the slides' convention",
            _if_able((near, f"ours: up to {best:.2f}"), able))  # fmt: skip
    write_csv(pd.DataFrame(rows), claims)
