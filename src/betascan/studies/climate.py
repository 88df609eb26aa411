"""Where the numbers of a study of climate come from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from betascan.core.provenance import record
from betascan.data.worldclim import read_facts


def provenance(
    table: Path, records: Sequence[Path], provenance: Path, scale: str, config: Mapping[str, Any]
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
    config : Mapping
        The study's section of the configuration.
    """
    record(records, provenance, scale=scale, data=read_facts(table), config=config)
