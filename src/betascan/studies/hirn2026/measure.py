"""What a trained scan, and PCA, do on each of the three splits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.data import blocks
from betascan.linear_vae import Scan
from betascan.spectroscopy import Pca, observe, truncated_distortion
from betascan.studies.hirn2026.split import load_split


def measure(
    cells: Path, parts: Sequence[Path], observables: Path, distortion: Path, protocol: Path
) -> None:
    """Measure a trained scan on all three splits.

    Parameters
    ----------
    cells : Path
        NPZ of `split_cells`.
    parts : sequence of Path
        The scan, cut into jobs: what `train` wrote.
    observables : Path
        CSV to write: estimator, split, and the columns of `betascan.spectroscopy.observe`.
    distortion : Path
        CSV to write: estimator, split, T, rank and the distortion of reconstructions from the
        first `rank` latents, in units of the training variance (Eq. 18).
    protocol : Path
        CSV to write: for how many updates each point was trained, and its validation loss.
    """
    scan = Scan.load(*parts)
    estimator = scan.facts["estimator"]
    moments, levels = [], []
    for split in blocks.NAMES.values():
        x = load_split(cells, split)
        observed = observe(scan, x)
        values = truncated_distortion(scan, x, observed)
        moments.append(observed.assign(estimator=estimator, split=split))
        points, ranks = values.shape
        levels.append(
            pd.DataFrame(
                {
                    "estimator": estimator,
                    "split": split,
                    "T": np.repeat(scan.temperatures, ranks),
                    "rank": np.tile(np.arange(ranks), points),
                    "distortion": values.ravel(),
                }
            )
        )
    table = pd.concat(moments)
    write_csv(table[["estimator", "split", *table.columns[:-2]]], observables)
    write_csv(pd.concat(levels), distortion)
    per_point = {
        "estimator": estimator,
        "T": scan.temperatures,
        "beta": scan.betas,
        "best_update": scan.best_update,
        "last_update": scan.last_update,
        "validation_loss": scan.validation_loss,
    }
    write_csv(pd.DataFrame(per_point), protocol)


def principal_components(cells: Path, pca: Path) -> None:
    """Measure what the principal axes of the training split remove on each split.

    Parameters
    ----------
    cells : Path
        NPZ of `split_cells`.
    pca : Path
        CSV to write: split, rank (0: nothing removed), pca_ratio (of the training split),
        pca_utility (removed on the split) and pca_distortion (left on it), all in units of the
        training variance.
    """
    axes = Pca.fit(load_split(cells, "train"))
    frames = []
    for split in blocks.NAMES.values():
        utility = axes.utilities(load_split(cells, split))
        left = utility[::-1].cumsum()[::-1]  # summed from the smallest: 1e-13 must not drown
        frames.append(
            pd.DataFrame(
                {
                    "split": split,
                    "rank": np.arange(len(utility) + 1),
                    "pca_ratio": [np.nan, *axes.ratios],
                    "pca_utility": [np.nan, *utility],
                    "pca_distortion": [*left, 0.0],
                }
            )
        )
    write_csv(pd.concat(frames), pca)
