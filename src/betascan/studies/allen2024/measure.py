"""What a trained model's decoder looks like around its codes: Jacobians, Hessians, expansions.

Latents whose posterior means vary less than `ACTIVE` (Burda et al. 2016) are left out of every
measure of J: their columns are about 0 and have no direction. With fewer than two active
latents nothing can be orthogonal, and the measures are NaN.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.func import grad, jacfwd, vmap

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.data.grid import Rows
from betascan.evaluation import each_model, with_keys
from betascan.metrics.jacobian import (
    axis_alignment,
    decoder_jacobian,
    offdiagonal_mass,
    orthogonality,
    singular_value_gradient,
)
from betascan.metrics.posterior import ACTIVE
from betascan.models import Gaussian, Vae
from betascan.models.vae import mean_image
from betascan.objectives import ForwardPass, derivatives, distortion
from betascan.studies.runs import Row
from betascan.training.batches import ImageBatches
from betascan.training.loop import rate_weight

Curvatures = Mapping[str, Float[Tensor, "images latents latents"]]

N_FOR_ACTIVE = 1000  # images over which the variance of posterior means is taken
N_CODES = 8  # samples of z over which J^T J is averaged, in pairs mean +- noise


def measure(
    images: Path,
    models: Sequence[Path],
    jacobians: Sequence[Path],
    identities: Sequence[Path],
    rows: Sequence[Row],
    points: int,
    samples: int,
) -> None:
    """Measure models around the codes of images, which depend on the model's seed.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models : sequence of Path
        Files of `betascan.models.save`.
    jacobians : sequence of Path
        Written: keys and `decoder_measures`, one row per image.
    identities : sequence of Path
        Written: keys and `precisions`, one row per image and pair of latents.
    rows : sequence of Mapping
        Signature and keys of each model (`betascan.studies.base.Training.row`).
    points : int
        Number of images.
    samples : int
        Number of samples of z for each image.

    Raises
    ------
    DataError
        If a model is missing, damaged or not the one that its row says.
    """
    torch.set_num_threads(1)
    loaded = each_model(images, models, rows, "measure")
    for (saved, batches, row), to_jacobians, to_identities in zip(
        loaded, jacobians, identities, strict=True
    ):
        vae, seed = saved.vae(), saved.run.seed
        order = stream(seed, "allen2024/points").permutation(len(batches))
        active = _active(vae, batches, order[:N_FOR_ACTIVE])
        noise = torch.Generator().manual_seed(int(stream(seed, "allen2024/noise").integers(2**63)))
        forward = ForwardPass(
            vae, batches[order[:points]], torch.empty(0), saved.run.likelihood, batches.pixel_scale
        )
        at_mean, beta = curvatures(forward), rate_weight(saved.run.objective)
        measures = decoder_measures(forward, at_mean, active, samples, noise)
        entries = precisions(forward, at_mean, beta, active, noise)
        write_csv(with_keys(measures, row), to_jacobians)
        write_csv(with_keys(entries, row), to_identities)


@torch.no_grad()
def _active(vae: Vae, batches: ImageBatches, rows: Rows) -> Tensor:
    """Return the numbers of the active latents, (active,)."""
    means = torch.cat([vae.encode(batches[part]).mean for part in np.array_split(rows, 4)])
    return torch.nonzero(means.var(0) > ACTIVE)[:, 0]


def decoder_measures(
    forward: ForwardPass,
    at_mean: Curvatures,
    active: Int[Tensor, " active"],
    samples: int,
    noise: torch.Generator,
) -> pd.DataFrame:
    """Measure the decoder around each image's posterior mean.

    Parameters
    ----------
    forward : ForwardPass
        Model and images.
    at_mean : Mapping
        Returned by `curvatures`.
    active : Tensor of shape (active,)
        Numbers of the active latents.
    samples : int
        Number of samples of z for each image.
    noise : torch.Generator
        Random generator of the samples.

    Returns
    -------
    DataFrame
        A row per image: active; offdiagonal_mass of J^T J; mean_absolute_cosine; axis_distance
        |V - P|_F^2 / (2 active), 0 where C1 holds; gradient_mass of d s_i / d z_j, 0 where C2
        holds; hessian_mass of the Hessian of D in z, exact; singular values s1, s2, ... of active
        latents and log_volume, the sum of their logarithms; squared_error |x - mean image|^2;
        and E_q[D] - D(mean) in nats: from samples (sampled; sampled_error is its standard error),
        and from the expansion with the exact Hessian (hessian) and Gauss-Newton (gauss_newton).
    """
    vae, mean = forward.vae, forward.posterior.mean.detach()
    scale = forward.pixel_scale
    with torch.no_grad():
        reconstruction = mean_image(vae.decode(mean), forward.likelihood)
        error = scale * (reconstruction - forward.x).square().flatten(1).sum(1)
        columns = {"squared_error": error, **sampled_increase(forward, samples, noise)}
    covariance = _covariance(forward.posterior)
    for name, curvature in at_mean.items():
        columns[name] = (curvature * covariance).sum((1, 2)) / 2
    frame = pd.DataFrame({name: value.numpy() for name, value in columns.items()})
    frame.insert(0, "active", len(active))
    names = ["offdiagonal_mass", "mean_absolute_cosine", "axis_distance", "gradient_mass"]
    for name in [*names, "hessian_mass", "log_volume"]:
        frame[name] = np.nan
    if len(active) == 0:
        return frame
    z = mean[:, active]

    def decode(part: Tensor) -> Tensor:
        return vae.decode(mean.index_copy(1, active, part))

    J = decoder_jacobian(decode, z).detach()
    values = torch.linalg.svdvals(J.double()) * np.sqrt(scale)
    for k, value in enumerate(values.T):
        frame[f"s{k + 1}"] = value.numpy()
    frame["log_volume"] = values.log().sum(1).numpy()
    if len(active) > 1:
        measures = orthogonality(J)
        frame["offdiagonal_mass"] = measures.offdiagonal_mass.numpy()
        frame["mean_absolute_cosine"] = measures.mean_absolute_cosine.numpy()
        frame["axis_distance"] = 1 - axis_alignment(J).numpy()
        gradient = singular_value_gradient(decode, z)
        frame["gradient_mass"] = offdiagonal_mass(gradient).detach().numpy()
        H = at_mean["hessian"][:, active][:, :, active]
        frame["hessian_mass"] = offdiagonal_mass(H).numpy()
    return frame


def curvatures(forward: ForwardPass) -> Curvatures:
    """Return `hessian` and `gauss_newton` of D at each image's posterior mean, by these names."""
    mean = forward.posterior.mean.detach()
    return {"hessian": hessian(forward), "gauss_newton": gauss_newton(forward, mean)}


def hessian(forward: ForwardPass) -> Float[Tensor, "images latents latents"]:
    """Return the exact Hessian of D in z at each image's posterior mean."""

    def at(z: Tensor, x: Tensor) -> Tensor:
        return distortion(forward.likelihood, forward.vae.decode(z[None]), x[None])[0]

    mean = forward.posterior.mean.detach()
    H: Tensor = vmap(jacfwd(grad(at)), chunk_size=16)(mean, forward.x)
    return forward.pixel_scale * H.detach()


def gauss_newton(
    forward: ForwardPass, z: Float[Tensor, "images latents"]
) -> Float[Tensor, "images latents latents"]:
    """Return J^T (d^2 D / d output^2) J at one code of each image.

    J^T J / sigma^2 for a Gaussian likelihood.
    """
    J = decoder_jacobian(forward.vae.decode, z).detach()
    with torch.no_grad():
        _, second = derivatives(forward.likelihood, forward.vae.decode(z), forward.x)
    return forward.pixel_scale * J.transpose(1, 2) @ (second.flatten(1)[:, :, None] * J)


def _covariance(posterior: Gaussian) -> Tensor:
    factor = posterior.scale_tril.detach()
    return factor @ factor.transpose(1, 2)


def sampled_increase(
    forward: ForwardPass, samples: int, noise: torch.Generator
) -> dict[str, Float[Tensor, " images"]]:
    """Return E_q[D] - D(mean) of each image in nats, and its standard error.

    Samples come in pairs mean +- L noise, in which odd terms cancel.

    Parameters
    ----------
    forward : ForwardPass
        Model and images.
    samples : int
        Number of samples of z for each image.
    noise : torch.Generator
        Random generator of the samples.

    Returns
    -------
    dict of Tensor of shape (images,)
        sampled, sampled_error.
    """
    posterior, pairs = forward.posterior, []
    at_mean = forward.distortion_of(forward.vae.decode(posterior.mean))
    for _ in range(max(2, samples // 2)):
        step = torch.randn(posterior.mean.shape, generator=noise)
        both = [
            forward.distortion_of(forward.vae.decode(posterior.sample(s))) for s in (step, -step)
        ]
        pairs.append((both[0] + both[1]) / 2 - at_mean)
    drawn = torch.stack(pairs)
    return {"sampled": drawn.mean(0), "sampled_error": drawn.std(0) / len(drawn) ** 0.5}


def precisions(
    forward: ForwardPass,
    at_mean: Curvatures,
    beta: float,
    active: Int[Tensor, " active"],
    noise: torch.Generator,
) -> pd.DataFrame:
    """Return both sides of Sigma^-1 = I + E_q[H] / beta, entry by entry, at each image.

    Parameters
    ----------
    forward : ForwardPass
        Model and images.
    at_mean : Mapping
        Returned by `curvatures`.
    beta : float
        Weight of the rate in training.
    active : Tensor of shape (active,)
        Numbers of the active latents.
    noise : torch.Generator
        Random generator of the samples over which the right side is averaged.

    Returns
    -------
    DataFrame
        A row per entry of the upper triangle, or of the diagonal for a diagonal posterior: point,
        row, column (latents), active (both of them), left (from the encoder), and the right side
        from the decoder: gauss_newton at the mean, expected (the same averaged over q) and hessian
        (exact, at the mean). NaN where a side does not exist: the precision of a Laplace prior is
        not I, and a Laplace likelihood has no second derivative to weight a Jacobian with.
    """
    posterior = forward.posterior
    mean, latents = posterior.mean.detach(), posterior.mean.shape[1]
    codes = []
    for _ in range(N_CODES // 2):
        step = torch.randn(mean.shape, generator=noise)
        codes += [posterior.sample(step).detach(), posterior.sample(-step).detach()]
    right_sides = {
        "gauss_newton": at_mean["gauss_newton"],
        "expected": torch.stack([gauss_newton(forward, z) for z in codes]).mean(0),
        "hessian": at_mean["hessian"],
    }
    full = posterior.lower is not None
    row, column = np.triu_indices(latents) if full else np.diag_indices(latents)
    is_active = np.isin(np.arange(latents), active.numpy())
    left = torch.linalg.inv(_covariance(posterior).double())
    table = {
        "point": np.repeat(np.arange(len(mean)), len(row)),
        "row": np.tile(row, len(mean)),
        "column": np.tile(column, len(mean)),
        "active": np.tile(is_active[row] & is_active[column], len(mean)),
        "left": left[:, row, column].numpy().ravel(),
    }
    exists = forward.vae.model.prior != "laplace" and forward.likelihood.kind != "laplace"
    for name, curvature in right_sides.items():
        right = torch.eye(latents) + curvature / beta
        table[name] = right[:, row, column].numpy().ravel() if exists else np.nan
    return pd.DataFrame(table)
