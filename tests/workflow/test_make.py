"""The Makefile, where users' settings of pip get in the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_a_pip_that_installs_for_the_user_is_told_not_to(tmp_path):
    """`make setup` with a Python whose venv is there already, and nothing to install."""
    shutil.copy2(PROJECT / "Makefile", tmp_path)
    for name in ("pins.txt", "pyproject.toml", ".venv/bin/python"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\n[ "$3" = install ] && exec {sys.executable} "$@" --dry-run\n')
    python.chmod(0o755)
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\nno-index = true\n")
    done = subprocess.run(
        ["make", "-C", tmp_path, "setup", "PYTHON=true"],
        env={**os.environ, "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")},
        capture_output=True,
        text=True,
    )
    told = done.stdout + done.stderr
    assert "'--user'" not in told, told
