"""Linear scans on coarser grids and on less data: how thresholds and axes move."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from betascan.core.files import write_csv, write_json
from betascan.core.randomness import stream
from betascan.linear_vae import scan, total_variance
from betascan.spectroscopy import (
    RANK_FLOOR,
    Pca,
    observe,
    spectrum,
    truncated_distortion,
    utilities,
)
from betascan.studies.outlook.cells import load
from betascan.theory.temperature import beta_from_temperature

COLUMNS = [
    "grid", "share", "cells", "rank", "pca_ratio", "threshold", "threshold_se", "utility",
    "like_rank", "overlap",
]  # fmt: skip

Cells = Mapping[str, Float32[np.ndarray, "cells variables"]]


def scans(
    table: Path,
    scaling: Path,
    record: Path,
    split: Mapping[str, Any],
    conditions: Sequence[Mapping[str, Any]],
    temperatures: Sequence[float],
    floor: float,
    threads: int,
    **protocol: Any,
) -> None:
    """Train a scan of linear VAEs for each grid and share of the data, and measure it.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    scaling : Path
        CSV to write: grid, share, cells of training, rank, pca_ratio, threshold and threshold_se
        on training, utility on the test split, like_rank and overlap: the principal axis of the
        first condition that this one is most like, and the cosine between them.
    record : Path
        JSON to write: device and seconds. Checkpoints are kept next to it until all scans are done.
    split : Mapping
        Arguments of `betascan.studies.outlook.cells.load`.
    conditions : sequence of Mapping
        ``grid`` and ``share`` of each.
    temperatures : sequence of float
        Effective temperatures T (hirn2026, Eq. 9).
    floor : float
        Thresholds are fitted where M^2 exceeds it.
    threads : int
        Number of threads of the compiled kernel.
    **protocol
        Further arguments of `betascan.linear_vae.scan`.
    """
    started, frames, devices = time.monotonic(), [], set()
    checkpoints = [record.with_name(f"scaling-{i}.npz") for i in range(len(conditions))]
    first: Pca | None = None
    for condition, checkpoint in zip(conditions, checkpoints, strict=True):
        cells = load(table, **split, **condition)
        training = cells["train"]
        # few cells make short epochs, each of which ends with a validation
        validation = stream(split["seed"], "outlook/validation").permutation(cells["validation"])
        trained = scan(
            training, validation[: max(100, len(training) // 3)],
            beta_from_temperature(temperatures, total_variance(training)),
            estimator="analytic", workers=threads, checkpoint=checkpoint, **protocol,
        )  # fmt: skip
        devices.add(trained.record["device"])
        observed = {name: observe(trained, cells[name]) for name in ("train", "test")}
        utility = utilities(
            *(truncated_distortion(trained, cells[name], seen) for name, seen in observed.items())
        )
        axes = Pca.fit(training)
        first = first or axes
        cosines = abs(axes.axes @ first.axes.T)
        ratios = axes.ratios[axes.ratios > RANK_FLOOR]
        modes = spectrum(observed["train"], utility, ratios, axes.utilities(cells["test"]), floor)
        alike = cosines[: len(modes)]
        frames.append(
            modes.assign(
                **condition, cells=len(training), like_rank=alike.argmax(axis=1) + 1,
                overlap=alike.max(axis=1),
            )
        )  # fmt: skip
    write_csv(pd.concat(frames)[COLUMNS], scaling)
    seconds = time.monotonic() - started
    write_json({"device": ", ".join(sorted(devices)), "seconds": seconds}, record)
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
