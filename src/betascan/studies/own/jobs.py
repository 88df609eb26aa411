"""The job that reads, scans and tabulates a table of the user's own."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from betascan.core.files import write_csv, write_json
from betascan.core.provenance import machine
from betascan.own import analyse, read


def analysis(
    file: str | Path,
    spectrum: Path,
    choose: Path,
    provenance: Path,
    reading: Mapping[str, Any],
    scanning: Mapping[str, Any],
    threads: int,
) -> None:
    """Scan T on a table, and write what beta keeps which latents.

    Parameters
    ----------
    file : str or Path
        The table.
    spectrum, choose : Path
        CSV to write: the tables of `betascan.own.Analysis`.
    provenance : Path
        JSON to write: the table, its rows and columns, settings and versions. Checkpoints are
        kept next to it while scans run.
    reading, scanning : Mapping
        Arguments of `betascan.own.read` and `betascan.own.analyse`.
    threads : int
        Number of threads of the linear scan.
    """
    started = time.monotonic()
    stem = spectrum.with_name("checkpoint")
    found = analyse(read(file, **reading), threads=threads, checkpoint=stem, **scanning)
    write_csv(found.spectrum, spectrum)
    write_csv(found.choose, choose)
    record = {
        "file": str(file),
        **found.facts,
        "settings": {**reading, **scanning},
        "seconds": round(time.monotonic() - started),
        **machine(),
    }
    write_json(record, provenance)
    for checkpoint in stem.parent.glob(f"{stem.name}-*"):
        checkpoint.unlink()
