"""A function of tensors recorded once as a CUDA graph: one launch instead of hundreds."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")

WARM_UP = 3  # calls before the recording, in which libraries choose their algorithms


def capture(function: Callable[..., Result], *example: Tensor) -> Callable[..., Result]:
    """Record a function on a CUDA device and return one that replays it.

    Parameters
    ----------
    function : callable
        Maps tensors on the device to tensors, or has effects on others. A graph repeats kernels,
        not Python: the function must neither wait for the device nor draw random numbers, and what
        it leaves in ``.grad`` is overwritten by every replay.
    *example : Tensor
        Arguments with the shapes and types of all later ones.

    Returns
    -------
    callable
        Takes the same arguments as `function`. It returns the same tensors every time, with new
        values in them.
    """
    arguments = [tensor.clone() for tensor in example]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            function(*arguments)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = function(*arguments)

    def replay(*new: Tensor) -> Result:
        for argument, value in zip(arguments, new, strict=True):
            argument.copy_(value)
        graph.replay()
        return result

    return replay
