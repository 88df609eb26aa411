"""Runs known by content, and their cut into jobs."""

from dataclasses import replace

import pytest
import yaml
from dag import PROJECT
from snakemake.utils import update_config

from betascan.studies.base import ImageData, Measurement, Study, Training
from betascan.studies.context import Context
from betascan.workflow import batches
from betascan.workflow.config import load, studies


def papers(**changes):
    settings = yaml.safe_load((PROJECT / "config.yaml").read_text())
    update_config(settings, changes)
    return load(settings)


@pytest.fixture(scope="module")
def run():
    return papers().denardin2025.run("dsprites", "beta_vae", 4, 0)


DATA = ImageData("dsprites", "dsprites", "data/d.h5", 100, {"source": "rendered", "seed": 0})


def training(run, data=DATA, start=None, **keys):
    return Training(data, run, {"beta": 4.0, **keys}, start)


def test_a_signature_is_of_content_and_not_of_names(run):
    one = training(run)
    assert training(run, weight="x").signature == one.signature
    others = [
        training(run.model_copy(update={"seed": 1})),
        training(run, replace(DATA, contents={"source": "rendered", "seed": 1})),
        training(run, replace(DATA, name="shapes3d")),
        training(run, start=one),
    ]
    assert len({one.signature, *(other.signature for other in others)}) == 5


def test_a_start_s_own_start_is_part_of_the_content(run):
    one, other = training(run), training(run.model_copy(update={"seed": 1}))
    assert training(run, start=one).signature != training(run, start=other).signature


def study(key, trainings, points_per_job="all"):
    return Study(key, tables=(), figures=(), trainings=trainings, points_per_job=points_per_job)


def test_the_same_training_of_two_studies_is_done_once(run):
    shared, own = training(run), training(run.model_copy(update={"seed": 1}))
    made = batches.to_train([study("a", [shared, shared]), study("b", [shared, own], 1)])
    assert [(batch.rule, batch.single) for batch in made] == [
        ("a_train_d", False),
        ("b_train", True),
    ]
    assert [t.signature for batch in made for t in batch.trainings] == [
        shared.signature,
        own.signature,
    ]


def test_a_rule_of_single_models_finds_each_by_its_signature(run):
    models = [training(run.model_copy(update={"seed": seed})) for seed in range(3)]
    (batch,) = batches.to_train([study("a", models, 1)])
    assert batch.files("runs/models", "model.pt") == ["runs/models/{signature}/model.pt"]
    chosen = batch.rows({"signature": models[2].signature})
    assert chosen == [models[2].row]
    assert batch.runs({"signature": models[2].signature}) == [models[2].run.model_dump()]
    assert set(batch.signatures.split("|")) == {model.signature for model in models}


def test_a_job_has_so_many_models_of_a_data_set(run):
    models = [training(run.model_copy(update={"seed": seed})) for seed in range(3)]
    other = training(run, replace(DATA, path="data/e.h5", name="e"))
    made = batches.to_train([study("a", [*models, other], 2)])
    assert {batch.rule: len(batch.trainings) for batch in made} == {
        "a_train_d_0": 2,
        "a_train_d_1": 1,
        "a_train_e": 1,
    }
    assert [t for batch in made for t in batch.trainings] == [*models, other]


def test_a_job_asks_for_a_gpu_unless_its_models_are_for_the_cpu(run):
    def on(device, threads):
        settings = run.training.model_copy(update={"device": device, "threads": threads})
        return training(run.model_copy(update={"training": settings}))

    for device, gpus in (("cpu", 0), ("auto", 1), ("cuda", 1)):
        (batch,) = batches.to_train([study("a", [on(device, 1), on(device, 3)])])
        assert (batch.gpus, batch.threads) == (gpus, 3)


def test_continuations_need_the_starts_that_are_of_other_jobs(run):
    base = training(run)
    continued = training(run, start=base)
    of_one_job, later = batches.to_train(
        [study("a", [base, continued]), study("b", [training(run, start=continued)])]
    )
    assert of_one_job.starts("models", {}) == []
    assert of_one_job.continued({}) == [None, base.signature]
    assert later.starts("models", {}) == [f"models/{continued.signature}/model.pt"]
    (single,) = batches.to_train([study("a", [base, continued], 1)])
    chosen = {"signature": continued.signature}
    assert single.starts("models", chosen) == [f"models/{base.signature}/model.pt"]
    assert single.continued(chosen) == [base.signature]
    assert single.images(chosen) == "data/d.h5"


def test_measurements_lie_in_the_study_s_own_folder(run):
    model = training(run)
    measurement = Measurement("evaluate", "f", {"scores": "scores.csv"}, of=[model])
    (batch,) = batches.to_measure(study("a", [model]), measurement)
    assert batch.rule == "a_evaluate_d"
    expected = [f"runs/a/{model.signature}/scores.csv"]
    assert batch.outputs("runs/a", measurement.files) == {"scores": expected}


@pytest.mark.parametrize("key", ["vu2026", "denardin2025", "chen2018", "allen2024"])
def test_no_two_models_of_a_study_share_their_keys_and_none_its_signature(key):
    config = papers()
    models = studies(config, config)[key].trainings
    assert len({model.signature for model in models}) == len(models)
    rows = {tuple(model.row["keys"].items()) for model in models}
    assert len(rows) == len(models)


def test_a_footer_says_where_training_is_below_a_hundredth_of_the_papers():
    steps = [Context.steps(*numbers) for numbers in ((1499, 150_000), (1500, 150_000))]
    assert steps == ["far too few: 1,499 of 150,000 steps", "1,500 of 150,000 steps"]


def test_a_footer_says_how_many_seeds_stand_ins_have():
    images = {"seeds": [1, 2, 3], "standin_seeds": 2}
    shapes3d = {"source": "standin", "images": 100}
    ours = papers(scale="mine", allen2024={"images": images}, data={"shapes3d": shapes3d})
    rows = studies(ours, papers())["allen2024"]
    (footer,) = (f.footer for f in rows.figures if f.name == "tradeoff")
    assert footer.endswith(", 3 of 10 seeds (stand-ins: 2)")
    seeds = {m.row["keys"]["seed"] for m in rows.trainings if m.data.name == "shapes3d"}
    assert seeds == {1, 2}


def test_a_shrunk_study_says_so_and_the_others_do_not():
    ours, full = papers(scale="mine", denardin2025={"strong_gamma": 3}), papers()
    rows = studies(ours, full)
    scales = {
        key: {f.footer.split("scale: ")[1].split(" ·")[0] for f in rows[key].figures}
        for key in ("denardin2025", "chen2018")
    }
    assert scales == {"denardin2025": {"mine"}, "chen2018": {"papers"}}
