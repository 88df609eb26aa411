# betascan: five documents about what beta does in a VAE, from download to every table and figure.
#
#   snakemake --cores all --use-conda                                    the papers' scale
#   snakemake --cores all --configfile workflow/scales/demo.yaml         embedded data, minutes
#   snakemake --cores 2 figures/hirn2026/fig3.png                        one figure and its needs

from snakemake.utils import min_version

min_version("9.0")


configfile: str(workflow.current_basedir.join("config.yaml"))


include: "workflow/rules/common.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/special.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/targets.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        [study.targets(PATHS) for study in EVERYTHING[1:]],
