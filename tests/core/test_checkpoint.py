import json

import numpy as np
import pytest

from betascan.core import checkpoint as module
from betascan.core.checkpoint import Checkpoint, backup_path, digest
from betascan.core.errors import DataError
from betascan.core.files import staged

STATES = [{"weights": np.arange(5.0) * k, "done": k} for k in range(3)]


def read_json(path):
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise DataError(f"{path} is damaged") from None


def write_json(contents, path):
    with staged(path) as temporary:
        temporary.write_text(json.dumps(contents))


@pytest.fixture
def checkpoint(tmp_path):
    """Saved twice."""
    saved = Checkpoint(tmp_path / "run.npz", "this one", every=0)
    for state in STATES[:2]:
        saved.save(state)
    return saved


def assert_state(contents, state):
    assert contents.keys() == state.keys()
    np.testing.assert_array_equal(contents["weights"], state["weights"], strict=True)
    assert contents["done"] == state["done"]


def test_the_last_state_comes_back(checkpoint):
    assert_state(checkpoint.restore(), STATES[1])


def test_another_identity_is_ignored_and_then_replaced(checkpoint):
    other = Checkpoint(checkpoint.path, "another one", every=0)
    assert other.restore() is None
    other.save(STATES[2])
    assert_state(other.restore(), STATES[2])


@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_damaged_file_is_reported_and_the_one_before_is_taken(checkpoint, capsys, left):
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:left])
    assert_state(checkpoint.restore(), STATES[0])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"{checkpoint.path} is damaged" in lines[0]


def test_a_kill_between_two_files_costs_one_state(checkpoint):
    checkpoint.path.replace(backup_path(checkpoint.path))
    assert_state(checkpoint.restore(), STATES[1])


def test_a_failed_write_costs_no_state(checkpoint, monkeypatch):
    def full(contents, path):
        raise DataError("the disk is full")

    broken = Checkpoint(checkpoint.path, "this one", every=0, write=full)
    with pytest.raises(DataError):
        broken.save(STATES[2])
    assert_state(checkpoint.restore(), STATES[1])


def test_the_final_state_is_the_only_file(checkpoint):
    checkpoint.save(STATES[2], final=True)
    assert list(checkpoint.path.parent.iterdir()) == [checkpoint.path]
    assert_state(checkpoint.restore(), STATES[2])


def test_a_checkpoint_is_due_some_time_after_the_last(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    checkpoint = Checkpoint(tmp_path / "run.npz", "", every=30)
    for _ in range(2):
        now += 30
        assert not checkpoint.due
        now += 0.1
        assert checkpoint.due
        checkpoint.save(STATES[0])
        assert not checkpoint.due


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint(None, "", every=-1)
    assert not checkpoint.due
    checkpoint.save(STATES[0], final=True)
    assert checkpoint.restore() is None
    assert not list(tmp_path.iterdir())


def test_other_formats(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.json", "x", 0, read=read_json, write=write_json)
    checkpoint.save({"done": 1})
    assert json.loads(checkpoint.path.read_text()) == {"identity": "x", "done": 1}
    assert checkpoint.restore() == {"done": 1}


def test_an_identity_has_settings_and_the_bytes_of_arrays():
    facts, x = ["lr", 0.1], np.arange(3.0)
    one = digest(facts, [x])
    assert one == digest(["lr", 0.1], [x.copy()])
    others = [
        digest(["lr", 0.2], [x]),
        digest(facts, [x + 1e-15]),
        digest(facts),
        digest(facts, [x, x]),
    ]
    assert len({one, *others}) == 5
