"""Losses against torch.distributions, closed forms and torch.func."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Bernoulli, Laplace, MultivariateNormal, Normal
from torch.func import grad, hessian, jacrev, vmap

from betascan import objectives
from betascan.config.vae import (
    BetaTcVae,
    BetaVae,
    Deterministic,
    LambdaBetaVae,
    Likelihood,
    Model,
    Orthogonal,
)
from betascan.models import Gaussian, Vae
from betascan.objectives import ForwardPass

B, D, PIXELS = 6, 3, 32 * 32
LIKELIHOODS = {
    "bernoulli": Likelihood(kind="bernoulli", variance=1),
    "squared_error": Likelihood(kind="squared_error", variance=1),
    "gaussian": Likelihood(kind="gaussian", variance=0.3),
    "laplace": Likelihood(kind="laplace", variance=0.3),
}
EACH = pytest.mark.parametrize("likelihood", LIKELIHOODS.values(), ids=LIKELIHOODS)


def small_pass(likelihood=LIKELIHOODS["gaussian"], pixel_scale=1.0, **model):
    """A minibatch of B images and a small VAE in double precision."""
    torch.manual_seed(1)
    chosen = {
        "size": 32, "encoder": "mlp", "decoder": "mlp", "width": 5, "latents": D,
        "activation": "silu", "posterior": "diagonal", "prior": "gaussian",
    } | model  # fmt: skip
    vae = Vae(Model(**chosen), 1).double()
    x = torch.rand(B, 1, 32, 32, dtype=torch.float64)
    return ForwardPass(vae, x, torch.randn(B, D).double(), likelihood, pixel_scale)


def cubature(latents):
    """Points whose average is the expectation under N(0, I) of any quadratic."""
    axes = math.sqrt(latents) * torch.eye(latents, dtype=torch.float64)
    return torch.cat([axes, -axes])


def expectation(forward, function):
    """Mean of a quadratic function of the forward pass over its noise."""
    passes = [replace(forward, noise=row.expand(B, D)) for row in cubature(D)]
    return torch.stack([function(each) for each in passes]).mean(0)


# Distortions


@EACH
def test_distortions_are_negative_log_densities_summed_over_pixels(likelihood):
    forward = small_pass(likelihood)
    output, x = forward.output, (forward.x > 0.5).double()
    expected = {
        "bernoulli": lambda: -Bernoulli(logits=output).log_prob(x),
        "squared_error": lambda: (output.sigmoid() - x) ** 2,
        "gaussian": lambda: -Normal(output, math.sqrt(0.3)).log_prob(x),
        "laplace": lambda: -Laplace(output, math.sqrt(0.3 / 2)).log_prob(x),
    }[likelihood.kind]()
    computed = objectives.distortion(likelihood, output, x)
    torch.testing.assert_close(computed, expected.sum((1, 2, 3)))


def test_bernoulli_targets_may_lie_between():
    output, x = torch.randn(B, 1, 4, 4), torch.rand(B, 1, 4, 4)
    computed = objectives.distortion(LIKELIHOODS["bernoulli"], output, x)
    p = output.sigmoid()
    torch.testing.assert_close(computed, -(x * p.log() + (1 - x) * (1 - p).log()).sum((1, 2, 3)))


@EACH
def test_derivatives_of_distortions(likelihood):
    output, x = torch.randn(20).double(), torch.rand(20).double()

    def pixel(output, x):
        return objectives.distortion(likelihood, output.view(1, 1, 1, 1), x.view(1, 1, 1, 1))[0]

    first, second = objectives.derivatives(likelihood, output, x)
    torch.testing.assert_close(first, vmap(grad(pixel))(output, x))
    torch.testing.assert_close(second, vmap(grad(grad(pixel)))(output, x))


# beta-VAE


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_beta_1_and_the_true_posterior_give_the_evidence(posterior):
    """-log p(x) of a linear Gaussian model, in closed form; the ELBO is then tight."""
    forward = small_pass(decoder="linear", posterior=posterior)
    layer, sigma2 = forward.vae.decoder[0], forward.likelihood.variance
    if posterior == "diagonal":  # which the true posterior is if the columns are orthogonal
        layer.weight.data = torch.linalg.qr(layer.weight.data)[0] * torch.tensor([3.0, 1, 0.2])
    W, x = layer.weight.detach(), forward.x.flatten(1)
    covariance = torch.linalg.inv(torch.eye(D) + W.T @ W / sigma2)
    mean = (x - layer.bias.detach()) @ W @ covariance / sigma2
    L = torch.linalg.cholesky(covariance)
    lower = None if posterior == "diagonal" else L.tril(-1).expand(B, D, D)
    true = Gaussian(mean, L.diagonal().log().expand(B, D), lower)

    def loss(forward):
        forward.posterior = true
        return objectives.beta_vae(forward, beta=1)

    marginal = MultivariateNormal(
        layer.bias.detach(), W @ W.T + sigma2 * torch.eye(PIXELS, dtype=torch.float64)
    )
    torch.testing.assert_close(expectation(forward, loss), -marginal.log_prob(x).mean())


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 100), st.floats(0.1, 10))
def test_only_beta_times_variance_matters(beta, pixel_scale):
    """(beta, sigma^2 = 1) and (1, sigma^2 = beta) have the same gradient up to the factor beta."""
    gradients = []
    for weight, variance in ((beta, 1.0), (1.0, beta)):
        forward = small_pass(Likelihood(kind="gaussian", variance=variance), pixel_scale)
        loss = objectives.beta_vae(forward, beta=weight) / weight
        gradients.append(torch.autograd.grad(loss, list(forward.vae.parameters())))
    torch.testing.assert_close(*gradients)


def test_pixel_scale_multiplies_the_distortion_alone():
    one, three = (objectives.beta_vae(small_pass(pixel_scale=s), beta=4) for s in (1.0, 3.0))
    torch.testing.assert_close(three - one, 2 * small_pass().distortion.mean())


# lambda-beta-VAE


@EACH
def test_lambda_weighs_the_squared_error_of_the_mean_image(likelihood):
    forward = small_pass(likelihood, pixel_scale=2.0)
    with_it = objectives.lambda_beta_vae(forward, beta=3, lam=0.7)
    without = objectives.beta_vae(forward, beta=3)
    bounded = likelihood.kind in ("bernoulli", "squared_error")
    image = forward.output.sigmoid() if bounded else forward.output
    torch.testing.assert_close(with_it - without, 0.7 * 2 * ((image - forward.x) ** 2).sum() / B)


def test_lambda_is_a_smaller_variance():
    """1/sigma_eff^2 = 1/sigma^2 + 2 lambda."""
    variance, lam = 0.3, 2.0
    effective = Likelihood(kind="gaussian", variance=1 / (1 / variance + 2 * lam))
    gradients = []
    for likelihood, objective in (
        (LIKELIHOODS["gaussian"], LambdaBetaVae(beta=3, lam=lam)),
        (effective, BetaVae(beta=3)),
    ):
        forward = small_pass(likelihood)
        loss = objectives.loss(forward, objective, dataset_size=B)
        gradients.append(torch.autograd.grad(loss, list(forward.vae.parameters())))
    torch.testing.assert_close(*gradients)


# FactorVAE


def test_permutation_enumerated_by_hand():
    z = torch.tensor([[1.0, 10], [2, 20], [3, 30]])
    keys = torch.tensor([[0.3, 0.1], [0.1, 0.2], [0.2, 0.9]])  # columns: 2 3 1, 1 2 3
    assert objectives.permute_dims(z, keys).tolist() == [[2, 10], [3, 20], [1, 30]]


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(0, 1000))
def test_permutations_keep_each_latent(rows, latents, seed):
    torch.manual_seed(seed)
    z = torch.randn(rows, latents)
    mixed = objectives.permute_dims(z, torch.rand(rows, latents))
    assert torch.equal(mixed.sort(0).values, z.sort(0).values)


def test_permutations_are_equally_likely():
    torch.manual_seed(0)
    z = torch.tensor([[0.0], [1], [2]])
    orders = [
        tuple(objectives.permute_dims(z, torch.rand(3, 1))[:, 0].tolist()) for _ in range(1200)
    ]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert all(abs(count - 200) < 6 * math.sqrt(200) for count in counts)


def test_discriminator_loss_is_a_cross_entropy():
    real, fake = torch.tensor([[0.4], [-2.0]]), torch.tensor([[1.0], [0.0]])
    p_real, p_fake = real.sigmoid(), fake.sigmoid()
    expected = -(p_real.log().mean() + (1 - p_fake).log().mean()) / 2
    torch.testing.assert_close(objectives.discriminator_loss(real, fake), expected)


def test_the_best_discriminator_measures_total_correlation():
    """Of correlated Gaussian codes, whose density ratio is a quadratic."""
    rho = 0.8
    joint = MultivariateNormal(torch.zeros(2), torch.tensor([[1, rho], [rho, 1]]).double())
    product = MultivariateNormal(torch.zeros(2), torch.eye(2).double())
    z = cubature(2) @ joint.scale_tril.T

    class LogRatio(nn.Module):
        def forward(self, z):
            return (joint.log_prob(z) - product.log_prob(z))[:, None]

    forward = small_pass()
    forward.z, forward.distortion, forward.rate = z, torch.full((4,), 7.0), torch.full((4,), 2.0)
    loss = objectives.factor_vae(forward, LogRatio(), gamma=5)
    assert loss.item() == pytest.approx(9 - 5 / 2 * math.log(1 - rho**2))


# beta-TCVAE


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_beta_tcvae_with_weights_1_is_the_vae_of_one_sample(sampling):
    forward = small_pass()
    loss = objectives.beta_tcvae(
        forward, alpha=1, beta=1, gamma=1, sampling=sampling, dataset_size=50
    )
    q = Normal(forward.posterior.mean, forward.posterior.log_scale.exp())
    rate = (q.log_prob(forward.z) - Normal(0, 1).log_prob(forward.z)).sum(1)
    torch.testing.assert_close(loss, (forward.distortion + rate).mean())


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_beta_tcvae_weighs_each_term(sampling):
    """With q(z) and q(z_j) from the weights that chen2018 writes down, of B of N images."""
    N, M = 50, B - 1
    forward = small_pass()
    q = Normal(forward.posterior.mean, forward.posterior.log_scale.exp())
    weights = torch.full((B, B), 1 / (N * B), dtype=torch.float64)
    if sampling == "mss":  # 1/N on its posterior, (N - M)/(N M) on one other, 1/M on the rest
        eye = torch.eye(B, dtype=torch.float64)
        following = eye.roll(1, dims=1)
        weights = eye / N + following * (N - M) / (N * M) + (1 - eye - following) / M
    density = q.log_prob(forward.z[:, None]).exp()  # (sample, posterior, latent)
    log_q = (weights * density.prod(2)).sum(1).log()
    log_q_j = (weights[:, :, None] * density).sum(1).log()
    terms = [
        q.log_prob(forward.z).sum(1) - log_q,
        log_q - log_q_j.sum(1),
        (log_q_j - Normal(0, 1).log_prob(forward.z)).sum(1),
    ]
    for k, name in enumerate(("alpha", "beta", "gamma")):
        shares = {"alpha": 0, "beta": 0, "gamma": 0} | {name: 3}
        loss = objectives.beta_tcvae(forward, **shares, sampling=sampling, dataset_size=N)
        torch.testing.assert_close(loss, forward.distortion.mean() + 3 * terms[k].mean())


# Orthogonal columns, and the deterministic ELBO


def test_orthogonality_penalty_of_a_linear_decoder():
    forward = small_pass(decoder="linear")
    W = forward.vae.decoder[0].weight
    gram = W.T @ W
    mass = (gram - gram.diagonal().diag()).norm() / gram.norm()
    plain = objectives.beta_vae(forward, beta=2)
    torch.testing.assert_close(objectives.orthogonal(forward, beta=2, weight=9), plain + 9 * mass)


@EACH
@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_deterministic_elbo_has_the_hessian_and_its_gauss_newton_part(likelihood, posterior):
    forward = small_pass(likelihood, pixel_scale=1.5, posterior=posterior)
    mean, L = forward.posterior.mean, forward.posterior.scale_tril
    covariance = L @ L.mT
    hessians, parts = [], []
    for z, x in zip(mean, forward.x, strict=True):

        def decode(z):
            return forward.vae.decode(z[None])

        def distortion(output, x=x):
            return 1.5 * objectives.distortion(likelihood, output, x[None])[0]

        hessians.append(hessian(lambda z, D=distortion, f=decode: D(f(z)))(z))
        J = jacrev(decode)(z).flatten(0, 3)
        _, hess_diag = objectives.derivatives(likelihood, decode(z)[0], x)  # tested above
        parts.append(1.5 * J.T @ (hess_diag.reshape(-1, 1) * J))
    at_mean = forward.distortion_of(forward.vae.decode(mean))
    for curvature, H in (("hessian", hessians), ("gauss_newton", parts)):
        expected = at_mean + (torch.stack(H) * covariance).sum((1, 2)) / 2
        computed = objectives.second_order_distortion(forward, curvature=curvature)
        torch.testing.assert_close(computed, expected)
        loss = objectives.deterministic(forward, beta=2, curvature=curvature)
        torch.testing.assert_close(loss, expected.mean() + 2 * forward.rate.mean())


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_deterministic_elbo_of_a_linear_decoder_is_the_expectation(posterior):
    forward = small_pass(decoder="linear", posterior=posterior)
    computed = objectives.second_order_distortion(forward, curvature="hessian")
    torch.testing.assert_close(computed, expectation(forward, lambda forward: forward.distortion))


def test_an_objective_of_the_configuration_is_its_function():
    forward = small_pass()

    def loss(objective):
        return objectives.loss(forward, objective, dataset_size=50)

    weights = {"alpha": 2, "beta": 3, "gamma": 5, "sampling": "mss"}
    expected = {
        BetaVae(beta=3): objectives.beta_vae(forward, beta=3),
        LambdaBetaVae(beta=3, lam=2): objectives.lambda_beta_vae(forward, beta=3, lam=2),
        BetaTcVae(**weights): objectives.beta_tcvae(forward, **weights, dataset_size=50),
        Orthogonal(beta=3, weight=9): objectives.orthogonal(forward, beta=3, weight=9),
        **{
            Deterministic(beta=3, curvature=curvature): objectives.deterministic(
                forward, beta=3, curvature=curvature
            )
            for curvature in ("hessian", "gauss_newton")
        },
    }
    for objective, value in expected.items():
        torch.testing.assert_close(loss(objective), value, rtol=0, atol=0)
    assert len({value.item() for value in expected.values()}) == len(expected)
