"""What surrounds the work of a rule."""

import os
import sys
from pathlib import Path

import pytest
from tqdm import tqdm

from betascan.core.errors import DataError
from betascan.workflow import job


def test_an_error_is_one_line_and_its_traceback_is_in_the_log(tmp_path, capsys):
    log = tmp_path / "logs/a.log"
    with pytest.raises(SystemExit) as ended, job.job(log):
        raise ValueError("shapes (2,)\nand (3,)")
    told = f"betascan: ValueError: shapes (2,) (the traceback is in {log})\n"
    assert (ended.value.code, capsys.readouterr().err) == (1, told)
    assert "Traceback" in log.read_text()
    assert log.read_text().endswith(told)


def test_a_user_s_mistake_has_no_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit), job.job(tmp_path / "a.log"):
        raise DataError("there is no such file")
    assert (tmp_path / "a.log").read_text() == "betascan: there is no such file\n"
    assert capsys.readouterr().err == "betascan: there is no such file\n"


def test_an_interrupt_without_progress_says_nothing(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, job.job(tmp_path / "a.log"):
        raise KeyboardInterrupt
    assert (ended.value.code, capsys.readouterr().err) == (130, "")


def test_an_interrupt_says_how_far_the_job_was(tmp_path, capsys):
    def scan():
        for step in tqdm(range(4), "scan", unit=" updates", mininterval=0):
            if step == 2:
                raise KeyboardInterrupt

    with pytest.raises(SystemExit), job.job(tmp_path / "a.log"):
        scan()
    assert capsys.readouterr().err.startswith("betascan: stopped at scan: 50% 2/4 [")


def test_a_bar_leaves_its_end_in_the_log_and_nothing_on_the_terminal(tmp_path, capsys):
    with job.job(tmp_path / "a.log"):
        for _ in tqdm(range(30), "dsprites, 1 of 2", unit=" steps", mininterval=0):
            pass
        print("done", file=sys.stderr)
    ended, done = (tmp_path / "a.log").read_text().splitlines()
    assert ended.startswith("dsprites, 1 of 2: 100% 30/30 [00:00<00:00, ")
    assert ended.endswith(" steps/s]")
    assert (done, capsys.readouterr().err) == ("done", "done\n")


def test_a_long_bar_is_a_line_a_minute(tmp_path, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(job.time, "monotonic", lambda: now[0])
    with job.job(tmp_path / "a.log"):
        for step in tqdm(range(5), unit=" steps", mininterval=0):
            now[0] += 25 * (step > 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("80% 4/5 [")
    assert (tmp_path / "a.log").read_text().splitlines()[0] == line


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """A machine whose nvidia-smi lists two, and whose locks are of this test alone."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf 'GPU 0: A\\nGPU 1: A\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(job.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def shown():
    return os.environ["CUDA_VISIBLE_DEVICES"]


def test_jobs_that_run_at_once_have_gpus_of_their_own(two_gpus, monkeypatch):
    with job._own_gpu(1):
        assert shown() == "0"
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")  # as another process has it
        with job._own_gpu(1):
            assert shown() == "1"
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
            with job._own_gpu(1):  # more jobs than GPUs
                assert shown() in "01"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with job._own_gpu(1):
        assert shown() == "0"


@pytest.mark.parametrize(("wanted", "visible"), [(0, "0,1"), (1, "3")])
def test_a_job_without_a_gpu_or_with_one_of_a_scheduler_keeps_what_it_sees(
    two_gpus, monkeypatch, wanted, visible
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with job._own_gpu(wanted):
        assert shown() == visible
    assert not list(Path(job.tempfile.gettempdir()).glob("betascan-*"))
