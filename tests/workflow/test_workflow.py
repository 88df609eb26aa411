"""The DAG itself and hirn2026 in it, run by Snakemake on a small stand-in."""

import os
import signal
import subprocess
import time

from dag import ENVIRONMENT, TINY, command, planned, snakemake

DRAWN = {"comparison", "comparison_tables", "comparison_page"}  # of all documents


def test_a_second_run_has_nothing_to_do(finished):
    run = snakemake(finished, "--dry-run")
    assert "Nothing to be done" in run.stdout + run.stderr


def test_the_floor_of_the_fit_reaches_fits_and_figures_but_no_training(finished):
    overlay = {**TINY, "hirn2026": {**TINY["hirn2026"], "fit_floor": 0.2}}
    rules = planned(snakemake(finished, "--dry-run", overlay=overlay))
    assert {"hirn2026_modes", "hirn2026_claims", "hirn2026_fig1", "hirn2026_fig3"} <= rules
    assert all(rule.startswith("hirn2026") for rule in rules - {*DRAWN, "all"})
    assert not rules & {"hirn2026_split", "hirn2026_scan", "hirn2026_measure_sampled"}


def test_one_figure_needs_only_its_own(finished):
    rules = planned(snakemake(finished, "--dry-run", "--forceall", "figures/hirn2026/fig3.png"))
    assert "hirn2026_fig3" in rules
    assert not rules & {"hirn2026_fig1", "hirn2026_claims", "hirn2026_split_map"}


def test_a_wrong_key_is_one_line(tmp_path):
    overlay = {**TINY, "hirn2026": {"scan": {"patiense": 0.2}}}
    run = snakemake(tmp_path, "--dry-run", overlay=overlay)
    assert run.returncode != 0
    assert "unknown key 'hirn2026.scan.patiense'; the nearest valid one is 'patience'" in run.stderr
    assert "Traceback" not in run.stderr


def test_missing_data_is_one_line(tmp_path):
    data = {"root": str(tmp_path / "nowhere"), "climate": {"source": "worldclim"}}
    run = snakemake(tmp_path, "data/climate.h5", overlay={**TINY, "data": data})
    assert run.returncode != 0
    assert f"betascan: the data folder {tmp_path / 'nowhere'} does not exist" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "data/climate.h5").exists()


def test_killed_in_mid_scan_and_run_again_gives_the_same_bytes(finished, tmp_path):
    """Three points a job here, all points in one there: grouping changes nothing either."""
    target = "results/hirn2026/modes.csv"
    scan = {**TINY["hirn2026"]["scan"], "points_per_job": 3}
    overlay = {**TINY, "hirn2026": {**TINY["hirn2026"], "scan": scan}}
    with subprocess.Popen(
        command(tmp_path, target, overlay=overlay),
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        while not list(tmp_path.glob("runs/hirn2026/*/scan-*.npz")):
            assert run.poll() is None
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
    assert snakemake(tmp_path, "--unlock", overlay=overlay).returncode == 0
    again = snakemake(tmp_path, target, overlay=overlay)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / target).read_bytes() == (finished / target).read_bytes()
