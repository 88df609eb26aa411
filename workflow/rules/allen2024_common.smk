# allen2024: names and functions that its rules share.

from itertools import product

from betascan.studies.allen2024.config import DATASETS as ALLEN_DATASETS
from betascan.studies.allen2024.config import EXPERIMENTS as ALLEN_EXPERIMENTS

ALLEN = CONFIG.allen2024.images
ALLEN_CELLS = {name: cell.model_dump() for name, cell in ALLEN.cells().items()}
ALLEN_RUNS, ALLEN_LOGS, ALLEN_RESULTS, ALLEN_FIGURES = (
    f"{folder}/allen2024" for folder in (RUNS, LOGS, RESULTS, FIGURES)
)
ALLEN_MODEL = f"{ALLEN_RUNS}/dataset~{{dataset}}/seed~{{seed}}/cell~{{cell}}"
ALLEN_SCALE = scale_of("allen2024.images", *ALLEN_DATASETS)
ALLEN_LINEAR_SCALE = scale_of("allen2024.linear")
ALLEN_JOB = "{dataset}-seed{seed}" + ("-{cell}" if ALLEN.points_per_job == 1 else "")
ALLEN_RUNAWAY = "dsprites"  # the images that the exact deterministic ELBO is tried on


wildcard_constraints:
    cell="[^/~]+",
    experiment="|".join(ALLEN_EXPERIMENTS),


def allen_files(name):
    """The files called `name` that one job makes."""
    return points(f"{ALLEN_MODEL}/{name}", ALLEN.points_per_job, cell=ALLEN_CELLS)


def allen_runs(wildcards):
    """What one job trains."""
    cells = [wildcards.cell] if "cell" in wildcards.keys() else ALLEN_CELLS
    return [ALLEN.run(cell, int(wildcards.seed)).model_dump() for cell in cells]


def allen_cells(experiment):
    """The names of an experiment's cells, each once."""
    named = [cell.named(ALLEN.reference) for cell in ALLEN.experiment(experiment)]
    return list(dict.fromkeys(named))


def allen_points(cells):
    """Data set, seed and cell of every model of these cells."""
    return list(product(ALLEN_DATASETS, ALLEN.seeds, cells))


def allen_every(name, cells):
    """The files called `name` of every model of these cells, in that order."""
    return [
        f"{ALLEN_MODEL}/{name}".format(dataset=dataset, seed=seed, cell=cell)
        for dataset, seed, cell in allen_points(cells)
    ]


def allen_of(name):
    """The files called `name` that the table of an experiment is made from."""
    return lambda wildcards: allen_every(name, allen_cells(wildcards.experiment))


ALLEN_STANDINS = [
    name for name in ALLEN_DATASETS if getattr(CONFIG.data, name).source == "standin"
]
# whose time a step is told: the reference, and what adds something to it
ALLEN_COSTS = [
    name
    for name in ALLEN_CELLS
    if name
    in (
        "reference",
        "posterior_full",
        "expanded_1",
        f"penalty_{max(ALLEN.penalties):g}",
    )
]
# in whose scatter both sides of the identity are shown, entry by entry
ALLEN_SIDES = ["reference", "posterior_full"]


def allen_footer(*datasets, linear=False):
    """Scale, data, and what is less than in the configuration of the papers' scale."""
    data = "; ".join(
        IMAGE_SOURCES[name][getattr(CONFIG.data, name).source] for name in datasets
    )
    exact = footer("allen2024", ALLEN_LINEAR_SCALE, "linear-Gaussian, exact")
    if not datasets:
        return exact
    told, whole = footer("allen2024", ALLEN_SCALE, data), PAPERS.allen2024.images
    if linear:
        told = f"{told}; linear-Gaussian, exact"
    if ALLEN_SCALE == PAPERS.scale:
        return told
    return (
        f"{told}\n{ALLEN.model.size} of {whole.model.size} pixels, {ALLEN.model.latents} of "
        f"{whole.model.latents} latents, {ALLEN.steps:,} of {whole.steps:,} steps, "
        f"{len(ALLEN.seeds)} of {len(whole.seeds)} seeds"
    )
