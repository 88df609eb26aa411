"""Call the function that a rule names: see `betascan.workflow.job.run_rule`."""

from betascan.workflow.job import run_rule

run_rule(snakemake)
