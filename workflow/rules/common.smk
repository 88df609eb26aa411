# The configuration, the studies built from it, and what the loops over their rows share.

import itertools
import logging
import os
import sys
from functools import partial
from pathlib import Path

from snakemake.utils import update_config

PROJECT = Path(str(workflow.current_basedir)).resolve().parents[1]
# The package need not be installed, neither here nor in the environments of the rules.
sys.path.insert(0, str(PROJECT / "src"))
os.environ.update(
    PYTHONPATH=str(PROJECT / "src"),
    MALLOC_MMAP_MAX_="0",  # glibc keeps what a training step frees: 1.1 to 1.7 times faster
    MALLOC_TRIM_THRESHOLD_="100000000000",
    MALLOC_TOP_PAD_="268435456",
)

from betascan.core.errors import one_line_errors
from betascan.workflow.batches import to_measure, to_train
from betascan.workflow.code import digest
from betascan.workflow.config import (
    from_command_line,
    load,
    paths,
    read,
    resolve_data_root,
    studies,
)
from betascan.workflow.data_rows import data, targets
from betascan.workflow.display import Display, install
from betascan.workflow.plan import check_scale, describe
from betascan.workflow.report_rows import comparison, with_page

resolve_data_root(workflow.rundir)
with one_line_errors():
    for overlay in workflow.overwrite_configfiles:
        read(Path(overlay))  # unlike Snakemake, this rejects a duplicate key
    settings = read(PROJECT / "config.yaml")
    PAPERS = load(settings)
    arguments = dict(workflow.config_settings.config)
    nested = {key: value for key, value in arguments.items() if isinstance(value, dict)}
    update_config(config, from_command_line(nested))
    if isinstance(config.get("own"), str):  # --config own=my.csv
        config["own"] = {"file": config["own"]}
    # as a module of another workflow, `config` has fewer keys
    update_config(settings, config)
    sources = ["config.yaml", *(Path(p).name for p in workflow.overwrite_configfiles)]
    sources += ["--config"] if arguments else []
    CONFIG = load(settings, " with ".join(sources))
    STUDIES = studies(CONFIG, PAPERS)
PATHS = paths(CONFIG, PAPERS)
ENVS = PROJECT / "envs"
EVERYTHING = [
    data(CONFIG.data, CONFIG.scale, PATHS),
    *(with_page(study, PATHS) for study in STUDIES.values()),
    comparison(STUDIES, PATHS),
]


def scan_of(wildcards):
    """The scan of linear VAEs that a job is a part of."""
    return CONFIG.hirn2026.scans()[f"{wildcards.split}/{wildcards.scan}"]


def to_make():
    """The files that this run makes, once Snakemake knows its jobs."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return {str(file) for job in jobs for file in job.output}


def call(name, study=None, changes=True):
    """The parameters by which a job finds its function and Snakemake sees that its code changed."""
    dotted = (
        name if name.startswith("betascan.") else f"betascan.studies.{study.key}.{name}"
    )
    return {"function": dotted, "code": digest(dotted) if changes else ""}


def times(amount):
    """A resource of a job, which grows with each attempt."""
    return lambda wildcards, attempt: amount * attempt


def outputs(study, table):
    """The files that a table makes, with folders and the items of the report marked."""
    marked = {
        name: directory(path) if str(path).endswith("/") else path
        for name, path in table.makes.items()
    }
    for name in table.shown:
        marked[name] = report(
            marked[name],
            caption="../report/item.rst",
            category=study.key,
            subcategory="tables",
        )
    return marked
