"""Training a scan of linear VAEs, or a part of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from betascan.core.files import write_json
from betascan.linear_vae import scan, total_variance
from betascan.studies.hirn2026.split import load_split
from betascan.theory.temperature import beta_from_temperature


def train(
    cells: Path,
    trained: Path,
    record: Path,
    temperatures: Sequence[float],
    protocol: Mapping[str, Any],
    threads: int,
) -> None:
    """Train a linear VAE at each temperature.

    Parameters
    ----------
    cells : Path
        NPZ of `split_cells`.
    trained : Path
        NPZ to write: the `betascan.linear_vae.Scan`. A checkpoint lies in the same folder
        while the scan runs, but is not a declared output: Snakemake deletes those of a failed job.
    record : Path
        JSON to write: device and seconds.
    temperatures : sequence of float
        Effective temperatures T (Eq. 9).
    protocol : Mapping
        Further arguments of `betascan.linear_vae.scan`.
    threads : int
        Number of threads of the compiled kernel.
    """
    checkpoint = trained.with_name(f"{trained.stem}-checkpoint.npz")
    training, validation = load_split(cells, "train"), load_split(cells, "validation")
    betas = beta_from_temperature(temperatures, total_variance(training))
    result = scan(training, validation, betas, workers=threads, checkpoint=checkpoint, **protocol)
    result.save(trained)
    write_json(result.record, record)
    checkpoint.unlink(missing_ok=True)
