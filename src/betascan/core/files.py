"""Files that appear complete or not at all, and errors that name their true cause."""

import errno
import gzip
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.errors import ContentError, DataError

_FULL = (errno.ENOSPC, errno.EDQUOT)
"""The disk is full, or the user's quota is."""


@contextmanager
def staged(destination: str | Path) -> Iterator[Path]:
    """Write a file or folder under a temporary name and move it into place if all goes well.

    Parameters
    ----------
    destination : str or Path
        Where the file or folder appears, complete or not at all. Its parent folders are created.

    Yields
    ------
    Path
        A name in the same folder, under which the caller creates the file or folder.

    Raises
    ------
    DataError
        The disk is full, the destination cannot be written, or a file would replace a folder.
        What was at `destination` is then still there.
    """
    destination = Path(destination)
    temporary = destination.with_name(destination.name + ".partial")
    try:
        with writing(destination):
            destination.parent.mkdir(parents=True, exist_ok=True)
            _remove(temporary)  # left by a run that was killed
        try:
            yield temporary
        except Exception as error:
            if isinstance(error, OSError) and (str(temporary) in str(error) or _is_lock(error)):
                raise _write_error(error, destination) from None
            if _disk_is_full(error, destination.parent):
                raise _full(destination) from None
            raise
        with writing(destination):
            _replace(destination, temporary)
    finally:
        with suppress(OSError):
            _remove(temporary)


@contextmanager
def reading(path: str | Path, remedy: str = "delete it and run again") -> Iterator[None]:
    """Turn any error while reading a file into one line.

    Parameters
    ----------
    path : str or Path
        The file that is read in the body of the ``with`` statement, and nothing else.
    remedy : str
        What to do if its content is damaged.

    Raises
    ------
    ContentError
        The content is damaged or not what it should be.
    DataError
        The file is missing, locked by another program, or the system refuses to read it.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except FileNotFoundError:
        raise DataError(f"{path} is missing: run again to have it made") from None
    except Exception as error:  # libraries raise a dozen kinds of error on unreadable content
        # the system's errors say nothing about the content, except for a seek to a damaged address
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            if error.errno in _FULL:  # from a file that is written at the same time
                raise
            if _is_lock(error):
                raise _locked(path) from None
            raise DataError(
                f"{path} cannot be read ({os.strerror(error.errno)}): "
                "check its permissions and the disk"
            ) from None
        raise ContentError(f"{path} is damaged: {remedy} ({_cause(error)})") from None


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn any error while writing a file into one line.

    Parameters
    ----------
    path : str or Path
        The file or folder that is written in the body of the ``with`` statement.

    Raises
    ------
    DataError
        The disk is full, or the system refuses to write.
    """
    try:
        yield
    except OSError as error:
        raise _write_error(error, Path(path)) from None


def check_space(folder: Path, needed: float) -> None:
    """Check that a disk has room before something is written to it.

    Parameters
    ----------
    folder : Path
        An existing folder on the disk.
    needed : float
        Bytes.

    Raises
    ------
    DataError
        The disk has less room than that.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the disk of {folder} is full: {needed / 1e6:,.1f} MB are needed and "
            f"{free / 1e6:,.1f} MB free; make room and run again"
        )


def write_npz(path: str | Path, arrays: Mapping[str, np.ndarray], **facts: Any) -> None:
    """Write arrays and JSON-able facts to an NPZ file.

    Parameters
    ----------
    path : str or Path
        The file.
    arrays : mapping of str to ndarray
        The arrays by name, of any shape.
    **facts
        What `read_npz` returns with the arrays.

    Raises
    ------
    DataError
        As `staged`.
    """
    facts["arrays"] = sorted(arrays)  # a damaged directory of the archive can lose one silently
    with staged(path) as temporary, temporary.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts, sort_keys=True)), **arrays)  # type: ignore[arg-type]


def read_npz(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a file written by `write_npz`.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    arrays : dict of str to ndarray
        The arrays by name.
    facts : dict
        The facts.

    Raises
    ------
    DataError
        As `reading`.
    """
    with reading(path):
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        if facts.pop("arrays") != sorted(arrays):
            raise ValueError("an array is missing")
    return arrays, facts


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table with nine digits per number.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is not written.
    path : str or Path
        The file; one that ends in ``.gz`` is compressed, without a time stamp.

    Raises
    ------
    DataError
        As `staged`.
    """
    table = frame.to_csv(index=False, float_format="%.9g").encode()
    with staged(path) as temporary:
        temporary.write_bytes(
            gzip.compress(table, mtime=0) if Path(path).suffix == ".gz" else table
        )


def read_csv(path: str | Path, **options: Any) -> pd.DataFrame:
    """Read a table written by `write_csv`.

    Parameters
    ----------
    path : str or Path
        The file.
    **options
        Further arguments of `pandas.read_csv`.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    DataError
        As `reading`; a table emptied or truncated by a machine crash counts as damaged.
    """
    with reading(path):
        content = Path(path).read_bytes()
        if Path(path).suffix == ".gz":
            content = gzip.decompress(content)
        if not content.endswith(b"\n"):
            raise ValueError("its last line is not complete" if content else "it is empty")
        table: pd.DataFrame = pd.read_csv(BytesIO(content), **options)
    return table


def write_json(facts: Mapping[str, Any], path: str | Path) -> None:
    """Write facts as readable JSON.

    Parameters
    ----------
    facts : mapping
        What to write.
    path : str or Path
        The file.

    Raises
    ------
    DataError
        As `staged`.
    """
    with staged(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a file written by `write_json`.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict
        The facts.

    Raises
    ------
    DataError
        As `reading`.
    """
    with reading(path):
        facts = json.loads(Path(path).read_text())
        if not isinstance(facts, dict):
            raise ValueError("it is not a JSON object")
    return facts


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _replace(destination: Path, temporary: Path) -> None:
    if temporary.is_file():
        if destination.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder of this name is there", destination)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # otherwise a machine crash can leave an empty file
    elif destination.exists():  # a file is replaced in one step, a folder cannot be
        previous = destination.with_name(destination.name + ".previous")
        _remove(previous)
        destination.rename(previous)
        temporary.rename(destination)
        _remove(previous)
        return
    temporary.replace(destination)


def _write_error(error: OSError, destination: Path) -> DataError:
    if error.errno in _FULL:
        return _full(destination)
    if _is_lock(error):
        return _locked(destination)
    reason = _cause(error) if error.errno is None else os.strerror(error.errno)
    return DataError(
        f"{destination} cannot be written ({reason}): choose a folder that can be written to"
    )


def _full(destination: Path) -> DataError:
    return DataError(f"the disk of {destination} is full: make room and run again; nothing is lost")


def _disk_is_full(error: Exception, folder: Path) -> bool:
    if isinstance(error, DataError):
        return False
    if isinstance(error, OSError) and error.errno:
        return error.errno in _FULL
    # GDAL, HDF5 and torch raise errors of their own, without the system's error number
    with suppress(OSError):
        return shutil.disk_usage(folder).free == 0
    return False


def _is_lock(error: OSError) -> bool:
    return "unable to lock" in str(error)  # HDF5's wording


def _locked(path: str | Path) -> DataError:
    return DataError(
        f"{path} is locked: close it in the program that has it open and run again, or set "
        "HDF5_USE_FILE_LOCKING=FALSE if the disk is one without locks"
    )


def _cause(error: Exception) -> str:
    """Return the text of another library's error, for use within a line."""
    return " ".join(str(error).split()).strip("'\"")[:120] or type(error).__name__
