"""Interrupted scans."""

import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from test_scan import BETAS, BRIEF, assert_same

from betascan.core.errors import DataError
from betascan.core.files import read_npz, write_npz
from betascan.linear_vae import scan, training
from betascan.linear_vae.engine import State

INPUTS = ("train", "validation", "betas")
CHILD = """
import sys, time
from pathlib import Path
from betascan.core.files import read_npz
from betascan.linear_vae import training
training.CHECKPOINT_SECONDS = -1
save = training.Checkpoint.save
def slowly(*args, **kwargs):  # leaves time to be killed
    save(*args, **kwargs)
    time.sleep(0.05)
training.Checkpoint.save = slowly
arrays, brief = read_npz(Path(sys.argv[1]))
training.scan(**arrays, **brief, checkpoint=sys.argv[2])
"""


@pytest.fixture
def interrupted(data, tmp_path, monkeypatch):
    """The checkpoint of a scan that was interrupted after two epochs."""
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", -1)
    save, epochs = training.Checkpoint.save, []

    def then_interrupt(*args, **kwargs):
        save(*args, **kwargs)
        epochs.append(args)
        if len(epochs) == 2:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint.npz"
    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "save", then_interrupt)
        with pytest.raises(KeyboardInterrupt):
            scan(*data, BETAS, **BRIEF, checkpoint=checkpoint)
    return checkpoint


def test_killed_and_restarted_is_undisturbed(data, tmp_path, monkeypatch):
    brief = BRIEF | {"updates": 6000}
    checkpoint = tmp_path / "checkpoint.npz"
    write_npz(tmp_path / "in.npz", dict(zip(INPUTS, (*data, BETAS), strict=True)), **brief)
    command = [sys.executable, "-c", CHILD, tmp_path / "in.npz", checkpoint]
    with subprocess.Popen(command) as child:
        while child.poll() is None and not checkpoint.exists():
            time.sleep(1e-3)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert 0 < read_npz(checkpoint)[1]["done"] < 6000
    scan(*data, BETAS, **brief).save(tmp_path / "undisturbed.npz")
    monkeypatch.delattr(State, "start")  # which a scan from the start needs
    scan(*data, BETAS, **brief, checkpoint=checkpoint).save(tmp_path / "resumed.npz")
    assert (tmp_path / "resumed.npz").read_bytes() == (tmp_path / "undisturbed.npz").read_bytes()


def test_another_processor_goes_on_and_says_so(
    cxx, interrupted, data, monkeypatch, no_kernel, capsys
):
    undisturbed = scan(*data, BETAS, **BRIEF)
    monkeypatch.delattr(State, "start")
    resumed = scan(*data, BETAS, **BRIEF, checkpoint=interrupted)
    np.testing.assert_allclose(resumed.validation_loss, undisturbed.validation_loss, rtol=1e-4)
    lines = [line for line in capsys.readouterr().err.splitlines() if "last digits" in line]
    assert len(lines) == 1
    assert str(interrupted) in lines[0]


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"lr": 1e-3}, {"estimator": "analytic"}, {"updates": 170}, {"data": 2}]
)
def test_a_checkpoint_of_other_settings_is_not_used(interrupted, data, other):
    brief = BRIEF | other
    x = data[0] * np.float32(brief.pop("data", 1))
    fresh = scan(x, data[1], BETAS, **brief)
    assert_same(scan(x, data[1], BETAS, **brief, checkpoint=interrupted), fresh)


def test_a_checkpoint_of_other_code_is_not_used(interrupted, data, monkeypatch):
    monkeypatch.setattr(training, "source_digest", lambda *sources: "another")
    monkeypatch.delattr(State, "start")
    with pytest.raises(AttributeError, match="start"):
        scan(*data, BETAS, **BRIEF, checkpoint=interrupted)


def test_of_a_damaged_checkpoint_the_one_before_serves(interrupted, data, monkeypatch, capsys):
    os.truncate(interrupted, interrupted.stat().st_size // 2)
    undisturbed = scan(*data, BETAS, **BRIEF)
    monkeypatch.delattr(State, "start")
    assert_same(scan(*data, BETAS, **BRIEF, checkpoint=interrupted), undisturbed)
    assert "checkpoint.npz is damaged" in capsys.readouterr().err


def test_a_full_disk_leaves_the_last_checkpoint(interrupted, data, monkeypatch):
    before = interrupted.read_bytes()

    def fill(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fill)
    with pytest.raises(DataError, match=r"is full: make room and run again") as caught:
        scan(*data, BETAS, **BRIEF, checkpoint=interrupted)
    assert "\n" not in str(caught.value)
    assert before in [path.read_bytes() for path in interrupted.parent.iterdir()]
