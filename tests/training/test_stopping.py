"""Trainings that stop early, or diverge."""

import math

import pytest
import torch
from small_runs import go, run

from betascan.core.checkpoint import backup_path
from betascan.core.errors import TrainingError
from betascan.models.saved import read_torch
from betascan.objectives import loss
from betascan.training import loop


def scripted(monkeypatch, losses):
    """Let validation find these losses, one after the other."""
    script = iter(losses)
    monkeypatch.setattr(loop, "validate", lambda *args: {"loss": next(script)})


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
    monkeypatch.setattr(loop, "CHUNK", 5)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    for broken in (  # the loss itself, and weights alone, in the last step before a checkpoint
        lambda total, draw: total * math.nan,
        lambda total, draw: total + (0 * draw.posterior.mean.sum()).sqrt(),
    ):
        count = iter(range(1000))

        def bad(draw, *args, count=count, broken=broken, **options):
            total = loss(draw, *args, **options)
            return broken(total, draw) if next(count) == 14 else total

        monkeypatch.setattr(loop, "loss", bad)
        path = tmp_path / "run.pt"
        with pytest.raises(TrainingError, match=r"^squares: not finite any more near step 15: low"):
            go(run(held_out=0), pictures, checkpoint=path, label="squares")
        saved = read_torch(path)
        assert saved["progress"]["step"] == 10
        assert all(value.isfinite().all() for value in saved["networks"].values())
        path.unlink()
        backup_path(path).unlink()


def test_a_learning_rate_that_is_too_high_is_told(pictures):
    with pytest.raises(TrainingError, match=r"lower the learning rate \(lr\)$"):
        go(run(lr=1e20), pictures)
