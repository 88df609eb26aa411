"""The coordinates a scan is trained in. They do not change the optimum, only the path to it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

NULL = 1e-12  # of the total variance: such a direction is rounding, as with bio7 = bio5 - bio6
CENTRED = 1e-4  # of the standard deviation: such a mean is the rounding of a standardised table


@dataclass(frozen=True)
class Coordinates:
    """x = mean + to_x y, with sum_j variances_j (y_j - y'_j)^2 = |x - x'|^2.

    Attributes
    ----------
    mean : float64 array (features,)
        Where y = 0.
    to_x : float64 array (features, coordinates)
        Matrix from y to x.
    from_x : float64 array (coordinates, features)
        Matrix from x - mean to y.
    variances : float64 array (coordinates,)
        Weight of each coordinate in a squared error.
    """

    mean: Float64[np.ndarray, " features"]
    to_x: Float64[np.ndarray, "features coordinates"]
    from_x: Float64[np.ndarray, "coordinates features"]
    variances: Float64[np.ndarray, " coordinates"]

    @classmethod
    def centred(cls, x: Float[np.ndarray, "n features"]) -> "Coordinates":
        """Return x minus its mean; columns that are centred up to rounding stay as they are.

        Parameters
        ----------
        x : float array (n, features)
            Training samples.

        Returns
        -------
        Coordinates
            Coordinates of x minus its mean.
        """
        mean, features = x.mean(axis=0, dtype=np.float64), x.shape[1]
        mean[abs(mean) <= CENTRED * x.std(axis=0, dtype=np.float64)] = 0
        return cls(mean, np.eye(features), np.eye(features), np.ones(features))

    @classmethod
    def whitened(cls, x: Float[np.ndarray, "n features"]) -> "Coordinates":
        """Return the principal components, scaled to unit variance.

        In raw coordinates modes of high variance dominate Adam's second moments, and a mode that
        holds a millionth of the variance takes millions of updates; here each mode has parameters
        of its own. Directions without variance are left out.

        Parameters
        ----------
        x : float array (n, features)
            Training samples.

        Returns
        -------
        Coordinates
            Coordinates in order of descending variance.
        """
        mean = x.mean(axis=0, dtype=np.float64)
        covariance = np.atleast_2d(np.cov(x, rowvar=False, bias=True, dtype=np.float64))
        values, vectors = np.linalg.eigh(covariance)
        kept = values > NULL * values.sum()
        values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
        spread = np.sqrt(values)
        return cls(mean, vectors * spread, (vectors / spread).T, values)

    def transform(self, x: Float[np.ndarray, "n features"]) -> Float32[np.ndarray, "n coordinates"]:
        """Return samples in these coordinates.

        Parameters
        ----------
        x : float array (n, features)
            Samples.

        Returns
        -------
        float32 array (n, coordinates)
            The same samples.
        """
        return ((x - self.mean) @ self.from_x.T).astype(np.float32)

    def inverse_transform(
        self, parameters: dict[str, Float32[np.ndarray, "points ..."]]
    ) -> dict[str, Float64[np.ndarray, "points ..."]]:
        """Return parameters trained in these coordinates as those of the model of x.

        Parameters
        ----------
        parameters : dict of str to float32 array
            Parameters by name, as `Layout.unpack` returns them.

        Returns
        -------
        dict of str to float64 array
            The same names.
        """
        arrays = {name: array.astype(np.float64) for name, array in parameters.items()}
        for name in ("encoder_mean", "encoder_log_variance"):
            arrays[name] = arrays[name] @ self.from_x
            arrays[f"{name}_bias"] -= arrays[name] @ self.mean
        arrays["decoder"] = self.to_x @ arrays["decoder"]
        # one product per point: a joint one would round differently in another group of points
        shift = self.to_x @ arrays["decoder_bias"][..., None]
        arrays["decoder_bias"] = self.mean + shift[..., 0]
        return arrays
