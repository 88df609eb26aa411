"""What Snakemake shows on the terminal: the plan, a line for each job that ends, and its errors."""

import difflib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

HIDDEN_EVENTS = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.GROUP_INFO,
    LogEvent.JOB_STARTED,
}
HIDDEN = re.compile(
    r"Building DAG|Using shell|Assuming unrestricted|Group jobs: inactive|Conda environments: ign"
    r"|Singularity|Select jobs|Reasons:|Shutting down|Terminating processes|Will exit after"
    r"|Exiting because|Elapsed time|Some jobs were triggered by provenance"
)


LOCKED = (
    "betascan: another run works in this folder, or one was killed: if none does, "
    "`snakemake --unlock`, then the same command again"
)


class Display(logging.Formatter):
    """Snakemake's messages, shortened: its own log in ``.snakemake/log`` has them in full.

    Parameters
    ----------
    plan : callable
        Returns what the run will do, once the jobs are known.
    dry_run : callable
        Tells whether the run is only planned; the plan is then the last thing shown.
    targets : collection of str
        What can be asked for; the nearest of them is named if a target is mistyped.
    """

    def __init__(
        self, plan: Callable[[], str], dry_run: Callable[[], bool], targets: Collection[str]
    ) -> None:
        super().__init__()
        self._plan, self._dry_run, self._targets = plan, dry_run, targets
        self._started = time.monotonic()
        self._running: dict[int, tuple[str, float]] = {}
        self._finished: list[str] = []
        self._jobs, self._failed = "", "failed"
        self._asked: Counter[str] = Counter()

    def wanted(self, record: logging.LogRecord) -> bool:
        """Tell whether a message is shown, and keep what later ones need."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_INFO:
            name = record.rule_msg or record.rule_name  # type: ignore[attr-defined]
            self._running[record.jobid] = name, time.monotonic()  # type: ignore[attr-defined]
            self._asked.update(_asked_of_slurm(record))
            return False
        if event == LogEvent.JOB_FINISHED:
            name, since = self._name(record.job_id)  # type: ignore[attr-defined]
            self._finished.append(f"{name} ({_duration(time.monotonic() - since)})")
            return False
        if event == LogEvent.RUN_INFO and self._dry_run():
            self._jobs = record.getMessage()
            return False
        if event == LogEvent.ERROR:  # a job that fails says why itself
            return not re.search("CalledProcessError|At least one job", record.getMessage())
        if record.getMessage().startswith("Terminating processes on user request"):
            self._failed = "stopped"
        hidden = event in HIDDEN_EVENTS or (
            event is None and HIDDEN.match(record.getMessage()) is not None
        )
        return not hidden

    def _name(self, job: int) -> tuple[str, float]:
        return self._running.pop(job, (f"job {job}", time.monotonic()))

    def format(self, record: logging.LogRecord) -> str:
        """Return a message as it is shown."""
        event, text = getattr(record, "event", None), record.getMessage()
        if event == LogEvent.RUN_INFO:
            return self._plan()
        if text.startswith("This was a dry-run"):
            asked = [f"  of SLURM: {n} x {what}" for what, n in sorted(self._asked.items())]
            end = "  This was a dry run: nothing was made."
            return "\n".join([self._jobs, self._plan(), *asked, end])
        if event == LogEvent.PROGRESS:
            place = f"{record.done} of {record.total}"  # type: ignore[attr-defined]
            place += f", {_duration(time.monotonic() - self._started)}"
            lines = [f"[{place}] {line}" for line in self._finished]
            self._finished.clear()
            return "\n".join(lines)
        if getattr(record, "exception", None) == "LockException":
            return LOCKED
        if event == LogEvent.ERROR and "[Errno 28]" in text:
            return "betascan: the disk is full: make room and run again; nothing is lost"
        if wrong := re.match(r"MissingRuleException:\nNo rule to produce (.+) \(if you", text):
            near = _nearest(Path(wrong[1]), [*map(Path, self._targets)])
            return f"betascan: no rule makes '{wrong[1]}'; nearest: '{near}'; all: `make help`"
        if event == LogEvent.JOB_ERROR:
            name, _ = self._name(record.jobid)  # type: ignore[attr-defined]
            return f"{self._failed}: {name}; log: {', '.join(record.log)}"  # type: ignore[attr-defined]
        if event == LogEvent.GROUP_ERROR:
            jobs = record.job_error_info  # type: ignore[attr-defined]
            logs = [*record.aux_logs, *(log for job in jobs for log in job["log"])]  # type: ignore[attr-defined]
            rules = ", ".join(job["rule_name"] for job in jobs)
            return f"{self._failed}: {rules}; logs: {', '.join(logs)}"
        return text


def _nearest(wrong: Path, targets: Sequence[Path]) -> Path:
    """Return the target with that name in another folder, or else the nearest in its folder."""
    named = {target.stem: target for target in reversed(targets)}  # PNG before PDF
    if wrong.stem in named:
        return named[wrong.stem]
    beside = [name for name, target in named.items() if target.parent == wrong.parent]
    return named[difflib.get_close_matches(wrong.stem, beside or named, n=1, cutoff=0.0)[0]]


def _asked_of_slurm(record: logging.LogRecord) -> list[str]:
    """Return what a job requests from a cluster; nothing if it runs here."""
    ours = record.resources  # type: ignore[attr-defined]
    if not (ours.get("slurm_partition") and ours.get("runtime")):  # or it makes no file
        return []
    cpus = f"{record.threads} CPU{'s' * (record.threads > 1)}"  # type: ignore[attr-defined]
    size = f"{ours.get('mem_mb')} MB, {ours.get('runtime')} min"
    gpus = f", {ours.get('gpu')} GPU" if ours.get("gpu") else ""
    return [f"{cpus}, {size}{gpus} in {ours.get('slurm_partition')}"]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def install(logger: logging.Logger, display: Display) -> None:
    """Let a display decide what Snakemake's own terminal handler shows.

    A logger plugin that the user has chosen instead is left alone.

    Parameters
    ----------
    logger : Logger
        ``snakemake.logging.logger``.
    display : Display
        What is shown.
    """
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(display.wanted)
            handler.setFormatter(display)
