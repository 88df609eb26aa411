"""Where the numbers of the outlook come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from betascan.core import provenance as machine
from betascan.core.files import read_json, write_json
from betascan.data.worldclim import read_facts


def provenance(
    table: Path, records: Sequence[Path], provenance: Path, scale: str, config: dict[str, Any]
) -> None:
    """Record what the results were made from: scale, data, settings, device, time, versions.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    records : sequence of Path
        JSON of every training.
    provenance : Path
        JSON to write.
    scale : str
        Name of the scale.
    config : dict
        The study's section of the configuration.
    """
    runs = [read_json(record) for record in records]
    write_json(
        {
            "scale": scale,
            "data": read_facts(table),
            "config": config,
            "device": sorted({run["device"] for run in runs}),
            "training_seconds": round(sum(run["seconds"] for run in runs)),
            **machine.provenance(),
        },
        provenance,
    )
