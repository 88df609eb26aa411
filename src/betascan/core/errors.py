"""Errors that a user can cause and fix, each printed as one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class BetascanError(Exception):
    """A problem outside the code; the message says what is wrong and what to do."""


class ConfigError(BetascanError):
    """A key or value of the configuration cannot be used."""


class DataError(BetascanError):
    """A file or array is missing, cannot be read or written, or is not what it should be."""


class ContentError(DataError):
    """A file was read, but its content is damaged or belongs to another file.

    Only this error is a reason to discard a file. Any other `DataError`, such as a lock, a
    missing permission or a full disk, says nothing about the content.
    """


class TrainingError(BetascanError):
    """A training diverged, or its state could not be written or read."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn a `BetascanError` into one line on standard error and exit status 1.

    Anything else is a bug and keeps its traceback.

    Raises
    ------
    SystemExit
        In place of a `BetascanError`.
    """
    try:
        yield
    except BetascanError as error:
        print(f"betascan: {error}", file=sys.stderr)
        raise SystemExit(1) from None
