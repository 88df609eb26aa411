"""What surrounds the work of a rule: its arguments, its log, and errors as one line."""

import fcntl
import gc
import inspect
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from betascan.core.device import gpus
from betascan.core.errors import BetascanError, one_line_errors

# Parameters of a rule that are read by Snakemake and the report, not by the function.
NOT_ARGUMENTS = {"function", "code", "caption", "shows", "footer"}

SECONDS_BETWEEN_LINES = 60.0  # of a job's progress


def run_rule(snakemake: Any) -> None:
    """Call the function that a rule names, with the rule's files and parameters.

    Every named input, output and parameter is passed under its name, files as paths, and
    ``threads`` to functions that have that argument. A rule with the parameter ``footer`` is
    a figure: its function returns the Figure, which is saved here.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        The object that Snakemake passes to scripts.
    """
    params = dict(snakemake.params.items())
    module, _, name = params["function"].rpartition(".")
    arguments = {key: value for key, value in params.items() if key not in NOT_ARGUMENTS}
    arguments |= _paths(snakemake.input)
    with job(Path(snakemake.log[0])), _own_gpu(snakemake.resources.get("gpu", 0)):
        if "footer" in params:
            gc.disable()  # in a process this short it would take a tenth of the time
            from betascan import plots  # before the function's module imports matplotlib

            with plots.themed():
                figure = _function(module, name)(**arguments)
            files = snakemake.output
            plots.save(figure, Path(files.png), Path(files.pdf), params["footer"])
            return
        function = _function(module, name)
        if "threads" in inspect.signature(function).parameters:
            arguments["threads"] = snakemake.threads
        function(**arguments, **_paths(snakemake.output))


def _function(module: str, name: str) -> Callable[..., Any]:
    return getattr(import_module(module), name)


def _paths(files: Mapping[str, str | list[str]]) -> dict[str, Path | list[Path]]:
    """Return named files as paths: one each, or a list where the rule gives a list."""
    return {
        name: Path(file) if isinstance(file, str) else [Path(f) for f in file]
        for name, file in files.items()
    }


@contextmanager
def _own_gpu(wanted: int) -> Iterator[None]:
    """Show a job that needs a GPU one that no other job has, if it sees several.

    A scheduler such as SLURM has already shown each job its own.
    """
    devices = gpus() if wanted else []
    if len(devices) < 2:
        yield
        return
    with ExitStack() as stack:
        taken = os.getpid() % len(devices)  # shared, if more jobs run than there are GPUs
        for number, device in enumerate(devices):
            path = Path(tempfile.gettempdir(), f"betascan-{os.getuid()}-gpu-{device}")
            lock = stack.enter_context(path.open("w"))
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                taken = number
                break
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[taken]
        yield


class _Tee:
    """Writes to the terminal and a log; for a bar one line per minute, and its end to the log.

    Bars of several jobs would overwrite each other, and a log is no place for them.
    """

    def __init__(self, terminal: IO[str], log: IO[str]) -> None:
        self._terminal, self._log = terminal, log
        self._bar, self._shown = "", time.monotonic()
        self.reached = ""  # what the last bar said last

    def write(self, text: str) -> int:
        if text.startswith("\r"):
            self._bar = self.reached = " ".join(re.sub(r"\|[^|]*\|", "", text).split())
            if time.monotonic() - self._shown > SECONDS_BETWEEN_LINES:
                self._shown = time.monotonic()
                self._write(f"{self._bar}\n")
        elif self._bar and text == "\n":
            self._log.write(f"{self._bar}\n")
            self._bar = ""
        else:
            self._write(text)
        return len(text)

    def _write(self, text: str) -> None:
        self._log.write(text)
        self._log.flush()
        self._terminal.write(text)
        self._terminal.flush()

    def flush(self) -> None:
        """Do nothing: what is written is already flushed, and nothing of a bar is held back."""


@contextmanager
def job(log: Path) -> Iterator[None]:
    """Copy standard error to `log`, and turn errors into one line and exit status 1.

    The traceback of an error that is not a `BetascanError` is in the log alone.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        tee = _Tee(sys.stderr, file)
        with redirect_stderr(tee), one_line_errors():
            try:
                yield
            except BetascanError:
                raise
            except KeyboardInterrupt:
                if tee.reached:
                    print(f"betascan: stopped at {tee.reached}", file=sys.stderr)
                raise SystemExit(130) from None
            except Exception as error:
                traceback.print_exc(file=file)
                lines = str(error).splitlines() or [""]
                raise BetascanError(
                    f"{type(error).__name__}: {lines[0]} (the traceback is in {log})"
                ) from None
