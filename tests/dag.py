"""Running the DAG by Snakemake on a tiny configuration, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

PROJECT = Path(__file__).parent.parent
TINY = yaml.safe_load((Path(__file__).parent / "tiny.yaml").read_text())
# as users have it, without data of their own
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "BETASCAN_DATA"}


def command(folder, *arguments, overlay=TINY, project=PROJECT):
    """The command line; targets come before options."""
    config = folder / "overlay.yaml"
    config.write_text(yaml.safe_dump(overlay))
    return [
        *[sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(project / "Snakefile")],
        *["--directory", str(folder), "--cores", "2", "--configfile", str(config)],
    ]


def snakemake(folder, *arguments, overlay=TINY, project=PROJECT):
    return subprocess.run(
        command(folder, *arguments, overlay=overlay, project=project),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=1800,
    )


def planned(run):
    """The rules that a dry run would run."""
    assert run.returncode == 0, run.stderr
    lines = (run.stdout + run.stderr).splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("job  ")), None)
    if start is None:
        return set()
    return {line.split()[0] for line in lines[start + 2 : lines.index("", start)]} - {"total"}


def signature(folder, study, **keys):
    """The signature of the one model that has these keys, from random weights if not said."""
    runs = pd.read_csv(folder / f"results/{study}/runs.csv")
    if "start" in runs and "start" not in keys:
        runs = runs[runs["start"].isna()]
    for key, value in keys.items():
        runs = runs[runs[key] == value]
    (only,) = runs["signature"]
    return only
