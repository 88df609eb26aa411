"""Writers killed at each step: what was there stays, and the next attempt completes it."""

import os
import signal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from betascan.core import files
from betascan.core.checkpoint import Checkpoint
from betascan.data import store
from betascan.data.grid import Grid
from betascan.models.saved import read_torch, write_torch
from betascan.plots import save as save_figure

STATES = [{"step": step, "weights": torch.full((50,), float(step))} for step in (1, 2, 3)]


def checkpoint(folder):
    kept = Checkpoint(folder / "checkpoint.pt", "this run", 0, read_torch, write_torch)
    for state in STATES:
        kept.save(state)


def result(folder):
    files.write_csv(pd.DataFrame({"a": [1.0, 2.0]}), folder / "table.csv")
    files.write_json({"a": 1}, folder / "record.json")


def arrays(folder):
    files.write_npz(folder / "scan.npz", {"a": np.arange(9.0)}, beta=4)


def images(folder):
    grid = Grid({"a": (0.0, 1.0)})
    pixels = np.zeros((2, 64, 64, 1), np.uint8)
    store.write(folder / "images.h5", grid, np.arange(2), [pixels], source="mine", maximum=255)


def figure(folder):
    drawn, ax = plt.subplots(figsize=(1, 1))
    ax.plot([0, 1])
    save_figure(drawn, folder / "a.png", folder / "a.pdf", "footer")


def killed(write, folder, number):
    """Write in another process, which kills itself when it is about to take its nth step.

    A step is what moves data or names to the disk. Returns whether there were so many.
    """
    folder.mkdir()
    if (child := os.fork()) == 0:
        taken = 0

        def fatal(step):
            def stepped(*arguments, **options):
                nonlocal taken
                taken += 1
                if taken == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return step(*arguments, **options)

            return stepped

        for name in ("replace", "rename", "fsync", "unlink"):
            setattr(os, name, fatal(getattr(os, name)))
        try:
            write(folder)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "write", [result, arrays, images, figure], ids=lambda write: write.__name__
)
def test_a_killed_writer_leaves_complete_files_alone(tmp_path, write):
    (tmp_path / "whole").mkdir()
    write(tmp_path / "whole")
    whole, number = contents(tmp_path / "whole"), 1
    while killed(write, folder := tmp_path / str(number), number):
        left = {n: b for n, b in contents(folder).items() if not n.endswith(".partial")}
        assert left.items() <= whole.items()
        write(folder)
        assert contents(folder) == whole
        number += 1
    assert number > 2
    assert contents(folder) == whole


def test_a_kill_costs_a_checkpoint_at_most_one_state(tmp_path):
    number = 1
    while killed(checkpoint, folder := tmp_path / str(number), number):
        kept = Checkpoint(folder / "checkpoint.pt", "this run", 0, read_torch, write_torch)
        written = len(list(folder.glob("checkpoint.pt*"))) - len(list(folder.glob("*.partial")))
        found = kept.restore()
        assert (found is None) == (written == 0)
        if found is not None:
            assert (found["weights"] == found["step"]).all()
        kept.save(STATES[0])
        assert kept.restore()["step"] == 1
        number += 1
    assert number > 6
