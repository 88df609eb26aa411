"""What a trained model's decoder looks like around its codes: Jacobians, Hessians, expansions.

Latents whose posterior means vary less than `ACTIVE` (Burda et al. 2016) are left out of every
measure of J: their columns are about 0 and have no direction. With fewer than two there is
nothing that could be orthogonal, and the measures are NaN.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.func import grad, jacfwd, vmap
from tqdm import tqdm

from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.data.grid import Rows
from betascan.metrics.jacobian import (
    axis_alignment,
    decoder_jacobian,
    offdiagonal_mass,
    orthogonality,
    singular_value_gradient,
)
from betascan.metrics.posterior import ACTIVE
from betascan.models import Gaussian, Vae, load
from betascan.models.vae import mean_image
from betascan.objectives import ForwardPass, derivatives, distortion
from betascan.training.batches import ImageBatches
from betascan.training.loop import rate_weight

SEEN = 1000  # images from which active latents are told
AVERAGED = 8  # samples of z from which E[J^T J] is taken, in pairs


def measure(
    images: Path,
    models: Sequence[Path],
    jacobians: Sequence[Path],
    identities: Sequence[Path],
    points: int,
    samples: int,
) -> None:
    """Measure models on the same images, which depend on the model's seed.

    jacobians: one row an image (see `at_points`); identities: one row an image and pair of
    latents (see `sides`). Exact derivatives at the posterior mean, except where said.
    """
    torch.set_num_threads(1)
    loaded: dict[int, ImageBatches] = {}
    jobs = list(zip(models, jacobians, identities, strict=True))
    for model, to_jacobians, to_identities in tqdm(jobs, desc="measure", unit=" models"):
        saved = load(model)
        size = saved.run.model.size
        if size not in loaded:
            loaded[size] = ImageBatches(images, size, torch.device("cpu"))
        pictures = loaded[size]
        rows = stream(saved.run.seed, "allen2024/points").permutation(len(pictures))
        vae, active = saved.vae(), _active(saved.vae(), pictures, rows[:SEEN])
        noise = torch.Generator().manual_seed(
            int(stream(saved.run.seed, "allen2024/noise").integers(2**63))
        )
        x = pictures[rows[:points]]
        draw = ForwardPass(vae, x, torch.empty(0), saved.run.likelihood, pictures.pixel_scale)
        beta = rate_weight(saved.run.objective)
        write_csv(at_points(draw, active, samples, noise), to_jacobians)
        write_csv(sides(draw, beta, active, noise), to_identities)


@torch.no_grad()
def _active(vae: Vae, pictures: ImageBatches, rows: Rows) -> Tensor:
    """Return the numbers of the active latents, (A,)."""
    means = torch.cat([vae.encode(pictures[part]).mean for part in np.array_split(rows, 4)])
    return torch.nonzero(means.var(0) > ACTIVE)[:, 0]


def at_points(
    draw: ForwardPass, active: Tensor, samples: int, noise: torch.Generator
) -> pd.DataFrame:
    """Measure around each image's mean code.

    Columns: active; offdiagonal_mass of J^T J; mean_absolute_cosine; axis_distance
    |V - P|_F^2 / (2 A), 0 where C1 holds; gradient_mass of d s_i / d z_j, 0 where C2 holds;
    hessian_mass of the Hessian of D in z, exact; singular values s1, s2, ... of active latents
    and log_volume, the sum of their logarithms; squared_error |x - picture|^2; and, in nats,
    what E_q[D] - D(mean) is by samples (sampled, sampled_error its standard error), by the
    expansion with the exact Hessian (hessian) and Gauss-Newton (gauss_newton).
    """
    vae, mean = draw.vae, draw.posterior.mean.detach()
    scale = draw.pixel_scale
    with torch.no_grad():
        shown = mean_image(vae.decode(mean), draw.likelihood)
        columns = {"squared_error": scale * (shown - draw.x).square().flatten(1).sum(1)}
        columns |= sampled(draw, samples, noise)
    H, covariance = hessian(draw), _covariance(draw.posterior)
    for name, curvature in (("hessian", H), ("gauss_newton", gauss_newton(draw, mean))):
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
        found = orthogonality(J)
        frame["offdiagonal_mass"] = found.offdiagonal_mass.numpy()
        frame["mean_absolute_cosine"] = found.mean_absolute_cosine.numpy()
        frame["axis_distance"] = 1 - axis_alignment(J).numpy()
        gradient = singular_value_gradient(decode, z)
        frame["gradient_mass"] = offdiagonal_mass(gradient).detach().numpy()
        frame["hessian_mass"] = offdiagonal_mass(H[:, active][:, :, active]).numpy()
    return frame


def hessian(draw: ForwardPass) -> Tensor:
    """Exact Hessian of D in z at each mean, (B, D, D)."""

    def one(z: Tensor, x: Tensor) -> Tensor:
        return distortion(draw.likelihood, draw.vae.decode(z[None]), x[None])[0]

    found: Tensor = vmap(jacfwd(grad(one)), chunk_size=16)(draw.posterior.mean.detach(), draw.x)
    return draw.pixel_scale * found.detach()


def gauss_newton(draw: ForwardPass, z: Tensor) -> Tensor:
    """J^T (d^2 D / d output^2) J at codes z (B, D), (B, D, D): J^T J / sigma^2 if Gaussian."""
    J = decoder_jacobian(draw.vae.decode, z).detach()
    with torch.no_grad():
        _, bend = derivatives(draw.likelihood, draw.vae.decode(z), draw.x)
    return draw.pixel_scale * J.transpose(1, 2) @ (bend.flatten(1)[:, :, None] * J)


def _covariance(posterior: Gaussian) -> Tensor:
    factor = posterior.scale_tril.detach()
    return factor @ factor.transpose(1, 2)


def sampled(draw: ForwardPass, samples: int, noise: torch.Generator) -> dict[str, Tensor]:
    """Return E_q[D] - D(mean) of each image and its standard error, (B,) each.

    Samples come in pairs mean +- L noise, in which odd terms cancel.
    """
    posterior, pairs = draw.posterior, []
    at_mean = draw.distortion_of(draw.vae.decode(posterior.mean))
    for _ in range(max(2, samples // 2)):
        step = torch.randn(posterior.mean.shape, generator=noise)
        both = [draw.distortion_of(draw.vae.decode(posterior.sample(s))) for s in (step, -step)]
        pairs.append((both[0] + both[1]) / 2 - at_mean)
    drawn = torch.stack(pairs)
    return {"sampled": drawn.mean(0), "sampled_error": drawn.std(0) / len(drawn) ** 0.5}


def sides(draw: ForwardPass, beta: float, active: Tensor, noise: torch.Generator) -> pd.DataFrame:
    """Both sides of Sigma^-1 = I + E_q[H] / beta, entry by entry, at each image.

    Columns: point, row, column (latents; a diagonal posterior answers for its diagonal alone),
    active (both of them), left (from the encoder), and the right side from the decoder:
    gauss_newton at the mean, expected (the same averaged over q) and hessian (exact, at the
    mean). NaN where a side does not exist: a Laplace prior is no I, a Laplace likelihood has no
    second derivative that a Jacobian could be weighed with.
    """
    posterior = draw.posterior
    mean, latents = posterior.mean.detach(), posterior.mean.shape[1]
    codes = []
    for _ in range(AVERAGED // 2):
        step = torch.randn(mean.shape, generator=noise)
        codes += [posterior.sample(step).detach(), posterior.sample(-step).detach()]
    curvatures = {
        "gauss_newton": gauss_newton(draw, mean),
        "expected": torch.stack([gauss_newton(draw, z) for z in codes]).mean(0),
        "hessian": hessian(draw),
    }
    full = posterior.lower is not None
    row, column = np.triu_indices(latents) if full else np.diag_indices(latents)
    seen = np.isin(np.arange(latents), active.numpy())
    table = {
        "point": np.repeat(np.arange(len(mean)), len(row)),
        "row": np.tile(row, len(mean)),
        "column": np.tile(column, len(mean)),
        "active": np.tile(seen[row] & seen[column], len(mean)),
        "left": torch.linalg.inv(_covariance(posterior).double())[:, row, column].numpy().ravel(),
    }
    exists = draw.vae.model.prior != "laplace" and draw.likelihood.kind != "laplace"
    for name, curvature in curvatures.items():
        right = torch.eye(latents) + curvature / beta
        table[name] = right[:, row, column].numpy().ravel() if exists else np.nan
    return pd.DataFrame(table)
