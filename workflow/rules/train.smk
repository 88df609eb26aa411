# What all studies of images share: a training and an evaluation, which each study takes with
# `use rule`, saying whose files they are. A job has one point of the study, or all along an axis.


wildcard_constraints:
    dataset="[^/~]+",
    model="[^/~]+",
    weight="[^/~]+",


def points(pattern, points_per_job, **axis):
    """The files of one job: of its own point, or of all points along an axis."""
    if points_per_job == 1:
        return [pattern]
    return expand(pattern, **axis, allow_missing=True)


def gpus(device):
    """How many a job asks of `--resources gpu=...`."""
    return 0 if device == "cpu" else 1


TRAINING_CODE = code(
    "models/networks.py",
    "models/posterior.py",
    "objectives.py",
    "training/image.py",
    "training/pictures.py",
)
EVALUATION_CODE = code("evaluation.py", "metrics/scores.py")


rule image_training:
    log:
        f"{LOGS}/image_training.log",
    conda:
        f"{ENVS}/train.yaml"
    script:
        "../scripts/call.py"


rule image_evaluation:
    log:
        f"{LOGS}/image_evaluation.log",
    conda:
        f"{ENVS}/train.yaml"
    script:
        "../scripts/call.py"
