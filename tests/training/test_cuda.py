"""Trainings on a GPU, and steps replayed as CUDA graphs."""

import numpy as np
import pytest
import torch
from small_runs import FACTOR, assert_same, fit, small_run

from betascan.config.vae import BetaTcVae, BetaVae, Deterministic, LambdaBetaVae, Orthogonal
from betascan.data import store
from betascan.data.grid import Grid
from betascan.training import loop
from betascan.training.batches import ImageBatches
from betascan.training.cuda_graph import capture

OBJECTIVES = {
    "beta": BetaVae(beta=2),
    "lambda": LambdaBetaVae(beta=2, lam=3),
    "factor": FACTOR,
    "mws": BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mws"),
    "mss": BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mss"),
    "orthogonal": Orthogonal(beta=1, weight=5),
    "deterministic": Deterministic(beta=1, curvature="gauss_newton"),
}


@pytest.fixture(scope="module")
def image_file(tmp_path_factory):
    """100 images of a square somewhere, at 64 pixels."""
    path = tmp_path_factory.mktemp("images") / "squares.h5"
    images = np.zeros((100, 64, 64, 1), np.uint8)
    for number, (x, y) in enumerate(np.random.default_rng(0).integers(0, 48, (100, 2))):
        images[number, y : y + 16, x : x + 16] = 1
    grid = Grid({"image": tuple(map(float, range(100)))})
    store.write(path, grid, np.arange(100), [images], source="made up", maximum=1)
    return path


# On any machine


def test_runs_without_a_graph_are_described_as_before():
    assert "cuda_graph" not in small_run().training.model_dump()
    replayed = small_run(cuda_graph=True)
    assert type(replayed).model_validate(replayed.model_dump()) == replayed


def test_a_graph_changes_nothing_on_a_cpu(images):
    assert_same(fit(small_run(cuda_graph=True), images), fit(small_run(), images))


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("objective", [OBJECTIVES["beta"], OBJECTIVES["factor"]])
def test_recording_a_step_leaves_the_training_as_it_was(images, monkeypatch, objective, precision):
    """With a stand-in for the recording, which calls the step as often as it is called there."""

    def recorded(function, *example):
        for _ in range(4):
            function(*example)

        def replay(*arguments):
            assert [a.shape for a in arguments] == [e.shape for e in example]
            return function(*arguments)

        return replay

    monkeypatch.setattr(loop, "AMP_DEVICES", ("cpu",))
    plain = fit(small_run(objective, precision=precision), images)
    monkeypatch.setattr(loop, "GRAPH_DEVICES", ("cpu",))
    monkeypatch.setattr(loop, "capture", recorded)
    assert_same(plain, fit(small_run(objective, precision=precision, cuda_graph=True), images))


# On a GPU


def on_cuda(test):
    absent = not torch.cuda.is_available()
    return pytest.mark.cuda(pytest.mark.skipif(absent, reason="there is no CUDA device")(test))


@on_cuda
def test_a_replay_takes_new_arguments_and_overwrites_gradients():
    weight = torch.ones(3, device="cuda", requires_grad=True)

    def function(x):
        weight.grad = None
        total = (weight * x).sum()
        total.backward()
        return total.detach()

    replay = capture(function, torch.zeros(3, device="cuda"))
    for k in (1.0, 2.0):
        assert replay(torch.full((3,), k, device="cuda")).item() == 3 * k
        assert weight.grad.tolist() == [k] * 3


@on_cuda
@pytest.mark.parametrize("size", [32, 64])
def test_images_on_a_gpu_are_those_on_a_cpu(image_file, size):
    rows = [5, 3, 3, 98]
    here, there = (ImageBatches(image_file, size, torch.device(name)) for name in ("cpu", "cuda"))
    assert there._cache.is_cuda
    assert torch.equal(there[rows].cpu(), here[rows])
    assert there.total_variance == here.total_variance


@on_cuda
@pytest.mark.parametrize(
    ("name", "precision"),
    [*((name, "float32") for name in OBJECTIVES), ("beta", "float16"), ("factor", "float16")],
)
def test_replayed_steps_train_as_ordinary_ones(image_file, name, precision):
    """Up to the order in which a GPU adds, step by step."""
    networks = {"encoder": "convolutional", "decoder": "convolutional"}
    images = ImageBatches(image_file, 32, torch.device("cuda"))

    def losses(**options):
        run = small_run(
            OBJECTIVES[name], networks, device="cuda", precision=precision,
            epochs=None, steps=40, interval=1, **options,
        )  # fmt: skip
        return fit(run, images).history["loss"]

    ordinary = losses()
    np.testing.assert_allclose(losses(cuda_graph=True), ordinary, rtol=0.01)
    assert (losses(seed=1) / ordinary - 1).abs().max() > 0.1


@on_cuda
def test_a_replayed_training_goes_on_from_its_checkpoint(image_file, monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "CHUNK", 5)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    images = ImageBatches(image_file, 32, torch.device("cuda"))
    run = small_run(FACTOR, device="cuda", interval=1, cuda_graph=True)
    whole, path, validate = fit(run, images), tmp_path / "run.pt", loop.validate
    assert whole.record["precision"] == "float32, products in TF32"

    def interrupted(*args):
        if path.exists():
            raise KeyboardInterrupt
        return validate(*args)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "validate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(run, images, checkpoint=path)
    again = fit(run, images, checkpoint=path)
    np.testing.assert_allclose(again.history["loss"], whole.history["loss"], rtol=0.01)
