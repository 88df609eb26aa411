# vu2026, images: names and functions that its rules share.

from itertools import product

from betascan.studies.vu2026.image_config import DATASETS as VU_DATASETS

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


VU_ONE = VU_IMAGES.points_per_job == 1
VU_BASE_JOB = "{dataset}-seed{seed}" + ("-beta{beta}" if VU_ONE else "")
VU_JOB = VU_BASE_JOB + ("-lambda{lam}" if VU_ONE else "")
VU_RESULTS, VU_FIGURES = f"{RESULTS}/vu2026", f"{FIGURES}/vu2026"
VU_SCALE = scale_of("vu2026.images", *VU_DATASETS)
VU_STANDINS = [
    name for name in VU_DATASETS if getattr(CONFIG.data, name).source == "standin"
]
VU_POINTS = list(
    product(VU_DATASETS, VU_IMAGES.seeds, VU_IMAGES.betas, VU_IMAGES.lambdas)
)


def vu_every(run, name):
    """The files called `name` of all models, in the order of VU_POINTS."""
    return expand(f"{run}/{name}", dataset=VU_DATASETS, seed=VU_IMAGES.seeds, **VU_AXES)


# the models shown on their own: lowest and highest beta, without lambda and with the most
VU_CORNERS = list(
    product(
        [min(VU_IMAGES.betas), max(VU_IMAGES.betas)],
        [min(VU_IMAGES.lambdas), max(VU_IMAGES.lambdas)],
    )
)


def vu_footer(*datasets, seeds=len(VU_IMAGES.seeds)):
    """Scale, data, and what is less than in the document."""
    data = "; ".join(
        IMAGE_SOURCES[name][getattr(CONFIG.data, name).source] for name in datasets
    )
    told, whole = footer("vu2026", VU_SCALE, data), PAPERS.vu2026.images
    if VU_SCALE == PAPERS.scale:
        return told
    return (
        f"{told}\n{VU_IMAGES.model.size} of {whole.model.size} pixels, "
        f"{VU_IMAGES.base_steps:,} + {VU_IMAGES.continuation_steps:,} of "
        f"{whole.base_steps:,} + {whole.continuation_steps:,} steps, "
        f"{seeds} of {len(whole.seeds)} seeds: too little for the published numbers"
    )


def vu_corners(name, *datasets):
    """The files called `name` of the models shown on their own, of the first seed."""
    return [
        f"{VU_CONTINUED}/{name}".format(
            dataset=dataset,
            seed=VU_IMAGES.seeds[0],
            beta=f"{beta:g}",
            lam=f"{lam:g}",
        )
        for dataset in datasets
        for beta, lam in VU_CORNERS
    ]
