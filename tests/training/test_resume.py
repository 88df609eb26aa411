"""Trainings that are killed, and checkpoints that are damaged."""

import pytest
from small_runs import FACTOR, assert_same, go, run

from betascan.config.vae import BetaVae
from betascan.training import checkpoint as checkpoints
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
    assert not checkpoints.backup_path(path).exists()
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


@pytest.mark.parametrize("damage", [cut, flip, lambda path: path.write_bytes(b"")])
def test_damaged_checkpoints_are_told_and_left_for_the_one_before(
    pictures, monkeypatch, tmp_path, capfd, damage
):  # fmt: skip
    path = tmp_path / "run.pt"
    expected = go(run(), pictures)
    kill(monkeypatch, run(), pictures, path, 18)
    damage(path)
    assert checkpoints.restore(path, _identity(pictures))["progress"]["step"] == 10
    assert f"{path} is damaged" in capfd.readouterr().err
    assert_same(expected, go(run(), pictures, checkpoint=path))


def test_without_a_readable_checkpoint_it_starts_again(pictures, monkeypatch, tmp_path):
    path = tmp_path / "run.pt"
    kill(monkeypatch, run(), pictures, path, 18)
    for each in (path, checkpoints.backup_path(path)):
        cut(each)
    assert checkpoints.restore(path, _identity(pictures)) is None
    assert_same(go(run(), pictures), go(run(), pictures, checkpoint=path))


def test_a_kill_between_two_files_costs_one_checkpoint(pictures, monkeypatch, tmp_path):
    path = tmp_path / "run.pt"
    kill(monkeypatch, run(), pictures, path, 18)
    path.replace(checkpoints.backup_path(path))  # and the next one not yet written
    assert_same(go(run(), pictures), go(run(), pictures, checkpoint=path))


def _identity(pictures):
    return checkpoints.identity(run(), pictures, None)
