"""The loop: where it ends, what it writes down, and what it survives."""

import math

import numpy as np
import pytest
import torch

from betascan.data import store
from betascan.data.grid import Grid
from betascan.errors import TrainingError
from betascan.models.files import read_torch
from betascan.objectives import loss
from betascan.protocols import BetaTcVae, BetaVae, FactorVae, Likelihood, Model, Run, Training
from betascan.training import checkpoint as checkpoints
from betascan.training import image
from betascan.training.image import train
from betascan.training.pictures import Pictures

CPU = torch.device("cpu")
FACTOR = FactorVae(gamma=3, discriminator_lr=1e-3, discriminator_width=20)


@pytest.fixture(autouse=True)
def one_thread():
    """Keep torch's threads from waiting for each other over tiny products."""
    torch.set_num_threads(1)


def stored(path, images, maximum=255):
    grid = Grid({"image": tuple(map(float, range(len(images))))})
    store.write(path, grid, np.arange(len(images)), [images], source="made up", maximum=maximum)
    return Pictures(path, 32, CPU)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """100 images of a square somewhere."""
    images = np.zeros((100, 32, 32, 1), np.uint8)
    for number, (x, y) in enumerate(np.random.default_rng(0).integers(0, 24, (100, 2))):
        images[number, y : y + 8, x : x + 8] = 1
    return stored(tmp_path_factory.mktemp("images") / "squares.h5", images, 1)


def run(objective=BetaVae(beta=1), model=None, likelihood=None, seed=0, **training):  # noqa: B008
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


def go(wanted, pictures, **options):
    return train(wanted, pictures, progress=False, **options)


def assert_same(one, other):
    for state in ("best", "final"):
        ours, theirs = getattr(one, state), getattr(other, state)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert one.history.equals(other.history)
    assert (one.best_step, one.last_step) == (other.best_step, other.last_step)


# Where it ends


def test_linear_decoder_finds_principal_components_and_their_thresholds(tmp_path):
    """Signal fraction 1 - T/T_k, T_k the share of the variance of mode k (hirn2026, Eq. 12)."""
    random, T, ratios = np.random.default_rng(0), 0.2, np.array([0.5, 0.3, 0.12, 0.08])
    axes = np.kron(np.linalg.qr(random.standard_normal((16, 4)))[0], np.ones((64, 1)) / 8)
    scale = np.sqrt(ratios) * 2000  # of pixels up to 255, which clips hardly any
    x = 127.5 + (random.standard_normal((2000, 4)) * scale) @ axes.T
    images = np.clip(np.rint(x), 0, 255).astype(np.uint8).reshape(-1, 32, 32, 1)
    seen = stored(tmp_path / "linear.h5", images)
    variance = 0.5
    beta = T * seen.total_variance / variance
    wanted = run(
        BetaVae(beta=beta), {"decoder": "linear", "width": 64, "latents": 6},
        Likelihood(kind="gaussian", variance=variance),
        batch_size=100, held_out=0, epochs=None, steps=3000, lr=3e-3,
    )  # fmt: skip
    assert image.temperature(wanted, seen) == pytest.approx(T)
    trained = go(wanted, seen)
    vae, _ = image.build(wanted, 1)
    vae.load_state_dict(trained.final)
    with torch.no_grad():
        posterior = vae.encode(seen[np.arange(len(seen))])
    signal = posterior.mean.var(0)
    fraction = signal / (signal + posterior.variance.mean(0))
    spectrum = np.sort(np.linalg.eigvalsh(np.cov(images.reshape(2000, -1).T / 255)))[::-1][:6]
    expected = np.clip(1 - T * seen.total_variance / spectrum, 0, None)
    assert (expected > 0).sum() == 2
    np.testing.assert_allclose(np.sort(fraction.numpy())[::-1], expected, atol=0.03)
    columns = vae.decoder[0].weight[:, fraction > 0.1].detach().numpy()
    inside = axes[:, :2] @ (axes[:, :2].T @ columns)
    assert np.linalg.norm(columns - inside) < 0.2 * np.linalg.norm(columns)


def test_64_images_are_learnt_by_heart(pictures):
    convolutional = {"encoder": "convolutional", "decoder": "convolutional", "latents": 10}
    wanted = run(
        BetaVae(beta=0), convolutional | {"width": 128}, batch_size=64, held_out=0.18,
        epochs=None, steps=180, lr=2e-3, interval=30,
    )  # fmt: skip
    errors = go(wanted, pictures).history["reconstruction"]
    assert errors.iloc[1] > 200  # about that of the mean image, which is some 220
    assert errors.iloc[-1] < 20


def test_the_same_run_gives_the_same_bytes_and_another_seed_others(pictures):
    torch.manual_seed(1)
    one = go(run(), pictures)
    torch.manual_seed(2)  # what else is drawn in the process has no part in it
    assert_same(one, go(run(), pictures))
    assert not one.history.equals(go(run(seed=1), pictures).history)


def test_trainings_go_on_from_a_start(pictures):
    first = go(run(), pictures)
    tiny = run(FACTOR, lr=1e-30)
    for start in (first.final, first.best):
        second = go(tiny, pictures, start=start)
        assert all(torch.equal(second.final[name], start[name]) for name in start)


def test_threads_are_those_of_the_protocol(pictures):
    go(run(threads=2, epochs=None, steps=1), pictures)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("objective", [BetaVae(beta=2), FACTOR])
def test_mixed_precision_goes_the_same_way(pictures, monkeypatch, objective):
    brief = {"epochs": 6, "lr": 3e-3}
    plain, half = run(objective, **brief), run(objective, precision="float16", **brief)
    expected = go(half, pictures)
    assert expected.record["precision"] == "float32"  # where it is of no use
    assert_same(expected, go(plain, pictures))
    monkeypatch.setattr(image, "MIXES", ("cpu",))
    seen = go(half, pictures)
    assert seen.record["precision"] == "float16 mixed"
    assert all(value.dtype == torch.float32 for value in seen.final.values())
    # the first steps are lost to the search for the scale of gradients
    assert seen.history["loss"].iloc[-1] < 0.95 * seen.history["loss"].iloc[0]
    assert (seen.history > -1).all(None)


# What it writes down


@pytest.mark.parametrize("objective", [BetaVae(beta=2), FACTOR])
@pytest.mark.parametrize("chunk", [3, 50])
def test_history_has_the_means_of_its_intervals(pictures, monkeypatch, objective, chunk):
    losses = []

    def watched(draw, *args, **options):
        total = loss(draw, *args, **options)
        if torch.is_grad_enabled():
            losses.append(total.item())
        return total

    monkeypatch.setattr(image, "CHUNK", chunk)
    monkeypatch.setattr(image, "loss", watched)
    history = go(run(objective, epochs=2.5, interval=7), pictures).history
    assert history["step"].tolist() == [7, 14, 20]  # 2.5 epochs of 8 steps
    means = [np.mean(part) for part in np.split(losses, [7, 14])]
    np.testing.assert_allclose(history["loss"], means, rtol=1e-6)
    weight = 2 if objective.kind == "beta_vae" else 1
    terms = history["reconstruction"] + weight * history["rate"]
    if objective.kind == "factor_vae":
        assert history[["d_real", "d_permuted"]].stack().between(0, 1).all()
        terms += 3 * history["total_correlation"]
    np.testing.assert_allclose(history["loss"], terms, rtol=1e-6)


def test_validation_is_of_the_images_held_out(pictures):
    wanted = run(BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mss"), batch_size=7)
    trained = go(wanted, pictures)
    vae, _ = image.build(wanted, 1)
    vae.load_state_dict(trained.final)
    _, rows, _ = image.split(100, 0, (0.8, 0.1, 0.1))
    again = image.evaluate(vae, None, wanted, pictures, rows, 80)
    row = trained.history.iloc[-1]
    for name, value in again.items():
        assert row[f"validation_{name}"] == pytest.approx(value)
    with torch.no_grad():
        rate = vae.encode(pictures[rows]).rate("gaussian").mean().item()
    assert again["rate"] == pytest.approx(rate)


def test_an_epoch_shows_each_image_once_in_whole_minibatches(pictures, monkeypatch):
    shown = []

    class Watched:
        def __len__(self):
            return 100

        def __getattr__(self, name):
            return getattr(pictures, name)

        def __getitem__(self, rows):
            shown.append(rows)
            return pictures[rows]

    go(run(held_out=0, batch_size=30, epochs=2), Watched())
    assert [len(rows) for rows in shown] == [30] * 6
    for epoch in (shown[:3], shown[3:]):
        assert len(set(np.concatenate(epoch))) == 90
    assert set(np.concatenate(shown[:3])) != set(np.concatenate(shown[3:]))


def test_schedules():
    def schedule(images, **options):
        return run(**options).training.schedule(images)

    # denardin2025, chen2018, vu2026: all of dSprites, minibatches that come out even
    assert schedule(737_280, batch_size=512, epochs=100) == (1152, 115_200)
    assert schedule(737_280, batch_size=2048, held_out=0, epochs=50) == (360, 18_000)
    assert schedule(737_280, batch_size=64, held_out=0, epochs=None, steps=150_000) == (
        11_520, 150_000,
    )  # fmt: skip
    assert schedule(100, batch_size=1000, epochs=2.5) == (1, 3)
    for images in range(10, 60):
        rows = len(image.split(images, 0, (0.8, 0.1, 0.1))[0])
        assert schedule(images, batch_size=2)[0] == rows // 2


# When it stops


def scripted(monkeypatch, losses):
    """Let validation find these losses, one after the other."""
    script = iter(losses)
    monkeypatch.setattr(image, "evaluate", lambda *args: {"loss": next(script)})


def test_early_stopping_counts_epochs_without_a_better_loss(pictures, monkeypatch):
    shorter = go(run(epochs=4), pictures)
    scripted(monkeypatch, [5, 4, 4.5, 4.2, 3.9, 3.9, 4.0, 1.0])
    trained = go(run(epochs=8, patience=2), pictures)  # 4.2 ends nothing: it is beaten next
    assert trained.last_step == 4 * 8
    scripted(monkeypatch, [5, 4, 4.5, 3.9, 3.9, 4.0, 1.0])
    trained = go(run(epochs=8, patience=2), pictures)
    assert (trained.best_step, trained.last_step) == (4 * 8, 6 * 8)
    assert all(torch.equal(trained.best[name], shorter.final[name]) for name in shorter.final)
    assert not torch.equal(trained.final["encoder.1.weight"], trained.best["encoder.1.weight"])


def test_divergence_stops_with_a_line_and_keeps_a_good_state(pictures, monkeypatch, tmp_path):
    monkeypatch.setattr(image, "CHUNK", 5)
    monkeypatch.setattr(image, "CHECKPOINT_SECONDS", 0)
    for broken in (  # the loss itself, and weights alone, in the last step before a checkpoint
        lambda total, draw: total * math.nan,
        lambda total, draw: total + (0 * draw.posterior.mean.sum()).sqrt(),
    ):
        count = iter(range(1000))

        def bad(draw, *args, count=count, broken=broken, **options):
            total = loss(draw, *args, **options)
            return broken(total, draw) if next(count) == 14 else total

        monkeypatch.setattr(image, "loss", bad)
        path = tmp_path / "run.pt"
        with pytest.raises(TrainingError, match=r"^squares: not finite any more near step 15: low"):
            go(run(held_out=0), pictures, checkpoint=path, label="squares")
        saved = read_torch(path)
        assert saved["progress"]["step"] == 10
        assert all(value.isfinite().all() for value in saved["networks"].values())
        path.unlink()
        checkpoints.before(path).unlink()


def test_a_learning_rate_that_is_too_high_is_told(pictures):
    with pytest.raises(TrainingError, match=r"lower the learning rate \(lr\)$"):
        go(run(lr=1e20), pictures)
