"""Statements of allen2024 that models of images decide; `image_judges` says how."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from betascan.studies import statements as common
from betascan.studies.allen2024 import image_judges as judges
from betascan.studies.allen2024.linear_statements import MECHANISM_1, MECHANISM_2
from betascan.studies.judgement import Judgement
from betascan.studies.statements import Statement

CONTRADICTS_COLLAPSE = "mechanism 2 says that lower beta makes collapse impossible"
KEY_1, KEY_3 = "theorem 2, key result 1", "key result 3"
TRADEOFFS, SIGNATURES = "design tradeoffs", "failure signatures"


def _of_images(
    name: str,
    says: str,
    place: str,
    judge: Callable[..., Judgement],
    figure: str,
    dataset: str = "dsprites",
    **more: Any,
) -> Statement:
    return Statement(name, says, place, judge, dataset=dataset, figure=figure, **more)


STATEMENTS = (
    _of_images(
        "orthogonal",
        "Diagonal posteriors promote orthogonal columns of the decoder's Jacobian (off-diagonal "
        "mass, full minus diagonal).",
        MECHANISM_1,
        partial(judges.orthogonal, dataset="dsprites", column="offdiagonal_mass"),
        "posterior_covariance",
    ),
    _of_images(
        "orthogonal_shapes3d",
        "Diagonal posteriors promote orthogonal columns of the decoder's Jacobian, on 3D Shapes "
        "(off-diagonal mass, full minus diagonal).",
        MECHANISM_1,
        partial(judges.orthogonal, dataset="shapes3d", column="offdiagonal_mass"),
        "posterior_covariance",
        "shapes3d",
    ),
    _of_images(
        "axes",
        "Diagonal posteriors align the right singular vectors of the Jacobian with the latent axes "
        "(C1; distance, full minus diagonal).",
        KEY_1,
        partial(judges.orthogonal, dataset="dsprites", column="axis_distance"),
        "posterior_covariance",
    ),
    _of_images(
        "own_latents",
        "Each singular value depends on its own latent alone (C2; off-diagonal mass over that of a "
        "random matrix).",
        KEY_1,
        judges.own_latents,
        "posterior_covariance",
    ),
    _of_images(
        "identity",
        "Posterior covariance and Jacobian determine each other on images too (relative error).",
        MECHANISM_1,
        partial(judges.identity, dataset="dsprites"),
        "identity",
    ),
    _of_images(
        "identity_shapes3d",
        "Posterior covariance and Jacobian determine each other on images of 3D Shapes too "
        "(relative error).",
        MECHANISM_1,
        partial(judges.identity, dataset="shapes3d"),
        "identity",
        "shapes3d",
    ),
    _of_images(
        "independence",
        "The push-forward of the prior factorises into independent components along left singular "
        "vectors of the Jacobian (squared distance correlation).",
        KEY_1,
        judges.independence,
        "pushforward",
    ),
    _of_images(
        "independence_full",
        "The independence of these components is due to the diagonal posterior (squared distance "
        "correlation, full minus diagonal).",
        KEY_1,
        partial(judges.more_dependent, cell="posterior_full"),
        "pushforward",
    ),
    _of_images(
        "disentangled",
        "Diagonal posteriors disentangle (MIG, diagonal minus full).",
        "core contribution",
        judges.disentangled,
        "posterior_covariance",
    ),
    _of_images(
        "not_injective",
        "Where the decoder is not injective, components are no longer independent (rank "
        "correlation of latents not recovered and dependence).",
        f"{MECHANISM_1}, break condition",
        judges.confused,
        "pushforward",
    ),
    _of_images(
        "not_injective_mig",
        "Where the decoder is not injective, disentanglement is poor (rank correlation of latents "
        "not recovered and MIG).",
        SIGNATURES,
        judges.confused_mig,
        "pushforward",
    ),
    _of_images(
        "unstable",
        "Training is unstable where the Jacobian is not orthogonal (rank correlation of "
        "off-diagonal mass and instability).",
        SIGNATURES,
        judges.unstable,
        "pushforward",
    ),
    _of_images(
        "variance_rises",
        "beta scales the likelihood's variance: it rises with beta (slope of logarithms).",
        MECHANISM_2,
        partial(judges.rises, dataset="dsprites"),
        "likelihood_variance",
    ),
    _of_images(
        "variance_slope",
        "beta scales the likelihood's variance in proportion (the same slope is 1).",
        MECHANISM_2,
        partial(judges.slope, dataset="dsprites"),
        "likelihood_variance",
    ),
    _of_images(
        "collapse",
        "Posterior collapse indicates that beta is too low (rank correlation of beta and active "
        "latents).",
        SIGNATURES,
        judges.collapse,
        "likelihood_variance",
        contradiction=CONTRADICTS_COLLAPSE,
    ),
    _of_images(
        "pairs",
        "(beta, sigma^2 = 1) and (1, sigma^2 = beta) train the same model (median over pairs of "
        "the difference of log squared errors).",
        "next check 2",
        judges.pairs,
        "likelihood_variance",
    ),
    _of_images(
        "efficient",
        "Diagonal covariances are computationally efficient (how many more operations a step takes "
        "with full ones).",
        TRADEOFFS,
        judges.efficient,
        "posterior_covariance",
        dataset="",
    ),
    _of_images(
        "beta_mig",
        "Higher beta enhances disentanglement (MIG at beta = 5 minus beta = 1).",
        TRADEOFFS,
        judges.beta_mig,
        "tradeoff",
    ),
    _of_images(
        "beta_error",
        "Higher beta reduces generative quality (log squared error at beta = 5 minus beta = 1).",
        TRADEOFFS,
        judges.beta_error,
        "tradeoff",
    ),
    _of_images(
        "architectures",
        "Decoders with a more orthogonal Jacobian disentangle better (rank correlation of "
        "off-diagonal mass and MIG).",
        "first experiment 3",
        judges.architectures,
        "decoders",
    ),
    _of_images(
        "mlp",
        "Diagonal posteriors promote orthogonality in another architecture too, an MLP "
        "(off-diagonal mass, full minus diagonal).",
        "first experiment 3",
        judges.mlp,
        "decoders",
    ),
    _of_images(
        "smooth",
        "Piecewise linear activations weaken the Taylor expansion (log error, ReLU minus SiLU).",
        "open question 3",
        judges.smooth,
        "decoders",
    ),
    _of_images(
        "expanded",
        "Under the deterministic ELBO the Hessian becomes more diagonal (off-diagonal mass, early "
        "in training minus at its end).",
        KEY_3,
        judges.expanded,
        "deterministic_elbo",
        about="beyond",
    ),
    _of_images(
        "expanded_more",
        "The deterministic ELBO encourages a diagonal Hessian more than the sampled one does "
        "(off-diagonal mass, sampled minus deterministic).",
        KEY_3,
        judges.expanded_more,
        "deterministic_elbo",
        about="beyond",
    ),
    _of_images(
        "regularised",
        "The Jacobian can be made orthogonal by a penalty (off-diagonal mass, without minus with).",
        "next check 1",
        partial(judges.regularised, dataset="dsprites"),
        "orthogonality_penalty",
    ),
    _of_images(
        "regularised_dependence",
        "Making the Jacobian orthogonal makes components independent (squared distance "
        "correlation, without the penalty minus with).",
        "next check 1",
        judges.regularised_dependence,
        "pushforward",
    ),
    _of_images(
        "regularised_mig",
        "Making the Jacobian orthogonal disentangles (MIG, with the penalty minus without).",
        "next check 1",
        partial(judges.regularised_mig, dataset="dsprites"),
        "orthogonality_penalty",
    ),
    _of_images(
        "regularised_mig_shapes3d",
        "Making the Jacobian orthogonal disentangles, on 3D Shapes (MIG, with the penalty minus "
        "without).",
        "next check 1",
        partial(judges.regularised_mig, dataset="shapes3d"),
        "orthogonality_penalty",
        "shapes3d",
    ),
    _of_images(
        "monitored",
        "Orthogonality goes with MIG (minus its slope in off-diagonal mass, after training).",
        "next check 1",
        judges.monitored,
        "orthogonality_penalty",
    ),
    _of_images(
        "prior_laplace",
        "The Gaussian prior enables independence (squared distance correlation, Laplace minus "
        "Gaussian).",
        "next check 3",
        partial(judges.more_dependent, cell="prior_laplace"),
        "pushforward",
        about="beyond",
    ),
    _of_images(
        "prior_uniform",
        "The Gaussian prior enables independence (squared distance correlation, uniform minus "
        "Gaussian).",
        "next check 3",
        partial(judges.more_dependent, cell="prior_uniform"),
        "pushforward",
        about="beyond",
    ),
    _of_images(
        "bernoulli",
        "Diagonal posteriors promote orthogonality with a Bernoulli likelihood too (off-diagonal "
        "mass, full minus diagonal).",
        "open question 1",
        partial(judges.other_likelihood, likelihood="bernoulli"),
        "likelihoods",
        about="beyond",
    ),
    _of_images(
        "laplace",
        "Diagonal posteriors promote orthogonality with a Laplace likelihood too (off-diagonal "
        "mass, full minus diagonal).",
        "open question 1",
        partial(judges.other_likelihood, likelihood="laplace"),
        "likelihoods",
        about="beyond",
    ),
    _of_images(
        "volume",
        "Density spreads over the data manifold as beta grows: volume element of the decoder (rank "
        "correlation of beta and the sum of log s over active latents, which get fewer).",
        "open question 2",
        judges.volume,
        "singular_values",
        about="beyond",
    ),
)


def write(statements: Path, scale: str, standins: list[str], **tables: Path) -> None:
    """Write what came out of each of `STATEMENTS`.

    Parameters
    ----------
    statements : Path
        Written, see `betascan.studies.statements.write`.
    scale : str
        Name of the scale of the image models.
    standins : list of str
        Data sets whose images are not the genuine ones.
    **tables : Path
        The experiments' tables by `tables.models`, and operations, collapsed and pushforward.
    """
    common.write(STATEMENTS, tables, statements, scale, standins)
