import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from betascan.core.errors import DataError, TrainingError
from betascan.core.files import read_npz, write_npz
from betascan.linear_vae import kernel
from betascan.linear_vae import scan as scanning
from betascan.linear_vae.engine import Chunk, State
from betascan.linear_vae.layout import Layout
from betascan.linear_vae.scan import scan, total_variance
from betascan.linear_vae.torch_engine import TorchEngine
from betascan.spectroscopy import fit_threshold, observe

BETAS = np.geomspace(0.02, 8, 8)
BRIEF = {
    "latents": 3,
    "updates": 180,
    "batch_size": 40,
    "lr": 3e-3,
    "workers": 1,
    "progress": False,
}
INPUTS = ("train", "validation", "betas")
ESTIMATORS = pytest.mark.parametrize("estimator", ["sampled", "analytic"])


def samples(n, variances, seed=0):
    """Gaussian samples (n, features) with these variances along random axes."""
    draw = np.random.default_rng(seed).standard_normal
    axes = np.linalg.qr(draw((len(variances), len(variances))))[0]
    return (draw((n, len(variances))) * np.sqrt(variances) @ axes).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Keep torch's threads from waiting for each other over tiny products."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data():
    x = samples(1210, [3, 1, 0.6, 0.3, 0.1])
    return x[:1005], x[1005:]


@pytest.fixture
def compiler():
    if kernel._compiler() is None:
        pytest.skip("needs a C++ compiler")


@pytest.fixture(params=["kernel", "torch"])
def engine(request, monkeypatch):
    """Let scans use one engine; return it for a layout, feature weights and an estimator."""
    if request.param == "kernel":
        request.getfixturevalue("compiler")
        return lambda *args: kernel.KernelEngine(kernel.build(args[0]), *args, workers=2)
    monkeypatch.setattr(kernel, "build", lambda layout: None)
    return lambda *args: TorchEngine(*args, device="cpu")


def assert_equal(scan, other, **tolerance):
    for name in scanning._PER_POINT:
        np.testing.assert_allclose(getattr(scan, name), getattr(other, name), **tolerance)
    for name, array in scan.parameters.items():
        np.testing.assert_allclose(array, other.parameters[name], **tolerance)


EXACTLY = {"rtol": 0, "atol": 0, "strict": True}


@ESTIMATORS
def test_thresholds_are_the_spectrum(estimator):
    ratios = np.array([0.5, 0.3, 0.15, 0.05])
    x = samples(20_000, ratios)
    betas = np.outer([0.3, 0.45, 0.6], ratios).ravel() * total_variance(x)
    run = scan(x, x, betas, latents=4, updates=6000, lr=3e-3, estimator=estimator, progress=False)
    modes = observe(run, x).groupby("rank")
    fitted = [fit_threshold(mode["T"], mode["signal_fraction"])[0] for _, mode in modes]
    np.testing.assert_allclose(fitted, ratios, rtol=0.03)


# The engines against the model written in plain torch, float64


def terms(p, x, noise, weights):
    """Mean D, over the draws of the noise too, and mean R."""
    mean = x @ p["encoder_mean"].T + p["encoder_mean_bias"]
    log_variance = x @ p["encoder_log_variance"].T + p["encoder_log_variance_bias"]
    posterior = Normal(mean, (log_variance / 2).exp())
    z = mean + posterior.scale * noise
    squares = (z @ p["decoder"].T + p["decoder_bias"] - x).square() @ weights
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return squares.mean() / 2, kl_divergence(posterior, prior).sum(1).mean()


def cubature(latents):
    """Draws whose average is the expectation under N(0, I) of any quadratic."""
    draws = np.sqrt(latents) * torch.eye(latents, dtype=torch.float64)
    return torch.cat([draws, -draws])[:, None]


def model(layout, row):
    arrays = layout.unpack(row[None])
    return {name: torch.tensor(array[0], dtype=torch.float64) for name, array in arrays.items()}


@ESTIMATORS
@pytest.mark.parametrize(("features", "latents"), [(5, 3), (15, 20), (19, 32)])
def test_engines_follow_autograd_and_adam(engine, estimator, features, latents):
    steps, lr, betas = 200, 1e-3, np.array([1e-4, 0.3, 4.0])
    counts = np.where(np.arange(steps) % 10 == 9, 41, 64).astype(np.int32)
    random = np.random.default_rng(features)
    layout, weights = Layout(features, latents), random.uniform(0.2, 2, features)
    x = [random.standard_normal((n, features), np.float32) for n in counts]
    noise = [random.standard_normal((n, latents), np.float32) for n in counts]
    padded = np.zeros((steps, 64, layout.latent_width), np.float32)
    for step, n in enumerate(counts):
        padded[step, :n, :latents] = noise[step]
    inputs = np.stack([layout.inputs(batch, 64) for batch in x])
    row = layout.initial(random)
    state, active = State.start(row, len(betas)), np.arange(len(betas))
    used = engine(layout, layout.weights(weights), estimator)
    for part in (slice(70), slice(70, steps)):
        used.train(state, betas, active, Chunk(inputs[part], padded[part], counts[part]), lr)
    assert state.done == steps

    for beta, trained in zip(betas, state.parameters, strict=True):
        p = model(layout, row)
        optimiser = torch.optim.Adam([array.requires_grad_() for array in p.values()], lr=lr)
        for batch, draws in zip(x, noise, strict=True):
            optimiser.zero_grad()
            distortion, rate = terms(
                p,
                torch.tensor(batch).double(),
                torch.tensor(draws) if estimator == "sampled" else cubature(latents),
                torch.tensor(weights),
            )
            (distortion + beta * rate).backward()
            optimiser.step()
        # an update moves a parameter by lr and rounds it: half an ulp, 2^-25 below 1
        for name, array in model(layout, trained).items():
            torch.testing.assert_close(array, p[name].detach(), rtol=0, atol=steps * 2.0**-25)


@pytest.mark.parametrize(("features", "latents"), [(5, 3), (19, 32)])
def test_evaluate_is_the_expectation(engine, features, latents):
    random = np.random.default_rng(latents)
    layout, weights = Layout(features, latents), random.uniform(0.2, 2, features)
    x = random.standard_normal((5003, features), np.float32)
    rows = np.stack([layout.initial(random) for _ in range(3)])
    used = engine(layout, layout.weights(weights), "sampled")
    measured = used.evaluate(rows, layout.inputs(x, 5024), len(x))
    arguments = torch.tensor(x).double(), cubature(latents), torch.tensor(weights)
    expected = [terms(model(layout, row), *arguments) for row in rows]
    np.testing.assert_allclose(np.transpose(measured), expected, rtol=1e-6)  # 8 ulp


# What a point's result may depend on


@ESTIMATORS
def test_points_do_not_know_of_each_other(compiler, data, estimator, tmp_path):
    together = scan(*data, BETAS, estimator=estimator, **BRIEF)
    paths = []
    for beta in BETAS:
        paths.append(tmp_path / f"{beta}.npz")
        scan(*data, [beta], estimator=estimator, **BRIEF).save(paths[-1])
    assert_equal(scanning.Scan.load(*paths), together, **EXACTLY)


def test_points_do_not_know_of_each_other_on_torch(data, monkeypatch):
    monkeypatch.setattr(kernel, "build", lambda layout: None)
    together = scan(*data, BETAS, **BRIEF)
    for point, beta in enumerate(BETAS):
        alone = scan(*data, [beta], **BRIEF)
        # matrix products of another batch size are summed in another order
        np.testing.assert_allclose(
            alone.validation_loss, together.validation_loss[[point]], rtol=1e-5
        )
        for name, array in alone.parameters.items():
            other = together.parameters[name][[point]]
            np.testing.assert_allclose(array, other, rtol=1e-5, atol=1e-5 * abs(other).max())


def test_threads_leave_no_trace(compiler, data, tmp_path):
    for workers in (1, 2):
        scan(*data, BETAS, **BRIEF | {"workers": workers}).save(tmp_path / str(workers))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@ESTIMATORS
def test_the_validation_loss_is_that_of_the_kept_parameters(engine, data, estimator):
    run = scan(*data, BETAS, estimator=estimator, **BRIEF | {"lr": 5e-2})
    assert np.any(run.best_update < run.last_update)
    x = torch.tensor(data[1]).double()
    for point, beta in enumerate(BETAS):
        p = {name: torch.tensor(array[point]) for name, array in run.parameters.items()}
        distortion, rate = terms(p, x, cubature(3), torch.ones(5, dtype=torch.float64))
        np.testing.assert_allclose(run.validation_loss[point], distortion + beta * rate, rtol=1e-6)


def test_an_epoch_shows_every_sample_once_with_noise_of_its_own():
    layout = Layout(2, 3)
    inputs = layout.inputs(np.arange(1602, dtype=np.float32).reshape(801, 2))
    epochs = [list(scanning._chunks(layout, inputs, 8, 0, epoch, 500)) for epoch in (0, 1)]
    filled = [
        (chunk.x[step, :n], chunk.noise[step, :n, :3])
        for chunk in epochs[0] + epochs[1]
        for step, n in enumerate(chunk.counts)
    ]
    assert [len(x) for x, _ in filled] == ([8] * 100 + [1]) * 2
    seen, noise = (np.concatenate(rows) for rows in zip(*filled, strict=True))
    for epoch in (seen[:801], seen[801:]):
        np.testing.assert_array_equal(epoch[np.argsort(epoch[:, 0])], inputs)
    assert np.any(seen[:801] != seen[801:])
    assert len(np.unique(noise, axis=0)) == len(noise)
    short = list(scanning._chunks(layout, inputs, 8, 0, 0, 70))
    assert [len(chunk.counts) for chunk in short] == [64, 6]
    np.testing.assert_array_equal(short[1].noise, epochs[0][1].noise[:6])


def test_a_point_out_of_patience_is_frozen(compiler, data):
    brief = BRIEF | {"updates": 1500, "lr": 1e-2}  # patience: 150 updates, an epoch: 26
    run, alone = scan(*data, [0.02, 100.0], **brief), scan(*data, [100.0], **brief)
    assert run.last_update[1] < run.last_update[0] == 1500
    assert 150 <= run.last_update[1] - run.best_update[1] < 150 + 26
    assert alone.last_update == run.last_update[1]
    for name, array in alone.parameters.items():
        np.testing.assert_array_equal(array[0], run.parameters[name][1])


def test_divergence_is_one_line_that_names_beta(engine, data):
    with pytest.raises(TrainingError, match=r"beta = 0\.02 .* lower the learning rate") as caught:
        scan(*data, BETAS, **BRIEF | {"lr": 1e6})
    assert "\n" not in str(caught.value)


# Interrupted scans


@pytest.fixture
def eager(monkeypatch):
    """Make scans write a checkpoint an epoch."""
    monkeypatch.setattr(scanning, "CHECKPOINT_SECONDS", -1)


CHILD = """
import sys, time
from pathlib import Path
from betascan.core.files import read_npz, write_npz
from betascan.linear_vae import scan as scanning
scanning.CHECKPOINT_SECONDS = -1
save = scanning._save
scanning._save = lambda *args: (save(*args), time.sleep(0.05))  # leaves time to be killed
arrays, brief = read_npz(Path(sys.argv[1]))
scanning.scan(**arrays, **brief, checkpoint=Path(sys.argv[2]))
"""


@ESTIMATORS
def test_killed_and_restarted_is_undisturbed(data, estimator, tmp_path, monkeypatch):
    brief = BRIEF | {"updates": 6000, "estimator": estimator}
    checkpoint = tmp_path / "checkpoint.npz"
    write_npz(tmp_path / "in.npz", dict(zip(INPUTS, (*data, BETAS), strict=True)), **brief)
    command = [sys.executable, "-c", CHILD, tmp_path / "in.npz", checkpoint]
    with subprocess.Popen(command) as child:
        while child.poll() is None and not checkpoint.exists():
            time.sleep(1e-3)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert 0 < read_npz(checkpoint)[1]["done"] < 6000
    scan(*data, BETAS, **brief).save(tmp_path / "undisturbed.npz")
    monkeypatch.delattr(State, "start")  # which a scan from the start needs
    scan(*data, BETAS, **brief, checkpoint=checkpoint).save(tmp_path / "resumed.npz")
    assert (tmp_path / "resumed.npz").read_bytes() == (tmp_path / "undisturbed.npz").read_bytes()


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"lr": 1e-3}, {"estimator": "analytic"}, {"updates": 170}, {"data": 2}]
)
def test_a_checkpoint_of_other_settings_is_not_used(eager, data, tmp_path, other):
    checkpoint = tmp_path / "checkpoint.npz"
    scan(*data, BETAS, **BRIEF, checkpoint=checkpoint)
    assert checkpoint.exists()
    brief = BRIEF | other
    x = data[0] * np.float32(brief.pop("data", 1))
    fresh = scan(x, data[1], BETAS, **brief)
    assert_equal(scan(x, data[1], BETAS, **brief, checkpoint=checkpoint), fresh, **EXACTLY)


def test_a_damaged_checkpoint_is_one_line(eager, data, tmp_path):
    checkpoint = tmp_path / "checkpoint.npz"
    scan(*data, BETAS, **BRIEF, checkpoint=checkpoint)
    os.truncate(checkpoint, checkpoint.stat().st_size // 2)
    with pytest.raises(DataError, match=r"checkpoint\.npz is damaged: delete it") as caught:
        scan(*data, BETAS, **BRIEF, checkpoint=checkpoint)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_the_last_checkpoint(eager, data, tmp_path, monkeypatch):
    checkpoint = tmp_path / "checkpoint.npz"
    scan(*data, BETAS, **BRIEF, checkpoint=checkpoint)
    before = checkpoint.read_bytes()

    def fill(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fill)
    with pytest.raises(DataError, match=r"is full: make room and run again") as caught:
        scan(*data, BETAS, **BRIEF | {"seed": 1}, checkpoint=checkpoint)
    assert "\n" not in str(caught.value)
    assert checkpoint.read_bytes() == before
    assert list(tmp_path.iterdir()) == [checkpoint]
