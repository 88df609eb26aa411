"""The DAG itself and hirn2026 in it, run by Snakemake on a small stand-in."""

import re
import shutil
import subprocess

import yaml
from dag import ENVIRONMENT, PROJECT, TINY, command, planned, snakemake

from betascan.core.paths import Paths
from betascan.studies.registry import KEYS
from betascan.workflow.config import load
from betascan.workflow.data_rows import targets

OF_ALL = {"comparison", "comparison_numbers", "comparison_statements", "comparison_page"}


def test_the_floor_of_the_fit_reaches_fits_and_figures_but_no_training(finished):
    overlay = {**TINY, "hirn2026": {**TINY["hirn2026"], "fit_floor": 0.2}}
    rules = planned(snakemake(finished, "--dry-run", overlay=overlay))
    assert {"hirn2026_modes", "hirn2026_statements", "hirn2026_fig1", "hirn2026_fig3"} <= rules
    assert all(rule.startswith("hirn2026") for rule in rules - {*OF_ALL, "all"})
    assert not rules & {"hirn2026_split", "hirn2026_scan", "hirn2026_pca_0"}


def test_one_figure_needs_only_its_own(finished):
    rules = planned(snakemake(finished, "--dry-run", "--forceall", "figures/hirn2026/fig3.png"))
    assert "hirn2026_fig3" in rules
    assert not rules & {"hirn2026_fig1", "hirn2026_statements", "hirn2026_split_map"}


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


def copied(finished, folder, *names):
    for name in names:
        source = finished / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)


def test_a_figure_is_drawn_again_from_its_tables_alone(finished, tmp_path):
    (tmp_path / "results").mkdir()
    copied(finished, tmp_path, "results/hirn2026")
    figure = "figures/hirn2026/fig3.png"
    run = snakemake(tmp_path, "--force", figure, "--allowed-rules", "hirn2026_fig3")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / figure).read_bytes() == (finished / figure).read_bytes()
    assert not (tmp_path / "data").exists()


def test_a_report_of_one_study_needs_no_other(finished, tmp_path):
    for folder in ("data", "results", "figures", "runs/report"):
        (tmp_path / folder).mkdir(parents=True)
    parts = [f"{folder}/hirn2026" for folder in ("results", "figures", "runs")]
    copied(finished, tmp_path, *parts, "data/climate.h5", "data/planet", ".snakemake")
    copied(finished, tmp_path, "runs/report/hirn2026.html")
    run = snakemake(tmp_path, "hirn2026", "--report", "report.html")
    assert run.returncode == 0, run.stderr
    assert "fig3" in (tmp_path / "report.html").read_text()


def test_a_wrong_target_is_one_line_with_the_nearest(tmp_path):
    wrong, near = "figures/hirn2026/figure3.png", "figures/hirn2026/fig3.png"
    run = snakemake(tmp_path, wrong, "--dry-run")
    assert run.returncode == 1
    assert f"betascan: no rule makes '{wrong}'; nearest: '{near}'; all: `make" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_every_target_of_a_name_is_in_make_help():
    told = subprocess.run(["make", "-C", PROJECT, "help"], capture_output=True, text=True).stdout
    rules = snakemake_targets()
    assert rules
    for name in rules:
        assert re.search(rf"(?<!\w){name}(?!\w)", told), name


def snakemake_targets():
    """The rules without outputs, all of which are there to be asked for."""
    settings = load(yaml.safe_load((PROJECT / "config.yaml").read_text()))
    names = {"all", "plan", "comparison", "vu2026_linear", "vu2026_images", *KEYS}
    return names | set(targets(settings.data, Paths(".")))


def test_an_overlay_has_a_folder_of_its_own(tmp_path):
    overlay = {key: value for key, value in TINY.items() if key != "output"}
    run = snakemake(tmp_path, "test/results/hirn2026/splits.csv", "--dry-run", overlay=overlay)
    assert run.returncode == 0, run.stderr
    assert "into test/results and test/figures" in run.stdout


def test_the_snakefile_may_be_a_link_and_the_data_folder_relative_to_the_user(tmp_path):
    (tmp_path / "Snakefile").symlink_to(PROJECT / "Snakefile")
    (tmp_path / "mine").mkdir()
    overlay = {**TINY, "data": {**TINY["data"], "shapes3d": {"source": "official"}}}
    (tmp_path / "mine/3dshapes.h5").write_text("no such thing")
    (tmp_path / "run").mkdir()
    run = subprocess.run(
        command(tmp_path / "run", "data/shapes3d_official.h5", overlay=overlay, project=tmp_path),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**ENVIRONMENT, "BETASCAN_DATA": "mine"},
    )
    assert f"{tmp_path}/mine/3dshapes.h5 has 13 bytes, the official file" in run.stderr
