"""T = beta sigma^2 / V (hirn2026, Eq. 9) of every likelihood and objective."""

import numpy as np
import pytest
from small_runs import small_run

from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    Deterministic,
    FactorVae,
    LambdaBetaVae,
    Likelihood,
    Orthogonal,
)
from betascan.training.loop import temperature

# the weight of the rate: all others differ from it
OBJECTIVES = {
    "beta_vae": (BetaVae(beta=3), 3),
    "lambda_beta_vae": (LambdaBetaVae(beta=3, lam=2), 3),
    "factor_vae": (FactorVae(gamma=40, discriminator_lr=1, discriminator_width=1), 1),
    "beta_tcvae": (BetaTcVae(alpha=7, beta=5, gamma=3, sampling="mss"), 3),
    "orthogonal": (Orthogonal(beta=3, weight=9), 3),
    "deterministic": (Deterministic(beta=3, curvature="hessian"), 3),
}
LIKELIHOODS = {"bernoulli": 1, "squared_error": 1, "gaussian": 0.3, "laplace": 0.3}


def pixel_variance(kind, x):
    """sigma^2 of a pixel: D is |x - reconstruction|^2 / (2 sigma^2), or has that variance."""
    if kind == "bernoulli":
        variances = x.var(0)
        return variances[variances > 0].mean()
    return {"squared_error": 0.5, "gaussian": 0.3, "laplace": 0.3}[kind]


@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_temperature_is_the_rate_weight_times_pixel_variance_over_v(images, name, kind):
    objective, weight = OBJECTIVES[name]
    likelihood = Likelihood(kind=kind, variance=LIKELIHOODS[kind])
    x = images[np.arange(len(images))].double().flatten(1).numpy()
    variance = pixel_variance(kind, x)
    if name == "lambda_beta_vae":
        variance = 1 / (1 / variance + 2 * objective.lam)
    expected = weight * variance / x.var(0).sum()
    assert temperature(small_run(objective, likelihood=likelihood), images) == pytest.approx(
        expected
    )
