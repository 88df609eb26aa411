"""First and second derivatives of a decoder along several directions at once (Taylor mode)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from betascan.models.conv_transpose import ConvTranspose4x4

Derivatives = Callable[[Tensor], tuple[Tensor, Tensor]]


def _tanh(x: Tensor) -> tuple[Tensor, Tensor]:
    y = x.tanh()
    first = 1 - y.square()
    return first, -2 * y * first


def _silu(x: Tensor) -> tuple[Tensor, Tensor]:
    s = x.sigmoid()
    ds = s * (1 - s)
    return s + x * ds, ds * (2 + x * (1 - 2 * s))


def _softplus(x: Tensor) -> tuple[Tensor, Tensor]:
    s = x.sigmoid()
    return s, s * (1 - s)


def _relu(x: Tensor) -> tuple[Tensor, Tensor]:
    return (x > 0).to(x.dtype), torch.zeros_like(x)


DERIVATIVES: dict[type[nn.Module], Derivatives] = {
    nn.Tanh: _tanh,
    nn.SiLU: _silu,
    nn.Softplus: _softplus,
    nn.ReLU: _relu,
}


def _without_bias(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return functional.linear(x, layer.weight)
    if isinstance(layer, ConvTranspose4x4):
        return layer.with_bias(x, None)
    reshaped: Tensor = layer(x)
    return reshaped


def jet(
    decoder: nn.Sequential,
    z: Float[Tensor, "batch latents"],
    directions: Float[Tensor, "batch directions latents"],
) -> tuple[
    Float[Tensor, " batch *outputs"],
    Float[Tensor, "batch directions *outputs"],
    Float[Tensor, "batch directions *outputs"],
]:
    """Return f(z), d/dt f(z + t v) and d^2/dt^2 f(z + t v) at t = 0 for each direction v.

    Exact, and differentiable by ordinary backward passes: each layer passes on the value and both
    derivatives v and w, which an activation a maps to a' v and a'' v^2 + a' w. Costs about as much
    as 2 directions + 1 decodings.

    Parameters
    ----------
    decoder : Sequential
        f: linear layers, `ConvTranspose4x4`, the activations of `DERIVATIVES`, reshapings.
    z : Tensor of shape (batch, latents)
        Codes.
    directions : Tensor of shape (batch, directions, latents)
        The directions of each code.

    Returns
    -------
    value : Tensor of shape (batch, ...)
    first, second : Tensor of shape (batch, directions, ...)

    References
    ----------
    Griewank and Walther (2008), Evaluating Derivatives, chapter 13.
    """
    batch, n_directions, _ = directions.shape
    value, first = z, directions.flatten(0, 1)
    second = torch.zeros_like(first)
    for layer in decoder:
        if derivatives := DERIVATIVES.get(type(layer)):
            da, dda = (d.repeat_interleave(n_directions, 0) for d in derivatives(value))
            second = dda * first.square() + da * second
            first, value = da * first, layer(value)
        else:
            value = layer(value)
            first, second = _without_bias(layer, torch.cat([first, second])).chunk(2)
    shape = batch, n_directions, *value.shape[1:]
    return value, first.reshape(shape), second.reshape(shape)
