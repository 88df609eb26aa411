# vu2026, images: beta-VAEs, each continued with every lambda, and their scores.

from itertools import product

from betascan.sections.vu2026_images import DATASETS as VU_DATASETS

VU_IMAGES = CONFIG.vu2026.images
VU_AXES = {
    "beta": [f"{beta:g}" for beta in VU_IMAGES.betas],
    "lam": [f"{lam:g}" for lam in VU_IMAGES.lambdas],
}
VU_RUNS, VU_IMAGE_LOGS = f"{RUNS}/vu2026/images", f"{LOGS}/vu2026/images"
VU_MODEL = "dataset~{dataset}/seed~{seed}/beta~{beta}"
VU_BASE = f"{VU_RUNS}/base/{VU_MODEL}"
VU_CONTINUED = f"{VU_RUNS}/continued/{VU_MODEL}/lambda~{{lam}}"


wildcard_constraints:
    seed="[^/~]+",
    beta="[^/~]+",
    lam="[^/~]+",


def vu_files(run, name):
    """The files called `name` that one job makes."""
    return points(f"{run}/{name}", VU_IMAGES.points_per_job, **VU_AXES)


def vu_points(wildcards, *axes):
    """The values on these axes of the models that one job trains."""
    return product(
        *(
            [wildcards[axis]] if axis in wildcards.keys() else VU_AXES[axis]
            for axis in axes
        )
    )


def vu_starts(wildcards):
    """The beta-VAE that each of a job's models goes on from."""
    named = {"dataset": wildcards.dataset, "seed": wildcards.seed}
    return [
        f"{VU_BASE}/model.pt".format(**named, beta=beta)
        for beta, _ in vu_points(wildcards, "beta", "lam")
    ]


def vu_base_runs(wildcards):
    """What one job trains first."""
    return [
        VU_IMAGES.base(int(wildcards.seed), float(beta)).model_dump()
        for (beta,) in vu_points(wildcards, "beta")
    ]


def vu_continuations(wildcards):
    """What one job goes on with."""
    return [
        VU_IMAGES.continuation(
            int(wildcards.seed), float(beta), float(lam)
        ).model_dump()
        for beta, lam in vu_points(wildcards, "beta", "lam")
    ]


ONE = VU_IMAGES.points_per_job == 1
VU_BASE_JOB = "{dataset}-seed{seed}" + ("-beta{beta}" if ONE else "")
VU_JOB = VU_BASE_JOB + ("-lambda{lam}" if ONE else "")


use rule image_training as vu2026_image_base with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=vu_files(VU_BASE, "model.pt"),
        histories=vu_files(VU_BASE, "history.csv"),
        cards=vu_files(VU_BASE, "card.json"),
        records=vu_files(VU_BASE, "record.json"),
    log:
        f"{VU_IMAGE_LOGS}/base-{VU_BASE_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/base-{VU_BASE_JOB}.tsv"
    threads: VU_IMAGES.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(VU_IMAGES.training.device),
    params:
        function="betascan.training.models.train_models",
        runs=vu_base_runs,
        name=lambda wildcards: f"vu2026 {wildcards.dataset}",
    message:
        "vu2026: train beta-VAEs, {wildcards}"


use rule image_training as vu2026_image_continuation with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        starts=vu_starts,
        code=TRAINING_CODE,
    output:
        models=vu_files(VU_CONTINUED, "model.pt"),
        histories=vu_files(VU_CONTINUED, "history.csv"),
        cards=vu_files(VU_CONTINUED, "card.json"),
        records=vu_files(VU_CONTINUED, "record.json"),
    log:
        f"{VU_IMAGE_LOGS}/continued-{VU_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/continued-{VU_JOB}.tsv"
    threads: VU_IMAGES.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(VU_IMAGES.training.device),
    params:
        function="betascan.training.models.train_models",
        runs=vu_continuations,
        name=lambda wildcards: f"vu2026 {wildcards.dataset} with lambda",
    message:
        "vu2026: go on with lambda, {wildcards}"


use rule image_evaluation as vu2026_image_evaluate with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=vu_files(VU_CONTINUED, "model.pt"),
        code=EVALUATION_CODE,
    output:
        scores=vu_files(VU_CONTINUED, "scores.csv"),
        information=vu_files(VU_CONTINUED, "information.csv"),
        views=vu_files(VU_CONTINUED, "views.npz"),
    log:
        f"{VU_IMAGE_LOGS}/evaluate-{VU_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/evaluate-{VU_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **VU_IMAGES.evaluation.model_dump(),
        function="betascan.evaluation.evaluate",
    message:
        "vu2026: score, {wildcards}"
