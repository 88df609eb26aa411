"""The errors a user can cause, told in one line each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class BetascanError(Exception):
    """A mistake or mishap outside the code: its message says what is wrong and what to do."""


class ConfigError(BetascanError):
    """A key or value of the configuration cannot be used."""


class DataError(BetascanError):
    """An input file is missing, damaged, or not what it should be."""


class TrainingError(BetascanError):
    """A training diverged, or its state could not be written or read."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn a `BetascanError` into one line on standard error and exit status 1.

    Anything else is a fault of ours and keeps its traceback.
    """
    try:
        yield
    except BetascanError as error:
        print(f"betascan: {error}", file=sys.stderr)
        raise SystemExit(1) from None
