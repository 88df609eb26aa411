"""What `score_table` hands to each metric, and what it gets back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num
from numpy.typing import ArrayLike

Encode = Callable[[Int[np.ndarray, "n factors"]], ArrayLike]
"""Factor classes (n, factors) to codes (n, latents): posterior means of images of those factors."""


@dataclass(frozen=True)
class LatentCodes:
    """A model's posteriors of some images, one row per image.

    Attributes
    ----------
    mean, log_variance : ndarray of shape (n, latents)
        Mean and log-variance of q(z|x).
    factors : ndarray of shape (n, factors)
        Classes of the factors of variation.
    values : ndarray of shape (n, any), optional
        Factor values as denardin2025's data sets provide them, for `mig_denardin`.
    """

    mean: Float[np.ndarray, "n latents"]
    log_variance: Float[np.ndarray, "n latents"]
    factors: Num[np.ndarray, "n factors"]
    values: Num[np.ndarray, "n values"] | None = None


@dataclass(frozen=True)
class ScoreInputs:
    """Checked arrays and settings, from which a metric takes what it needs.

    Attributes
    ----------
    codes, log_variance : ndarray of shape (n, latents)
        Posterior means and log-variances.
    factors : ndarray of shape (n, factors)
        Labels, numbered jointly over the values of the training and test sets.
    values : ndarray of shape (n, any), optional
    test_codes : ndarray of shape (m, latents)
    test_factors : ndarray of shape (m, factors)
    encode, factor_sizes
        Arguments of `factor_vae_score`.
    mig_factors
        The factors of `mig_chen`.
    seed
    workers
        Threads for fits; None: one per core.
    """

    codes: Float[np.ndarray, "n latents"]
    log_variance: Float[np.ndarray, "n latents"]
    factors: Int[np.ndarray, "n factors"]
    values: Float[np.ndarray, "n values"] | None
    test_codes: Float[np.ndarray, "m latents"]
    test_factors: Int[np.ndarray, "m factors"]
    encode: Encode | None
    factor_sizes: Sequence[int]
    mig_factors: Sequence[int] | None
    seed: int
    workers: int | None


class Statistic(NamedTuple):
    """A score as a function of rows, for `confidence.bootstrap`.

    Attributes
    ----------
    function
        Takes an index array for each set of samples and returns one score or several.
    sizes
        How many samples each set has.
    """

    function: Callable[..., ArrayLike]
    sizes: tuple[int, ...]
