"""What surrounds the work of a rule: its arguments, its log, and errors as one line."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from betascan.core.errors import one_line_errors

# Parameters of a rule that Snakemake and the report read, not the function.
NOT_ARGUMENTS = {"function", "code", "caption", "shows", "footer"}


def run_rule(snakemake: Any) -> None:
    """Call the function that a rule names, with the rule's files and parameters.

    Every named input, output and parameter is passed under its name, files as paths, and
    ``threads`` to the functions that have that argument. A rule with the parameter ``footer`` is
    a figure: its function returns the Figure, which is saved here.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        The object that Snakemake hands to scripts.
    """
    params = dict(snakemake.params.items())
    module, _, name = params["function"].rpartition(".")
    arguments = {key: value for key, value in params.items() if key not in NOT_ARGUMENTS}
    arguments |= _paths(snakemake.input)
    with job(Path(snakemake.log[0])):
        if "footer" in params:
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


class _Tee:
    """Writes to the terminal, and to a log all but the bars that overwrite themselves."""

    def __init__(self, terminal: IO[str], log: IO[str]) -> None:
        self._terminal, self._log = terminal, log

    def write(self, text: str) -> int:
        if not text.startswith("\r"):
            self._log.write(text)
        return self._terminal.write(text)

    def flush(self) -> None:
        self._log.flush()
        self._terminal.flush()

    def isatty(self) -> bool:
        return self._terminal.isatty()


@contextmanager
def job(log: Path) -> Iterator[None]:
    """Copy standard error to `log` and turn a `BetascanError` into one line and exit status 1."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as file,
        redirect_stderr(_Tee(sys.stderr, file)),
        one_line_errors(),
    ):
        yield
