"""The coordinates a scan is trained in. They do not move the optimum, only the way to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from betascan.linear_vae.layout import Floats

Array = NDArray[np.float64]
NULL = 1e-12  # of the total variance: such a direction is rounding, as in bio7 = bio5 - bio6


@dataclass(frozen=True)
class Coordinates:
    """x = mean + to_x y, with sum_j variances_j (y_j - y'_j)^2 = |x - x'|^2.

    mean (features,), to_x (features, coordinates), from_x (coordinates, features),
    variances (coordinates,).
    """

    mean: Array
    to_x: Array
    from_x: Array
    variances: Array

    @classmethod
    def raw(cls, features: int) -> "Coordinates":
        """Return x itself."""
        return cls(np.zeros(features), np.eye(features), np.eye(features), np.ones(features))

    @classmethod
    def whitened(cls, x: Floats) -> "Coordinates":
        """Return the principal components of samples (n, features), at unit variance.

        Adam scales its steps entry by entry. In x every entry feels the loud modes, and a mode
        that holds a millionth of the variance takes millions of updates; here each mode has
        entries of its own. Directions without variance are left out.
        """
        mean = x.mean(axis=0, dtype=np.float64)
        values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, bias=True, dtype=np.float64))
        kept = values > NULL * values.sum()
        values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
        spread = np.sqrt(values)
        return cls(mean, vectors * spread, (vectors / spread).T, values)

    def enter(self, x: Floats) -> Floats:
        """Return samples (n, features) in these coordinates (n, coordinates)."""
        return ((x - self.mean) @ self.from_x.T).astype(np.float32)

    def leave(self, parameters: dict[str, Floats]) -> dict[str, Array]:
        """Return parameters trained here (as of `Layout.unpack`) as those of the model of x."""
        arrays = {name: array.astype(np.float64) for name, array in parameters.items()}
        for name in ("encoder_mean", "encoder_log_variance"):
            arrays[name] = arrays[name] @ self.from_x
            arrays[f"{name}_bias"] -= arrays[name] @ self.mean
        arrays["decoder"] = self.to_x @ arrays["decoder"]
        # a product a point: one of all points would round differently in another group of them
        shift = self.to_x @ arrays["decoder_bias"][..., None]
        arrays["decoder_bias"] = self.mean + shift[..., 0]
        return arrays
