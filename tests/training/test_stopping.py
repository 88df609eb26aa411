"""Trainings that stop early, or diverge."""

import math

import pytest
import torch
from small_runs import fit, small_run

from betascan.core.checkpoint import backup_path
from betascan.core.errors import TrainingError
from betascan.models.saved import read_torch
from betascan.objectives import loss
from betascan.training import loop


def scripted(monkeypatch, losses):
    """Let validation return these losses, one after the other."""
    script = iter(losses)
    monkeypatch.setattr(loop, "validate", lambda *args: {"loss": next(script)})


def test_early_stopping_counts_epochs_without_a_better_loss(images, monkeypatch):
    shorter = fit(small_run(epochs=4), images)
    scripted(monkeypatch, [5, 4, 4.5, 4.2, 3.9, 3.9, 4.0, 1.0])
    trained = fit(small_run(epochs=8, patience=2), images)  # a better one follows 4.2
    assert trained.last_step == 4 * 8
    scripted(monkeypatch, [5, 4, 4.5, 3.9, 3.9, 4.0, 1.0])
    trained = fit(small_run(epochs=8, patience=2), images)
    assert (trained.best_step, trained.last_step) == (4 * 8, 6 * 8)
    assert all(torch.equal(trained.best[name], shorter.final[name]) for name in shorter.final)
    assert not torch.equal(trained.final["encoder.1.weight"], trained.best["encoder.1.weight"])


def test_divergence_is_one_line_and_keeps_an_earlier_state(images, monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "CHUNK", 5)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    for broken in (  # the loss itself, and weights alone, in the last step before a checkpoint
        lambda total, forward: total * math.nan,
        lambda total, forward: total + (0 * forward.posterior.mean.sum()).sqrt(),
    ):
        count = iter(range(1000))

        def bad(forward, *args, count=count, broken=broken, **options):
            total = loss(forward, *args, **options)
            return broken(total, forward) if next(count) == 14 else total

        monkeypatch.setattr(loop, "loss", bad)
        path = tmp_path / "run.pt"
        with pytest.raises(TrainingError, match=r"^squares: not finite any more near step 15: low"):
            fit(small_run(held_out=0), images, checkpoint=path, label="squares")
        saved = read_torch(path)
        assert saved["progress"]["step"] == 10
        assert all(value.isfinite().all() for value in saved["networks"].values())
        path.unlink()
        backup_path(path).unlink()


def test_the_remedy_for_a_high_learning_rate_is_in_the_error(images):
    with pytest.raises(TrainingError, match=r"lower the learning rate \(lr\)$"):
        fit(small_run(lr=1e20), images)
