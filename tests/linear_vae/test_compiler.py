"""Where a kernel comes from, and what happens where there is none."""

import ctypes
import tempfile
from pathlib import Path

import pytest
from test_scan import BRIEF

from betascan.linear_vae import compiler, scan
from betascan.linear_vae.compiler import compiled
from betascan.linear_vae.kernel import SOURCE

SHAPES = {"FEATURES": 5, "LATENTS": 3}


@pytest.fixture(autouse=True)
def first_time():
    """Let the fallback be announced again."""
    compiler.announce_fallback.cache_clear()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "betascan"


def device(data):
    """Run a short scan and return what it says did the arithmetic."""
    return scan(*data, [0.5], **BRIEF | {"updates": 20}).record["device"]


def assert_on_torch(data, capsys, reason):
    """Scan twice: on torch, with one line that says so, how slow that is, and why."""
    for _ in range(2):
        assert device(data).startswith("torch")
    (line,) = capsys.readouterr().err.splitlines()
    assert "batched torch is used" in line
    assert "times slower" in line
    assert reason in line


def test_a_kernel_is_compiled_once(cxx, cache, monkeypatch):
    first = compiled(SOURCE, **SHAPES)
    (library,) = cache.iterdir()
    written = library.stat().st_mtime_ns
    assert compiled(SOURCE, **SHAPES).build == first.build
    assert library.stat().st_mtime_ns == written


@pytest.mark.parametrize("other", ["constant", "target", "header", "processor"])
def test_another_build_has_a_name_of_its_own(cxx, cache, other, monkeypatch, tmp_path):
    builds = {compiled(SOURCE, **SHAPES).build}
    target, shapes = compiler.NATIVE, SHAPES
    if other == "constant":
        shapes = SHAPES | {"LATENTS": 4}
    elif other == "target":
        target = (*compiler.NATIVE, "-O2")
    elif other == "processor":
        monkeypatch.setattr(compiler, "processor_flags", lambda: {"another"})
    else:
        header = tmp_path / "vectors.hpp"
        header.write_text(compiler.HEADER.read_text() + "// another\n")
        monkeypatch.setattr(compiler, "HEADER", header)
    builds.add(compiled(SOURCE, target, **shapes).build)
    assert len(builds) == len(list(cache.iterdir())) == 2


def test_without_a_compiler(data, cache, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert_on_torch(data, capsys, "there is no C++ compiler; install one (apt install g++,")


def test_with_a_compiler_that_fails(data, cache, monkeypatch, tmp_path, capsys):
    script = tmp_path / "failing"
    script.write_text("#!/bin/sh\n[ $1 = --version ] || { echo fatal error: no cmath >&2; false; }")
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    reason = f"the compiler {script} fails (fatal error: no cmath); set CXX to another"
    assert_on_torch(data, capsys, reason)


def no_home():
    raise RuntimeError("Could not determine home directory.")


def noexec(folder):
    """ctypes.CDLL where libraries below `folder` may not be executed."""
    real = ctypes.CDLL

    def load(path):
        if path.startswith(str(folder)):
            raise OSError(f"{path}: failed to map segment from shared object")
        return real(path)

    return load


@pytest.mark.parametrize("trouble", ["not a folder", "no home", "noexec"])
def test_without_a_cache_the_kernel_is_compiled_in_a_temporary_folder(
    cxx, data, cache, trouble, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    if trouble == "not a folder":
        cache.parent.write_text("")
    elif trouble == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(Path, "home", no_home)
    else:
        monkeypatch.setattr(ctypes, "CDLL", noexec(cache))
    assert device(data).startswith("compiled kernel")
    assert not list((tmp_path / "temporary").iterdir())
    assert not capsys.readouterr().err


def test_where_no_folder_takes_a_library(cxx, data, cache, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ctypes, "CDLL", noexec("/"))
    reason = "(failed to map segment from shared object); set XDG_CACHE_HOME to a folder"
    assert_on_torch(data, capsys, reason)
