"""Empty codes: a plateau is what a start with a code gets out of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from betascan.studies import plateaus
from betascan.studies.base import ImageData, Training
from betascan.studies.image_rows import annealed
from betascan.studies.judgement import Verdict, difference
from betascan.workflow.config import load

PROJECT = Path(__file__).parents[2]

RUN = load(yaml.safe_load((PROJECT / "config.yaml").read_text())).vu2026.images
DATA = ImageData("dsprites", "dsprites", "d.h5", 100, {"seed": 0})


def model(beta, seed=0):
    keys = {"model": "beta_vae", "seed": seed, "beta": beta}
    return Training(data=DATA, run=RUN.base(seed, beta), keys=keys)


def test_each_beta_above_starts_from_the_next_lower_one_of_its_seed():
    models = [model(beta, seed) for seed in (0, 1) for beta in (32, 1, 8, 16)]
    twins = annealed(models, "beta", above=8)
    chain = [(t.keys["seed"], t.keys["beta"], t.start.keys["beta"]) for t in twins]
    assert sorted(chain) == [(0, 16, 8), (0, 32, 16), (1, 16, 8), (1, 32, 16)]
    for twin in twins:
        assert twin.start.keys["seed"] == twin.keys["seed"]
        same = replace(twin, start=None).signature
        assert same == model(twin.keys["beta"], twin.keys["seed"]).signature != twin.signature
    highest = [twin for twin in twins if twin.keys["beta"] == 32]
    assert all(twin.start in twins for twin in highest)  # a code, if there is any, is handed on


@pytest.fixture
def judged(tmp_path):
    def judge(rates, loss, annealed_rate, annealed_loss):
        files, rows = [], []
        runs = {"direct": (rates, loss), "twin": ([annealed_rate], annealed_loss)}
        for name, (rate, value) in runs.items():
            files.append(tmp_path / name / "history.csv")
            files[-1].parent.mkdir(exist_ok=True)
            step = 10 * np.arange(1, len(rate) + 1)
            history = pd.DataFrame({"step": step, "loss": value, "rate": rate})
            history.to_csv(files[-1], index=False)
            keys = {"dataset": "dsprites", "seed": 0, "beta": 16}
            rows.append({"signature": name, "keys": keys})
        table = tmp_path / "plateaus.csv"
        plateaus.table(files[:1], files[1:], table, rows, "beta")
        return pd.read_csv(table).iloc[0]

    return judge


@pytest.mark.parametrize(
    ("rates", "loss", "annealed_rate", "annealed_loss", "state", "left_at"),
    [
        ([0.0, 3.0, 4.0], 50, 4.0, 50, "learnt", 20),
        ([3.0, 0.0, 4.0], 50, 4.0, 50, "learnt", 30),  # from which step for good
        ([0.0, 0.0, 0.01], 60, 4.0, 55, "plateau", np.nan),
        ([0.0, 0.0, 0.01], 60, 4.0, 65, "collapsed", np.nan),  # a code costs more than it gives
        ([0.0, 0.0, 0.01], 60, 0.02, 59.9, "collapsed", np.nan),  # also lost its code
    ],
)
def test_an_empty_code_is_a_plateau_if_one_with_a_code_ends_lower(
    judged, rates, loss, annealed_rate, annealed_loss, state, left_at
):
    row = judged(rates, loss, annealed_rate, annealed_loss)
    assert row["state"] == state
    assert row["left_at"] == pytest.approx(left_at, nan_ok=True)


def test_an_empty_code_is_a_plateau_if_the_code_of_another_weight_would_cost_less(tmp_path):
    """denardin2025 on dSprites at 16, 32, 64 (laptop), and the author's MPI3D at 32, 64."""
    ended = {
        ("dsprites", 16): (161.5, 5.98),
        ("dsprites", 32): (622.4, 0.00016),
        ("dsprites", 64): (280.9, 2.77),
        ("mpi3d", 32): (72.78, 0.38 + 0.2),  # with what makes it a code here
        ("mpi3d", 64): (87.00, 0.0001),
    }
    files, rows = [], []
    for (dataset, weight), (distortion, rate) in ended.items():
        keys = {"dataset": dataset, "weight": weight, "seed": 19}
        rows.append({"signature": f"{dataset}{weight}", "keys": keys})
        files.append(tmp_path / rows[-1]["signature"] / "history.csv")
        files[-1].parent.mkdir()
        history = {"step": [10], "loss": [distortion + weight * rate], "rate": [rate]}
        pd.DataFrame(history).to_csv(files[-1], index=False)
    plateaus.table(files, [], tmp_path / "plateaus.csv", rows, "weight")
    table = pd.read_csv(tmp_path / "plateaus.csv").set_index(["dataset", "weight"])
    assert table["state"].to_dict() == {
        ("dsprites", 16): "learnt",
        ("dsprites", 32): "plateau",
        ("dsprites", 64): "learnt",
        ("mpi3d", 32): "learnt",
        ("mpi3d", 64): "unknown",  # nothing known costs less
    }
    assert table.loc[("dsprites", 32), "lowest_informative_loss"] == pytest.approx(
        161.5 + 32 * 5.98
    )


@pytest.mark.parametrize(
    ("rates", "open_"), [([3.0], False), ([2.9], True), ([np.nan], True), ([8.0, np.nan], True)]
)
def test_nothing_is_decided_by_models_that_carry_no_information(rates, open_):
    """A mean over models that are all on a plateau is NaN."""
    judged = plateaus.if_learnt(difference([0.9, 1.0, 1.1], 0), *rates)
    assert judged.verdict == (Verdict.UNDECIDED if open_ else Verdict.REPRODUCED)
    assert np.isclose(judged.estimate, 1)
