"""How long a plan takes: what is measured, and what is made of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from betascan.workflow import speed
from betascan.workflow.config import load, studies
from betascan.workflow.plan import describe, linear_workloads, workloads

COST = {50: 3e-4, 100: 1e-3}


@pytest.fixture
def config():
    return load(yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text()))


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
    scan, adamw = speed.linear_lines(config)
    points, updates = len(config.hirn2026.scan.temperatures.grid()), config.hirn2026.scan.updates
    assert (scan["trainings"], scan["amount"]) == (2 * points, 2 * points * updates)
    np.testing.assert_allclose(scan["hours"], points * updates * 6e-5 / 3600)
    models = 25 * 50  # of beta and lambda, starts
    assert (adamw["trainings"], adamw["amount"]) == (2 * models, models * 80_000)
    seconds = models * (30_000 * 3e-4 + 50_000 * 1e-3)
    np.testing.assert_allclose(adamw["hours"], seconds / 4 / 3600)


def test_the_plan_says_the_hours_that_were_measured_for_it(config, tmp_path):
    rows, table = studies(config, config), tmp_path / "plan.csv"
    works = [*linear_workloads(config), *workloads(rows)]
    assert describe(config, rows, table).count("hours unknown") == len(works)
    hours = [0.5, 0.001, *range(2, len(works))]
    lines = [{**vars(work), "hours": h} for work, h in zip(works, hours, strict=True)]
    pd.DataFrame(lines).to_csv(table, index=False)
    scan, adamw, image = describe(config, rows, table).splitlines()[1:4]
    assert scan.startswith("  hirn2026: ")
    assert scan.endswith("about 30 min, as measured here")
    assert adamw.endswith("about 1 min, as measured here")
    assert image.endswith("about 2 h, as measured here")
    lines[0]["amount"] += 1
    pd.DataFrame(lines).to_csv(table, index=False)
    assert (
        describe(config, rows, table)
        .splitlines()[1]
        .endswith("`snakemake --cores 1 plan` measures")
    )


@pytest.mark.parametrize("text", ["", "study,trainings,images,device,hours\nvu2026,1,2,GPU,3\n"])
def test_a_table_of_another_version_is_as_good_as_none(config, tmp_path, text):
    (tmp_path / "plan.csv").write_text(text)
    rows = studies(config, config)
    missing = describe(config, rows, tmp_path / "missing.csv")
    assert describe(config, rows, tmp_path / "plan.csv") == missing


def test_hours_of_image_models_are_images_by_their_cost(config, monkeypatch, tmp_path):
    monkeypatch.setattr(speed, "linear_lines", lambda config: [])
    monkeypatch.setattr(speed, "seconds_an_image", lambda run, channels: 1e-3 * channels)
    monkeypatch.setattr(speed.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(speed, "load", lambda raw: config)
    monkeypatch.setattr(speed, "resolve_device", lambda device: "cpu")
    speed.measure(tmp_path / "plan.csv", {})
    plan = pd.read_csv(tmp_path / "plan.csv").set_index("study")
    seconds = sum(
        100 * (images // batch) * batch * 1e-3 * channels * 14  # epochs, weights, models
        for images, batch, channels in ((589_824, 512, 1),)
    )
    seconds += 200 * (160_000 // 256) * 256 * 3e-3 * 14
    np.testing.assert_allclose(plan["hours"]["denardin2025"], seconds / 4 / 3600, rtol=1e-3)
