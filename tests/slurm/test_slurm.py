"""The profile for SLURM, on a real SLURM of one node: hirn2026 with one job per point of beta."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from cluster import cluster, unavailable

from betascan.studies.registry import KEYS

PROJECT = Path(__file__).parents[2]
PROFILE = PROJECT / "workflow/profiles/slurm"
ON_IMAGES = [key for key in KEYS if key not in ("hirn2026", "own")]  # and so on GPUs
POINTS = 4
SMALL = {
    "data": {"climate": {"standin": {"rows": 60, "cols": 120}}},
    "hirn2026": {
        "split": {"side_km": 1000, "seeds": [0]},
        "scan": {
            "seeds": [0],
            "estimators": ["sampled"],
            "updates": 600,
            "temperatures": {"lowest": 1e-3, "per_decade": 1},
        },
    },
}
FIELDS = {"id": "%i", "rule": "%k", "state": "%T", "memory": "%m", "time": "%l", "gres": "%b"}
FIELDS |= {"partition": "%P", "account": "%a"}


def command(folder, *arguments, points_per_job=1):
    """Two figures of the demo's hirn2026, shrunk further, in a folder."""
    folder.mkdir()
    overlay = folder / "overlay.yaml"
    scan = {**SMALL["hirn2026"]["scan"], "points_per_job": points_per_job}
    small = {**SMALL, "hirn2026": {**SMALL["hirn2026"], "scan": scan}}
    overlay.write_text(yaml.safe_dump(small))
    demo = PROJECT / "workflow/scales/demo.yaml"
    return [
        *[sys.executable, "-m", "snakemake", "--snakefile", f"{PROJECT}/Snakefile"],
        *["--directory", str(folder), *arguments, "--configfile", str(demo), str(overlay)],
        *["--", *[f"demo/figures/hirn2026/fig{number}.png" for number in (1, 3)]],
    ]


def edited(folder):
    """The profile with its two lines edited, a GPU for hirn2026 too, and less patience."""
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    profile["default-resources"] = {"slurm_partition": "main", "slurm_account": "mine"}
    profile["set-resources"] = {"hirn2026_scan": {"gres": "gpu:1"}}
    profile |= {"slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 2}
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(profile))
    return f"--workflow-profile={folder}"


def scans(environment):
    """What SLURM knows of the trainings it was given, done or not: one dict a job."""
    line = ["squeue", "-h", "--array", "--states=all", "-o", "|".join(FIELDS.values())]
    told = subprocess.run(line, env=environment, capture_output=True, text=True, check=True).stdout
    jobs = [dict(zip(FIELDS, row.split("|"), strict=True)) for row in told.splitlines()]
    return [job for job in jobs if job["rule"].startswith("rule_hirn2026_scan")]


def first_running(environment, run, log):
    """Wait for a training to run; return it."""
    end = time.monotonic() + 120
    while not (running := [job for job in scans(environment) if job["state"] == "RUNNING"]):
        assert run.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)
    return running[0]


def results(folder):
    """Tables and figures as bytes; provenance tells of machine and time, so not that."""
    made = [*folder.glob("demo/results/**/*.csv*"), *folder.glob("demo/figures/**/*.p*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in made}


@pytest.fixture
def slurm(tmp_path):
    if reason := unavailable():
        pytest.skip(reason)
    folder = tmp_path / "slurm"
    folder.mkdir()
    with cluster(folder) as environment:
        yield environment


@pytest.mark.slurm
def test_one_job_a_point_cancelled_and_retried_gives_the_bytes_of_a_local_run(slurm, tmp_path):
    profile = edited(tmp_path / "profile")
    log = tmp_path / "snakemake.log"
    with log.open("w") as output:
        run = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command(tmp_path / "far", profile)],
            stdout=output,
            stderr=output,
            env=slurm,
        )
        try:
            victim = first_running(slurm, run, log)
            subprocess.run(["scancel", victim["id"]], env=slurm, check=True)
            alone = ["--cores=1", "--workflow-profile=none"]
            here = command(tmp_path / "here", *alone, points_per_job=POINTS)
            local = subprocess.run(here, capture_output=True, text=True, timeout=900)
            assert run.wait(900) == 0, log.read_text()
        finally:
            run.send_signal(signal.SIGINT)  # it cancels its jobs, if it still has any
            run.wait(60)
    assert local.returncode == 0, local.stderr

    jobs = {job["id"]: job for job in scans(slurm)}
    assert len(jobs) == POINTS + 1
    assert jobs.pop(victim["id"])["state"] == "CANCELLED"
    assert {job["state"] for job in jobs.values()} == {"COMPLETED"}
    asked = {(job["gres"][5:], job["partition"], job["account"]) for job in jobs.values()}
    assert asked == {("gpu:1", "main", "mine")}
    again = jobs.pop(max(jobs, key=lambda name: int(name.split("_")[0])))
    assert (again["memory"], again["time"]) == ("4000M", "8:00:00")
    assert {job["time"] for job in jobs.values()} == {"4:00:00"}
    assert len({name.split("_")[0] for name in jobs}) == 1  # one array

    near, far = results(tmp_path / "here"), results(tmp_path / "far")
    assert sum(name.endswith(".png") for name in near) == 2
    assert far == near


def test_the_lines_to_edit_are_three():
    text = (PROFILE / "config.yaml").read_text()
    marked = re.findall(r"^ +(\w+): .*# ([123]):", text, re.MULTILINE)
    assert marked == [("slurm_partition", "1"), ("slurm_account", "2"), ("slurm_partition", "3")]


def test_the_profile_names_what_exists():
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    assert {name.split("=")[0] for name in profile["group-components"]} == {*KEYS, "report"}
    special = (PROJECT / "workflow/rules/special.smk").read_text()
    assert f"rule {profile['slurm-array-jobs']}:" in special
    assert set(profile["set-resources"]) == {"plan", *(f"{key}_train" for key in ON_IMAGES)}
