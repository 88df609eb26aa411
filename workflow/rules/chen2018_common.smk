# chen2018: names and functions that its rules share.

from itertools import product

from betascan.studies.chen2018.config import (
    CHOSEN as CHEN_CHOSEN,
    DATASETS as CHEN_DATASETS,
    DEPENDENT as CHEN_DEPENDENT,
    INDEPENDENT as CHEN_INDEPENDENT,
    MODELS as CHEN_MODELS,
)

CHEN = CONFIG.chen2018
CHEN_RUNS, CHEN_LOGS, CHEN_RESULTS, CHEN_FIGURES = (
    f"{folder}/chen2018" for folder in (RUNS, LOGS, RESULTS, FIGURES)
)
CHEN_SCALE = scale_of("chen2018", *CHEN_DATASETS)
CHEN_AXES = {"beta": [f"{beta:g}" for beta in CHEN.betas], "model": CHEN_MODELS}
CHEN_WHOLE_RUN = (
    f"{CHEN_RUNS}/dataset~{{dataset}}/sampling~{CHEN_INDEPENDENT}/"
    "seed~{seed}/beta~{beta}/model~{model}"
)
CHEN_JOINT_RUN = (
    f"{CHEN_RUNS}/dataset~dsprites/sampling~{{sampling}}/"
    f"seed~{{seed}}/beta~{CHEN.joint.beta:g}/model~{{model}}"
)
CHEN_SPRITES_RUN = CHEN_WHOLE_RUN.replace("{dataset}", "dsprites")
CHEN_ONE = CHEN.points_per_job == 1
CHEN_WHOLE_JOB = "{dataset}-seed{seed}" + ("-beta{beta}-{model}" if CHEN_ONE else "")
CHEN_SPRITES_JOB = CHEN_WHOLE_JOB.replace("{dataset}", "dsprites")
CHEN_JOINT_JOB = "joint{sampling}-seed{seed}" + ("-{model}" if CHEN_ONE else "")
CHEN_POINTS = [(*cell, model) for cell in CHEN.cells() for model in CHEN_MODELS]
# the models of the data sets as they are, and of those the ones scored again and again
CHEN_WHOLE = [point for point in CHEN_POINTS if point[1] == CHEN_INDEPENDENT]
CHEN_REPEATED = [
    point
    for point in CHEN_WHOLE
    if point[0] == "dsprites"
    and point[2] == CHEN.dsprites.seeds[0]
    and point[3] in CHEN.stability.betas
]
CHEN_AGAIN = {"beta": [f"{b:g}" for b in CHEN.stability.betas], "model": CHEN_MODELS}
CHEN_EVALUATION_CODE = EVALUATION_CODE + code(
    "studies/chen2018/measure.py",
    "metrics/total_correlation.py",
    "metrics/sampled_information.py",
)


wildcard_constraints:
    sampling="|".join(CHEN_DEPENDENT),


def chen_files(run, name, **axes):
    """The files called `name` that one job makes."""
    return points(f"{run}/{name}", CHEN.points_per_job, **(axes or CHEN_AXES))


def chen_of(name, chosen):
    """The files called `name` of the chosen points, in their order."""
    return [
        f"{CHEN_RUNS}/dataset~{dataset}/sampling~{sampling}/seed~{seed}/"
        f"beta~{beta:g}/model~{model}/{name}"
        for dataset, sampling, seed, beta, model in chosen
    ]


def chen_runs(wildcards):
    """What one job trains."""
    seed = int(wildcards.seed)
    dependent = "sampling" in wildcards.keys()
    dataset = "dsprites" if dependent else wildcards.dataset
    betas = [CHEN.joint.beta] if dependent else CHEN.betas
    if "beta" in wildcards.keys():
        betas = [float(wildcards.beta)]
    models = [wildcards.model] if "model" in wildcards.keys() else CHEN_MODELS
    return [
        CHEN.run(dataset, model, seed, beta).model_dump()
        for beta, model in product(betas, models)
    ]


# the models whose traversals are shown: of the first seed and this beta
CHEN_SHOWN = CHEN.joint.beta


def chen_shown(dataset):
    """The models whose traversals are shown."""
    return [
        point
        for point in CHEN_WHOLE
        if point[0] == dataset
        and point[2] == getattr(CHEN, dataset).seeds[0]
        and point[3] == CHEN_SHOWN
    ]


def chen_footer(*datasets, seeds=None):
    """Scale, data, and what is less than in the document."""
    lines = []
    for name in datasets:
        ours, papers = getattr(CHEN, name), getattr(PAPERS.chen2018, name)
        told = IMAGE_SOURCES[name][getattr(CONFIG.data, name).source]
        if name == "shapes3d":
            told += ", in place of the document's 3D faces, which are not public"
        if CHEN_SCALE != PAPERS.scale:
            steps, whole = (
                protocol.run("beta_vae", 0, 1).training.schedule(
                    getattr(data, name).images
                )[1]
                for protocol, data in ((ours, CONFIG.data), (papers, PAPERS.data))
            )
            told += (
                f"\n{ours.model.size} of {papers.model.size} pixels, width "
                f"{ours.model.width} of {papers.model.width}, {steps:,} of {whole:,} steps "
                f"of {ours.batch_size} of {papers.batch_size}, "
                f"{seeds or len(ours.seeds)} of {len(papers.seeds)} seeds"
            )
        lines.append(told)
    return footer("chen2018", CHEN_SCALE, "\n".join(lines))


# the data sets whose images are not the genuine ones
CHEN_STANDINS = [
    name for name in CHEN_DATASETS if getattr(CONFIG.data, name).source == "standin"
]
