# denardin2025: names and functions that its rules share.

from itertools import product

import pandas as pd
from snakemake.utils import Paramspace

from betascan.studies.denardin2025.config import DATASETS, MODELS
from betascan.studies.denardin2025.tables import TABLES as DENARDIN_TABLES

DENARDIN = CONFIG.denardin2025
DENARDIN_SCALE = scale_of("denardin2025", *DATASETS)
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


DENARDIN_POINT = "-{weight}" if DENARDIN.points_per_job == 1 else ""
DENARDIN_LOG = f"{LOGS}/denardin2025/{{dataset}}-{{model}}{DENARDIN_POINT}"
DENARDIN_LOSS = {
    "bernoulli": "nats an image",
    "squared_error": "squared error an image",
}


def denardin_of(name, dataset, model):
    """The files called `name` of a data set and a model, in the order of the weights."""
    pattern = f"{DENARDIN_RUNS}/{DENARDIN_SPACE.wildcard_pattern}/{name}"
    return expand(pattern, dataset=dataset, model=model, weight=DENARDIN_WEIGHTS)


def denardin_footer(wildcards):
    """Scale, data, and what is not as in the document."""
    name = wildcards.dataset
    data = IMAGE_SOURCES[name][getattr(CONFIG.data, name).source]
    small = f", {DENARDIN.model.size} pixels" if DENARDIN.model.size != 64 else ""
    return footer("denardin2025", DENARDIN_SCALE, data + small)
