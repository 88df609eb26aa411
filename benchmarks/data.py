"""Time and peak memory of reading MPI3D's archive, converting it, and reading batches by index.

python benchmarks/data.py [IMAGES]     with so many stand-in images in MPI3D's layout
"""

import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from betascan.data import mpi3d, official, store
from betascan.data.grid import Grid

BATCH, BATCHES = 256, 20


def archive(path: Path, number: int) -> None:
    """Write an NPZ in which 1,000 images are repeated."""
    images = mpi3d.render(mpi3d.REAL.classes(mpi3d.REAL.draw(1000, 0)))
    header = {"descr": "|u1", "fortran_order": False, "shape": (number, 64, 64, 3)}
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as members,
        members.open("images.npy", "w", force_zip64=True) as stream,
    ):
        npy.write_array_header_1_0(stream, header)
        for _ in range(number // len(images)):
            stream.write(images.tobytes())


def run(way: str, path: Path, number: int) -> None:
    grid = Grid({"image": tuple(map(float, range(number)))})
    rows, canonical = np.arange(number), path.with_suffix(".h5")
    start, images = time.perf_counter(), number
    if way == "archive at once":
        with np.load(path) as file:
            assert len(file["images"]) == number
    elif way == "archive streamed":
        assert sum(len(block) for block in official.blocks(path, "mpi3d_real", grid)) == number
    elif way == "to HDF5":
        blocks = official.blocks(path, "mpi3d_real", grid)
        store.write(canonical, grid, rows, blocks, source="stand-in", maximum=255)
    elif way == "imports only":
        images = 0
    else:
        with store.Images(canonical, memory_mb=1e6 if "memory" in way else 0) as stored:
            if way != "load into memory":
                start, images = time.perf_counter(), BATCH * BATCHES
                for _ in range(BATCHES):
                    stored[np.random.default_rng(0).integers(number, size=BATCH)]
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way:24}{images / seconds:12,.0f} images/s, peak {peak:6,.0f} MB", flush=True)


WAYS = [
    "imports only", "archive streamed", "archive at once", "to HDF5",
    "load into memory", "batches from memory", "batches from disk",
]  # fmt: skip

if __name__ == "__main__":
    number = int(sys.argv[-1]) if len(sys.argv) > 1 else 20_000
    if len(sys.argv) == 4:
        run(sys.argv[1], Path(sys.argv[2]), number)
        sys.exit()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "mpi3d_real.npz"
        archive(path, number)
        print(f"{number} images of 64 x 64 x 3, {number * 12288 / 1e6:,.0f} MB unpacked")
        for way in WAYS:  # each in a process of its own, for its own peak
            subprocess.run([sys.executable, __file__, way, path, str(number)], check=True)
