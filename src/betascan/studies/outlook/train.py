"""Training a scan of nonlinear VAEs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from betascan.core.files import write_json
from betascan.linear_vae import total_variance
from betascan.nonlinear_vae.training import scan
from betascan.studies.outlook.cells import load
from betascan.theory.temperature import beta_from_temperature


def train(
    table: Path,
    trained: Path,
    record: Path,
    split: Mapping[str, Any],
    temperatures: Sequence[float],
    threads: int,
    **protocol: Any,
) -> None:
    """Train a nonlinear VAE at each temperature.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    trained : Path
        NPZ to write: the `betascan.linear_vae.Scan`. A checkpoint lies in the same folder
        while the scan runs, but is not a declared output: Snakemake deletes those of a failed job.
    record : Path
        JSON to write: device and seconds.
    split : Mapping
        Arguments of `betascan.studies.outlook.cells.load`.
    temperatures : sequence of float
        Effective temperatures T (hirn2026, Eq. 9).
    threads : int
        Number of torch threads.
    **protocol
        Further arguments of `betascan.nonlinear_vae.scan`.
    """
    checkpoint = trained.with_name(f"{trained.stem}-checkpoint.npz")
    cells = load(table, **split)
    betas = beta_from_temperature(temperatures, total_variance(cells["train"]))
    result = scan(
        cells["train"], cells["validation"], betas, threads=threads, checkpoint=checkpoint,
        **protocol,
    )  # fmt: skip
    result.save(trained)
    write_json(result.record, record)
    checkpoint.unlink(missing_ok=True)
