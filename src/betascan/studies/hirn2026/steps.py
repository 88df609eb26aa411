"""The heavy steps of hirn2026: training a scan and measuring it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betascan.core.files import read_npz, write_csv, write_json
from betascan.core.provenance import provenance as machine
from betascan.data import blocks
from betascan.linear_vae import Scan, scan, total_variance
from betascan.spectroscopy import Pca, beta_from_temperature, observe, truncated_distortion
from betascan.studies.hirn2026.cells import load_split


def train(
    cells: Path,
    trained: Path,
    record: Path,
    temperatures: Sequence[float],
    threads: int,
    **protocol: Any,
) -> None:
    """Scan the given temperatures; write the `Scan` and, in `record`, device and seconds.

    `protocol` as in `scan`. The checkpoint lies beside `trained`, undeclared: Snakemake deletes
    the outputs of a job that failed.
    """
    checkpoint = trained.with_name(f"{trained.stem}-checkpoint.npz")
    x, held_out = load_split(cells, "train"), load_split(cells, "validation")
    betas = beta_from_temperature(temperatures, total_variance(x))
    result = scan(x, held_out, betas, workers=threads, checkpoint=checkpoint, **protocol)
    result.save(trained)
    write_json(result.record, record)
    checkpoint.unlink(missing_ok=True)


def measure(
    cells: Path, parts: Sequence[Path], observables: Path, distortion: Path, protocol: Path
) -> None:
    """Measure a trained scan, cut into `parts`, on all three splits.

    Writes `observables` (as `observe`), `distortion` (split, T, rank, distortion: reconstructions
    from the first rank latents) and `protocol` (how long each point was trained).
    """
    trained = Scan.load(*parts)
    estimator = trained.facts["estimator"]
    seen, levels = [], []
    for name in blocks.NAMES.values():
        x = load_split(cells, name)
        frame = observe(trained, x)
        values = truncated_distortion(trained, x, frame)
        seen.append(frame.assign(estimator=estimator, split=name))
        points, ranks = values.shape
        levels.append(
            pd.DataFrame(
                {
                    "estimator": estimator,
                    "split": name,
                    "T": np.repeat(trained.temperatures, ranks),
                    "rank": np.tile(np.arange(ranks), points),
                    "distortion": values.ravel(),
                }
            )
        )
    together = pd.concat(seen)
    write_csv(together[["estimator", "split", *together.columns[:-2]]], observables)
    write_csv(pd.concat(levels), distortion)
    per_point = {
        "estimator": estimator,
        "T": trained.temperatures,
        "beta": trained.betas,
        "best_update": trained.best_update,
        "last_update": trained.last_update,
        "validation_loss": trained.validation_loss,
    }
    write_csv(pd.DataFrame(per_point), protocol)


def principal_components(cells: Path, pca: Path) -> None:
    """Write what the training data's principal axes remove on each split.

    Columns: split, rank (0: nothing removed), pca_ratio (of the training data), pca_utility (on
    the split), pca_distortion (left on the split), all in units of the training variance.
    """
    axes = Pca.fit(load_split(cells, "train"))
    frames = []
    for name in blocks.NAMES.values():
        utility = axes.utilities(load_split(cells, name))
        left = utility[::-1].cumsum()[::-1]  # summed from the smallest: 1e-13 must not drown
        frames.append(
            pd.DataFrame(
                {
                    "split": name,
                    "rank": np.arange(len(utility) + 1),
                    "pca_ratio": [np.nan, *axes.ratios],
                    "pca_utility": [np.nan, *utility],
                    "pca_distortion": [*left, 0.0],
                }
            )
        )
    write_csv(pd.concat(frames), pca)


def provenance(
    cells: Path,
    records: Sequence[Path],
    provenance: Path,
    scale: str,
    config: dict[str, Any],
) -> None:
    """Record what the results were made from: scale, data, settings, device, time, versions."""
    _, facts = read_npz(cells)
    runs = [json.loads(record.read_text()) for record in records]
    record = {
        "scale": scale,
        "data": {name: facts[name] for name in ("source", "fingerprint", "resolution")},
        "config": config,
        "device": sorted({run["device"] for run in runs}),
        "training_seconds": round(sum(run["seconds"] for run in runs)),
        **machine(),
    }
    write_json(record, provenance)
