"""What surrounds the work of a rule: its log, and errors told in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import IO

from betascan.core.errors import one_line_errors


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
