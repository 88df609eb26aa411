from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from betascan.theory import lambda_beta

SPECTRUM = np.array([3.0, 1.2, 0.5, 0.1])  # data of four variables
LATENTS = 3


def positive(root):
    """R R^T of a matrix's lower triangle, its diagonal taken as logarithms."""
    factor = root.tril(-1) + root.diagonal().exp().diag()
    return factor @ factor.T


def terms(theta, noise):
    """Expected -log p(y|x), rate and E|y - A x|^2 of general matrices: Gaussian integrals."""
    n, m = len(SPECTRUM), LATENTS
    A, B, root, last = theta.split([n * m, m * n, m * m, len(theta) - 2 * n * m - m * m])
    A, B, W = A.reshape(n, m), B.reshape(m, n), positive(root.reshape(m, m))
    Y, eye = torch.from_numpy(SPECTRUM).diag(), torch.eye(n, dtype=torch.float64)
    rate = (W.trace() + (B @ Y @ B.T).trace() - m - W.logdet()) / 2
    lost = eye - A @ B
    residual = lost @ Y @ lost.T + A @ W @ A.T
    if noise == "full":
        Z = positive(last.reshape(n, n))
    else:
        Z = eye * (last[0].exp() if noise == "scalar" else noise)
    log_density = (2 * np.pi * Z).logdet() + torch.linalg.solve(Z, residual).trace()
    return log_density / 2, rate, residual.trace()


def least(beta, lam, noise):
    """The terms where the objective is least: the best of several descents."""
    n, m = len(SPECTRUM), LATENTS
    size = 2 * n * m + m * m + (n * n if noise == "full" else 1)

    def loss(theta):
        at = torch.tensor(theta, requires_grad=True)
        nll, rate, squares = terms(at, noise)
        value = nll + beta * rate + lam * squares
        value.backward()
        return value.item(), at.grad.numpy()

    starts = np.random.default_rng(0).normal(scale=0.5, size=(3, size))
    tight = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    optima = [minimize(loss, start, jac=True, method="L-BFGS-B", options=tight) for start in starts]
    best = torch.from_numpy(min(optima, key=lambda optimum: optimum.fun).x)
    return [term.item() for term in terms(best, noise)]


@pytest.mark.parametrize(
    ("noise", "beta", "lam"),
    [
        *(("full", 1.5, 0.4), ("scalar", 1.5, 0.4), ("scalar", 2.0, 0.0), ("scalar", 12.0, 1.0)),
        *((0.3, 2.5, 0.0), (0.3, 12.0, 1.0)),
    ],
)
def test_the_optimum_is_where_the_objective_is_least(noise, beta, lam):
    nll, rate, squares = least(beta, lam, noise)
    law = {"latents": LATENTS, "noise": noise}
    actual = lambda_beta.negative_log_likelihood(SPECTRUM, beta, lam, **law)
    np.testing.assert_allclose(actual, nll, atol=2e-4)
    rates = lambda_beta.rate(SPECTRUM, beta, lam, **law)[:LATENTS]
    np.testing.assert_allclose(rates.sum(), rate, atol=2e-4)
    level = lambda_beta.water_level(SPECTRUM, beta, lam, **law)
    left = np.minimum(SPECTRUM[:LATENTS], level).sum() + SPECTRUM[LATENTS:].sum()
    np.testing.assert_allclose(left, squares, rtol=2e-3)


@pytest.mark.parametrize("noise", ["full", "scalar", 0.3])
@pytest.mark.parametrize("lam", [0.2, 3.0])
def test_a_mode_is_active_just_below_its_critical_beta(noise, lam):
    thresholds = lambda_beta.critical_beta(SPECTRUM, lam, noise)
    for k, threshold in enumerate(thresholds):
        for beta, active in ((threshold * 0.999, k + 1), (threshold * 1.001, k)):
            fractions = lambda_beta.signal_fraction(SPECTRUM, beta, lam, noise=noise)
            assert (fractions > 0).sum() == active


def test_one_learned_variance_of_plain_beta_1_is_probabilistic_pca():
    """Tipping and Bishop: the noise is the mean of the variances left out."""
    for latents in (1, 2, 3):
        level = lambda_beta.water_level(SPECTRUM, 1.0, 0.0, latents, "scalar")
        np.testing.assert_allclose(level, SPECTRUM[latents:].mean())


def test_limits_of_a_learned_covariance_without_lambda():
    v = np.array([0.1, 10.0, 1e6])
    assert (lambda_beta.signal_fraction(v, 1.001, 0.0) == 0).all()  # whatever the variance
    assert np.isnan(lambda_beta.water_level(v, 1.0, 0.0))  # flat
    assert lambda_beta.water_level(v, 0.9, 0.0) == 0  # unbounded
    np.testing.assert_array_equal(lambda_beta.critical_beta(v, 0.0), 1)
    # without information what remains is the data's entropy
    entropy = np.log(2 * np.pi * np.e * v).sum() / 2
    np.testing.assert_allclose(lambda_beta.negative_log_likelihood(v, 4.0, 0.0, 2), entropy)
    assert lambda_beta.negative_log_likelihood(v, 1.0, 2.0, 2) == -np.inf


@given(st.floats(0.05, 50), st.floats(0.1, 40), st.floats(0, 10), st.floats(0.01, 10))
def test_lambda_rescales_every_threshold_of_a_fixed_variance_alike(v, beta, lam, noise):
    """T_eff = T/(1 + 2 lambda sigma^2): adding lambda is lowering the variance."""
    lowered = 1 / (1 / noise + 2 * lam)
    np.testing.assert_allclose(
        lambda_beta.critical_beta(v, lam, noise), lambda_beta.critical_beta(v, 0.0, lowered)
    )
    np.testing.assert_allclose(
        lambda_beta.signal_fraction(v, beta, lam, noise=noise),
        lambda_beta.signal_fraction(v, beta, 0.0, noise=lowered),
    )


def alternate(b, w, v, beta, lam):
    """One update of decoder, then encoder, of a single mode: each the minimum given the other."""
    total = b * b * v + w
    a, r = b * v / total, v * w / total
    weight = 1 / r + 2 * lam
    w = 1 / (1 + a * a * weight / beta)
    return w * a * weight / beta, w


@given(
    st.floats(1e-3, 3), st.floats(1e-2, 2), st.floats(0.1, 20), st.floats(0.5, 32), st.floats(0, 8)
)
def test_a_sweep_is_the_two_closed_form_updates(b, w, v, beta, lam):
    s, t = b * b * v / w, b * b * v + w
    b, w = alternate(b, w, v, beta, lam)
    new_s, new_t = lambda_beta.sweep(s, t, beta, lam, v)
    np.testing.assert_allclose(new_s, b * b * v / w, rtol=1e-9)
    np.testing.assert_allclose(new_t, b * b * v + w, rtol=1e-9)


def test_contraction():
    s = np.array([1e-9, 0.3, 20.0])
    np.testing.assert_allclose(lambda_beta.contraction(s, 4.0), s * (1 + s) / (4 * (4 + s)))
    np.testing.assert_allclose(lambda_beta.contraction(s, 1.0), s)  # beta 1 is flat
    near = lambda_beta.contraction(1e-9, 16.0, 2.0, 2.0) / 1e-9
    np.testing.assert_allclose(near, (9 / 16) ** 2, rtol=1e-6)


def test_sweeps_come_to_rest_at_the_optimum():
    rng = np.random.default_rng(0)
    v, beta, lam = rng.uniform([[0.5], [1.1], [0.1]], [[20], [30], [8]], size=(3, 300))
    moves = np.abs(lambda_beta.critical_beta(v, lam) / beta - 1) > 0.1  # no critical slowing down
    v, beta, lam = v[moves], beta[moves], lam[moves]
    s, t = np.ones_like(v), np.ones_like(v)
    sweep = unwrap(lambda_beta.sweep)  # checking shapes takes longer than 3,000 sweeps
    for _ in range(3000):
        s, t = sweep(s, t, beta, lam, v)
    fractions = lambda_beta.signal_fraction(v, beta, lam)
    assert 0 < (fractions == 0).sum() < len(v)
    np.testing.assert_allclose(s / (1 + s), fractions, atol=1e-6)
