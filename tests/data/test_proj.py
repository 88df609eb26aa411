"""PROJ_LIB and PROJ_DATA of another PROJ, as PostGIS, QGIS and conda set them."""

import os
import sqlite3
import subprocess
import sys

import pytest

from betascan.data import proj

SCRIPT = """
import sys
from pathlib import Path
from betascan.core.errors import BetascanError
from betascan.data import blocks, climate, proj, worldclim

def project():
    x, y = blocks.project([45.0], [180.0])
    # a lon cos(lat) / sqrt(1 - e^2 sin^2 lat), and the length of the meridian
    assert abs(x[0] - 14192430.32) < 0.01 and abs(y[0] - 4984944.38) < 0.01, (x, y)

folder = Path(sys.argv[1])
if not folder.exists():
    climate.write_standin(folder, rows=36, cols=72)
if len(sys.argv) > 2:
    proj._BUNDLED = Path("/nowhere")
uses = project, lambda: worldclim.read_layers(folder), lambda: climate.write_standin(folder, 36, 72)
for use in uses:
    try:
        use()
    except BetascanError as error:
        print(error)
"""


@pytest.fixture
def another_proj(tmp_path):
    """The tables of a PROJ of another version."""
    (tmp_path / "proj").mkdir()
    with sqlite3.connect(tmp_path / "proj/proj.db") as tables:
        tables.execute("create table metadata(key text primary key, value text)")
        version = [("DATABASE.LAYOUT.VERSION.MAJOR", "1"), ("DATABASE.LAYOUT.VERSION.MINOR", "0")]
        tables.executemany("insert into metadata values (?, ?)", version)
    tables.close()
    return str(tmp_path / "proj")


def run(*arguments, **variables):
    command = [sys.executable, "-c", SCRIPT, *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PROJ_")}
    return subprocess.run(command, capture_output=True, text=True, env=clean | variables)


@pytest.mark.skipif(not proj._BUNDLED.is_dir(), reason="rasterio brings no tables along")
@pytest.mark.parametrize("variable", ["PROJ_LIB", "PROJ_DATA", "GDAL_DATA"])
def test_tables_of_another_proj_do_no_harm(tmp_path, another_proj, variable):
    completed = run(tmp_path / "planet", **{variable: another_proj})
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")


def test_the_variable_is_blamed_where_rasterio_brings_no_tables(tmp_path, another_proj):
    (tmp_path / "planet").mkdir()
    completed = run(tmp_path / "planet", "none", PROJ_LIB=another_proj)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines() == 3 * [
        f"PROJ finds no coordinate systems (PROJ_LIB={another_proj}): unset PROJ_DATA and "
        "PROJ_LIB, or install rasterio anew, and run again"
    ]
