"""Trainings that are killed, and resumed from a checkpoint that may be damaged."""

import pytest
from small_runs import FACTOR, assert_same, go, run

from betascan.config.vae import BetaVae
from betascan.core.checkpoint import backup_path
from betascan.training import loop


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Checkpoints every five steps."""
    monkeypatch.setattr(loop, "CHUNK", 5)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)


def kill(monkeypatch, wanted, pictures, path, calls):
    """Train, and be killed at some call of the loss."""
    count = iter(range(10_000))

    def fatal(*args, **options):
        if next(count) == calls:
            raise Killed
        return image_loss(*args, **options)

    image_loss = loop.loss
    with monkeypatch.context() as patch:
        patch.setattr(loop, "loss", fatal)
        with pytest.raises(Killed):
            go(wanted, pictures, checkpoint=path)


def count_losses(monkeypatch):
    """Count the calls of the loss from here on."""
    image_loss, calls = loop.loss, []

    def counting(*args, **options):
        calls.append(1)
        return image_loss(*args, **options)

    monkeypatch.setattr(loop, "loss", counting)
    return lambda: len(calls)


@pytest.mark.parametrize(
    "wanted",
    [
        run(),
        run(FACTOR),
        run(BetaVae(beta=1), {"encoder": "convolutional", "decoder": "convolutional"}, epochs=2),
        run(patience=1, epochs=50, lr=0.03),
        run(FACTOR, precision="float16", interval=7),
    ],
    ids=["plain", "factor", "convolutional", "early stopping", "factor, mixed"],
)
def test_killed_trainings_end_in_the_same_bytes(wanted, pictures, monkeypatch, tmp_path):
    if wanted.training.precision == "float16":
        monkeypatch.setattr(loop, "AMP_DEVICES", ("cpu",))
    path = tmp_path / "run.pt"
    expected = go(wanted, pictures)
    for calls in (3, 7, 9):  # before a checkpoint; inside an epoch; at its end
        kill(monkeypatch, wanted, pictures, path, calls)
    assert_same(expected, go(wanted, pictures, checkpoint=path))
    assert not backup_path(path).exists()
    monkeypatch.setattr(loop, "loss", None)  # what has ended is not trained again
    assert_same(expected, go(wanted, pictures, checkpoint=path))


def test_early_stopping_is_among_them(pictures):
    assert go(run(patience=1, epochs=50, lr=0.03), pictures).last_step < 50 * 8


def test_checkpoints_of_other_runs_are_left_alone(pictures, monkeypatch, tmp_path):
    path = tmp_path / "run.pt"
    start = go(run(), pictures).final
    for other, options in (
        (run(seed=1), {}),
        (run(BetaVae(beta=2)), {}),
        (run(), {"start": start}),
    ):
        kill(monkeypatch, run(), pictures, path, 12)
        expected = go(other, pictures, **options)
        assert_same(expected, go(other, pictures, checkpoint=path, **options))
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
    pictures, monkeypatch, tmp_path, capfd, readable
):
    path = tmp_path / "run.pt"
    expected = go(run(), pictures)
    kill(monkeypatch, run(), pictures, path, 18)
    damaged = {"the last": [], "the one before": [path], "none": [path, backup_path(path)]}
    for each in damaged[readable]:
        each.write_bytes(each.read_bytes()[:-100])
    calls = count_losses(monkeypatch)
    assert_same(expected, go(run(), pictures, checkpoint=path))
    resumed_at = {"the last": 15, "the one before": 10, "none": 0}[readable]
    assert calls() == (24 - resumed_at) + (3 - resumed_at // 8)  # minibatches, and validations
    messages = capfd.readouterr().err
    assert messages.count("is damaged") == len(damaged[readable])
    assert all(f"{each} is damaged" in messages for each in damaged[readable])
