"""Trainings that are killed, and resumed from a checkpoint that may be damaged."""

import pytest
from small_runs import FACTOR, assert_same, fit, small_run

from betascan.config.vae import BetaVae
from betascan.core.checkpoint import backup_path
from betascan.training import loop


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def checkpoints_every_five_steps(monkeypatch):
    monkeypatch.setattr(loop, "CHUNK", 5)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)


def kill(monkeypatch, run, images, path, calls):
    """Train until some call of the loss, and be killed there."""
    count = iter(range(10_000))

    def fatal(*args, **options):
        if next(count) == calls:
            raise Killed
        return image_loss(*args, **options)

    image_loss = loop.loss
    with monkeypatch.context() as patch:
        patch.setattr(loop, "loss", fatal)
        with pytest.raises(Killed):
            fit(run, images, checkpoint=path)


def count_losses(monkeypatch):
    """Count the calls of the loss from here on."""
    image_loss, calls = loop.loss, []

    def counting(*args, **options):
        calls.append(1)
        return image_loss(*args, **options)

    monkeypatch.setattr(loop, "loss", counting)
    return lambda: len(calls)


@pytest.mark.parametrize(
    "run",
    [
        small_run(),
        small_run(FACTOR),
        small_run(
            BetaVae(beta=1), {"encoder": "convolutional", "decoder": "convolutional"}, epochs=2
        ),
        small_run(patience=1, epochs=50, lr=0.03),
        small_run(FACTOR, precision="float16", interval=7),
    ],
    ids=["plain", "factor", "convolutional", "early stopping", "factor, mixed"],
)
def test_killed_trainings_end_in_the_same_bytes(run, images, monkeypatch, tmp_path):
    if run.training.precision == "float16":
        monkeypatch.setattr(loop, "AMP_DEVICES", ("cpu",))
    path = tmp_path / "run.pt"
    expected = fit(run, images)
    for calls in (3, 7, 9):  # before a checkpoint; inside an epoch; at its end
        kill(monkeypatch, run, images, path, calls)
    assert_same(expected, fit(run, images, checkpoint=path))
    assert not backup_path(path).exists()
    monkeypatch.setattr(loop, "loss", None)  # what has ended is not trained again
    assert_same(expected, fit(run, images, checkpoint=path))


def test_early_stopping_is_among_them(images):
    assert fit(small_run(patience=1, epochs=50, lr=0.03), images).last_step < 50 * 8


def test_checkpoints_of_other_runs_are_left_alone(images, monkeypatch, tmp_path):
    path = tmp_path / "run.pt"
    start = fit(small_run(), images).final
    for other, options in (
        (small_run(seed=1), {}),
        (small_run(BetaVae(beta=2)), {}),
        (small_run(), {"start": start}),
    ):
        kill(monkeypatch, small_run(), images, path, 12)
        expected = fit(other, images, **options)
        assert_same(expected, fit(other, images, checkpoint=path, **options))
        path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    contents = bytearray(path.read_bytes())
    middle = slice(len(contents) // 2, len(contents) // 2 + 64)
    contents[middle] = bytes(byte ^ 1 for byte in contents[middle])
    path.write_bytes(contents)


@pytest.mark.parametrize("readable", ["the last", "the one before", "none"])
def test_damaged_checkpoints_cost_steps_but_no_bytes(
    images, monkeypatch, tmp_path, capfd, readable
):
    path = tmp_path / "run.pt"
    expected = fit(small_run(), images)
    kill(monkeypatch, small_run(), images, path, 18)
    damaged = {"the last": [], "the one before": [path], "none": [path, backup_path(path)]}
    for each in damaged[readable]:
        each.write_bytes(each.read_bytes()[:-100])
    calls = count_losses(monkeypatch)
    assert_same(expected, fit(small_run(), images, checkpoint=path))
    resumed_at = {"the last": 15, "the one before": 10, "none": 0}[readable]
    assert calls() == (24 - resumed_at) + (3 - resumed_at // 8)  # minibatches, and validations
    messages = capfd.readouterr().err
    assert messages.count("is damaged") == len(damaged[readable])
    assert all(f"{each} is damaged" in messages for each in damaged[readable])
