# betascan: five documents about what beta does in a VAE, from download to every table and figure.
#
#   snakemake --cores all --use-conda                                    the papers' own scale
#   snakemake --cores all --configfile workflow/scales/demo.yaml         embedded data, minutes
#   snakemake --cores 2 figures/hirn2026/fig3.png                        one figure and its needs

import os
import sys
from pathlib import Path

import yaml
from snakemake.utils import min_version, update_config

min_version("9.0")

# the package need not be installed: neither here nor in the environments of the rules
SOURCES = Path(str(workflow.current_basedir)) / "src"
sys.path.insert(0, str(SOURCES))
os.environ.update(PYTHONPATH=str(SOURCES))

from betascan.workflow.config import load
from betascan.core.errors import one_line_errors
from betascan.workflow.plan import describe


configfile: str(SOURCES.parent / "config.yaml")


with one_line_errors():
    papers = yaml.safe_load((SOURCES.parent / "config.yaml").read_text())
    PAPERS = load(papers)
    update_config(papers, config)  # which as a module of another workflow has less
    CONFIG = load(papers)


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/hirn2026.smk"
include: "workflow/rules/hirn2026_tables.smk"
include: "workflow/rules/hirn2026_figures.smk"
include: "workflow/rules/denardin2025_common.smk"
include: "workflow/rules/denardin2025.smk"
include: "workflow/rules/denardin2025_tables.smk"
include: "workflow/rules/denardin2025_figures.smk"
include: "workflow/rules/chen2018_common.smk"
include: "workflow/rules/chen2018.smk"
include: "workflow/rules/chen2018_tables.smk"
include: "workflow/rules/chen2018_figures.smk"
include: "workflow/rules/vu2026_image_common.smk"
include: "workflow/rules/vu2026_images.smk"
include: "workflow/rules/vu2026_image_tables.smk"
include: "workflow/rules/vu2026_image_figures.smk"
include: "workflow/rules/vu2026_linear.smk"
include: "workflow/rules/vu2026_linear_figures.smk"
include: "workflow/rules/vu2026.smk"
include: "workflow/rules/allen2024_common.smk"
include: "workflow/rules/allen2024.smk"
include: "workflow/rules/allen2024_tables.smk"
include: "workflow/rules/allen2024_figures.smk"
include: "workflow/rules/report_common.smk"
include: "workflow/rules/report.smk"


if workflow.is_main_process:
    print(describe(CONFIG, Path(PLAN)), file=sys.stderr)


rule all:
    default_target: True
    input:
        rules.hirn2026.input,
        rules.denardin2025.input,
        rules.chen2018.input,
        rules.vu2026.input,
        rules.allen2024.input,
        rules.results.input,
