"""The networks of the documents, as plain stacks of layers.

Convolutions are 4 x 4 with stride 2 and padding 1, each of which halves the image; the last one
leaves 4 x 4 pixels. Weights start as PyTorch draws them, as in all the documents' code.
"""

from itertools import pairwise

from torch import nn

from betascan.config.vae import Activation
from betascan.models.conv_transpose import ConvTranspose4x4

CHANNELS = {64: (32, 32, 64, 64), 32: (32, 32, 64)}
"""Of the convolutions, by image size; 32 pixels do without one of the last two."""
SMALLEST = 4  # pixels a side where convolutions end
ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


def convolutional_encoder(size: int, channels: int, width: int, outputs: int) -> nn.Sequential:
    """From images (B, channels, size, size) to (B, outputs) (vu2026, denardin2025)."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise((channels, *CHANNELS[size])):
        layers += [nn.Conv2d(inner, outer, 4, 2, 1), nn.ReLU()]
    flat = CHANNELS[size][-1] * SMALLEST**2
    dense = [nn.Flatten(), nn.Linear(flat, width), nn.ReLU(), nn.Linear(width, outputs)]
    return nn.Sequential(*layers, *dense)


def convolutional_decoder(
    size: int, channels: int, width: int, latents: int, activation: Activation
) -> nn.Sequential:
    """From codes (B, latents) to outputs (B, channels, size, size): the encoder's mirror image."""
    act, deepest = ACTIVATIONS[activation], CHANNELS[size][-1]
    layers: list[nn.Module] = [
        *(nn.Linear(latents, width), act()),
        *(nn.Linear(width, deepest * SMALLEST**2), act()),
        nn.Unflatten(1, (deepest, SMALLEST, SMALLEST)),
    ]
    for inner, outer in pairwise((*reversed(CHANNELS[size]), channels)):
        layers += [ConvTranspose4x4(inner, outer), act()]
    return nn.Sequential(*layers[:-1])  # the last one's outputs are not activated


def mlp_encoder(size: int, channels: int, width: int, outputs: int) -> nn.Sequential:
    """From images to (B, outputs) by two hidden layers (chen2018: width 1200)."""
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(channels * size**2, width), nn.ReLU()),
        *(nn.Linear(width, width), nn.ReLU()),
        nn.Linear(width, outputs),
    )


def mlp_decoder(
    size: int, channels: int, width: int, latents: int, activation: Activation
) -> nn.Sequential:
    """From codes to outputs by three hidden layers (chen2018: width 1200, tanh)."""
    act = ACTIVATIONS[activation]
    return nn.Sequential(
        *(nn.Linear(latents, width), act()),
        *(nn.Linear(width, width), act()),
        *(nn.Linear(width, width), act()),
        nn.Linear(width, channels * size**2),
        nn.Unflatten(1, (channels, size, size)),
    )


def linear_decoder(size: int, channels: int, latents: int) -> nn.Sequential:
    """From codes to outputs, affine (allen2024, E3)."""
    return nn.Sequential(
        nn.Linear(latents, channels * size**2), nn.Unflatten(1, (channels, size, size))
    )


def mlp_discriminator(latents: int, width: int = 1000) -> nn.Sequential:
    """FactorVAE's: from codes (B, latents) to one logit (B, 1), that they are real codes.

    Six layers of 1000, leaky ReLU of 0.2 (Kim and Mnih 2018; one logit as in denardin2025).
    """
    layers: list[nn.Module] = []
    for inner, outer in pairwise((latents, *[width] * 6)):
        layers += [nn.Linear(inner, outer), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, 1))
