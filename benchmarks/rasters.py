"""Time and peak memory of converting 19 rasters into a table: FOLDER, or a 30-arc-second globe.

python benchmarks/rasters.py FOLDER | ROWS     the globe has 21600 rows of 43200 cells
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from betascan.data import rasters, worldclim

COLS = 43200


def globe(folder: Path, rows: int) -> None:
    """Write one compressed layer with 2 % of valid cells, and 18 links to it."""
    values = np.full((8, COLS), -3.4e38, dtype=np.float32)
    profile = {"width": COLS, "height": rows, "count": 1, "dtype": "float32", "nodata": -3.4e38}
    grid = rasterio.Affine(360 / COLS, 0, -180, 0, -180 / rows, 90)
    profile |= {"driver": "GTiff", "crs": "EPSG:4326", "transform": grid, "compress": "lzw"}
    with rasterio.open(folder / "wc2.1_30s_bio_1.tif", "w", **profile) as layer:
        for row in range(0, rows, 8):
            values[:, 1000 : 1000 + COLS // 50] = row
            layer.write(values, 1, window=Window(0, row, COLS, 8))
    for k in range(2, 20):
        (folder / f"wc2.1_30s_bio_{k}.tif").symlink_to("wc2.1_30s_bio_1.tif")


def run(way: str, folder: Path, scratch: Path) -> None:
    start = time.perf_counter()
    if way == "streamed":
        worldclim.write_table(folder, scratch / "table.h5")
    if way == "all at once":
        stack = np.stack([rasterio.open(path).read(1) for path in rasters.layer_paths(folder)])
        assert len(stack[:, (stack > -1e30).all(axis=0)]) == 19
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way:12} {time.perf_counter() - start:6.1f} s, peak {peak:5.0f} MB", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) == 4:
            run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
            sys.exit()
        folder, ways = Path(sys.argv[1]), ["imports only", "streamed", "all at once"]
        if sys.argv[1].isdecimal():
            folder, ways = Path(scratch), ways[:2]
            globe(folder, int(sys.argv[1]))
        for way in ways:  # each in a process of its own, for its own peak
            subprocess.run([sys.executable, __file__, way, folder, scratch], check=True)
