import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from betascan.metrics import MetricError
from betascan.metrics.jacobian import (
    axis_alignment,
    decoder_jacobian,
    offdiagonal_mass,
    orthogonality,
    singular_value_gradient,
)


def points(n=7, latents=4, seed=0, dtype=torch.float64):
    return torch.randn(n, latents, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def orthonormal(rows, columns, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(rows, columns, dtype=torch.float64, generator=generator)).Q


def network(activation, dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 16),
        activation,
        nn.Unflatten(1, (4, 2, 2)),
        nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1),
        activation,
        nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1),
    ).to(dtype)


def test_a_linear_decoder_is_its_own_jacobian():
    W = torch.randn(9, 4, dtype=torch.float64)
    J = decoder_jacobian(lambda z: z @ W.T + 3, points())
    assert J.shape == (7, 9, 4)
    np.testing.assert_allclose(J, W.expand(7, 9, 4))
    images = decoder_jacobian(lambda z: (z @ W.T).reshape(-1, 1, 3, 3), points())
    np.testing.assert_allclose(images, J)


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.SiLU(), nn.ReLU(), nn.Softplus()])
def test_equals_reverse_mode_point_by_point(activation):
    decoder, z = network(activation), points()
    J = decoder_jacobian(decoder, z)
    for one, actual in zip(z, J, strict=True):
        expected = torch.autograd.functional.jacobian(lambda p: decoder(p[None])[0].flatten(), one)
        np.testing.assert_allclose(actual.detach(), expected, atol=1e-12)
    shift = 1e-6 * torch.eye(4, dtype=torch.float64)
    differences = [(decoder(z + s) - decoder(z - s)).flatten(1) / 2e-6 for s in shift]
    np.testing.assert_allclose(J.detach(), torch.stack(differences, -1).detach(), atol=1e-7)


def test_measures_by_hand():
    J = torch.tensor([[[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]])
    mass, cosine = orthogonality(J)
    # J^T J = diag(9, 4), and [[1, 1], [1, 2]] of squares 1 + 1 + 1 + 4
    np.testing.assert_allclose(mass, [0, math.sqrt(2 / 7)], rtol=1e-6)
    np.testing.assert_allclose(cosine, [0, 1 / math.sqrt(2)], rtol=1e-6)
    assert axis_alignment(J)[0].item() == pytest.approx(1)


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 60, 90])
def test_alignment_is_the_cosine_of_the_rotation(degrees):
    angle = math.radians(degrees)
    V = torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        dtype=torch.float64,
    )
    J = orthonormal(6, 2) @ torch.diag(torch.tensor([3.0, 1.0], dtype=torch.float64)) @ V.T
    nearest = min(degrees, 90 - degrees)
    actual = axis_alignment(J[None])[0].item()
    assert actual == pytest.approx(math.cos(math.radians(nearest)))
    P = V.round() if degrees != 45 else torch.eye(2, dtype=torch.float64)
    assert actual == pytest.approx(1 - (V - P).square().sum().item() / 4)


def test_orthogonal_columns_are_aligned_even_where_singular_values_coincide():
    scale = torch.tensor([2.0, 2.0, 2.0, 0.5], dtype=torch.float64)
    J = torch.zeros(1, 8, 4, dtype=torch.float64)
    J[0, [5, 0, 3, 6], [0, 1, 2, 3]] = scale
    assert axis_alignment(J)[0].item() == pytest.approx(1)
    mass, cosine = orthogonality(J)
    assert mass[0] == 0
    assert cosine[0] == 0
    general = orthonormal(8, 4)[None] * torch.tensor([4.0, 3.0, 2.0, 1.0], dtype=torch.float64)
    assert axis_alignment(general)[0].item() == pytest.approx(1)
    assert orthogonality(general).offdiagonal_mass[0].item() == pytest.approx(0, abs=1e-12)


def test_collapsed_latents():
    J = torch.cat([orthonormal(8, 3)[None] * 2, torch.zeros(1, 8, 2, dtype=torch.float64)], dim=2)
    J = J * torch.tensor([3.0, 2, 1, 1, 1], dtype=torch.float64)
    assert axis_alignment(J)[0].item() == pytest.approx(1)
    tilted = J.clone()
    tilted[0, :, 1] += tilted[0, :, 0]
    for measure in (*orthogonality(tilted), axis_alignment(tilted)):
        assert 0 < measure[0] < 1
    live = orthogonality(tilted[:, :, :3])
    np.testing.assert_allclose(orthogonality(tilted).mean_absolute_cosine, live[1])
    nothing = torch.zeros(1, 8, 3)
    assert orthogonality(nothing).offdiagonal_mass[0] == 0
    assert orthogonality(nothing).mean_absolute_cosine[0].isnan()
    assert axis_alignment(nothing)[0].isnan()
    one = orthogonality(torch.ones(2, 5, 1))
    assert one.offdiagonal_mass.tolist() == [0, 0]
    assert axis_alignment(torch.ones(2, 5, 1)).tolist() == [1, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_invariances(seed):
    rng = torch.Generator().manual_seed(seed)
    J = torch.randn(3, 9, 4, dtype=torch.float64, generator=rng)
    order = torch.randperm(4, generator=rng)
    signs = torch.randint(0, 2, (4,), generator=rng) * 2.0 - 1
    changed = orthonormal(9, 9, seed) @ (J * signs)[:, :, order] * 3
    for a, b in zip(
        (*orthogonality(changed), axis_alignment(changed)),
        (*orthogonality(J), axis_alignment(J)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-9)
        assert ((b >= 0) & (b <= 1)).all()


def test_singular_values_of_a_known_decoder():
    """f(z) = U g(z), g_i of z_i alone: s_i = |g_i'(z_i)|, d s_i / d z_j = 0 off the diagonal."""
    U = orthonormal(10, 3)
    scale = torch.tensor([9.0, 3.0, 1.0], dtype=torch.float64)

    def decoder(z):
        return (scale * (z + 0.1 * torch.sin(z))) @ U.T

    z = points(5, 3)
    actual = singular_value_gradient(decoder, z)
    np.testing.assert_allclose(actual, torch.diag_embed(-scale * 0.1 * torch.sin(z)), atol=1e-12)
    np.testing.assert_allclose(offdiagonal_mass(actual), 0, atol=1e-9)

    def coupled(z):  # the scale of each column hangs on the next latent
        return (scale * z * torch.exp(0.01 * z.roll(-1, 1))) @ U.T

    assert (offdiagonal_mass(singular_value_gradient(coupled, z)) > 0.5).all()


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.SiLU(), nn.Softplus(), nn.GELU()])
def test_singular_value_gradient_equals_differences(activation):
    decoder, z = network(activation), points(4)
    actual = singular_value_gradient(decoder, z).detach()
    with torch.no_grad():
        np.testing.assert_allclose(singular_value_gradient(decoder, z), actual, atol=1e-12)
    values = torch.linalg.svdvals(decoder_jacobian(decoder, z)).detach()
    columns = []
    for shift in 1e-5 * torch.eye(4, dtype=torch.float64):
        plus, minus = (
            torch.linalg.svdvals(decoder_jacobian(decoder, z + s)) for s in (shift, -shift)
        )
        columns.append(((plus - minus) / 2e-5).detach())
    expected = torch.stack(columns, dim=2)
    assert values.diff().abs().min() > 1e-4
    for ours, theirs in zip(actual, expected, strict=True):  # the rows are matched to latents
        for row in theirs:
            assert (ours - row).abs().sum(dim=1).min() < 1e-6


def test_piecewise_linear_decoders_have_constant_singular_values():
    assert singular_value_gradient(network(nn.ReLU()), points()).abs().max() == 0
    inplace = network(nn.ReLU(inplace=True))
    expected = decoder_jacobian(network(nn.ReLU()), points())
    np.testing.assert_array_equal(decoder_jacobian(inplace, points()).detach(), expected.detach())
    W = torch.randn(9, 4, dtype=torch.float64)
    gradient = singular_value_gradient(lambda z: z @ W.T, points())
    assert offdiagonal_mass(gradient).tolist() == [0] * 7


def test_the_measures_can_be_trained_on():
    decoder = network(nn.Tanh(), torch.float32)
    z = points(dtype=torch.float32)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=0.01)
    start = orthogonality(decoder_jacobian(decoder, z)).offdiagonal_mass.mean().item()
    for _ in range(30):
        optimiser.zero_grad()
        loss = orthogonality(decoder_jacobian(decoder, z)).offdiagonal_mass.mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < start / 2
    J = torch.diag(torch.tensor([1.0, 2.0, 0.0]))[None].requires_grad_()
    sum(a.sum() for a in orthogonality(J)).backward()
    assert torch.isfinite(J.grad).all()  # at exactly orthogonal and vanishing columns too


def test_single_precision():
    decoder = network(nn.SiLU(), torch.float32)
    z = points(dtype=torch.float32)
    J = decoder_jacobian(decoder, z)
    assert J.dtype == torch.float32
    wide = decoder_jacobian(network(nn.SiLU()), z.double())
    np.testing.assert_allclose(J.detach(), wide.detach(), atol=1e-5)
    alignment = axis_alignment(J).detach()
    np.testing.assert_allclose(alignment, axis_alignment(wide).detach(), atol=1e-3)
    gradient = singular_value_gradient(decoder, z)
    assert gradient.dtype == torch.float32
    expected = singular_value_gradient(network(nn.SiLU()), z.double())
    np.testing.assert_allclose(gradient.detach(), expected.detach(), atol=1e-3)


def test_one_clear_line_for_what_cannot_be_measured():
    with pytest.raises(MetricError, match=r"floating-point \(B, latents\), not torch.int64"):
        decoder_jacobian(lambda z: z, torch.zeros(3, 2, dtype=torch.int64))
    with pytest.raises(MetricError, match=r"not torch.float32 \(3,\)"):
        decoder_jacobian(lambda z: z, torch.zeros(3))
    for measure in orthogonality, axis_alignment:
        with pytest.raises(MetricError, match=r"Jacobians must be \(B, outputs, latents\)"):
            measure(torch.zeros(3, 2))
