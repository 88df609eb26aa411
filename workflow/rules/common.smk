# Where things are, and what rules share.

from operator import attrgetter

OUTPUT = "" if CONFIG.output == "." else f"{CONFIG.output}/"
DATA, RUNS, LOGS = f"{OUTPUT}data", f"{OUTPUT}runs", f"{OUTPUT}logs"
RESULTS, FIGURES = f"{OUTPUT}results", f"{OUTPUT}figures"

ENVS = SOURCES.parent / "envs"


def code(*modules):
    """The files of the package that a rule's result depends on beside its script."""
    return [os.path.relpath(SOURCES / "betascan" / module) for module in modules]


def scale_of(study, *data):
    """The scale of a study: the papers', if neither it nor its data sets are shrunk."""
    used = attrgetter(study, *(f"data.{name}" for name in data), "scale")
    shrunk = used(CONFIG)[:-1] != used(PAPERS)[:-1]
    return CONFIG.scale if shrunk else PAPERS.scale


def footer(study, scale, data):
    """The line that every figure carries: which scale, made from what."""
    return f"betascan {study} · scale: {scale} · data: {data}"


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
    "training/loop.py",
    "training/batches.py",
)
EVALUATION_CODE = code("evaluation.py", "metrics/scores.py")

PLAN = f"{RUNS}/plan.csv"
