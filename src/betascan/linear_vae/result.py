"""What a scan returns: trained points, to be saved, loaded and joined."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import ArrayLike

from betascan.core.files import read_npz, write_npz
from betascan.linear_vae.inputs import as_table

PER_POINT = ("betas", "best_update", "last_update", "validation_loss")


@dataclass(frozen=True)
class Scan:
    """Trained points: row p of every array belongs to ``betas[p]``.

    Attributes
    ----------
    betas : float64 array (points,)
        Weight of the rate.
    total_variance : float
        V of the training data (hirn2026, Eq. 6).
    parameters : dict of str to float64 array
        Parameters of the model of x, with names and shapes as in `Layout.unpack`.
    best_update : int64 array (points,)
        The update with the least validation loss, whose parameters are kept.
    last_update : int64 array (points,)
        The update at which training ended.
    validation_loss : float64 array (points,)
        The least D + beta R, in nats.
    facts : dict
        The protocol.
    record : dict
        What differs from run to run: device and seconds.
    """

    betas: Float64[np.ndarray, " points"]
    total_variance: float
    parameters: dict[str, Float64[np.ndarray, "points ..."]]
    best_update: Int64[np.ndarray, " points"]
    last_update: Int64[np.ndarray, " points"]
    validation_loss: Float64[np.ndarray, " points"]
    facts: dict[str, Any]
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def temperatures(self) -> Float64[np.ndarray, " points"]:
        """T = beta sigma_dec^2 / V with sigma_dec^2 = 1 (hirn2026, Eq. 9)."""
        return self.betas / self.total_variance

    def save(self, path: str | Path) -> None:
        """Write the scan, without its record, to an NPZ file.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        DataError
            If the disk is full.
        """
        per_point = {name: getattr(self, name) for name in PER_POINT}
        facts = {**self.facts, "total_variance": self.total_variance}
        write_npz(Path(path), {**per_point, **self.parameters}, **facts)

    @classmethod
    def load(cls, *paths: str | Path) -> "Scan":
        """Read a scan, or join the parts of one.

        Parameters
        ----------
        *paths : str or Path
            Files of the same run, split into jobs.

        Returns
        -------
        Scan
            All their points, in that order.

        Raises
        ------
        DataError
            If a file is missing or damaged.
        """
        parts = [read_npz(Path(path)) for path in paths]
        arrays = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
        per_point: dict[str, Any] = {name: arrays.pop(name) for name in PER_POINT}
        facts = dict(parts[0][1])
        V = facts.pop("total_variance")
        return cls(parameters=arrays, total_variance=V, facts=facts, **per_point)


def total_variance(x: ArrayLike) -> float:
    """Return V, the mean squared distance of samples from their mean.

    Parameters
    ----------
    x : array_like (n, features)
        Samples.

    Returns
    -------
    float
        V in the squared units of x.

    Raises
    ------
    DataError
        If x is not a table of finite numbers.

    References
    ----------
    hirn2026, Eq. 6.
    """
    return float(as_table(x, "x").var(axis=0, dtype=np.float64).sum())
