"""C++ kernels, compiled on first use for the processor at hand and kept in the user's cache."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from betascan.core.machine import processor, processor_flags

HEADER = Path(__file__).with_name("vectors.hpp")
FLAGS = ("-O3", "-std=c++17", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
ARM = platform.machine().lower() in ("arm64", "aarch64")
if ARM:
    NATIVE: tuple[str, ...] = ("-mcpu=native",)
elif "avx512f" in processor_flags():
    NATIVE = ("-march=native",)
else:  # tuned for Zen 2 and 3, GCC 12 reads from memory what is in registers: a quarter slower
    NATIVE = ("-march=native", "-mtune=generic")
X86_WIDTHS = {
    "avx512f": ("-mavx512f",),
    "avx2": ("-mavx2", "-mfma", "-mno-avx512f"),
    "sse2": ("-msse2",),
}
# flags for each vector width, by Linux's name for the instructions: for tests and benchmarks
WIDTHS = {} if ARM else X86_WIDTHS


class NoKernelError(Exception):
    """A kernel cannot be compiled or loaded; the message says why and what to do about it."""


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel.

    Attributes
    ----------
    library : ctypes.CDLL
        The functions of the source file.
    build : str
        Digest of what determines its last bits: source, compiler, processor, flags, constants.
    """

    library: ctypes.CDLL
    build: str

    @property
    def name(self) -> str:
        """What a record of a run calls it."""
        return f"compiled kernel ({self.library.vector_bytes()}-byte vectors)"


def source_digest(*sources: Path) -> str:
    """Return a digest of source files and of the header that kernels include.

    Parameters
    ----------
    *sources : Path
        The files.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*sources, HEADER))).hexdigest()


def compiled(source: Path, target: Sequence[str] = NATIVE, **constants: int | float) -> Kernel:
    """Compile a C++ file, or find it compiled, and load it.

    The library is kept in the user's cache, or, if that cannot be written to or nothing in it can
    be executed, compiled in a temporary folder for this process alone.

    Parameters
    ----------
    source : Path
        The file.
    target : sequence of str
        The compiler's flags for the processor; by default those for the one at hand.
    **constants : int or float
        Macros of the source.

    Returns
    -------
    Kernel
        The loaded library.

    Raises
    ------
    NoKernelError
        If there is no compiler, the compiler fails, or no folder can hold its output.
    """
    compiler = _compiler()
    flags = [*FLAGS, *target, *(f"-D{name}={value}" for name, value in constants.items())]
    facts = [source_digest(source), _run([compiler, "--version"]), *flags]
    key = "\n".join([*facts, processor(), *sorted(processor_flags())])
    build = hashlib.sha256(key.encode()).hexdigest()[:20]

    def load(folder: Path) -> Kernel:
        library = folder / f"{source.stem}-{build}.so"
        if not library.exists():
            with tempfile.TemporaryDirectory(dir=folder) as inner:
                made = Path(inner) / library.name
                include = f"-I{HEADER.parent}"
                _run([compiler, *flags, include, "-shared", "-fPIC", str(source), "-o", str(made)])
                made.replace(library)  # another process may be building the same file
        return Kernel(ctypes.CDLL(str(library)), build)

    with suppress(OSError, RuntimeError):  # no home, no right to write, no room, mounted noexec
        return load(_cache())
    try:
        with tempfile.TemporaryDirectory() as folder:
            return load(Path(folder))
    except OSError as error:
        reason = error.strerror or str(error).rpartition(": ")[2]  # the loader's begins with a path
        raise NoKernelError(
            f"no library can be kept in the cache or in {tempfile.gettempdir()} ({reason}); set "
            "XDG_CACHE_HOME to a folder that can be written and is not mounted noexec"
        ) from None


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and (path := shutil.which(name)):
            return path
    raise NoKernelError(
        "there is no C++ compiler; install one (apt install g++, conda install cxx-compiler, "
        "xcode-select --install) or set CXX to it"
    )


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except OSError as error:
        reason = str(error)
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line]
        reason = lines[0] if lines else f"exit status {error.returncode}"
    else:
        return done.stdout
    raise NoKernelError(f"the compiler {command[0]} fails ({reason}); set CXX to another")


def _cache() -> Path:
    """Return the cache, created if needed; RuntimeError for a user without a home."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "betascan"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def announce_fallback(reason: str, ratio: int) -> None:
    """Say on standard error, once, that torch is used in place of a kernel.

    Parameters
    ----------
    reason : str
        The message of a `NoKernelError`.
    ratio : int
        How many times slower that is.
    """
    print(
        f"betascan: no compiled kernel, so batched torch is used, about {ratio} times slower: "
        f"{reason}",
        file=sys.stderr,
    )
