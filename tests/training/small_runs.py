"""Small trainings, and a set of images for them."""

import numpy as np
import torch

from betascan.config.vae import BetaVae, FactorVae, Likelihood, Model, Run, Training
from betascan.data import store
from betascan.data.grid import Grid
from betascan.training.batches import ImageBatches
from betascan.training.loop import train

FACTOR = FactorVae(gamma=3, discriminator_lr=1e-3, discriminator_width=20)


def stored(path, images, maximum=255):
    grid = Grid({"image": tuple(map(float, range(len(images))))})
    store.write(path, grid, np.arange(len(images)), [images], source="made up", maximum=maximum)
    return ImageBatches(path, 32, torch.device("cpu"))


def small_run(objective=BetaVae(beta=1), model=None, likelihood=None, seed=0, **training):  # noqa: B008
    return Run(
        model=Model(**{
            "size": 32, "encoder": "mlp", "decoder": "mlp", "width": 20, "latents": 4,
            "activation": "relu", "posterior": "diagonal", "prior": "gaussian",
        } | (model or {})),
        likelihood=likelihood or Likelihood(kind="bernoulli", variance=1),
        objective=objective,
        training=Training(**{
            "batch_size": 10, "lr": 1e-3, "epochs": 3, "steps": None, "held_out": 0.1,
            "patience": None, "interval": None, "precision": "float32", "device": "cpu",
            "threads": 1,
        } | training),
        seed=seed,
    )  # fmt: skip


def fit(run, images, **options):
    return train(run, images, progress=False, **options)


def assert_same(one, other):
    for state in ("best", "final"):
        ours, theirs = getattr(one, state), getattr(other, state)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert one.history.equals(other.history)
    assert (one.best_step, one.last_step) == (other.best_step, other.last_step)
