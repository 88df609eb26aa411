"""What trained scans of nonlinear VAEs do on climate, compared with the linear law."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.linear_vae import Scan
from betascan.nonlinear_vae.measure import observe, truncated_distortion
from betascan.spectroscopy import RANK_FLOOR, Pca, spectrum, utilities
from betascan.studies.outlook.cells import load
from betascan.theory import landau

Spectrum = Float[np.ndarray, " modes"]


def measure(
    table: Path,
    scans: Sequence[Path],
    observables: Path,
    modes: Path,
    points: Path,
    split: Mapping[str, Any],
    samples: int,
    floor: float,
) -> None:
    """Measure scans on the training and the test split.

    Parameters
    ----------
    table : Path
        HDF5 of `betascan.data.worldclim.write_table`.
    scans : sequence of Path
        NPZ of `betascan.studies.outlook.train.train`, one per seed.
    observables : Path
        CSV to write: seed, split, and the columns of `betascan.nonlinear_vae.observe`.
    modes : Path
        CSV to write: seed, split, rank, pca_ratio of the training split, pca_utility on the split,
        threshold, threshold_se, inactive_below (points of the scan below the threshold at which
        the latent is inactive; according to the law, hardly ever one), departure (root mean
        square of M^2 about the law fitted to it, where it is active or T is below the threshold)
        and utility, the last five of the nonlinear VAE.
    points : Path
        CSV to write: seed, split, T, active latents, distortion (all latents, posterior means),
        rate (nats), the linear law's active latents and distortion at this T, its active latents
        at the distortion of the nonlinear VAE, and whether training stopped early.
    split : Mapping
        Arguments of `betascan.studies.outlook.cells.load`.
    samples : int
        Largest number of cells of a split to measure, drawn at random.
    floor : float
        A latent is active where M^2 exceeds it.
    """
    cells = load(table, **split)
    axes = Pca.fit(cells["train"])
    ratios = axes.ratios[axes.ratios > RANK_FLOOR]
    measured = {
        name: stream(split["seed"], f"outlook/{name}").permutation(cells[name])[:samples]
        for name in ("train", "test")
    }
    moments, spectra, levels = [], [], []
    for path in scans:
        scan = Scan.load(path)
        observed = {name: observe(scan, x) for name, x in measured.items()}
        distortion = {
            name: truncated_distortion(scan, x, observed[name]) for name, x in measured.items()
        }
        for name, x in measured.items():
            keys = {"seed": scan.facts["seed"], "split": name}
            variances = axes.utilities(x)
            moments.append(observed[name].assign(**keys))
            utility = utilities(distortion["train"], distortion[name])
            spectra.append(
                spectrum(observed[name], utility, ratios, variances, floor).assign(**keys)
            )
            levels.append(
                _levels(scan, observed[name], distortion[name], ratios, variances, floor).assign(
                    **keys
                )
            )
    for frames, path in ((moments, observables), (spectra, modes), (levels, points)):
        frame = pd.concat(frames)
        write_csv(frame[["seed", "split", *frame.columns.drop(["seed", "split"])]], path)


def _levels(
    scan: Scan,
    observed: pd.DataFrame,
    distortion: Float[np.ndarray, "points ranks"],
    ratios: Spectrum,
    variances: Spectrum,
    floor: float,
) -> pd.DataFrame:
    """One row per T: active latents, distortion and rate, beside the linear law's."""
    fraction = observed["signal_fraction"].to_numpy().reshape(len(scan.betas), -1)
    rate = observed["rate"].to_numpy().reshape(len(scan.betas), -1)
    lost = variances.sum() - variances[: len(ratios)].sum()

    def law(T: Any) -> Any:
        return lost + landau.mean_distortion(T, ratios, len(ratios), variances[: len(ratios)])

    def active(T: Any) -> Any:
        return (landau.signal_fraction(np.reshape(T, (-1, 1)), ratios) > floor).sum(1)

    # the law's distortion rises with T, so it can be inverted on a fine grid
    fine = np.geomspace(ratios.min() / 100, 1, 10_000)
    same = np.exp(np.interp(distortion[:, -1], law(fine), np.log(fine)))
    return pd.DataFrame(
        {
            "T": scan.temperatures,
            "active": (fraction > floor).sum(1),
            "distortion": distortion[:, -1],
            "rate": rate.sum(1),
            "linear_active": active(scan.temperatures),
            "linear_distortion": law(scan.temperatures),
            "linear_active_at_distortion": active(same),
            "at_rest": scan.last_update < scan.facts["updates"],
        }
    )
