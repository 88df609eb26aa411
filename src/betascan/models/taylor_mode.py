"""First and second derivatives of a decoder along several directions at once (Taylor mode)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from betascan.models.conv_transpose import ConvTranspose4x4

Curve = Callable[[Tensor], tuple[Tensor, Tensor]]


def _tanh(x: Tensor) -> tuple[Tensor, Tensor]:
    y = x.tanh()
    slope = 1 - y.square()
    return slope, -2 * y * slope


def _silu(x: Tensor) -> tuple[Tensor, Tensor]:
    s = x.sigmoid()
    slope = s * (1 - s)
    return s + x * slope, slope * (2 + x * (1 - 2 * s))


def _softplus(x: Tensor) -> tuple[Tensor, Tensor]:
    s = x.sigmoid()
    return s, s * (1 - s)


def _relu(x: Tensor) -> tuple[Tensor, Tensor]:
    return (x > 0).to(x.dtype), torch.zeros_like(x)


CURVES: dict[type[nn.Module], Curve] = {
    nn.Tanh: _tanh,
    nn.SiLU: _silu,
    nn.Softplus: _softplus,
    nn.ReLU: _relu,
}


def _without_bias(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return functional.linear(x, layer.weight)
    if isinstance(layer, ConvTranspose4x4):
        return layer.apply_to(x, None)
    shaped: Tensor = layer(x)
    return shaped


def jet(decoder: nn.Sequential, z: Tensor, directions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return f(z), d/dt f(z + t v) and d^2/dt^2 f(z + t v) at t = 0 for each direction v.

    decoder: a stack of linear layers, transposed convolutions, activations and reshapings;
    z (B, D); directions (B, K, D). Shapes (B, ...), (B, K, ...), (B, K, ...). Exact, and
    differentiable by ordinary backward passes: each layer carries value and derivatives on, an
    activation a as a' v and a'' v^2 + a' w. Costs about 2 K + 1 decodings.
    """
    batch, number, _ = directions.shape
    value, first = z, directions.flatten(0, 1)
    second = torch.zeros_like(first)
    for layer in decoder:
        if curve := CURVES.get(type(layer)):
            slope, bend = (d.repeat_interleave(number, 0) for d in curve(value))
            second = bend * first.square() + slope * second
            first, value = slope * first, layer(value)
        else:
            value = layer(value)
            first, second = _without_bias(layer, torch.cat([first, second])).chunk(2)
    shape = batch, number, *value.shape[1:]
    return value, first.reshape(shape), second.reshape(shape)
