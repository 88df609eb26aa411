"""A disk so small that it fills up."""

import subprocess
from contextlib import contextmanager

import pytest

SIZE = 400 << 10
"""Bytes."""


@contextmanager
def mounted(folder):
    """Mount a file system of `SIZE` bytes in memory on an empty folder, where the user may."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
