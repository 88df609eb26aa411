"""The documents' transposed convolution, 4 x 4 with stride 2 and padding 1, fast on a CPU."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional, grad

FEW_CHANNELS = 4  # outputs up to which oneDNN's own forward pass is several times slower

Features = Float[Tensor, "batch inputs height width"]
Upsampled = Float[Tensor, "batch outputs 2*height 2*width"]


class ConvTranspose4x4(nn.ConvTranspose2d):
    """A transposed convolution that doubles height and width.

    Gives the same numbers as ``torch.nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)``, with backward
    passes that are faster on a CPU.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 4, 2, 1)

    def forward(self, x: Features) -> Upsampled:  # type: ignore[override]
        """Apply the layer."""
        return self.with_bias(x, self.bias)

    def with_bias(self, x: Features, bias: Float[Tensor, " outputs"] | None) -> Upsampled:
        """Apply the layer with another bias, or none."""
        autocast = x.dtype != self.weight.dtype
        # functorch differentiates a Function once but, silently, not twice
        transformed = torch._C._are_functorch_transforms_active()
        if x.device.type != "cpu" or autocast or transformed:
            return functional.conv_transpose2d(x, self.weight, bias, 2, 1)
        output: Tensor = _ConvTranspose.apply(x, self.weight, bias)  # type: ignore[no-untyped-call]
        return output


class _ConvTranspose(Function):
    """Its gradients are ordinary convolutions, twice as fast in oneDNN with channels last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        if weight.shape[1] > FEW_CHANNELS:
            return functional.conv_transpose2d(x, weight, bias, 2, 1)
        return _sub_pixel_convolution(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight = ctx.saved_tensors
        grad_x = functional.conv2d(gradient, weight, None, 2, 1)
        grad_weight = grad.conv2d_weight(gradient, weight.shape, x, 2, 1)
        return grad_x, grad_weight, gradient.sum((0, 2, 3)) if ctx.biased else None


def _sub_pixel_convolution(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve to four times the channels, and move them to 2 x 2 pixels (Shi et al. 2016)."""
    inputs, outputs = weight.shape[:2]
    # (inputs, outputs, 4, 4) -> (row and column of the output, outputs, inputs, 2, 2)
    kernel = weight.reshape(inputs, outputs, 2, 2, 2, 2).flip(2, 4).permute(3, 5, 1, 0, 2, 4)
    kernel = kernel.reshape(4 * outputs, inputs, 2, 2)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    four = functional.conv2d(x, kernel, None if bias is None else bias.repeat(4), 1, 1)
    batch, _, height, width = four.shape
    four = four.permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, outputs)
    spread = four.transpose(2, 3).reshape(batch, 2 * height, 2 * width, outputs)
    return spread[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
