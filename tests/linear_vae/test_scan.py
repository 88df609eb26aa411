"""What a point's result is, and what it may depend on."""

import numpy as np
import pytest
import torch
from linear_reference import cubature, samples, terms

from betascan.core.errors import TrainingError
from betascan.linear_vae import Scan, scan, total_variance
from betascan.linear_vae.layout import Layout
from betascan.linear_vae.minibatches import chunks
from betascan.linear_vae.result import PER_POINT
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
ESTIMATORS = pytest.mark.parametrize("estimator", ["sampled", "analytic"])


def assert_same(one, other):
    for name in PER_POINT:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(array, other.parameters[name], strict=True)


@ESTIMATORS
@pytest.mark.parametrize("mean", [0, 10])
def test_thresholds_are_the_spectrum(estimator, mean):
    ratios = np.array([0.5, 0.3, 0.15, 0.05])
    x = samples(20_000, ratios) + np.float32(mean)
    betas = np.outer([0.3, 0.45, 0.6], ratios).ravel() * total_variance(x)
    run = scan(x, x, betas, latents=4, updates=6000, lr=3e-3, estimator=estimator, progress=False)
    modes = observe(run, x).groupby("rank")
    fitted = [fit_threshold(mode["T"], mode["signal_fraction"])[0] for _, mode in modes]
    np.testing.assert_allclose(fitted, ratios, rtol=0.03)


def test_annealed_the_weight_of_the_rate_grows_in_proportion_to_the_updates(
    data, no_kernel, monkeypatch
):
    seen, train = [], TorchEngine.train

    def watched(engine, state, betas, *more):
        seen.append((state.done, *betas))
        train(engine, state, betas, *more)

    monkeypatch.setattr(TorchEngine, "train", watched)
    scan(*data, [2.0, 3.0], annealed=0.5, **BRIEF)
    done, first, second = np.transpose(seen)
    expected = np.minimum(1, (done + 1) / (0.5 * BRIEF["updates"]))
    np.testing.assert_allclose([first / 2, second / 3], [expected, expected])
    assert expected[0] < 0.1
    assert expected[-1] == 1


def test_no_point_is_stopped_while_the_weight_of_the_rate_grows(data):
    impatient = BRIEF | {"updates": 1800, "patience": 0.01}
    betas = [2.0, 30.0]
    assert (scan(*data, betas, **impatient).last_update < 900).all()
    assert (scan(*data, betas, annealed=0.5, **impatient).last_update >= 900).all()


@ESTIMATORS
def test_points_do_not_know_of_each_other(cxx, data, estimator, tmp_path):
    together = scan(*data, BETAS, estimator=estimator, **BRIEF)
    paths = []
    for beta in BETAS:
        paths.append(tmp_path / f"{beta}.npz")
        scan(*data, [beta], estimator=estimator, **BRIEF).save(paths[-1])
    assert_same(Scan.load(*paths), together)


def test_points_do_not_know_of_each_other_on_torch(data, no_kernel):
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


def test_threads_leave_no_trace(cxx, data, tmp_path):
    for workers in (1, 2):
        scan(*data, BETAS, **BRIEF | {"workers": workers}).save(tmp_path / str(workers))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_default_type_of_torch_does_not_matter(data, no_kernel):
    usual = scan(*data, BETAS, **BRIEF)
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(scan(*data, BETAS, **BRIEF), usual)
    finally:
        torch.set_default_dtype(torch.float32)


@ESTIMATORS
def test_the_validation_loss_is_that_of_the_kept_parameters(way, data, estimator):
    run = scan(*data, BETAS, estimator=estimator, **BRIEF | {"lr": 5e-2})
    assert np.any(run.best_update < run.last_update)
    x = torch.tensor(data[1]).double()
    for point, beta in enumerate(BETAS):
        p = {name: torch.tensor(array[point]) for name, array in run.parameters.items()}
        distortion, rate = terms(p, x, cubature(3), torch.ones(5, dtype=torch.float64))
        np.testing.assert_allclose(run.validation_loss[point], distortion + beta * rate, rtol=1e-6)


def test_an_epoch_has_every_sample_once_with_noise_of_its_own():
    layout = Layout(2, 3)
    inputs = layout.inputs(np.arange(1602, dtype=np.float32).reshape(801, 2))
    epochs = [list(chunks(layout, inputs, 8, 0, epoch, 500)) for epoch in (0, 1)]
    filled = [
        (chunk.x[step, :n], chunk.noise[step, :n, :3])
        for chunk in epochs[0] + epochs[1]
        for step, n in enumerate(chunk.counts)
    ]
    assert [len(x) for x, _ in filled] == ([8] * 100 + [1]) * 2
    x, noise = (np.concatenate(rows) for rows in zip(*filled, strict=True))
    for epoch in (x[:801], x[801:]):
        np.testing.assert_array_equal(epoch[np.argsort(epoch[:, 0])], inputs)
    assert np.any(x[:801] != x[801:])
    assert len(np.unique(noise, axis=0)) == len(noise)
    short = list(chunks(layout, inputs, 8, 0, 0, 70))
    assert [len(chunk.counts) for chunk in short] == [64, 6]
    np.testing.assert_array_equal(short[1].noise, epochs[0][1].noise[:6])


def test_a_point_out_of_patience_is_frozen(cxx, data):
    brief = BRIEF | {"updates": 1500, "lr": 1e-2}  # patience: 150 updates, an epoch: 26
    run, alone = scan(*data, [0.02, 100.0], **brief), scan(*data, [100.0], **brief)
    assert run.last_update[1] < run.last_update[0] == 1500
    assert 150 <= run.last_update[1] - run.best_update[1] < 150 + 26
    assert alone.last_update == run.last_update[1]
    for name, array in alone.parameters.items():
        np.testing.assert_array_equal(array[0], run.parameters[name][1])


def test_divergence_is_one_line_that_names_beta(way, data):
    with pytest.raises(TrainingError, match=r"beta = 0\.02 .* lower the learning rate") as caught:
        scan(*data, BETAS, **BRIEF | {"lr": 1e6})
    assert "\n" not in str(caught.value)


def test_divergence_of_a_table_out_of_scale_is_not_blamed_on_the_learning_rate(way, data):
    train, validation = (1e25 * x.astype(float) for x in data)
    with pytest.raises(TrainingError, match=r"standardise the columns, .* up to 5\.\d+e\+25"):
        scan(train, validation, BETAS, **BRIEF)
