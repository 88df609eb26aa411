"""Checkpoints, from which an interrupted computation resumes and gives the same bytes."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from betascan.core.errors import ContentError
from betascan.core.files import read_npz, write_npz

Contents = dict[str, Any]


def digest(facts: Any, arrays: Iterable[np.ndarray] = ()) -> str:
    """Hash what a result depends on, as the identity of a checkpoint.

    Parameters
    ----------
    facts : JSON-able
        Settings.
    arrays : iterable of ndarray
        Data and initial states; their bytes are hashed, in this order.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    sha256 = hashlib.sha256(json.dumps(facts).encode())
    for array in arrays:
        sha256.update(array.tobytes())
    return sha256.hexdigest()


def write_arrays(contents: Contents, path: Path) -> None:
    """Write arrays and JSON-able values, mixed in one dict, to an NPZ file."""
    arrays = {name: value for name, value in contents.items() if isinstance(value, np.ndarray)}
    facts = {name: value for name, value in contents.items() if name not in arrays}
    write_npz(path, arrays, **facts)


def read_arrays(path: Path) -> Contents:
    """Read a dict written by `write_arrays`; DataError if it is missing or damaged."""
    arrays, facts = read_npz(path)
    return arrays | facts


class Checkpoint:
    """The last state of a computation on disk, and the one before in case the last is damaged.

    The file is kept at the end, with the final state; the caller removes it once the result is
    stored.

    Parameters
    ----------
    path : Path or None
        The file; None: no checkpoints, all methods do nothing.
    identity : str
        What identifies the computation, such as a `digest`. A file with another identity is
        ignored, and replaced by the first `save`.
    every : float
        Seconds between two writes, counted from construction.
    read, write : callable
        The file format: ``read(path)`` returns what ``write(contents, path)`` wrote, or raises
        ContentError if that is damaged. NPZ by default.
    """

    def __init__(
        self,
        path: Path | None,
        identity: str,
        every: float,
        read: Callable[[Path], Contents] = read_arrays,
        write: Callable[[Contents, Path], None] = write_arrays,
    ) -> None:
        self.path, self.identity, self.every = path, identity, every
        self._read, self._write = read, write
        self._written = time.monotonic()

    def restore(self) -> Contents | None:
        """Return the contents of the last readable file with this identity, if there is one."""
        for path in (self.path, backup_path(self.path)) if self.path else ():
            if not path.exists():
                continue
            try:
                contents = self._read(path)
            except ContentError:
                print(f"betascan: {path} is damaged: going on from before it", file=sys.stderr)
                continue
            if contents.pop("identity", None) == self.identity:
                return contents
        return None

    @property
    def due(self) -> bool:
        """Whether it is time to `save`."""
        return self.path is not None and time.monotonic() - self._written > self.every

    def save(self, contents: Contents, *, final: bool = False) -> None:
        """Write a state, and keep the previous one unless this is the final one.

        Parameters
        ----------
        contents : dict
            What `restore` is to return; "identity" is added to it in the file.
        final : bool
            Whether the computation has ended.

        Raises
        ------
        DataError
            If the disk is full; the previous state is then still there.
        """
        if self.path is None:
            return
        if self.path.exists():
            self.path.replace(backup_path(self.path))
        self._write({"identity": self.identity, **contents}, self.path)
        if final:
            backup_path(self.path).unlink(missing_ok=True)
        self._written = time.monotonic()


def backup_path(path: Path) -> Path:
    """Return where the checkpoint before the last one is kept."""
    return path.with_name(f"{path.name}.before")
