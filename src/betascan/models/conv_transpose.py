"""The documents' transposed convolution, 4 x 4 with stride 2 and padding 1, fast on a CPU."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional, grad

FEW = 4  # output channels up to which oneDNN's own forward pass is several times too slow


class ConvTranspose4x4(nn.ConvTranspose2d):
    """From (B, inputs, H, W) to (B, outputs, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Apply the layer."""
        return self.apply_to(x, self.bias)

    def apply_to(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Apply the layer with another bias, or none."""
        ordinary = x.device.type == "cpu" and x.dtype == self.weight.dtype  # else autocast
        # functorch differentiates a Function once, and silently not twice
        if ordinary and not torch._C._are_functorch_transforms_active():
            output: Tensor = _Deconvolve.apply(x, self.weight, bias)  # type: ignore[no-untyped-call]
            return output
        return functional.conv_transpose2d(x, self.weight, bias, 2, 1)


class _Deconvolve(Function):
    """The same numbers by other passes: backwards it is an ordinary convolution of the gradient,
    whose own passes oneDNN does nearly twice as fast with channels last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        if weight.shape[1] > FEW:
            return functional.conv_transpose2d(x, weight, bias, 2, 1)
        return _by_quarters(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x = functional.conv2d(gradient, weight, None, 2, 1)
        of_weight = grad.conv2d_weight(gradient, weight.shape, x, 2, 1)
        return of_x, of_weight, gradient.sum((0, 2, 3)) if ctx.biased else None


def _by_quarters(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Each 2 x 2 inputs give 2 x 2 outputs: a convolution to four times the channels."""
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
