# Where things are, and what rules share.

OUTPUT = "" if CONFIG.output == "." else f"{CONFIG.output}/"
DATA, RUNS, LOGS = f"{OUTPUT}data", f"{OUTPUT}runs", f"{OUTPUT}logs"
RESULTS, FIGURES = f"{OUTPUT}results", f"{OUTPUT}figures"

ENVS = Path(workflow.basedir) / "envs"


def code(*modules):
    """The files of the package that a rule's result depends on beside its script."""
    return [os.path.relpath(SOURCES / "betascan" / module) for module in modules]


def footer(study, data):
    """The line that every figure carries: which scale, made from what."""
    return f"betascan {study} · scale: {CONFIG.scale} · data: {data}"
