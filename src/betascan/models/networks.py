"""The networks of the documents, as plain stacks of layers.

Convolutions are 4 x 4 with stride 2 and padding 1, each of which halves the image, down to 4 x 4
pixels. Weights are initialised as PyTorch does by default, as in all the documents' code.
"""

from itertools import pairwise

from torch import nn

from betascan.config.vae import Activation
from betascan.models.conv_transpose import ConvTranspose4x4

CHANNELS = {64: (32, 32, 64, 64), 32: (32, 32, 64)}
"""Channels of the convolutions, by image size; at 32 pixels one of the last two is left out."""
LAST_SIZE = 4  # pixels per side after the last convolution
ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


def convolutional_encoder(size: int, channels: int, width: int, outputs: int) -> nn.Sequential:
    """Return a convolutional encoder with one dense hidden layer and ReLU.

    Parameters
    ----------
    size, channels : int
        Pixels per side and number of channels of the images (batch, channels, size, size).
    width : int
        Units in the hidden layer.
    outputs : int
        It maps to (batch, outputs).

    References
    ----------
    vu2026 (width 256), denardin2025 (width 128).
    """
    layers: list[nn.Module] = []
    for inner, outer in pairwise((channels, *CHANNELS[size])):
        layers += [nn.Conv2d(inner, outer, 4, 2, 1), nn.ReLU()]
    flat = CHANNELS[size][-1] * LAST_SIZE**2
    dense = [nn.Flatten(), nn.Linear(flat, width), nn.ReLU(), nn.Linear(width, outputs)]
    return nn.Sequential(*layers, *dense)


def convolutional_decoder(
    size: int, channels: int, width: int, latents: int, activation: Activation
) -> nn.Sequential:
    """Return the mirror image of `convolutional_encoder`.

    Parameters
    ----------
    size, channels : int
        It maps codes to (batch, channels, size, size).
    width : int
        Units in the hidden layer.
    latents : int
        Number of dimensions of the codes (batch, latents).
    activation : str
        A key of `ACTIVATIONS`; the output has none.
    """
    act, deepest = ACTIVATIONS[activation], CHANNELS[size][-1]
    layers: list[nn.Module] = [
        *(nn.Linear(latents, width), act()),
        *(nn.Linear(width, deepest * LAST_SIZE**2), act()),
        nn.Unflatten(1, (deepest, LAST_SIZE, LAST_SIZE)),
    ]
    for inner, outer in pairwise((*reversed(CHANNELS[size]), channels)):
        layers += [ConvTranspose4x4(inner, outer), act()]
    return nn.Sequential(*layers[:-1])


def mlp_encoder(size: int, channels: int, width: int, outputs: int) -> nn.Sequential:
    """Return an encoder of two hidden layers with ReLU.

    Parameters
    ----------
    size, channels : int
        Pixels per side and number of channels of the images (batch, channels, size, size).
    width : int
        Units in each hidden layer.
    outputs : int
        It maps to (batch, outputs).

    References
    ----------
    chen2018 (width 1200).
    """
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(channels * size**2, width), nn.ReLU()),
        *(nn.Linear(width, width), nn.ReLU()),
        nn.Linear(width, outputs),
    )


def mlp_decoder(
    size: int, channels: int, width: int, latents: int, activation: Activation
) -> nn.Sequential:
    """Return a decoder of three hidden layers.

    Parameters
    ----------
    size, channels : int
        It maps codes to (batch, channels, size, size).
    width : int
        Units in each hidden layer.
    latents : int
        Number of dimensions of the codes (batch, latents).
    activation : str
        A key of `ACTIVATIONS`; the output has none.

    References
    ----------
    chen2018 (width 1200, tanh).
    """
    act = ACTIVATIONS[activation]
    return nn.Sequential(
        *(nn.Linear(latents, width), act()),
        *(nn.Linear(width, width), act()),
        *(nn.Linear(width, width), act()),
        nn.Linear(width, channels * size**2),
        nn.Unflatten(1, (channels, size, size)),
    )


def linear_decoder(size: int, channels: int, latents: int) -> nn.Sequential:
    """Return an affine decoder.

    Parameters
    ----------
    size, channels : int
        It maps codes to (batch, channels, size, size).
    latents : int
        Number of dimensions of the codes (batch, latents).

    References
    ----------
    allen2024, first experiment 3.
    """
    return nn.Sequential(
        nn.Linear(latents, channels * size**2), nn.Unflatten(1, (channels, size, size))
    )


def mlp_discriminator(latents: int, width: int = 1000) -> nn.Sequential:
    """Return FactorVAE's discriminator: six hidden layers with leaky ReLU of slope 0.2.

    Parameters
    ----------
    latents : int
        It maps codes (batch, latents) to the logit (batch, 1) that they are not permuted.
    width : int
        Units in each hidden layer.

    References
    ----------
    Kim and Mnih (2018), appendix A; one logit instead of two as in denardin2025.
    """
    layers: list[nn.Module] = []
    for inner, outer in pairwise((latents, *[width] * 6)):
        layers += [nn.Linear(inner, outer), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, 1))
