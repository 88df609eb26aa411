# betascan: five documents about what beta does in a VAE, from download to every table and figure.
#
#   snakemake --cores all --use-conda                                    the papers' scale
#   snakemake --cores all --configfile workflow/scales/demo.yaml         embedded data, minutes
#   snakemake --cores 2 figures/hirn2026/fig3.png                        one figure and its needs

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")
# this file may be reached through a link, or be a module of another workflow
HERE = (
    Path(workflow.included_stack[-1].get_path_or_uri(secret_free=True)).resolve().parent
)


configfile: HERE / "config.yaml"


include: HERE / "workflow/rules/common.smk"
include: HERE / "workflow/rules/train.smk"
include: HERE / "workflow/rules/evaluate.smk"
include: HERE / "workflow/rules/special.smk"
include: HERE / "workflow/rules/tables.smk"
include: HERE / "workflow/rules/figures.smk"
include: HERE / "workflow/rules/targets.smk"


report: HERE / "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        [study.targets(PATHS) for study in EVERYTHING[1:]],


onstart:
    with one_line_errors():
        check_scale(STUDIES, PATHS, to_make())


onsuccess:
    print(
        f"Tables are in {PATHS.results}, figures in {PATHS.figures}.",
        file=sys.stderr,
    )


onerror:
    print(
        "Not finished. The same command goes on from here: what was made is kept, "
        "and trainings go on from checkpoints at most two minutes old.",
        file=sys.stderr,
    )
