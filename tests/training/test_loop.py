"""What a training converges to, and what it records."""

import numpy as np
import pytest
import torch
from small_runs import FACTOR, assert_same, fit, small_run, stored

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
from betascan.training.batches import ImageBatches

# What it converges to


def test_linear_decoder_finds_principal_components_and_their_thresholds(tmp_path):
    """Signal fraction 1 - T/T_k, T_k the share of the variance of mode k (hirn2026, Eq. 12)."""
    random, T, ratios = np.random.default_rng(0), 0.2, np.array([0.5, 0.3, 0.12, 0.08])
    axes = np.kron(np.linalg.qr(random.standard_normal((16, 4)))[0], np.ones((64, 1)) / 8)
    scale = np.sqrt(ratios) * 2000  # of pixels up to 255, which clips hardly any
    x = 127.5 + (random.standard_normal((2000, 4)) * scale) @ axes.T
    pixels = np.clip(np.rint(x), 0, 255).astype(np.uint8).reshape(-1, 32, 32, 1)
    images = stored(tmp_path / "linear.h5", pixels)
    variance = 0.5
    beta = T * images.total_variance / variance
    run = small_run(
        BetaVae(beta=beta), {"decoder": "linear", "width": 64, "latents": 6},
        Likelihood(kind="gaussian", variance=variance),
        batch_size=50, held_out=0, epochs=None, steps=800, lr=0.01,
    )  # fmt: skip
    assert loop.temperature(run, images) == pytest.approx(T)
    trained = fit(run, images)
    vae, _ = loop.build_networks(run, 1)
    vae.load_state_dict(trained.final)
    with torch.no_grad():
        posterior = vae.encode(images[np.arange(len(images))])
    signal = posterior.mean.var(0)
    fraction = signal / (signal + posterior.variance.mean(0))
    blocks = pixels.reshape(2000, 16, 64)[:, :, 0] / 255  # whose 64 pixels are equal
    values, vectors = np.linalg.eigh(64 * np.cov(blocks.T, bias=True))
    expected = np.clip(1 - T * images.total_variance / values[:-7:-1], 0, None)
    components = np.kron(vectors[:, -2:], np.ones((64, 1)) / 8)
    assert (expected > 0).sum() == 2
    order = np.argsort(-fraction.numpy())
    np.testing.assert_allclose(fraction.numpy()[order], expected, atol=0.04)
    columns = vae.decoder[0].weight.detach().numpy()[:, order[:2]]
    inside = components @ (components.T @ columns)
    assert np.linalg.norm(columns - inside) < 0.1 * np.linalg.norm(columns)


def test_64_images_are_memorised(images):
    convolutional = {"encoder": "convolutional", "decoder": "convolutional", "latents": 10}
    run = small_run(
        BetaVae(beta=0), convolutional | {"width": 128}, batch_size=64, held_out=0.18,
        epochs=None, steps=150, lr=2e-3, interval=30,
    )  # fmt: skip
    errors = fit(run, images).history["reconstruction"]
    assert errors.iloc[1] > 200  # about that of the mean image, which is some 220
    assert errors.iloc[-1] < 60


def test_the_same_run_gives_the_same_bytes_and_another_seed_others(images):
    torch.manual_seed(1)
    one = fit(small_run(), images)
    torch.manual_seed(2)  # the global generator is not used
    assert_same(one, fit(small_run(), images))
    assert not one.history.equals(fit(small_run(seed=1), images).history)


def test_the_default_type_of_torch_does_not_matter(images):
    usual = fit(small_run(FACTOR), images)
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(fit(small_run(FACTOR), images), usual)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_trainings_continue_from_a_start(images):
    first = fit(small_run(), images)
    tiny = small_run(FACTOR, lr=1e-30)
    for start in (first.final, first.best):
        second = fit(tiny, images, start=start)
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
def test_other_objectives_go_through_the_same_loop(images, objective):
    small = {"encoder": "convolutional", "decoder": "convolutional"}
    run = small_run(objective, small, epochs=None, steps=2, batch_size=5, held_out=0.05)
    initial, _ = loop.build_networks(run, 1)
    trained = fit(run, images)
    for name, value in initial.state_dict().items():
        assert not torch.equal(trained.final[name], value)


def test_threads_are_those_of_the_protocol(images):
    fit(small_run(threads=2, epochs=None, steps=1), images)
    assert torch.get_num_threads() == 2


def test_denormal_numbers_are_flushed_while_it_trains_and_not_after(images, monkeypatch):
    """Adam's moments of dark pixels fade to them, and arithmetic on them is slow."""
    losses, denormal, seen = loop._losses, torch.tensor(1e-40), []

    def watched(*arguments):
        seen.append(float(denormal * 1))
        return losses(*arguments)

    monkeypatch.setattr(loop, "_losses", watched)
    fit(small_run(), images)
    assert seen
    assert not any(seen)
    assert float(denormal * 1) > 0


@pytest.mark.parametrize("objective", [BetaVae(beta=2), FACTOR])
def test_mixed_precision_trains_too(images, monkeypatch, objective):
    brief = {"epochs": 6, "lr": 3e-3}
    plain, half = small_run(objective, **brief), small_run(objective, precision="float16", **brief)
    expected = fit(half, images)
    assert expected.record["precision"] == "float32"  # a CPU gains nothing by it
    assert_same(expected, fit(plain, images))
    monkeypatch.setattr(loop, "AMP_DEVICES", ("cpu",))
    mixed = fit(half, images)
    assert mixed.record["precision"] == "float16 mixed"
    assert all(value.dtype == torch.float32 for value in mixed.final.values())
    # the first steps are lost to the search for the scale of gradients
    assert mixed.history["loss"].iloc[-1] < 0.95 * mixed.history["loss"].iloc[0]
    assert (mixed.history > -1).all(axis=None)


# What it records


@pytest.mark.parametrize("objective", [BetaVae(beta=2), FACTOR])
@pytest.mark.parametrize("chunk", [3, 50])
def test_history_has_the_means_of_its_intervals(images, monkeypatch, objective, chunk):
    losses = []

    def watched(forward, *args, **options):
        total = loss(forward, *args, **options)
        if torch.is_grad_enabled():
            losses.append(total.item())
        return total

    monkeypatch.setattr(loop, "CHUNK", chunk)
    monkeypatch.setattr(loop, "loss", watched)
    history = fit(small_run(objective, epochs=2.5, interval=7), images).history
    assert history["step"].tolist() == [7, 14, 20]  # 2.5 epochs of 8 steps
    means = [np.mean(part) for part in np.split(losses, [7, 14])]
    np.testing.assert_allclose(history["loss"], means, rtol=1e-6)
    weight = 2 if objective.kind == "beta_vae" else 1
    terms = history["reconstruction"] + weight * history["rate"]
    if objective.kind == "factor_vae":
        assert history[["d_real", "d_permuted"]].stack().between(0, 1).all()
        terms += 3 * history["total_correlation"]
    np.testing.assert_allclose(history["loss"], terms, rtol=1e-6)


def test_the_discriminator_learns_by_its_own_adam(images, monkeypatch):
    """Kim and Mnih 2018, appendix A: beta_1 = 0.5 and beta_2 = 0.9."""
    built, adam, settings, ends = loop.build_networks, torch.optim.Adam, [], []

    def watched(*args):
        ends.extend(built(*args))
        return tuple(ends)

    def recorded(parameters, lr, betas=(0.9, 0.999), **options):
        settings.append((lr, betas))
        return adam(parameters, lr, betas, **options)

    monkeypatch.setattr(loop, "build_networks", watched)
    monkeypatch.setattr(torch.optim, "Adam", recorded)
    objective = FACTOR.model_copy(update={"discriminator_lr": 3e-3})
    fit(small_run(objective, epochs=None, steps=2), images)
    assert settings == [(1e-3, (0.9, 0.999)), (3e-3, (0.5, 0.9))]
    _, before = built(small_run(objective), 1)
    for old, new in zip(before.parameters(), ends[1].parameters(), strict=True):
        assert not torch.equal(old, new)


def test_beta_tcvae_is_told_how_many_images_are_trained_on(images, monkeypatch):
    sizes = []

    def watched(forward, *args, dataset_size, **options):
        sizes.append((torch.is_grad_enabled(), dataset_size))
        return loss(forward, *args, dataset_size=dataset_size, **options)

    monkeypatch.setattr(loop, "loss", watched)
    fit(small_run(BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mss"), epochs=1), images)
    assert {size for learning, size in sizes if learning} == {80}


def test_validation_is_of_the_images_held_out(images):
    run = small_run(BetaTcVae(beta=4, alpha=1, gamma=1, sampling="mss"), batch_size=7)
    trained = fit(run, images)
    vae, _ = loop.build_networks(run, 1)
    vae.load_state_dict(trained.final)
    _, rows, _ = loop.split(100, 0, (0.8, 0.1, 0.1))
    again = loop.validate(vae, None, run, images, rows, 80)
    row = trained.history.iloc[-1]
    for name, value in again.items():
        assert row[f"validation_{name}"] == pytest.approx(value)
    with torch.no_grad():
        rate = vae.encode(images[rows]).rate("gaussian").mean().item()
    assert again["rate"] == pytest.approx(rate)


def test_an_epoch_shows_each_image_once_in_whole_minibatches(images, monkeypatch):
    shown, take = [], ImageBatches.__getitem__

    def watched(self, rows):
        shown.append(rows)
        return take(self, rows)

    monkeypatch.setattr(ImageBatches, "__getitem__", watched)
    fit(small_run(held_out=0, batch_size=30, epochs=2), images)
    assert [len(rows) for rows in shown] == [30] * 6
    for epoch in (shown[:3], shown[3:]):
        assert len(set(np.concatenate(epoch))) == 90
    assert set(np.concatenate(shown[:3])) != set(np.concatenate(shown[3:]))


def test_schedules():
    def schedule(images, **options):
        return small_run(**options).training.schedule(images)

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
