"""A scan of nonlinear VAEs: against closed forms, and against torch's own layers."""

import numpy as np
import pytest
import torch

from betascan.core.errors import ConfigError, DataError, TrainingError
from betascan.core.randomness import stream
from betascan.nonlinear_vae import observe, scan, training, truncated_distortion
from betascan.theory import landau

SMALL = {"hidden": (5, 3), "latents": 4, "updates": 40, "batch_size": 32, "progress": False}
SMALL |= {"device": "cpu"}
BETAS = [0.01, 0.5, 3.0]


@pytest.fixture(scope="module")
def data():
    x = stream(0, "test/nonlinear").normal(size=(400, 3)) * [2, 1, 0.5]
    return x[:300].astype(np.float32), x[300:].astype(np.float32)


@pytest.fixture(scope="module")
def small(data):
    return scan(*data, BETAS, **SMALL)


def modules(trained, point):
    """Encoder and decoder of a point as torch's own modules."""
    built = []
    for part in ("encoder", "decoder"):
        layers = []
        for name, stack in trained.parameters.items():
            if name.startswith(part):
                matrix = torch.from_numpy(stack[point]).float()
                layer = torch.nn.Linear(len(matrix) - 1, matrix.shape[1])
                layer.weight.data, layer.bias.data = matrix[:-1].T, matrix[-1]
                layers += [layer, torch.nn.SiLU()]
        built.append(torch.nn.Sequential(*layers[:-1]).requires_grad_(False))
    return built


def test_observables_are_those_of_torch_modules(small, data):
    observed = observe(small, data[1])
    for point, beta in enumerate(BETAS):
        encoder, _ = modules(small, point)
        mean, log_variance = encoder(torch.from_numpy(data[1])).double().chunk(2, dim=1)
        rows = observed[observed["beta"] == beta].sort_values("latent")
        rate = (mean**2 + log_variance.exp() - log_variance - 1).mean(0) / 2
        np.testing.assert_allclose(rows["rate"], rate, rtol=1e-4, atol=1e-6)
        second = (mean**2).mean(0)
        fraction = second / (second + log_variance.exp().mean(0))
        np.testing.assert_allclose(rows["signal_fraction"], fraction, rtol=1e-4, atol=1e-6)
        ranked = observed.loc[observed["beta"] == beta]
        assert ranked["rank"].tolist() == [1, 2, 3, 4]
        assert ranked["signal_fraction"].is_monotonic_decreasing


def test_pruned_latents_are_at_the_prior_mean(small, data):
    x, observed = torch.from_numpy(data[1]), observe(small, data[1])
    ours = truncated_distortion(small, data[1], observed)
    for point, beta in enumerate(BETAS):
        encoder, decoder = modules(small, point)
        mean, order = encoder(x)[:, :4], observed.loc[observed["beta"] == beta, "latent"]
        for k in range(5):
            z = torch.zeros_like(mean)
            kept = order.tolist()[:k]
            z[:, kept] = mean[:, kept]
            expected = (decoder(z) - x).square().sum(1).mean() / small.total_variance
            assert ours[point, k] == pytest.approx(float(expected), rel=1e-4)


def test_without_hidden_layers_it_obeys_the_linear_law():
    """The law of hirn2026 for three modes of known shares of the variance."""
    shares = np.array([0.7, 0.25, 0.05])
    x = stream(1, "test/nonlinear").normal(size=(4000, 3))
    x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, ddof=0))).T * shares**0.5
    x = (x * 3**0.5).astype(np.float32)  # V = 3
    T = np.array([0.02, 0.1, 0.4])
    trained = scan(
        x, x, 3 * T, hidden=(), latents=4, updates=1500, lr=1e-2, patience=1, progress=False
    )
    observed = observe(trained, x).pivot_table(index="T", columns="rank", values="signal_fraction")
    law = landau.signal_fraction(T[:, None], [*shares, 1e-9])
    np.testing.assert_allclose(observed, law, atol=0.03)


def test_one_latent_is_enough_for_a_curve_that_needs_two_principal_axes():
    t = stream(2, "test/nonlinear").uniform(-1.7, 1.7, 1500)
    x = np.column_stack([t, t**2])
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)  # uncorrelated: each axis has half
    T = np.array([0.05, 0.1, 0.2, 0.3, 2])
    trained = scan(
        x, x, 2 * T, hidden=(16,), latents=3, updates=600, lr=1e-2, patience=1, progress=False
    )
    best = truncated_distortion(trained, x, observe(trained, x)).min(0)
    assert best[0] == pytest.approx(1, abs=0.03)
    assert best[1] < 0.4  # no straight axis leaves less than 0.5


def test_killed_between_two_epochs_and_run_again_gives_the_same_bytes(data, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", -1)
    save, saved = training.Checkpoint.save, []

    def then_killed(*args, **kwargs):
        save(*args, **kwargs)
        saved.append(args)
        if len(saved) == 2:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint.npz"
    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "save", then_killed)
        with pytest.raises(KeyboardInterrupt):
            scan(*data, BETAS, **SMALL, checkpoint=checkpoint)
    scan(*data, BETAS, **SMALL, checkpoint=checkpoint).save(tmp_path / "resumed.npz")
    scan(*data, BETAS, **SMALL).save(tmp_path / "whole.npz")
    assert (tmp_path / "resumed.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    scan(*data, BETAS, **{**SMALL, "seed": 1}, checkpoint=checkpoint).save(tmp_path / "other.npz")
    assert (tmp_path / "other.npz").read_bytes() != (tmp_path / "whole.npz").read_bytes()


def test_a_point_does_not_depend_on_the_others(small, data):
    alone = scan(*data, BETAS[1:2], **SMALL)
    for name, layer in alone.parameters.items():
        np.testing.assert_allclose(layer[0], small.parameters[name][1], rtol=1e-4, atol=1e-6)


def test_a_point_without_patience_stops(data):
    impatient = {**SMALL, "updates": 400, "patience": 1 / 40, "lr": 1e-2}  # an epoch has 10
    trained = scan(*data, [1e3, 0.01], **impatient)
    stopped = trained.last_update < 400
    assert stopped.any()
    assert (trained.last_update - trained.best_update)[stopped].tolist() == [10] * stopped.sum()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"hidden": (5, 0)}, ConfigError, r"hidden\[1\] must be at least 1, not 0"),
        ({"lr": 0}, ConfigError, "lr must be above 0"),
        ({"lr": 1e20}, TrainingError, "is not finite after 10 updates"),
    ],
)
def test_what_makes_no_sense_is_one_line(data, change, error, words):
    with pytest.raises(error, match=words):
        scan(*data, BETAS, **{**SMALL, **change})


def test_tables_of_other_columns_are_refused(data):
    with pytest.raises(DataError, match="train has 3 columns and validation 2"):
        scan(data[0], data[1][:, :2], BETAS, **SMALL)
