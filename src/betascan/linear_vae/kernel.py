"""kernel.cpp as an engine: built on first use, one thread a point, several points at once."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from betascan.linear_vae.engine import Chunk, Estimator, State
from betascan.linear_vae.layout import Floats, Layout

SOURCE = Path(__file__).with_name("kernel.cpp")
FLAGS = (
    "-O3",
    "-march=native",
    "-std=c++17",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
)


def _compiler() -> str | None:
    candidates = (os.environ.get("CXX"), "c++", "g++", "clang++")
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def _processor() -> str:
    """What distinguishes this processor: native code must not travel to another one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "\n".join(sorted({x for x in lines if x.startswith(("flags", "model name"))}))
    except OSError:
        return platform.processor()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "betascan"


def build(layout: Layout) -> Path | None:
    """Compile the kernel for these shapes, or find it compiled; None where that cannot be done."""
    return compiled(SOURCE, FEATURES=layout.features, LATENTS=layout.latents)


def compiled(source: Path, **constants: float) -> Path | None:
    """Return the library of a C++ file with these constants, compiled once; None if it cannot be.

    Kept in the user's cache under all that shapes its arithmetic: text, compiler, processor.
    """
    if (compiler := _compiler()) is None:
        return None
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    defined = [f"-D{name}={value}" for name, value in constants.items()]
    key = "\n".join([source.read_text(), version, _processor(), *FLAGS, *defined])
    try:
        _cache().mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(key.encode()).hexdigest()[:20]
        library = _cache() / f"{source.stem}-{digest}.so"
        if not library.exists():
            with tempfile.TemporaryDirectory(dir=_cache()) as folder:
                built = Path(folder) / library.name
                command = [compiler, *FLAGS, *defined, "-shared", "-fPIC", str(source), "-o"]
                subprocess.run([*command, str(built)], check=True, capture_output=True)
                built.replace(library)  # another process may be building the same file
        return library
    except (OSError, subprocess.CalledProcessError):
        return None


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class KernelEngine:
    """Advances and evaluates points independently of each other: grouping cannot change a bit."""

    def __init__(
        self, library: Path, layout: Layout, weights: Floats, estimator: Estimator, workers: int
    ) -> None:
        self._library = ctypes.CDLL(str(library))
        pointer, integer, long, real = (
            ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_float,
        )  # fmt: skip
        self._library.train.argtypes = [
            *[pointer] * 7, integer, integer, long, real, real, integer,
        ]  # fmt: skip
        self._library.evaluate.argtypes = [*[pointer] * 3, long, pointer, pointer]
        if self._library.parameters() != sum(layout.sizes):
            raise OSError(f"{library} was not built for these shapes: delete it and run again")
        self.weights, self.estimator = weights, estimator
        self.rounding = library.stem
        self.name = f"compiled kernel, {workers} thread{'s' if workers > 1 else ''}"
        self._pool = ThreadPoolExecutor(workers)  # ctypes lets go of the interpreter's lock

    def _for_each(self, task: Callable[[int], None], points: np.ndarray) -> None:
        for _ in self._pool.map(task, points.tolist()):
            pass

    def train(
        self, state: State, betas: np.ndarray, active: np.ndarray, chunk: Chunk, lr: float
    ) -> None:
        """Take the chunk's updates for the active points, in place; `state.done` counts them."""
        steps, batch, _ = chunk.x.shape

        def advance(point: int) -> None:
            rows = (state.parameters[point], state.first[point], state.second[point])
            self._library.train(
                *[_address(row) for row in rows], _address(chunk.x), _address(chunk.noise),
                _address(self.weights), _address(chunk.counts), steps, batch, state.done,
                betas[point], lr, self.estimator == "analytic",
            )  # fmt: skip

        self._for_each(advance, active)
        state.done += steps

    def evaluate(self, rows: Floats, x: Floats, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return mean D and mean R of each row over the first `count` inputs, (points,).

        `x` must have rows to a multiple of 32.
        """
        terms = np.empty((2, len(rows)))

        def measure(point: int) -> None:
            self._library.evaluate(
                _address(rows[point]), _address(x), _address(self.weights), count,
                _address(terms[0, point:]), _address(terms[1, point:]),
            )  # fmt: skip

        self._for_each(measure, np.arange(len(rows)))
        return terms[0], terms[1]
