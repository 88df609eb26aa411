"""What a trained scan, and PCA, do on each of the three splits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from betascan.core.files import write_csv
from betascan.data import blocks
from betascan.linear_vae import Scan
from betascan.spectroscopy import RANK_FLOOR, Pca, observe, truncated_distortion
from betascan.studies.hirn2026.points import points as totals
from betascan.studies.hirn2026.points import rate_error
from betascan.studies.hirn2026.split import load_split
from betascan.theory import landau


def measure(
    cells: Path,
    parts: Sequence[Path],
    observables: Path,
    distortion: Path,
    points: Path,
    protocol: Path,
    name: str,
    floor: float,
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
        first `rank` latents (Eq. 18), in units of the training variance; share, the same in units
        of the split's own variance about the training mean; a collapsed model has 1 (Eq. 7).
    points : Path
        CSV to write: estimator, split, and the columns of `betascan.studies.hirn2026.points`; on
        test also rate_error.
    protocol : Path
        CSV to write: for how many updates each point was trained, its validation loss, and the
        loss of the law's optimum on validation.
    name : str
        Value of the column estimator.
    floor : float
        Latents with a signal fraction above it are active.
    """
    scan = Scan.load(*parts)
    axes = Pca.fit(load_split(cells, "train"))
    moments, levels, wholes = [], [], []
    for split in blocks.NAMES.values():
        x = load_split(cells, split)
        observed = observe(scan, x)
        values = truncated_distortion(scan, x, observed)
        moments.append(observed.assign(estimator=name, split=split))
        whole = totals(scan, x, observed, floor)
        if split == "test":
            whole["rate_error"] = rate_error(scan, x, observed)
        wholes.append(whole.assign(estimator=name, split=split))
        n, ranks = values.shape
        levels.append(
            pd.DataFrame(
                {
                    "estimator": name,
                    "split": split,
                    "T": np.repeat(scan.temperatures, ranks),
                    "rank": np.tile(np.arange(ranks), n),
                    "distortion": values.ravel(),
                    "share": values.ravel() / axes.utilities(x).sum(),
                }
            )
        )
    for frames, path in ((moments, observables), (wholes, points)):
        table = pd.concat(frames)
        own = [column for column in table if column not in ("estimator", "split")]
        write_csv(table[["estimator", "split", *own]], path)
    write_csv(pd.concat(levels), distortion)
    held_out = axes.utilities(load_split(cells, "validation"))
    ratios = axes.ratios > RANK_FLOOR
    optimum = landau.loss(scan.temperatures, axes.ratios[ratios], held_out[ratios])
    per_point = {
        "estimator": name,
        "T": scan.temperatures,
        "beta": scan.betas,
        "best_update": scan.best_update,
        "last_update": scan.last_update,
        "validation_loss": scan.validation_loss,
        "optimum_loss": optimum * scan.total_variance / 2,
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
        pca_utility (removed on the split) and pca_distortion (remaining on it), all in units of the
        training variance.
    """
    axes = Pca.fit(load_split(cells, "train"))
    frames = []
    for split in blocks.NAMES.values():
        utility = axes.utilities(load_split(cells, split))
        left = utility[::-1].cumsum()[::-1]  # summed from the smallest: 1e-13 must not be lost
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
