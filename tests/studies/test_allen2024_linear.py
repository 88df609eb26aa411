"""The linear-Gaussian truth of allen2024 against closed forms."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad

from betascan.studies.allen2024 import linear

VARIANCES, NOISE = (4.0, 2.0, 1.0), 0.1
S, AXES = linear.data_covariance(8, VARIANCES, NOISE, seed=3)
BETAS = st.floats(0.05, 5.0)


def weights(seed, latents=3):
    random = np.random.default_rng(seed)
    A, B = random.standard_normal((latents, 8)), random.standard_normal((8, latents))
    L = np.tril(random.standard_normal((latents, latents)), -1) + np.diag(
        random.random(latents) + 0.3
    )
    return A, B, L


def test_data_have_the_variances_on_the_axes():
    np.testing.assert_allclose(np.diag(AXES.T @ S @ AXES), np.add(VARIANCES, NOISE))
    np.testing.assert_allclose(np.linalg.eigvalsh(S)[:5], NOISE)


def test_the_loss_of_the_true_posterior_is_the_negative_log_likelihood():
    """-ELBO = E[-log N(x; 0, B B^T + sigma^2)] where q(z|x) = p(z|x) (Bishop 2006, 12.35-12.41)."""
    B, variance = weights(0)[1], 0.7
    covariance = np.linalg.inv(np.eye(3) + B.T @ B / variance)
    A = covariance @ B.T / variance
    C = B @ B.T + variance * np.eye(8)
    expected = (np.linalg.slogdet(2 * math.pi * C)[1] + np.trace(np.linalg.solve(C, S))) / 2
    L = np.linalg.cholesky(covariance)
    loss, gradients = linear.loss(S, A, B, L, beta=1.0, variance=variance)
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(gradients[0], 0, atol=1e-10)  # the encoder is at its best
    np.testing.assert_allclose(np.tril(gradients[2]), 0, atol=1e-10)


def test_gradients_are_those_of_the_loss():
    A, B, L = weights(1)
    lower, sizes = np.tril_indices(3), (24, 48)

    def parts(flat):
        a, b, below = np.split(flat, sizes)
        square = np.zeros((3, 3))
        square[lower] = below
        return a.reshape(3, 8), b.reshape(8, 3), square

    def value(flat):
        return linear.loss(S, *parts(flat), beta=2.0, variance=0.5)[0]

    def gradient(flat):
        in_A, in_B, in_L = linear.loss(S, *parts(flat), beta=2.0, variance=0.5)[1]
        return np.concatenate([in_A.ravel(), in_B.ravel(), in_L[lower]])

    start = np.concatenate([A.ravel(), B.ravel(), L[lower]])
    assert check_grad(value, gradient, start) < 1e-4 * np.linalg.norm(gradient(start))


@given(st.integers(0, 99), BETAS, BETAS)
def test_a_full_posterior_may_be_rotated(seed, beta, variance):
    A, B, L = weights(seed)
    Q, _ = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((3, 3)))
    rotated = Q @ A, B @ Q.T, np.linalg.cholesky(Q @ L @ L.T @ Q.T)
    one, other = (
        linear.loss(S, *parts, beta=beta, variance=variance)[0] for parts in ((A, B, L), rotated)
    )
    assert other == pytest.approx(one)


@given(st.integers(0, 99), BETAS)
def test_beta_and_variance_give_one_loss_but_for_a_factor_and_a_constant(seed, beta):
    constant = 4 * math.log(2 * math.pi)
    first = linear.loss(S, *weights(seed), beta=beta, variance=1.0)[0] - constant
    second = linear.loss(S, *weights(seed), beta=1.0, variance=beta)[0]
    second -= constant + 4 * math.log(beta)
    assert first / beta == pytest.approx(second)


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
@pytest.mark.parametrize(("beta", "variance"), [(0.01, 1.0), (1.0, 0.1), (1.5, 1.0), (9.0, 1.0)])
def test_minima_have_the_loss_of_the_closed_form_and_fulfil_the_identity(posterior, beta, variance):
    minimum = linear.solve(S, 3, beta=beta, variance=variance, posterior=posterior, seed=1)
    closed_form = linear.minimal_loss(np.linalg.eigvalsh(S), 3, beta=beta, variance=variance)
    assert minimum.loss == pytest.approx(closed_form, abs=1e-7)
    encoder, decoder = linear.precisions(minimum, beta * variance, posterior)
    np.testing.assert_allclose(encoder, decoder, rtol=1e-3, atol=1e-3)


def test_a_diagonal_posterior_finds_the_axes_and_a_full_one_does_not():
    degrees = {
        kind: linear.angles(
            linear.solve(S, 3, beta=0.2, variance=1.0, posterior=kind, seed=2).decoder, AXES
        )
        for kind in ("diagonal", "full")
    }
    assert degrees["diagonal"].max() < 0.01
    assert degrees["full"].mean() > 5


def test_angles_of_a_known_rotation():
    turn = math.radians(20)
    Q = np.array(
        [[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    permuted = -3 * AXES[:, :3] @ Q[:, [2, 0, 1]]
    np.testing.assert_allclose(linear.angles(permuted, AXES), [20, 20, 0], atol=1e-6)
    # between two axes rotations are even on 0 to 45 degrees
    assert linear.random_rotation_angle(2, seed=0) == pytest.approx(22.5, abs=1)


def test_solutions_know_which_of_beta_and_variance_they_were_trained_with(tmp_path):
    table, pairs = tmp_path / "table.csv", tmp_path / "pairs.csv"
    linear.solutions(table, pairs, 6, [4.0, 1.0], 0.01, 0.1, [0.5, 2.0], starts=2, scan_starts=1)
    rows, entries = pd.read_csv(table), pd.read_csv(pairs)
    scan = rows[rows["part"] == "scan"]
    assert list(zip(scan["beta"], scan["variance"], strict=True)) == [
        *[(0.5, 1), (1, 0.5), (2, 1), (1, 2)]
    ]
    np.testing.assert_allclose(scan["beta_sigma2"], scan["beta"] * scan["variance"])
    assert list(scan["active"]) == [2, 2, 1, 1]  # the second factor's threshold is 1.01
    for k in (1, 2):
        law = f"log_variance_law_{k}"
        np.testing.assert_allclose(scan[f"log_variance_{k}"], scan[law], atol=1e-3)
    np.testing.assert_allclose(scan["effective_variance"], scan["beta_sigma2"], rtol=1e-3)
    np.testing.assert_allclose(scan["log_variance_law_1"], np.log(scan["beta_sigma2"] / 4.01))
    angles = rows[rows["part"] == "angles"]
    assert list(angles["posterior"]) == ["diagonal", "full"] * 2
    assert entries.groupby(["posterior", "seed"]).size().to_dict() == {
        ("diagonal", 0): 2,
        ("diagonal", 1): 2,
        ("full", 0): 3,
        ("full", 1): 3,
    }
    np.testing.assert_allclose(entries["left"], entries["right"], rtol=1e-3, atol=1e-3)


def test_a_decoder_that_cannot_be_injective_has_its_minimum_too(tmp_path):
    table = tmp_path / "table.csv"
    linear.solutions(table, tmp_path / "pairs.csv", 6, [4.0, 1.0], 0.01, 0.1, [0.5, 2.0], 3, 1)
    rows = pd.read_csv(table)
    too_many = rows[rows["part"] == "not injective"]
    assert list(too_many["seed"]) == [0, 1, 2]
    assert (too_many["excess_loss"].abs() < 1e-9).all()
    assert (too_many["active"] == 2).all()  # of four latents
    np.testing.assert_allclose(too_many["log_variance_1"], np.log(0.1 / 4.01), rtol=1e-5)
    assert "log_variance_3" not in rows
