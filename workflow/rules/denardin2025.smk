# denardin2025: beta-VAE and FactorVAE on dSprites and MPI3D, trained and scored.

from itertools import product

import pandas as pd
from snakemake.utils import Paramspace

from betascan.sections.denardin2025 import DATASETS, MODELS

DENARDIN = CONFIG.denardin2025
DENARDIN_RUNS, DENARDIN_RESULTS, DENARDIN_FIGURES = (
    f"{folder}/denardin2025" for folder in (RUNS, RESULTS, FIGURES)
)
DENARDIN_WEIGHTS = [f"{weight:g}" for weight in DENARDIN.weights]
DENARDIN_SPACE = Paramspace(
    pd.DataFrame(
        product(DATASETS, MODELS, DENARDIN_WEIGHTS),
        columns=["dataset", "model", "weight"],
    )
)


def denardin_files(name):
    """The files called `name` that one job makes."""
    pattern = f"{DENARDIN_RUNS}/{DENARDIN_SPACE.wildcard_pattern}/{name}"
    return points(pattern, DENARDIN.points_per_job, weight=DENARDIN_WEIGHTS)


def denardin_runs(wildcards):
    """What one job trains."""
    weights = [wildcards.weight] if "weight" in wildcards.keys() else DENARDIN_WEIGHTS
    named = wildcards.dataset, wildcards.model
    return [DENARDIN.run(*named, float(weight)).model_dump() for weight in weights]


DENARDIN_JOB = "{wildcards.dataset} {wildcards.model}" + (
    " {wildcards.weight}" if DENARDIN.points_per_job == 1 else ""
)
DENARDIN_LOG = f"{LOGS}/denardin2025/" + DENARDIN_JOB.replace("wildcards.", "").replace(
    " ", "-"
)


use rule image_training as denardin2025_train with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=denardin_files("model.pt"),
        histories=denardin_files("history.csv"),
        cards=denardin_files("card.json"),
        records=denardin_files("record.json"),
    log:
        f"{DENARDIN_LOG}-train.log",
    benchmark:
        f"{DENARDIN_LOG}-train.tsv"
    threads: DENARDIN.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(DENARDIN.training.device),
    params:
        function="betascan.training.models.train_models",
        runs=denardin_runs,
        name=lambda wildcards: f"denardin2025 {wildcards.dataset} {wildcards.model}",
    message:
        f"denardin2025: train {DENARDIN_JOB}"


use rule image_evaluation as denardin2025_evaluate with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=denardin_files("model.pt"),
        code=EVALUATION_CODE,
    output:
        scores=denardin_files("scores.csv"),
        information=denardin_files("information.csv"),
        views=denardin_files("views.npz"),
    log:
        f"{DENARDIN_LOG}-evaluate.log",
    benchmark:
        f"{DENARDIN_LOG}-evaluate.tsv"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **DENARDIN.evaluation.model_dump(),
        function="betascan.evaluation.evaluate",
    message:
        f"denardin2025: score {DENARDIN_JOB}"


rule denardin2025:
    input:
        expand(
            f"{DENARDIN_RUNS}/{{run}}/scores.csv",
            run=DENARDIN_SPACE.instance_patterns,
        ),
