"""What a run prints: through Snakemake's own handler, as it hands messages over."""

import io
import logging

import pytest
from snakemake.logging import ColorizingTextHandler, DefaultFilter
from snakemake_interface_logger_plugins.common import LogEvent

from betascan.workflow import display
from betascan.workflow.display import Display, install

TARGETS = ["hirn2026", "figures/hirn2026/fig3.png", "figures/vu2026/heat.png"]


@pytest.fixture
def run(monkeypatch):
    """A logger as Snakemake sets it up, what it has printed, and a clock that tests move."""
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])

    class Run:
        dry, printed, logger = False, io.StringIO(), logging.Logger("snakemake.logging")

        def wait(self, seconds):
            now[0] += seconds

        def tell(self, text, event=None, **fields):
            self.logger.info(text, extra={"event": event, **fields})

        def start(self, number, message, **resources):
            fields = {"rule_msg": message, "rule_name": "rule", "jobid": number, "threads": 1}
            self.tell("", LogEvent.JOB_INFO, **fields, resources=resources)

        def finish(self, number, done, total):
            self.tell("Finished", LogEvent.JOB_FINISHED, job_id=number)
            self.tell(None, LogEvent.PROGRESS, done=done, total=total)

    started = Run()
    handler = ColorizingTextHandler(nocolor=True, stream=started.printed)
    handler.addFilter(DefaultFilter(set(), False, False, False, False))
    handler.name = "DefaultStreamHandler"
    started.logger.addHandler(handler)
    install(started.logger, Display(lambda: "the plan", lambda: started.dry, TARGETS))
    return started


def test_a_job_is_one_line_when_it_ends_with_its_own_time(run):
    run.start(7, "vu2026: figure boxes")
    run.wait(30)
    run.start(8, "vu2026: figure heat maps")
    run.wait(100)
    run.finish(7, 1, 159)
    run.wait(7200)
    run.finish(8, 2, 159)
    assert run.printed.getvalue().splitlines() == [
        "[1 of 159, 2 min] vu2026: figure boxes (2 min)",
        "[2 of 159, 2.0 h] vu2026: figure heat maps (2.0 h)",
    ]


def test_jobs_of_a_group_end_together(run):
    for number in (1, 2):
        run.start(number, f"table {number}")
        run.tell("Finished", LogEvent.JOB_FINISHED, job_id=number)
    run.tell(None, LogEvent.PROGRESS, done=2, total=9)
    assert run.printed.getvalue() == "[2 of 9, 0 s] table 1 (0 s)\n[2 of 9, 0 s] table 2 (0 s)\n"


def test_a_failed_job_is_one_line_with_its_log(run):
    run.start(3, "hirn2026: scan")
    text = "RuleException:\nCalledProcessError in file train.smk, line 3:\nCommand ..."
    run.tell(text, LogEvent.ERROR, exception="RuleException")
    run.tell("Error in rule", LogEvent.JOB_ERROR, jobid=3, log=["logs/scan.log"])
    run.tell("Exiting because a job execution failed. Look above for error messages")
    assert run.printed.getvalue() == "failed: hirn2026: scan; log: logs/scan.log\n"


def test_a_stopped_job_has_not_failed(run):
    run.start(3, "hirn2026: scan")
    run.tell("Terminating processes on user request, this might take some time.")
    run.tell("Error in rule", LogEvent.JOB_ERROR, jobid=3, log=["logs/scan.log"])
    assert run.printed.getvalue() == "stopped: hirn2026: scan; log: logs/scan.log\n"


def test_errors_of_snakemake_itself_are_shown(run):
    run.tell("Missing input files for rule all", LogEvent.ERROR, exception="MissingInput")
    assert run.printed.getvalue() == "Missing input files for rule all\n"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("hirn26", "hirn2026"),
        ("fig3", "figures/hirn2026/fig3.png"),
        ("figures/vu2026/tigs.png", "figures/vu2026/heat.png"),
    ],
)
def test_a_wrong_target_is_one_line_with_the_nearest(run, wrong, near):
    text = f"MissingRuleException:\nNo rule to produce {wrong} (if you use input functions ...).\n"
    run.tell(text, LogEvent.ERROR, exception="MissingRuleException")
    (line,) = run.printed.getvalue().splitlines()
    assert line.startswith(f"betascan: no rule makes '{wrong}'; nearest: '{near}'; ")


def test_a_full_disk_is_one_line(run):
    text = (
        'RuleException:\nOSError in file "tables.smk", line 34:\n[Errno 28] No space left on device'
    )
    run.tell(text, LogEvent.ERROR, exception="RuleException")
    (line,) = run.printed.getvalue().splitlines()
    assert line.startswith("betascan: the disk is full")


def test_a_locked_folder_is_one_line(run):
    text = "Error: Directory cannot be locked. Please make sure\n that no other Snakemake"
    run.tell(text, LogEvent.ERROR, exception="LockException")
    (line,) = run.printed.getvalue().splitlines()
    assert "snakemake --unlock" in line


def test_the_plan_comes_first_in_a_run_and_last_in_a_dry_run(run):
    run.tell("Job stats:\njob  count", LogEvent.RUN_INFO, stats={})
    run.start(1, "a job")
    assert run.printed.getvalue() == "the plan\n"
    run.dry = True
    run.tell("Job stats:\njob  count", LogEvent.RUN_INFO, stats={})
    run.tell("Reasons:\n    (check individual jobs above for details)")
    run.tell("This was a dry-run (flag -n). The order of jobs does not")
    first, *rest = run.printed.getvalue().splitlines()[1:]
    assert (first, rest[0]) == ("Job stats:", "job  count")
    assert rest[1:] == ["the plan", "  This was a dry run: nothing was made."]


def test_a_dry_run_tells_what_it_will_ask_of_a_cluster(run):
    run.dry = True
    training = {"mem_mb": 8000, "runtime": 1440, "gpu": 1, "slurm_partition": "gpu"}
    for number in (1, 2):
        run.start(number, "training", **training)
    run.start(3, "figure", mem_mb=1000, runtime=10, slurm_partition="main")
    run.start(4, "here", mem_mb=1000, runtime=10)
    run.tell("This was a dry-run (flag -n).")
    assert run.printed.getvalue().splitlines()[2:-1] == [
        "  of SLURM: 1 x 1 CPU, 1000 MB, 10 min in main",
        "  of SLURM: 2 x 1 CPU, 8000 MB, 1440 min, 1 GPU in gpu",
    ]


def test_messages_of_others_are_left_alone(run):
    run.tell("Job 3 has been submitted with SLURM jobid 12 (log: a 100%).")
    run.tell("Activating conda environment: .snakemake/conda/1")
    assert len(run.printed.getvalue().splitlines()) == 2


def test_another_logger_is_left_alone():
    logger, handler = logging.Logger("other"), logging.StreamHandler()
    logger.addHandler(handler)
    install(logger, Display(lambda: "", lambda: False, []))
    assert handler.formatter is None
    assert not handler.filters
