"""Joint distributions of two factors, and data sets that are drawn from them (question 4)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from betascan.core.randomness import stream
from betascan.data import store
from betascan.data.sampling import jointly
from betascan.data.store import Images

WIDTH = 0.25  # of the ridge, in units of a factor's range
BLOCK = 1024

Floats = NDArray[np.float64]


def joint_probabilities(contrast: float, sizes: tuple[int, int]) -> Floats:
    """Return the probability of each combination of two factors, (sizes); they add up to 1.

    A ridge along equal values that rises towards large ones, on a floor: the factors depend on
    each other, neither is uniform, every combination occurs, and the most likely one occurs
    `contrast` times as often as the least likely. A contrast of 1 is uniform. (chen2018 gives that
    ratio, 4, and a picture; the shape is ours.)
    """
    u, v = np.meshgrid(*(np.linspace(0, 1, size) for size in sizes), indexing="ij")
    ridge = (u + v) / 2 * np.exp(-(((u - v) / WIDTH) ** 2) / 2)
    ridge = (ridge - ridge.min()) / (ridge.max() - ridge.min())
    weights = 1 + (contrast - 1) * ridge
    return np.asarray(weights / weights.sum())


def dependence(joint: Floats) -> float:
    """Mutual information of the two factors of a joint distribution, in nats."""
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    return float((joint * np.log(joint / product)).sum())


def draw(
    images: Path, path: Path, factors: tuple[str, str], contrast: float, seed: int, name: str
) -> None:
    """Draw as many images as there are, with replacement, under the joint distribution `name`.

    The other factors keep their distribution. A combination that is missing from a part of the
    data set cannot be drawn. Raises DataError.
    """
    with Images(images) as stored:
        grid, facts = stored.facts.grid, stored.facts
        one, two = (grid.names.index(factor) for factor in factors)
        shape = grid.sizes[one], grid.sizes[two]
        present = np.zeros(shape)
        present[stored.factors[:, one], stored.factors[:, two]] = 1
        weights = joint_probabilities(contrast, shape) * present
        random = stream(seed, f"chen2018/joint/{name}")
        rows = np.sort(jointly(stored.factors, (one, two), weights, len(stored), random))
        blocks = (stored[part] for part in np.split(rows, range(BLOCK, len(rows), BLOCK)))
        source = (
            f"{facts.source}; {factors[0]} and {factors[1]} as in {name}, up to {contrast:g} : 1"
        )
        store.write(
            path, grid, grid.indices(stored.factors[rows]), blocks, source=source,
            maximum=facts.maximum,
        )  # fmt: skip
