"""Posterior moments: a latent's observables from the means of its posterior's moments."""

import numpy as np
from jaxtyping import Float

PerLatent = Float[np.ndarray, " latents"]


def posterior_moments(
    mean_mu2: PerLatent, mean_sigma2: PerLatent, mean_log_sigma2: PerLatent
) -> dict[str, PerLatent]:
    """Derive the observables of hirn2026, Eqs. 10-13 and 25, latent by latent.

    Parameters
    ----------
    mean_mu2, mean_sigma2, mean_log_sigma2 : ndarray of shape (latents,)
        Means over samples of mu^2, sigma^2 and log sigma^2, where q(z|x) = N(mu, sigma^2).

    Returns
    -------
    dict of ndarray of shape (latents,)
        The three means, rate (nats), signal_fraction (M^2), posterior_scale (A^2), jensen_gap (J).
    """
    return {
        "mean_mu2": mean_mu2,
        "mean_sigma2": mean_sigma2,
        "mean_log_sigma2": mean_log_sigma2,
        "rate": (mean_mu2 + mean_sigma2 - mean_log_sigma2 - 1) / 2,
        "signal_fraction": mean_mu2 / (mean_mu2 + mean_sigma2),
        "posterior_scale": mean_mu2 + mean_sigma2,
        "jensen_gap": np.log(mean_sigma2) - mean_log_sigma2,
    }
