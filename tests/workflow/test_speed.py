"""How long a plan takes: what is measured, and what is made of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from betascan.core.errors import ConfigError
from betascan.core.files import write_json
from betascan.core.paths import Paths
from betascan.workflow import speed
from betascan.workflow.config import load, studies
from betascan.workflow.plan import check_scale, describe, workloads

COST = {50: 3e-4, 100: 1e-3}
HERE = Paths(".")
CONFIG = Path(__file__).parents[2] / "config.yaml"


@pytest.fixture
def config():
    return load(yaml.safe_load(CONFIG.read_text()))


@pytest.fixture
def clock(monkeypatch):
    """A clock of one entry that only the work of a test moves."""
    now = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: now[0])
    return now


def test_an_update_of_a_scan_costs_what_updates_add(config, clock, monkeypatch):
    def work(train, validation, betas, *, updates, **settings):
        assert settings["latents"] == 32
        clock[0] += 7 + 2e-5 * updates * len(betas)

    monkeypatch.setattr(speed, "scan", work)
    cost = speed.seconds_per_scan_update(config.hirn2026.scan, "sampled")
    np.testing.assert_allclose(cost, 2e-5)


def test_an_update_of_adamw_costs_what_updates_add(config, clock, monkeypatch):
    class Solver:
        def __init__(self, data, cells, starts, updates, **settings):
            self.models, self.observed = len(cells.beta), starts.encoder.shape[2]
            clock[0] += 7

        def advance(self, count):
            clock[0] += COST[self.observed] * count * self.models

    monkeypatch.setattr(speed, "AdamW", Solver)
    linear = config.vu2026.linear
    costs = [speed.seconds_per_adamw_update(linear, size) for size in linear.sizes().values()]
    np.testing.assert_allclose(costs, [3e-4, 1e-3])


def test_hours_are_updates_by_their_cost(config, monkeypatch):
    cost = {"sampled": 2e-5, "analytic": 4e-5}
    monkeypatch.setattr(speed, "seconds_per_scan_update", lambda protocol, name: cost[name])
    monkeypatch.setattr(speed, "seconds_per_adamw_update", lambda linear, size: COST[size.observed])
    monkeypatch.setattr(speed.os, "cpu_count", lambda: 4)
    works = workloads(config, studies(config, config), HERE)
    scan, adamw = speed.linear_lines(config, *works[:2])
    # five scans sampled and one analytic; four remedies on the 23 points up to T = 6e-5
    remedies = 2 * 23 * 2_000_000 + 2 * 23 * 500_000
    updates = {"sampled": 5 * 57 * 500_000 + remedies, "analytic": 57 * 500_000}
    assert (scan["trainings"], scan["amount"]) == (6 * 57 + 4 * 23, sum(updates.values()))
    seconds = sum(updates[name] * cost[name] for name in cost)
    np.testing.assert_allclose(scan["hours"], seconds / 3600)
    models = 25 * 50  # of beta and lambda, starts
    assert (adamw["trainings"], adamw["amount"]) == (2 * models, models * 80_000)
    seconds = models * (30_000 * 3e-4 + 50_000 * 1e-3)
    np.testing.assert_allclose(adamw["hours"], seconds / 4 / 3600)


def test_seeds_of_the_nonlinear_scan_run_side_by_side(config, clock, monkeypatch):
    def work(train, validation, betas, *, updates, **settings):
        assert settings["hidden"] == [64, 64]
        clock[0] += 7 + 1e-3 * updates * len(betas)

    monkeypatch.setattr(speed, "nonlinear_scan", work)
    monkeypatch.setattr(speed, "resolve_device", lambda device: "cpu")
    monkeypatch.setattr(speed.os, "cpu_count", lambda: 2)
    work = workloads(config, studies(config, config), HERE)[2]
    line = speed.nonlinear_line(config.outlook.nonlinear, work)
    assert (line["study"], line["trainings"], line["amount"]) == (
        "outlook, nonlinear",
        87,
        8_700_000,
    )
    np.testing.assert_allclose(line["hours"], 8_700_000 * 1e-3 / 2 / 3600)


def test_a_model_of_two_studies_is_timed_once(config, monkeypatch):
    """The outlook's scan of dSprites has 21 models of vu2026."""
    counted = {}

    def line(work, trainings, known):
        counted[work.study] = len(trainings)
        return {**vars(work), "device": "", "hours": 0.0}

    monkeypatch.setattr(speed, "image_line", line)
    monkeypatch.setattr(speed, "linear_lines", lambda *of: [])
    monkeypatch.setattr(speed, "nonlinear_line", lambda *of: line(of[1], [], {}))
    monkeypatch.setattr(speed, "write_csv", lambda table, plan: None)
    speed.measure(Path("plan.csv"), yaml.safe_load(CONFIG.read_text()))
    works = workloads(config, studies(config, config), HERE)
    assert counted == {work.study: work.trainings for work in works[3:]} | {works[2].study: 0}


def everything(rows):
    """The files from which a run's trainings are known, if all are to be made."""
    models = {f"runs/models/{t.signature}/model.pt" for s in rows.values() for t in s.trainings}
    sampled = ["0/sampled-0", "0/sampled-1", "0/sampled-2", "1/sampled-0", "2/sampled-0"]
    remedies = ("longer", "slower", "epsilon", "annealed")
    others = ["0/analytic-0", *(f"0/{name}-0" for name in remedies)]
    scans = {f"runs/hirn2026/{name}/scan-0.npz" for name in sampled + others}
    linear = {f"runs/vu2026/linear/n{n}-adamw-{part}.csv" for n in (50, 100) for part in range(5)}
    nonlinear = {f"runs/outlook/nonlinear-{seed}.npz" for seed in range(3)}
    return models | scans | linear | nonlinear


@pytest.fixture
def measured(config, tmp_path):
    """Folders with a table in which the scan takes half an hour, and each other study 10 hours."""
    paths = Paths(str(tmp_path))
    works = workloads(config, studies(config, config), paths)
    lines = [{**vars(w), "hours": 0.5 if w.study == "hirn2026" else 10.0} for w in works]
    Path(paths.plan).parent.mkdir()
    pd.DataFrame(lines).to_csv(paths.plan, index=False)
    return paths


def below(folder, files):
    return {f"{folder.output}/{file}" for file in files}


def test_the_plan_says_the_hours_that_were_measured_for_it(config, measured):
    rows = studies(config, config)
    told = describe(config, rows, measured, below(measured, everything(rows))).splitlines()
    assert told[1] == "  hirn2026: 434 trainings, 286 million updates, about 30 min"
    assert told[2].startswith("  vu2026, linear: 2500 trainings, ")
    assert told[2].endswith(", about 10 h")
    assert "  in all about 70 h, as measured here" in told  # half an hour and seven times ten


def test_the_plan_is_of_what_is_asked_for(config, measured):
    rows = studies(config, config)
    sampled = below(measured, ["runs/hirn2026/0/sampled-0/scan-0.npz", "figures/hirn2026/fig3.png"])
    told = describe(config, rows, measured, sampled).splitlines()
    assert told[1:] == [
        "  hirn2026: 57 trainings, 28.5 million updates, about 3 min",
        "  in all about 3 min, as measured here",
    ]
    assert describe(
        config, rows, measured, below(measured, ["figures/hirn2026/fig3.png"])
    ).endswith("\n  no scan and no image model is trained")


def test_hours_of_another_configuration_are_not_said(config, measured):
    table = pd.read_csv(measured.plan)
    table["amount"] += 1
    table.to_csv(measured.plan, index=False)
    rows = studies(config, config)
    told = describe(config, rows, measured, below(measured, everything(rows)))
    assert "hours unknown: `snakemake --cores 1 plan`" in told
    assert "about" not in told


def test_the_plan_tells_what_is_downloaded(config):
    rows = studies(config, config)
    told = describe(config, rows, HERE, {"data/worldclim", "data/mpi3d_real_official.h5"})
    assert "  Downloads of worldclim, mpi3d_real, at most 13 GB, unless BETASCAN_DATA" in told
    assert "Downloads" not in describe(config, rows, HERE, {"data/planet"})


def test_the_plan_tells_what_is_replaced(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    Path("results/old.csv").touch()
    rows = studies(config, config)
    told = describe(config, rows, HERE, {"results/old.csv", "results/new.csv"})
    assert "  It replaces 1 file in results and figures" in told
    assert "replaces" not in describe(config, rows, HERE, {"results/new.csv"})


def test_figures_are_not_drawn_from_tables_of_another_scale(config, tmp_path):
    rows, paths = studies(config, config), Paths(str(tmp_path))
    figure = {f"{paths.figures}/vu2026/image_boxes.png"}
    check_scale(rows, paths, figure)  # there is no record yet
    record = tmp_path / "results/vu2026/provenance.json"
    record.parent.mkdir(parents=True)
    write_json({"linear": {"scale": "papers"}, "images": {"scale": "papers"}}, record)
    check_scale(rows, paths, figure)
    write_json({"linear": {"scale": "papers"}, "images": {"scale": "laptop"}}, record)
    with pytest.raises(ConfigError, match="are of scale laptop, and figures of them would say pap"):
        check_scale(rows, paths, figure)
    check_scale(rows, paths, figure | {f"{paths.results}/vu2026/images.csv"})  # made anew
    check_scale(rows, paths, {f"{paths.figures}/hirn2026/fig3.png"})


@pytest.mark.parametrize("text", ["", "study,trainings,images,device,hours\nvu2026,1,2,GPU,3\n"])
def test_a_table_of_another_version_is_as_good_as_none(config, measured, text):
    Path(measured.plan).write_text(text)
    rows = studies(config, config)
    told = describe(config, rows, measured, below(measured, everything(rows)))
    assert "hours unknown" in told


def test_hours_of_image_models_are_images_by_their_cost(config, monkeypatch, tmp_path):
    monkeypatch.setattr(speed, "linear_lines", lambda config, *works: [])
    monkeypatch.setattr(speed, "seconds_per_image", lambda run, channels: 1e-3 * channels)
    monkeypatch.setattr(speed.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(speed, "load", lambda raw: config)
    monkeypatch.setattr(speed, "resolve_device", lambda device: "cpu")
    speed.measure(tmp_path / "plan.csv", {})
    plan = pd.read_csv(tmp_path / "plan.csv").set_index("study")
    seconds = sum(
        100 * (images // batch) * batch * 1e-3 * channels * 17  # epochs, weights, models
        for images, batch, channels in ((589_824, 512, 1),)
    )
    seconds += 200 * (160_000 // 256) * 256 * 3e-3 * 17
    np.testing.assert_allclose(plan["hours"]["denardin2025"], seconds / 4 / 3600, rtol=1e-3)
