"""The DAG killed at moments that come as they come, `KILLS` times: the same bytes in the end.

Three kills of two figures of hirn2026 among the tests; `make stress` has twenty of everything.
"""

import os
import random
import shutil
import signal
import subprocess
import time

from dag import ENVIRONMENT, TINY, command, snakemake

KILLS = int(os.environ.get("KILLS", "3"))
TARGETS = [f"figures/hirn2026/fig{number}.png" for number in (1, 3)] if KILLS == 3 else []


def made(folder):
    """What is there of the results and of what they are made from; logs tell of time."""
    parts = ("runs", "results", "figures")
    paths = [path for part in parts for path in folder.glob(f"{part}/**/*") if path.is_file()]
    return {path.relative_to(folder): path for path in paths}


def results(folder):
    """Every table and figure; provenance and origin tell of machine, threads and time."""
    return {
        name: path.read_bytes()
        for name, path in made(folder).items()
        if name.parts[0] != "runs" and name.name not in ("provenance.json", "origin.csv")
    }


def kill_after(files, folder, overlay):
    """Start a run, kill it and all its jobs when it has made so many files; False if it ended."""
    before = len(made(folder))
    with subprocess.Popen(
        command(folder, *TARGETS, overlay=overlay),
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        while len(made(folder)) < before + files:
            if run.poll() is not None:
                return False
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGKILL)
    return True


def test_a_run_killed_again_and_again_gives_the_same_bytes(finished, tmp_path):
    """Three points a job here, all points in one there: grouping changes nothing either."""
    scan = {**TINY["hirn2026"]["scan"], "points_per_job": 3}
    overlay = {**TINY, "hirn2026": {**TINY["hirn2026"], "scan": scan}}
    files = 30 if TARGETS else len(made(finished))
    moments, most = random.Random(0), files // (KILLS + 1)
    for number in range(KILLS):
        assert kill_after(moments.randint(1, most), tmp_path, overlay)
        if number == 0:
            locked = snakemake(tmp_path, *TARGETS, overlay=overlay)
            assert locked.returncode == 1
            assert "betascan: another run works in this folder, or one was" in locked.stderr
            assert "Traceback" not in locked.stderr
            assert snakemake(tmp_path, "--unlock", overlay=overlay).returncode == 0
        else:
            shutil.rmtree(tmp_path / ".snakemake/locks")  # what --unlock does
    again = snakemake(tmp_path, *TARGETS, overlay=overlay)
    assert again.returncode == 0, again.stderr
    expected = results(finished)
    found = results(tmp_path)
    if TARGETS:
        expected = {name: expected[name] for name in found}
    assert found == expected
