"""The loop: what it finds, and what it writes down."""

import numpy as np
import pytest
import torch
from small_runs import FACTOR, assert_same, go, run, stored

from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    Deterministic,
    LambdaBetaVae,
    Likelihood,
    Orthogonal,
)
from betascan.objectives import loss
from betascan.training import loop

# What it finds


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
        batch_size=50, held_out=0, epochs=None, steps=800, lr=0.01,
    )  # fmt: skip
    assert loop.temperature(wanted, seen) == pytest.approx(T)
    trained = go(wanted, seen)
    vae, _ = loop.build_networks(wanted, 1)
    vae.load_state_dict(trained.final)
    with torch.no_grad():
        posterior = vae.encode(seen[np.arange(len(seen))])
    signal = posterior.mean.var(0)
    fraction = signal / (signal + posterior.variance.mean(0))
    blocks = images.reshape(2000, 16, 64)[:, :, 0] / 255  # whose 64 pixels are equal
    values, vectors = np.linalg.eigh(64 * np.cov(blocks.T, bias=True))
    expected = np.clip(1 - T * seen.total_variance / values[:-7:-1], 0, None)
    components = np.kron(vectors[:, -2:], np.ones((64, 1)) / 8)
    assert (expected > 0).sum() == 2
    order = np.argsort(-fraction.numpy())
    np.testing.assert_allclose(fraction.numpy()[order], expected, atol=0.04)
    columns = vae.decoder[0].weight.detach().numpy()[:, order[:2]]
    inside = components @ (components.T @ columns)
    assert np.linalg.norm(columns - inside) < 0.1 * np.linalg.norm(columns)


def test_64_images_are_learnt_by_heart(pictures):
    convolutional = {"encoder": "convolutional", "decoder": "convolutional", "latents": 10}
    wanted = run(
        BetaVae(beta=0), convolutional | {"width": 128}, batch_size=64, held_out=0.18,
        epochs=None, steps=150, lr=2e-3, interval=30,
    )  # fmt: skip
    errors = go(wanted, pictures).history["reconstruction"]
    assert errors.iloc[1] > 200  # about that of the mean image, which is some 220
    assert errors.iloc[-1] < 60


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


@pytest.mark.parametrize(
    "objective",
    [
        LambdaBetaVae(beta=2, lam=3),
        BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mws"),
        Orthogonal(beta=1, weight=5),
        Deterministic(beta=1, curvature="hessian"),
    ],
)
def test_other_objectives_go_through_the_same_loop(pictures, objective):
    small = {"encoder": "convolutional", "decoder": "convolutional"}
    wanted = run(objective, small, epochs=None, steps=2, batch_size=5, held_out=0.05)
    initial, _ = loop.build_networks(wanted, 1)
    trained = go(wanted, pictures)
    for name, value in initial.state_dict().items():
        assert not torch.equal(trained.final[name], value)


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
    monkeypatch.setattr(loop, "AMP_DEVICES", ("cpu",))
    seen = go(half, pictures)
    assert seen.record["precision"] == "float16 mixed"
    assert all(value.dtype == torch.float32 for value in seen.final.values())
    # the first steps are lost to the search for the scale of gradients
    assert seen.history["loss"].iloc[-1] < 0.95 * seen.history["loss"].iloc[0]
    assert (seen.history > -1).all(axis=None)


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

    monkeypatch.setattr(loop, "CHUNK", chunk)
    monkeypatch.setattr(loop, "loss", watched)
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
    vae, _ = loop.build_networks(wanted, 1)
    vae.load_state_dict(trained.final)
    _, rows, _ = loop.split(100, 0, (0.8, 0.1, 0.1))
    again = loop.validate(vae, None, wanted, pictures, rows, 80)
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
        rows = len(loop.split(images, 0, (0.8, 0.1, 0.1))[0])
        assert schedule(images, batch_size=2)[0] == rows // 2
