"""How the parameters of a linear VAE lie in one row of floats.

A scan keeps each point as one row, so that an optimiser, a checkpoint or a kernel handles
1,900 numbers at an address and not six arrays. Latents and inputs are padded to whole vectors
of 16 floats; padding starts at zero and its gradient is zero, so it stays zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
VECTOR = 16  # as in kernel.cpp


def _padded(n: int) -> int:
    return -(-n // VECTOR) * VECTOR


@dataclass(frozen=True)
class Layout:
    """The shapes of a linear VAE with `features` inputs and `latents` latents.

    The blocks of a row, in order, the encoders' biases as their last line:
    mean (features + 1, latents), log-variance (features + 1, latents),
    decoder (features, latents), decoder bias (padded features).
    """

    features: int
    latents: int

    @property
    def input_width(self) -> int:
        """Floats in an input row: x, the 1 of the biases, zeros."""
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

    def weights(self, variances: NDArray[np.float64]) -> Floats:
        """Lay the weights of the features' squared errors (features,) out as an input row."""
        laid = np.zeros(self.input_width, np.float32)
        laid[: self.features] = variances
        return laid

    def inputs(self, x: Floats, rows: int | None = None) -> Floats:
        """Lay samples (n, features) out as input rows (rows or n, input_width)."""
        laid = np.zeros((rows or len(x), self.input_width), np.float32)
        laid[: len(x), : self.features] = x
        laid[: len(x), self.features] = 1
        return laid

    def initial(self, generator: np.random.Generator) -> Floats:
        """Draw one row as torch.nn.Linear does: uniform within 1/sqrt(fan in)."""
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

    def unpack(self, rows: Floats) -> dict[str, Floats]:
        """Split rows (points, floats) into the arrays of the model, without padding.

        Returns encoder_mean and encoder_log_variance (points, latents, features), their biases
        (points, latents), decoder (points, features, latents), decoder_bias (points, features).
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
