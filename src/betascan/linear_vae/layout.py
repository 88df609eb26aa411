"""How the parameters of a linear VAE are laid out in one row of floats.

A scan keeps each point as one row, so that an optimiser, a checkpoint or a kernel handles
1,900 numbers at one address instead of six arrays. Latents and inputs are padded to cache lines of
16 floats, whatever the processor's vector width; padding starts at zero and its gradient is zero,
so it stays zero.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

LINE = 16  # floats, as in vectors.hpp


def _padded(n: int) -> int:
    return -(-n // LINE) * LINE


@dataclass(frozen=True)
class Layout:
    """The shapes of a linear VAE.

    The blocks of a row, in order, with the encoders' biases as their last line:
    mean (features + 1, latents), log-variance (features + 1, latents),
    decoder (features, latents), decoder bias (padded features).

    Attributes
    ----------
    features, latents : int
        How many inputs and latents.
    """

    features: int
    latents: int

    @property
    def input_width(self) -> int:
        """Floats in an input row: x, the 1 for the biases, zeros."""
        return _padded(self.features + 1)

    @property
    def latent_width(self) -> int:
        """Floats in a latent row: the latents, zeros."""
        return _padded(self.latents)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Floats in the four blocks of a row."""
        encoder = (self.features + 1) * self.latent_width
        return encoder, encoder, self.features * self.latent_width, self.input_width

    def weights(
        self, variances: Float64[np.ndarray, " features"]
    ) -> Float32[np.ndarray, " input_width"]:
        """Lay out the weights of the features' squared errors.

        Parameters
        ----------
        variances : float64 array (features,)
            Weights.

        Returns
        -------
        float32 array (input_width,)
            An input row.
        """
        row = np.zeros(self.input_width, np.float32)
        row[: self.features] = variances
        return row

    def inputs(
        self, x: Float32[np.ndarray, "n features"], rows: int | None = None
    ) -> Float32[np.ndarray, "rows input_width"]:
        """Lay out samples.

        Parameters
        ----------
        x : float32 array (n, features)
            Samples.
        rows : int, optional
            Rows of the result, the last ones zero; by default n.

        Returns
        -------
        float32 array (rows, input_width)
            Input rows.
        """
        padded = np.zeros((rows or len(x), self.input_width), np.float32)
        padded[: len(x), : self.features] = x
        padded[: len(x), self.features] = 1
        return padded

    def initial(self, generator: np.random.Generator) -> Float32[np.ndarray, " size"]:
        """Draw parameters as torch.nn.Linear does: uniform within 1/sqrt(fan in).

        Parameters
        ----------
        generator : numpy.random.Generator
            Where they come from.

        Returns
        -------
        float32 array (size,)
            One row.
        """
        lines, width = self.features + 1, self.latent_width
        row = []
        for fan_in in (self.features, self.features):
            block = np.zeros((lines, width), np.float32)
            bound = fan_in**-0.5
            block[:, : self.latents] = generator.uniform(-bound, bound, (lines, self.latents))
            row.append(block.ravel())
        bound = self.latents**-0.5
        decoder = np.zeros((self.features, width), np.float32)
        decoder[:, : self.latents] = generator.uniform(-bound, bound, (self.features, self.latents))
        bias = np.zeros(self.input_width, np.float32)
        bias[: self.features] = generator.uniform(-bound, bound, self.features)
        return np.concatenate([*row, decoder.ravel(), bias])

    def unpack(
        self, rows: Float32[np.ndarray, "points size"]
    ) -> dict[str, Float32[np.ndarray, "points ..."]]:
        """Split rows into the arrays of the model, without padding.

        Parameters
        ----------
        rows : float32 array (points, size)
            Parameters.

        Returns
        -------
        dict of str to float32 array
            encoder_mean and encoder_log_variance (points, latents, features), their biases
            encoder_mean_bias and encoder_log_variance_bias (points, latents), decoder
            (points, features, latents), decoder_bias (points, features).
        """
        mean, log_variance, decoder, bias = np.split(rows, np.cumsum(self.sizes)[:-1], axis=1)
        arrays = {}
        for name, block in (("mean", mean), ("log_variance", log_variance)):
            lines = block.reshape(len(rows), self.features + 1, -1)[:, :, : self.latents]
            arrays[f"encoder_{name}"] = lines[:, :-1].transpose(0, 2, 1)
            arrays[f"encoder_{name}_bias"] = lines[:, -1]
        arrays["decoder"] = decoder.reshape(len(rows), self.features, -1)[:, :, : self.latents]
        arrays["decoder_bias"] = bias[:, : self.features]
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}
