"""Scoring of trained models: on which images, under which names."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from betascan import evaluation
from betascan.config.vae import BetaVae, Likelihood, Model, Run, Training
from betascan.core.errors import DataError
from betascan.data import store
from betascan.data.grid import Grid
from betascan.models import Saved, Vae, save
from betascan.training import loop
from betascan.training.batches import ImageBatches

GRID = Grid({"x": tuple(map(float, range(20))), "y": tuple(map(float, range(20)))})


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """400 images of a square at every place of a grid."""
    path = tmp_path_factory.mktemp("images") / "squares.h5"
    pixels = np.zeros((400, 32, 32, 1), np.uint8)
    for number in range(400):
        x, y = divmod(number, 20)
        pixels[number, y : y + 8, x : x + 8] = 1
    store.write(path, GRID, np.arange(400), [pixels], source="squares", maximum=1)
    return path


def a_run(held_out, **training):
    settings = {
        "batch_size": 10, "lr": 1e-3, "epochs": 1, "steps": None, "held_out": held_out,
        "patience": None, "interval": None, "precision": "float32", "device": "cpu", "threads": 1,
    }  # fmt: skip
    return Run(
        model=Model(
            size=32, encoder="mlp", decoder="mlp", width=8, latents=3, activation="relu",
            posterior="diagonal", prior="gaussian",
        ),
        likelihood=Likelihood(kind="bernoulli", variance=1),
        objective=BetaVae(beta=1),
        training=Training(**settings | training),
        seed=5,
    )  # fmt: skip


def saved(run, signature="abc"):
    torch.manual_seed(0)
    state = Vae(run.model, 1).state_dict()
    return Saved(run, 1, state, state, {"signature": signature})


def trained_on(images, run, monkeypatch):
    """The rows of every minibatch that training takes from the images."""
    rows = set()
    take = ImageBatches.__getitem__

    def watched(self, wanted):
        if torch.is_grad_enabled():  # not validation
            rows.update(np.asarray(wanted).tolist())
        return take(self, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(ImageBatches, "__getitem__", watched)
        loop.train(run, ImageBatches(images, 32, torch.device("cpu")), progress=False)
    return rows


def scored_on(images, run, monkeypatch, tmp_path):
    """The rows of every image that an evaluation encodes for scores."""
    rows = set()
    encode = evaluation.encode

    def watched(vae, batches, wanted):
        rows.update(np.asarray(wanted).tolist())
        return encode(vae, batches, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "encode", watched)
        score(images, saved(run), tmp_path)
    return rows


def score(images, model, folder, signature="abc", **keys):
    save(model, folder / "model.pt")
    files = [[folder / name] for name in ("scores.csv", "information.csv", "views.npz")]
    evaluation.evaluate(
        images, [folder / "model.pt"], *files,
        rows=[{"signature": signature, "keys": {"dataset": "squares", **keys}}],
        samples=60, test_samples=30, wanted=["mig", "sap"], refits=0,
    )  # fmt: skip
    return pd.read_csv(files[0][0])


def test_models_are_scored_on_images_that_training_never_takes(images, monkeypatch, tmp_path):
    run = a_run(held_out=0.2)
    trained = trained_on(images, run, monkeypatch)
    scored = scored_on(images, run, monkeypatch, tmp_path)
    assert len(trained) == 240
    assert len(scored) == 80  # the test part; validation has the other 80
    assert not trained & scored


def test_without_held_out_images_all_may_be_scored(images, monkeypatch, tmp_path):
    assert len(scored_on(images, a_run(held_out=0), monkeypatch, tmp_path)) == 90


def test_scores_carry_the_keys_of_their_model(images, tmp_path):
    table = score(images, saved(a_run(0)), tmp_path, beta=4.0, seed=5)
    assert list(table.columns[:3]) == ["dataset", "beta", "seed"]
    assert set(table["beta"]) == {4.0}
    assert set(table["metric"]) == {"mig", "sap"}


def test_another_model_than_the_row_s_is_refused(images, tmp_path):
    with pytest.raises(DataError, match="is not the model other: delete it and run again"):
        score(images, saved(a_run(0)), tmp_path, signature="other")


def test_a_model_whose_codes_are_constant_has_no_gap(images, tmp_path):
    model = saved(a_run(0))
    zeros = {name: torch.zeros_like(value) for name, value in model.final.items()}
    flat = score(images, dataclasses.replace(model, best=zeros, final=zeros), tmp_path)
    assert flat.set_index("metric").loc["mig", "value"] == 0
