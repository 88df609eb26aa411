import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, hessian, jacfwd, jacrev, vmap

from betascan.models.conv_transpose import ConvTranspose4x4


def pair(inputs, outputs):
    """Our layer and torch's, with the same weights, in double precision."""
    torch.manual_seed(inputs + 10 * outputs)
    ours, theirs = ConvTranspose4x4(inputs, outputs), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
    theirs.load_state_dict(ours.state_dict())
    return ours.double(), theirs.double()


@settings(deadline=None, max_examples=20)
@given(*[st.integers(1, 6)] * 4, st.booleans())
def test_the_layer_is_that_of_torch(inputs, outputs, height, width, channels_last):
    ours, theirs = pair(inputs, outputs)
    x = torch.randn(3, inputs, height, width, dtype=torch.float64, requires_grad=True)
    if channels_last:
        x, ours = (a.to(memory_format=torch.channels_last) for a in (x, ours))
    expected, output = theirs(x), ours(x)
    torch.testing.assert_close(output, expected)
    gradient = torch.randn_like(expected)
    arrays = [torch.autograd.grad(y, [x, *m.parameters()], gradient)
              for m, y in ((ours, output), (theirs, expected))]  # fmt: skip
    torch.testing.assert_close(*arrays)
    torch.testing.assert_close(ours.with_bias(x, None), expected - theirs.bias[:, None, None])


@pytest.mark.parametrize("outputs", [2, 5])
def test_derivatives_of_all_kinds(outputs):
    ours, theirs = pair(2, outputs)
    x = torch.randn(1, 2, 2, 3, dtype=torch.float64)

    def layer(x, weight, bias):
        return functional_call(ours, {"weight": weight, "bias": bias}, (x,))

    arguments = x.requires_grad_(), ours.weight, ours.bias
    assert gradcheck(layer, arguments)
    assert gradgradcheck(layer, arguments)
    twice = lambda f: jacfwd(jacfwd(lambda x: f(x.tanh())))  # noqa: E731
    for derivative in (jacfwd, jacrev, lambda f: hessian(lambda x: f(x).square().sum()), twice):
        torch.testing.assert_close(derivative(ours)(x), derivative(theirs)(x))
    many = torch.randn(4, 1, 2, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(vmap(ours)(many), vmap(theirs)(many))


def test_half_precision_uses_torchs_own_layer():
    layer = ConvTranspose4x4(3, 1)
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(torch.randn(1, 3, 4, 4, dtype=torch.bfloat16))
    assert output.dtype == torch.bfloat16
    output.float().sum().backward()
    assert layer.weight.grad.isfinite().all()
