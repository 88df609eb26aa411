"""Files that appear complete or not at all."""

import errno
import gzip
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.errors import DataError


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def staged(destination: Path) -> Iterator[Path]:
    """Yield a name beside `destination`, whose file or folder takes its place if all goes well.

    Raises DataError if the disk is full; what was at `destination` is then still there.
    """
    temporary = destination.with_name(destination.name + ".partial")
    destination.parent.mkdir(parents=True, exist_ok=True)
    _remove(temporary)  # of a run that was killed
    try:
        yield temporary
        if destination.is_dir():  # a file is replaced in one step, a folder cannot be
            shutil.rmtree(destination)
        temporary.replace(destination)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # the disk, or the user's share
            raise
        raise DataError(
            f"the disk of {destination} is full: make room and run again; nothing is lost"
        ) from None
    finally:
        _remove(temporary)


def write_npz(path: Path, arrays: dict[str, np.ndarray], **facts: Any) -> None:
    """Write arrays and JSON-able facts to an NPZ file."""
    facts["arrays"] = sorted(arrays)  # a damaged directory of the archive can lose one silently
    with staged(path) as temporary, temporary.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts, sort_keys=True)), **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the arrays and facts of `write_npz`; DataError where it is missing or damaged."""
    if not path.exists():
        raise DataError(f"{path} is missing: run again to have it made")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        if facts.pop("arrays") != sorted(arrays):
            raise ValueError("an array is missing")
        return arrays, facts
    except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile):
        raise DataError(f"{path} is damaged: delete it and run again") from None


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table, nine digits a number; `.gz` is compressed without a time stamp."""
    table = frame.to_csv(index=False, float_format="%.9g").encode()
    with staged(path) as temporary:
        temporary.write_bytes(gzip.compress(table, mtime=0) if path.suffix == ".gz" else table)


def write_json(facts: dict[str, Any], path: Path) -> None:
    """Write facts as readable JSON."""
    with staged(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n")
