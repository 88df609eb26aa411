"""Exact decoder Jacobians and how far they are from orthogonal and axis-aligned (allen2024)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.func import grad, jvp, vmap

from betascan.metrics.errors import MetricError

Decoder = Callable[[Float[Tensor, "batch latents"]], Tensor]
Jacobians = Float[Tensor, "batch outputs latents"]

VANISHING = 1e-6  # of the largest singular value: anything below is float32 rounding


class Orthogonality(NamedTuple):
    """Two measures at each point: 0 where the columns of J are orthogonal.

    Attributes
    ----------
    offdiagonal_mass, mean_absolute_cosine : Tensor of shape (batch,)
    """

    offdiagonal_mass: Float[Tensor, " batch"]
    mean_absolute_cosine: Float[Tensor, " batch"]


def _check_points(z: Tensor) -> None:
    if z.ndim != 2 or not z.is_floating_point():
        raise MetricError(f"z must be floating-point (B, latents), not {z.dtype} {tuple(z.shape)}")


def _check_jacobians(J: Tensor) -> None:
    if J.ndim != 3:
        raise MetricError(f"Jacobians must be (B, outputs, latents), not {tuple(J.shape)}")


def decoder_jacobian(decoder: Decoder, z: Tensor) -> Jacobians:
    """Return d decoder / d z at each point, exact and differentiable.

    Forward mode, one pass per latent. Memory is that of latents x batch outputs.

    Parameters
    ----------
    decoder
        Maps (batch, latents) to (batch, ...), row by row: no batch normalisation or dropout in
        training mode.
    z : Tensor of shape (batch, latents)
        Floating-point.

    Returns
    -------
    Tensor of shape (batch, outputs, latents)

    Raises
    ------
    MetricError
        If z is not such a tensor.
    """
    _check_points(z)
    tangents = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)

    def column(tangent: Tensor) -> Tensor:
        return jvp(decoder, (z,), (tangent.expand_as(z),))[1].flatten(1)

    return vmap(column)(tangents).permute(1, 2, 0)


def offdiagonal_mass(matrices: Float[Tensor, "batch D D"]) -> Float[Tensor, " batch"]:
    """|offdiag(A)|_F / |A|_F of square matrices; 0 for a zero matrix.

    Parameters
    ----------
    matrices : Tensor of shape (batch, D, D)
    """
    squares = matrices.square()
    off = (squares * ~torch.eye(squares.shape[1], dtype=torch.bool, device=squares.device)).sum(
        (1, 2)
    )
    # where() around sqrt and its argument, as the gradient at 0 would be NaN
    some = off > 0
    ratio = torch.where(some, off, 1.0) / torch.where(some, squares.sum((1, 2)), 1.0)
    return torch.where(some, ratio.sqrt(), 0.0)


def orthogonality(J: Tensor) -> Orthogonality:
    """Off-diagonal mass of J^T J and mean |cos| between columns; differentiable.

    Columns that are exactly 0 have no direction: their pairs are left out of the mean, which is
    NaN if no pair is left.

    Parameters
    ----------
    J : Tensor of shape (batch, outputs, latents)

    Raises
    ------
    MetricError
        If J has another shape.
    """
    _check_jacobians(J)
    gram = J.transpose(1, 2) @ J
    norms = gram.diagonal(dim1=1, dim2=2)
    nonzero = norms > 0
    inverse = torch.where(nonzero, norms, 1.0).rsqrt()
    cosines = (gram * inverse[:, :, None] * inverse[:, None, :]).abs()
    pairs = (nonzero[:, :, None] & nonzero[:, None, :]).triu(diagonal=1)
    mean = (cosines * pairs).sum(dim=(1, 2)) / pairs.sum(dim=(1, 2))
    return Orthogonality(offdiagonal_mass(gram), mean)


def _singular_vectors(
    J: Jacobians,
) -> tuple[
    Float[Tensor, "batch latents"],
    Float[Tensor, "batch latents latents"],
    Bool[Tensor, "batch latents"],
]:
    """Return singular values, right vectors in columns, and which values do not vanish.

    Column i belongs to latent i (Hungarian matching on |V|). Computed from the eigenvectors of
    J^T J, which for a diagonal matrix are the axes even where singular values coincide.
    """
    J = J.double()
    squares, V = torch.linalg.eigh(J.transpose(1, 2) @ J)
    table = V.detach().abs().cpu().numpy()
    order = np.stack([scipy.optimize.linear_sum_assignment(v, maximize=True)[1] for v in table])
    column = torch.as_tensor(order, device=J.device)
    V = V.gather(2, column[:, None, :].expand_as(V))
    values = squares.clamp(min=0).sqrt().gather(1, column)
    return values, V, values > VANISHING * values.amax(dim=1, keepdim=True)


def axis_alignment(J: Tensor) -> Float[Tensor, " batch"]:
    """How close the right singular vectors V of J are to the axes.

    Mean |V_ii| after the best matching of vectors and axes: 1 if V is a signed permutation
    (claim C1 of allen2024), and 1 - |V - P|_F^2 / (2 D) with P the nearest one. Vectors whose
    singular value is 0 relative to the largest are arbitrary and left out.

    Parameters
    ----------
    J : Tensor of shape (batch, outputs, latents)

    Raises
    ------
    MetricError
        If J has another shape.
    """
    _check_jacobians(J)
    _, V, kept = _singular_vectors(J)
    matched = V.diagonal(dim1=1, dim2=2).abs()
    return (matched * kept).sum(dim=1) / kept.sum(dim=1)


def singular_value_gradient(decoder: Decoder, z: Tensor) -> Float[Tensor, "batch latents latents"]:
    """Return d s_i / d z_j at each point, with singular value s_i matched to latent i (claim C2).

    First-order perturbation, u_i^T (dJ/dz_j) v_i, exact where singular values are distinct;
    the derivatives of vanishing ones are 0. One reverse pass over a forward one for each
    latent. `offdiagonal_mass` of the result is what claim C2 says is 0.

    Parameters
    ----------
    decoder, z
        Decoder and codes, as in `decoder_jacobian`.

    Returns
    -------
    Tensor of shape (batch, latents, latents)

    Raises
    ------
    MetricError
        If z is not a floating-point tensor (batch, latents).
    """
    J = decoder_jacobian(decoder, z)
    values, V, kept = (a.to(J.dtype) for a in _singular_vectors(J))
    U = (J @ V) * (kept / torch.where(kept > 0, values, 1.0))[:, None, :]

    def along(points: Float[Tensor, "batch latents"], i: int) -> Float[Tensor, ""]:
        change = jvp(decoder, (points,), (V[:, :, i],))[1].flatten(1)
        return (change * U[:, :, i]).sum()

    return torch.stack([grad(along)(z, i) for i in range(z.shape[1])], dim=1)
