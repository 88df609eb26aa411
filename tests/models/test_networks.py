import itertools

import pytest
import torch

from betascan.config.vae import Likelihood, Model
from betascan.models import Vae, mlp_discriminator
from betascan.models.networks import ACTIVATIONS
from betascan.models.vae import mean_image

DOCUMENTS = {
    "size": 64,
    "encoder": "convolutional",
    "decoder": "convolutional",
    "width": 256,
    "latents": 10,
    "activation": "relu",
    "posterior": "diagonal",
    "prior": "gaussian",
}


def dense(inputs, outputs):
    return inputs * outputs + outputs


def convolution(inputs, outputs):
    """Parameters of 4 x 4 kernels; a transposed one has as many."""
    return 16 * inputs * outputs + outputs


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("width", "channels"), [(256, 1), (256, 3), (128, 1), (128, 3)])
def test_convolutions_are_those_of_vu2026_and_denardin2025(width, channels):
    vae = Vae(Model(**DOCUMENTS | {"width": width}), channels)
    between = convolution(32, 32) + convolution(64, 64)
    assert parameters(vae.encoder) == (
        convolution(channels, 32) + between + convolution(32, 64)
        + dense(1024, width) + dense(width, 20)
    )  # fmt: skip
    assert parameters(vae.decoder) == (
        dense(10, width) + dense(width, 1024)
        + between + convolution(64, 32) + convolution(32, channels)
    )  # fmt: skip


def test_mlp_is_that_of_chen2018():
    vae = Vae(Model(**DOCUMENTS | {"encoder": "mlp", "decoder": "mlp", "width": 1200}), 1)
    assert parameters(vae.encoder) == dense(4096, 1200) + dense(1200, 1200) + dense(1200, 20)
    assert parameters(vae.decoder) == dense(10, 1200) + 2 * dense(1200, 1200) + dense(1200, 4096)


def test_linear_decoder_is_affine():
    vae = Vae(Model(**DOCUMENTS | {"decoder": "linear"}), 1)
    assert parameters(vae.decoder) == dense(10, 4096)
    a, b = torch.randn(2, 10)
    middle, ends = vae.decode((a + b)[None] / 2), vae.decode(torch.stack([a, b]))
    torch.testing.assert_close(middle[0], ends.mean(0))


def test_discriminator_has_six_layers_of_1000_and_one_logit():
    assert parameters(mlp_discriminator(10)) == dense(10, 1000) + 5 * dense(1000, 1000) + 1001
    assert mlp_discriminator(10, 50)(torch.randn(7, 10)).shape == (7, 1)
    leaky = [layer for layer in mlp_discriminator(10) if isinstance(layer, torch.nn.LeakyReLU)]
    assert [layer.negative_slope for layer in leaky] == [0.2] * 6


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("size", "encoder", "decoder", "posterior"),
    [
        *itertools.product(
            [32, 64],
            ["convolutional", "mlp"],
            ["convolutional", "mlp", "linear"],
            ["diagonal", "full"],
        )
    ],
)
def test_images_become_codes_become_images(size, encoder, decoder, posterior, channels):
    chosen = {"size": size, "encoder": encoder, "decoder": decoder, "posterior": posterior}
    vae = Vae(Model(**DOCUMENTS | chosen | {"width": 16}), channels)
    x = torch.rand(2, channels, size, size)
    q = vae.encode(x)
    assert q.mean.shape == q.log_scale.shape == (2, 10)
    assert (q.lower is None) == (posterior == "diagonal")
    assert vae.decode(q.mean).shape == x.shape


@pytest.mark.parametrize("decoder", ["convolutional", "mlp"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_decoders_use_the_activation_asked_for(name, decoder):
    vae = Vae(Model(**DOCUMENTS | {"activation": name, "decoder": decoder}), 1)
    kinds = set(ACTIVATIONS.values())
    assert {type(layer) for layer in vae.decoder} & kinds == {ACTIVATIONS[name]}
    assert {type(layer) for layer in vae.encoder} & kinds == {torch.nn.ReLU}
    assert not isinstance(vae.decoder[-1], tuple(kinds))


def test_uniform_prior_gives_the_decoder_quantiles():
    vae = Vae(Model(**DOCUMENTS | {"prior": "uniform"}), 1)
    z = torch.linspace(-3, 3, 50).reshape(5, 10)
    quantile = torch.distributions.Normal(0, 1).cdf(z)
    given = 2 * 3**0.5 * (quantile - 0.5)  # uniform over +- sqrt(3)
    torch.testing.assert_close(vae.decode(z), vae.decoder(given))


def test_mean_images_are_sigmoids_where_outputs_are_logits():
    output = torch.tensor([-3.0, 0.0, 2.0])
    for kind in ("bernoulli", "squared_error"):
        image = mean_image(output, Likelihood(kind=kind, variance=1))
        torch.testing.assert_close(image, 1 / (1 + (-output).exp()))
    assert mean_image(output, Likelihood(kind="gaussian", variance=0.1)) is output
