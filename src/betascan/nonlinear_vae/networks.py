"""Encoder and decoder of all points of a scan as one batch of matrix products."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import silu


@dataclass(frozen=True)
class Networks:
    """Perceptrons with SiLU: x to the mean and log-variance of q(z|x), and z to x.

    A layer is a matrix of shape (inputs + 1, outputs) whose last row is the bias. The parameters
    of a point are one row, layer by layer.

    Attributes
    ----------
    features : int
        Dimensions of x.
    latents : int
        Dimensions of z.
    hidden : tuple of int
        Widths of the encoder's hidden layers and, in reverse, of the decoder's; empty for a
        linear VAE.
    """

    features: int
    latents: int
    hidden: tuple[int, ...]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """The layers by name, in the order of a row."""
        encoder = (self.features, *self.hidden, 2 * self.latents)
        decoder = (self.latents, *self.hidden[::-1], self.features)
        return {
            f"{part}_{number}": (inputs + 1, outputs)
            for part, widths in (("encoder", encoder), ("decoder", decoder))
            for number, (inputs, outputs) in enumerate(pairwise(widths))
        }

    @property
    def sizes(self) -> list[int]:
        """How many numbers of a row each layer takes."""
        return [rows * columns for rows, columns in self.shapes.values()]

    def initial(self, random: np.random.Generator) -> Float32[np.ndarray, " size"]:
        """Draw the parameters of a point: uniform within 1/sqrt(inputs), as torch does.

        Parameters
        ----------
        random : numpy.random.Generator

        Returns
        -------
        ndarray of float32, shape (size,)
        """
        layers = []
        for rows, columns in self.shapes.values():
            bound = (rows - 1) ** -0.5
            layers.append(random.uniform(-bound, bound, rows * columns))
        return np.concatenate(layers).astype(np.float32)

    def unpack(self, rows: Tensor) -> dict[str, Tensor]:
        """Return views (points, inputs + 1, outputs) of the layers of rows (points, size)."""
        parts = rows.split(self.sizes, dim=1)
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }


def encode(layers: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance (points, n, latents) of q(z|x), x being (n, features)."""
    points = next(iter(layers.values())).shape[0]
    mean, log_variance = _perceptron(layers, "encoder", x.expand(points, -1, -1)).chunk(2, dim=2)
    return mean, log_variance


def decode(layers: dict[str, Tensor], z: Tensor) -> Tensor:
    """Return reconstructions (points, n, features) of z (points, n, latents)."""
    return _perceptron(layers, "decoder", z)


def _perceptron(layers: dict[str, Tensor], part: str, x: Tensor) -> Tensor:
    chain = [layer for name, layer in layers.items() if name.startswith(part)]
    for number, layer in enumerate(chain):
        x = torch.baddbmm(layer[:, -1:], silu(x) if number else x, layer[:, :-1])
    return x
