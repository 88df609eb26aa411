"""The linear truth, the measures and the verdicts of allen2024 against what is known."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from torch.autograd.functional import hessian as slow_hessian

from betascan.config.vae import Likelihood, Model
from betascan.models import Vae
from betascan.objectives import ForwardPass, distortion
from betascan.studies.allen2024 import claims, linear, measure, tables

VARIANCES, NOISE = (4.0, 2.0, 1.0), 0.1
S, AXES = linear.covariance(8, VARIANCES, NOISE, seed=3)
PRICES = st.floats(0.05, 5.0)


def weights(seed, latents=3):
    random = np.random.default_rng(seed)
    A, B = random.standard_normal((latents, 8)), random.standard_normal((8, latents))
    L = np.tril(random.standard_normal((latents, latents)), -1) + np.diag(
        random.random(latents) + 0.3
    )
    return A, B, L


# The linear truth


def test_the_loss_of_the_true_posterior_is_the_negative_log_likelihood():
    """-ELBO = E[-log N(x; 0, B B^T + sigma^2)] where q(z|x) = p(z|x) (Bishop 2006, 12.35-12.41)."""
    B, variance = weights(0)[1], 0.7
    covariance = np.linalg.inv(np.eye(3) + B.T @ B / variance)
    A = covariance @ B.T / variance
    C = B @ B.T + variance * np.eye(8)
    expected = (np.linalg.slogdet(2 * math.pi * C)[1] + np.trace(np.linalg.solve(C, S))) / 2
    found, gradients = linear.loss(S, A, B, np.linalg.cholesky(covariance), 1.0, variance)
    assert found == pytest.approx(expected)
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
        return linear.loss(S, *parts(flat), 2.0, 0.5)[0]

    def slope(flat):
        in_A, in_B, in_L = linear.loss(S, *parts(flat), 2.0, 0.5)[1]
        return np.concatenate([in_A.ravel(), in_B.ravel(), in_L[lower]])

    start = np.concatenate([A.ravel(), B.ravel(), L[lower]])
    assert check_grad(value, slope, start) < 1e-4 * np.linalg.norm(slope(start))


@given(st.integers(0, 99), PRICES, PRICES)
def test_a_full_posterior_may_be_rotated(seed, beta, variance):
    A, B, L = weights(seed)
    Q, _ = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((3, 3)))
    turned = np.linalg.cholesky(Q @ L @ L.T @ Q.T)
    one = linear.loss(S, A, B, L, beta, variance)[0]
    assert linear.loss(S, Q @ A, B @ Q.T, turned, beta, variance)[0] == pytest.approx(one)


@given(st.integers(0, 99), PRICES)
def test_beta_and_variance_give_one_loss_but_for_a_factor_and_a_constant(seed, price):
    constant = 4 * math.log(2 * math.pi)
    first = linear.loss(S, *weights(seed), price, 1.0)[0] - constant
    second = linear.loss(S, *weights(seed), 1.0, price)[0] - constant - 4 * math.log(price)
    assert first / price == pytest.approx(second)


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
@pytest.mark.parametrize(("beta", "variance"), [(0.01, 1.0), (1.0, 0.1), (1.5, 1.0), (9.0, 1.0)])
def test_minima_are_the_closed_form_and_fulfil_the_identity(posterior, beta, variance):
    solved = linear.solve(S, 3, beta, variance, posterior, seed=1)
    eigenvalues = np.linalg.eigvalsh(S)
    assert solved.loss == pytest.approx(linear.least_loss(eigenvalues, 3, beta, variance), abs=1e-7)
    left, right = linear.identity(solved, beta * variance, posterior)
    np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-3)


def test_a_diagonal_posterior_finds_the_axes_and_a_full_one_does_not():
    found = {
        kind: linear.angles(linear.solve(S, 3, 0.2, 1.0, kind, seed=2).decoder, AXES)
        for kind in ("diagonal", "full")
    }
    assert found["diagonal"].max() < 0.01
    assert found["full"].mean() > 5


def test_angles_of_a_known_rotation():
    turn = math.radians(20)
    Q = np.array(
        [[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    swapped = -3 * AXES[:, :3] @ Q[:, [2, 0, 1]]
    np.testing.assert_allclose(linear.angles(swapped, AXES), [20, 20, 0], atol=1e-6)
    pair = linear.haar_angle(2, seed=0)  # even on 0 to 45 degrees
    assert pair == pytest.approx(22.5, abs=1)


# The measures


def drawn(decoder="convolutional", kind="gaussian", posterior="diagonal", batch=3):
    torch.manual_seed(0)
    model = Model(
        size=32, encoder="mlp", decoder=decoder, width=6, latents=3, activation="tanh",
        posterior=posterior, prior="gaussian",
    )  # fmt: skip
    vae = Vae(model, 1).double()
    likelihood = Likelihood(kind=kind, variance=1 if kind == "bernoulli" else 0.4)
    x = torch.rand(batch, 1, 32, 32, dtype=torch.float64)
    return ForwardPass(vae, x, torch.empty(0), likelihood, pixel_scale=1.5)


@pytest.mark.parametrize("kind", ["gaussian", "bernoulli"])
def test_the_hessian_is_the_second_derivative_of_d(kind):
    draw = drawn(kind=kind)
    found = measure.hessian(draw)
    for one, mean, x in zip(found, draw.posterior.mean.detach(), draw.x, strict=True):
        expected = slow_hessian(
            lambda z, x=x: 1.5 * distortion(draw.likelihood, draw.vae.decode(z[None]), x[None])[0],
            mean,
        )
        torch.testing.assert_close(one, expected)


@pytest.mark.parametrize("kind", ["gaussian", "bernoulli"])
def test_gauss_newton_is_the_hessian_of_a_linear_decoder(kind):
    draw = drawn("linear", kind)
    mean = draw.posterior.mean.detach()
    torch.testing.assert_close(measure.gauss_newton(draw, mean), measure.hessian(draw))


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_samples_of_a_linear_decoder_are_as_expanded(posterior):
    draw, active = drawn("linear", posterior=posterior), torch.arange(3)
    found = measure.at_points(draw, active, 4000, torch.Generator().manual_seed(0))
    away = (found["sampled"] - found["hessian"]).abs() / found["sampled_error"]
    assert away.max() < 4
    np.testing.assert_allclose(found["hessian"], found["gauss_newton"])


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_sides_of_a_linear_decoder(posterior):
    draw = drawn("linear", posterior=posterior)
    W = draw.vae.decoder[0].weight.detach().numpy()
    found = measure.sides(draw, 2.0, torch.tensor([0, 2]), torch.Generator().manual_seed(0))
    assert len(found) == 3 * (3 if posterior == "diagonal" else 6)
    right = np.eye(3) + 1.5 * W.T @ W / (2 * 0.4)
    for side in tables.SIDES:
        np.testing.assert_allclose(found[side], right[found["row"], found["column"]])
    assert not found.loc[found["row"] == 1, "active"].any()
    factor = draw.posterior.scale_tril[0].detach().numpy()
    left = np.linalg.inv(factor @ factor.T)
    own = found[found["point"] == 0]
    np.testing.assert_allclose(own["left"], left[own["row"], own["column"]])


def test_collapsed_latents_have_no_measures():
    frame = measure.at_points(drawn(), torch.arange(0), 4, torch.Generator())
    assert frame[["offdiagonal_mass", "log_volume", "gradient_mass"]].isna().all(axis=None)
    one = measure.at_points(drawn(), torch.tensor([1]), 4, torch.Generator())
    assert one["offdiagonal_mass"].isna().all()
    np.testing.assert_allclose(one["log_volume"], np.log(one["s1"]))


# Tables and verdicts


def test_the_error_of_the_identity_counts_both_halves():
    row = {"point": 0, "active": True, "expected": 0.0}
    sides = pd.DataFrame([
        {**row, "row": 0, "column": 0, "left": 3.0, "gauss_newton": 3.0},
        {**row, "row": 0, "column": 1, "left": 2.0, "gauss_newton": 0.0},
        {**row, "row": 1, "column": 1, "left": 1.0, "gauss_newton": 1.0},
        {**row, "row": 2, "column": 2, "left": 9.0, "gauss_newton": 0.0, "active": False},
    ])  # fmt: skip
    assert tables.identity_error(sides, "gauss_newton") == pytest.approx(math.sqrt(8 / 18))
    assert tables.identity_error(sides, "expected") == 1


def test_the_effective_variance_is_that_of_the_posterior():
    """|J|^2 = 6, sigma_eff^2 = 2: the precision is 1 + 3, whatever price the training says."""
    side = {"row": [0], "column": [0], "active": [True], "left": [4.0], "expected": [1 + 6 / 0.5]}
    assert tables.effective_variance(pd.DataFrame(side), 0.5) == pytest.approx(2)


def test_errors_of_an_expansion():
    points = pd.DataFrame(
        {"sampled": [1.0, 3.0], "sampled_error": [0.3, 0.4], "hessian": [2.0, 3.0],
         "gauss_newton": [1.0, 1.0]}
    )  # fmt: skip
    found = tables.expansion_errors(points)
    assert found["taylor_hessian"] == pytest.approx(0.25)
    assert found["taylor_gauss_newton"] == pytest.approx(0.5)
    assert found["taylor_noise"] == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        *[((1.0, 1.1, 1.2), "holds"), ((-1.0, -1.1, -1.2), "does not hold")],
        *[((1.0, -1.1, 0.2), "scale cannot tell"), ((5.0,), "scale cannot tell")],
    ],
)
def test_a_difference_is_judged_over_seeds(more, expected):
    found = claims.paired(pd.Series(more), pd.Series(0.0, range(len(more))))
    assert found.verdict == expected
    assert found.ours == pytest.approx(np.mean(more))


def test_the_sign_of_beta_cannot_hold_both_ways():
    beta = pd.Series(np.geomspace(1e-3, 10, 9))
    for power in (1, -1):
        variance = beta**power * np.exp(0.01 * np.sin(np.arange(9)))
        author, document = (claims.slope(beta, variance, author) for author in (True, False))
        assert author.ours == pytest.approx(power, abs=0.01)
        verdicts = {"holds", "does not hold"}
        assert {author.verdict, document.verdict} == verdicts
        assert (author.verdict == "holds") == (power == 1)
    assert claims.slope(beta[:3], beta[:3], True).verdict == "scale cannot tell"


def test_ranks():
    x = pd.Series(range(8))
    assert claims.ranked(x, x**2, rises=True).verdict == "holds"
    assert claims.ranked(x, x**2, rises=False).verdict == "does not hold"
    assert claims.ranked(x, 0 * x, rises=True).verdict == "scale cannot tell"


@pytest.mark.parametrize(("apart", "expected"), [(1.001, "holds"), (3.0, "does not hold")])
def test_twins_differ_less_than_seeds(apart, expected):
    rows = [
        {"seed": seed, "beta": 0.1 * own + (1 - own), "variance": own + 0.1 * (1 - own)}
        | {"cell": f"{own}", "squared_error": 10 * 1.1**seed * (1 if own else apart)}
        for seed in range(3)
        for own in (0, 1)
    ]
    assert claims.equality(pd.DataFrame(rows)).verdict == expected
    assert claims.equality(pd.DataFrame(rows[:2])).verdict == "scale cannot tell"


def test_a_runaway_is_no_optimum():
    kinds = [("silu", "hessian"), ("silu", "gauss_newton")]
    curves = pd.DataFrame(kinds, columns=["activation", "curvature"]).assign(step=3, loss=-2e6)
    assert claims.bounded(curves.assign(bounded=False)).verdict == "does not hold"
    assert claims.bounded(curves.assign(bounded=True)).verdict == "scale cannot tell"
