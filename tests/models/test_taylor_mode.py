import pytest
import torch
from torch.func import jvp

from betascan.models.networks import ACTIVATIONS, convolutional_decoder, linear_decoder, mlp_decoder
from betascan.models.taylor_mode import jet

DECODERS = {
    "convolutional": lambda activation: convolutional_decoder(32, 1, 6, 3, activation),
    "mlp": lambda activation: mlp_decoder(32, 1, 6, 3, activation),
    "linear": lambda activation: linear_decoder(32, 1, 3),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", DECODERS)
def test_jet_is_two_nested_derivatives(name, activation):
    torch.manual_seed(0)
    decoder = DECODERS[name](activation).double()
    z = torch.randn(2, 3, dtype=torch.float64)
    directions = torch.randn(2, 4, 3, dtype=torch.float64)
    value, first, second = jet(decoder, z, directions)
    torch.testing.assert_close(value, decoder(z))
    for k in range(4):
        v = directions[:, k]
        once = lambda z: jvp(decoder, (z,), (v,))[1]  # noqa: B023, E731
        torch.testing.assert_close(first[:, k], once(z))
        torch.testing.assert_close(second[:, k], jvp(once, (z,), (v,))[1])


def test_second_derivatives_can_be_trained_on():
    torch.manual_seed(0)
    decoder = mlp_decoder(32, 1, 6, 3, "silu").double()
    arguments = torch.randn(1, 3).double().requires_grad_(), torch.randn(1, 2, 3).double()
    assert torch.autograd.gradcheck(
        lambda z, v: [a.sum((-1, -2, -3)) for a in jet(decoder, z, v)], arguments
    )
