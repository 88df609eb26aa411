"""Whether the push-forward of the prior factorises along left singular vectors (theorem 2).

Under the theorem's conditions, z_i alone decides how far an image f(z) lies along the i-th left
singular vector of J. The path from f(0) is followed in steps, since singular vectors rotate.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from betascan.config.vae import Prior
from betascan.core.files import write_csv
from betascan.core.randomness import stream
from betascan.evaluation import each_model, encode, with_keys
from betascan.metrics.dependence import distance_correlation
from betascan.metrics.jacobian import Decoder, decoder_jacobian
from betascan.metrics.posterior import ACTIVE
from betascan.models import Vae
from betascan.models.vae import mean_image
from betascan.studies.allen2024.measure import N_FOR_ACTIVE
from betascan.studies.runs import Row

STEPS = 16  # of the path to each image
CHUNK = 32  # codes whose Jacobians are held at a time


def pushforward(
    images: Path,
    models: Sequence[Path],
    pushforwards: Sequence[Path],
    rows: Sequence[Row],
    points: int,
) -> None:
    """Measure how independent the components of a decoder's images are, and what it confuses.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`; decides which latents are active.
    models : sequence of Path
        Files of `betascan.models.save`.
    pushforwards : sequence of Path
        Written, a row each: keys; dependence, the bias-corrected squared distance correlation of
        two components or of their sizes, mean over pairs; recovered, the squared correlation of
        latents with those that the encoder finds in their images, mean over latents. Only active
        latents are drawn from the prior, the others are 0; NaN with fewer than two active ones.
    rows : sequence of Mapping
        Signature and keys of each model.
    points : int
        Number of codes drawn.
    """
    torch.set_num_threads(1)
    loaded = each_model(images, models, rows, "push-forward")
    for (saved, batches, row), to in zip(loaded, pushforwards, strict=True):
        vae, seed = saved.vae(), saved.run.seed
        order = stream(seed, "allen2024/points").permutation(len(batches))
        means, _ = encode(vae, batches, order[:N_FOR_ACTIVE])
        active = torch.from_numpy(np.flatnonzero(means.var(0, ddof=1) > ACTIVE))
        measures = {"dependence": np.nan, "recovered": np.nan}
        if len(active) > 1:
            z = torch.zeros(points, saved.run.model.latents)
            z[:, active] = draw(saved.run.model.prior, points, len(active), seed)

            def decode(part: Tensor, vae: Vae = vae, active: Tensor = active) -> Tensor:
                codes = part.new_zeros(len(part), vae.model.latents)
                return vae.decode(codes.index_copy(1, active, part))

            lengths = components(decode, z[:, active])
            with torch.no_grad():
                again = vae.encode(mean_image(vae.decode(z), saved.run.likelihood)).mean
            measures = {
                "dependence": mean_dependence(lengths),
                "recovered": recovered(z[:, active].numpy(), again[:, active].numpy()),
            }
        write_csv(with_keys(pd.DataFrame([measures]), row), to)


def draw(prior: Prior, points: int, latents: int, seed: int) -> Float[Tensor, "points latents"]:
    """Draw codes from a prior; for a uniform one, the Gaussian that its decoder is given."""
    random, shape = stream(seed, "allen2024/pushforward"), (points, latents)
    if prior == "laplace":
        return torch.from_numpy(random.laplace(scale=np.sqrt(0.5), size=shape)).float()
    return torch.from_numpy(random.standard_normal(shape)).float()


def components(
    decoder: Decoder, z: Float[Tensor, "points latents"], steps: int = STEPS
) -> Float[ndarray, "points latents"]:
    """Return how far the image of each code lies along each left singular vector of J.

    The integral of u_i^T df = s_i v_i^T dz along the straight line from 0 to z, by the midpoint
    rule; singular vectors keep their index and sign from step to step.

    Parameters
    ----------
    decoder
        Decoder, as in `betascan.metrics.jacobian.decoder_jacobian`.
    z : Tensor of shape (points, latents)
        The codes.
    steps : int
        Number of steps from 0 to each code.

    Returns
    -------
    ndarray of shape (points, latents)
        Components in the unit of the decoder's output.
    """
    start = _singular(decoder, torch.zeros_like(z[:1]))[1]
    return np.concatenate([_along(decoder, part, start, steps) for part in z.split(CHUNK)])


def _singular(decoder: Decoder, z: Tensor) -> tuple[ndarray, ndarray]:
    """Singular values (points, latents) of J and its right singular vectors, in columns."""
    J = decoder_jacobian(decoder, z).detach().double()
    squares, V = torch.linalg.eigh(J.transpose(1, 2) @ J)
    return squares.clamp(min=0).sqrt().numpy(), V.numpy()


def _along(decoder: Decoder, z: Tensor, start: ndarray, steps: int) -> ndarray:
    way = z.double().numpy() / steps
    lengths, before = np.zeros_like(way), np.repeat(start, len(way), axis=0)
    for step in range(steps):
        values, V = _singular(decoder, z * ((step + 0.5) / steps))
        overlap = before.transpose(0, 2, 1) @ V  # (points, number before, number now)
        now = np.stack(
            [scipy.optimize.linear_sum_assignment(np.abs(o), maximize=True)[1] for o in overlap]
        )
        sign = np.sign(np.take_along_axis(overlap, now[:, :, None], 2)[:, :, 0])
        before = np.take_along_axis(V, now[:, None], 2) * sign[:, None]
        values = np.take_along_axis(values, now, 1)
        lengths += values * (before * way[:, :, None]).sum(1)
    return lengths


def mean_dependence(lengths: Float[ndarray, "points latents"]) -> float:
    """Return the distance correlation of two components or of their sizes, mean over pairs.

    The larger of the two means: where one component scales another, their sizes show it first.
    """
    pairs = list(combinations(range(lengths.shape[1]), 2))
    means = [
        np.mean([distance_correlation(c[:, [i]], c[:, [j]]) for i, j in pairs])
        for c in (lengths, np.abs(lengths))
    ]
    return float(max(means))


def recovered(
    z: Float[ndarray, "points latents"], again: Float[ndarray, "points latents"]
) -> float:
    """Return the squared correlation of each latent and its estimate, mean over latents."""
    kept = again.std(0) > 0
    squares = [np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(z.T[kept], again.T[kept], strict=True)]
    return float(np.sum(squares) / len(kept))
