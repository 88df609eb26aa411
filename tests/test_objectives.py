"""Losses against torch.distributions, closed forms and torch.func."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Laplace, MultivariateNormal, Normal
from torch.func import grad, hessian, jacrev, vmap

from betascan import objectives
from betascan.config.vae import Likelihood, Model
from betascan.models import Gaussian, Vae
from betascan.objectives import ForwardPass
from betascan.training.loop import temperature

B, D, PIXELS = 6, 3, 32 * 32
LIKELIHOODS = {
    "bernoulli": Likelihood(kind="bernoulli", variance=1),
    "squared_error": Likelihood(kind="squared_error", variance=1),
    "gaussian": Likelihood(kind="gaussian", variance=0.3),
    "laplace": Likelihood(kind="laplace", variance=0.3),
}
EACH = pytest.mark.parametrize("likelihood", LIKELIHOODS.values(), ids=LIKELIHOODS)


@pytest.fixture(autouse=True)
def one_thread():
    """Keep torch's threads from waiting for each other over tiny products."""
    torch.set_num_threads(1)


def drawn(likelihood=LIKELIHOODS["gaussian"], pixel_scale=1.0, **model):
    """A minibatch of B images, seen through a small VAE in double precision."""
    torch.manual_seed(1)
    chosen = {
        "size": 32, "encoder": "mlp", "decoder": "mlp", "width": 5, "latents": D,
        "activation": "silu", "posterior": "diagonal", "prior": "gaussian",
    } | model  # fmt: skip
    vae = Vae(Model(**chosen), 1).double()
    x = torch.rand(B, 1, 32, 32, dtype=torch.float64)
    return ForwardPass(vae, x, torch.randn(B, D).double(), likelihood, pixel_scale)


def cubature(latents):
    """Draws whose average is the expectation under N(0, I) of any quadratic."""
    axes = math.sqrt(latents) * torch.eye(latents, dtype=torch.float64)
    return torch.cat([axes, -axes])


def expectation(draw, function):
    """Mean of a quadratic function of a draw over the noise."""
    draws = [replace(draw, noise=row.expand(B, D)) for row in cubature(D)]
    return torch.stack([function(each) for each in draws]).mean(0)


# Distortions


@EACH
def test_distortions_are_negative_log_densities_summed_over_pixels(likelihood):
    draw = drawn(likelihood)
    output, x = draw.output, (draw.x > 0.5).double()
    expected = {
        "bernoulli": lambda: -Bernoulli(logits=output).log_prob(x),
        "squared_error": lambda: (output.sigmoid() - x) ** 2,
        "gaussian": lambda: -Normal(output, math.sqrt(0.3)).log_prob(x),
        "laplace": lambda: -Laplace(output, math.sqrt(0.3 / 2)).log_prob(x),
    }[likelihood.kind]()
    seen = objectives.distortion(likelihood, output, x)
    torch.testing.assert_close(seen, expected.sum((1, 2, 3)))


def test_bernoulli_targets_may_lie_between():
    output, x = torch.randn(B, 1, 4, 4), torch.rand(B, 1, 4, 4)
    seen = objectives.distortion(LIKELIHOODS["bernoulli"], output, x)
    p = output.sigmoid()
    torch.testing.assert_close(seen, -(x * p.log() + (1 - x) * (1 - p).log()).sum((1, 2, 3)))


@EACH
def test_derivatives_of_distortions(likelihood):
    output, x = torch.randn(20).double(), torch.rand(20).double()

    def pixel(output, x):
        return objectives.distortion(likelihood, output[None, None], x[None, None])[0]

    slope, bend = objectives.derivatives(likelihood, output, x)
    torch.testing.assert_close(slope, vmap(grad(pixel))(output, x))
    torch.testing.assert_close(bend, vmap(grad(grad(pixel)))(output, x))


# beta-VAE


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_beta_1_and_the_true_posterior_give_the_evidence(posterior):
    """-log p(x) of a linear Gaussian model, in closed form; the ELBO is then tight."""
    draw = drawn(decoder="linear", posterior=posterior)
    layer, sigma2 = draw.vae.decoder[0], draw.likelihood.variance
    if posterior == "diagonal":  # which the true posterior is if the columns are orthogonal
        layer.weight.data = torch.linalg.qr(layer.weight.data)[0] * torch.tensor([3.0, 1, 0.2])
    W, x = layer.weight.detach(), draw.x.flatten(1)
    covariance = torch.linalg.inv(torch.eye(D) + W.T @ W / sigma2)
    mean = (x - layer.bias.detach()) @ W @ covariance / sigma2
    L = torch.linalg.cholesky(covariance)
    lower = None if posterior == "diagonal" else L.tril(-1).expand(B, D, D)
    true = Gaussian(mean, L.diagonal().log().expand(B, D), lower)

    def loss(draw):
        draw.posterior = true
        return objectives.beta_vae(draw, beta=1)

    marginal = MultivariateNormal(
        layer.bias.detach(), W @ W.T + sigma2 * torch.eye(PIXELS, dtype=torch.float64)
    )
    torch.testing.assert_close(expectation(draw, loss), -marginal.log_prob(x).mean())


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 100), st.floats(0.1, 10))
def test_only_beta_times_variance_matters(beta, pixel_scale):
    """(beta, sigma^2 = 1) and (1, sigma^2 = beta) have the same gradient up to the factor beta."""
    gradients = []
    for weight, variance in ((beta, 1.0), (1.0, beta)):
        draw = drawn(Likelihood(kind="gaussian", variance=variance), pixel_scale)
        loss = objectives.beta_vae(draw, beta=weight) / weight
        gradients.append(torch.autograd.grad(loss, list(draw.vae.parameters())))
    torch.testing.assert_close(*gradients)


def test_pixel_scale_multiplies_the_distortion_alone():
    one, three = (objectives.beta_vae(drawn(pixel_scale=s), beta=4) for s in (1.0, 3.0))
    torch.testing.assert_close(three - one, 2 * drawn().distortion.mean())


# lambda-beta-VAE


@EACH
def test_lambda_weighs_the_squared_error_of_the_picture(likelihood):
    lam = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    draw = drawn(likelihood, pixel_scale=2.0)
    objectives.lambda_beta_vae(draw, beta=3, lam=lam).backward()
    bounded = likelihood.kind in ("bernoulli", "squared_error")
    image = draw.output.sigmoid() if bounded else draw.output
    torch.testing.assert_close(lam.grad, 2 * ((image - draw.x) ** 2).sum() / B)


def test_lambda_is_a_smaller_variance():
    """1/sigma_eff^2 = 1/sigma^2 + 2 lambda, in gradients and in T."""
    variance, lam = 0.3, 2.0
    pictures = SimpleNamespace(total_variance=5.0, pixel_scale=1.0, n_varying=7)
    effective = Likelihood(kind="gaussian", variance=1 / (1 / variance + 2 * lam))
    gradients, temperatures = [], []
    for likelihood, objective in (
        (LIKELIHOODS["gaussian"], objectives.LambdaBetaVae(beta=3, lam=lam)),
        (effective, objectives.BetaVae(beta=3)),
    ):
        draw = drawn(likelihood)
        loss = objectives.loss(draw, objective, dataset_size=B)
        gradients.append(torch.autograd.grad(loss, list(draw.vae.parameters())))
        run = SimpleNamespace(likelihood=likelihood, objective=objective)
        temperatures.append(temperature(run, pictures))
    torch.testing.assert_close(*gradients)
    assert temperatures[0] == pytest.approx(temperatures[1])
    assert temperatures[1] == pytest.approx(3 * effective.variance / 5)


# FactorVAE


def test_permutation_enumerated_by_hand():
    z = torch.tensor([[1.0, 10], [2, 20], [3, 30]])
    order = torch.tensor([[0.3, 0.1], [0.1, 0.2], [0.2, 0.9]])  # columns: 2 3 1, 1 2 3
    assert objectives.permute_dims(z, order).tolist() == [[2, 10], [3, 20], [1, 30]]


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
    seen = [tuple(objectives.permute_dims(z, torch.rand(3, 1))[:, 0].tolist()) for _ in range(1200)]
    counts = [seen.count(order) for order in set(seen)]
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
    draw = SimpleNamespace(z=z, distortion=torch.full((4,), 7.0), rate=torch.full((4,), 2.0))
    ratio = lambda z: (joint.log_prob(z) - product.log_prob(z))[:, None]  # noqa: E731
    loss = objectives.factor_vae(draw, ratio, gamma=5)
    assert loss.item() == pytest.approx(9 - 5 / 2 * math.log(1 - rho**2))


# beta-TCVAE


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_beta_tcvae_with_weights_1_is_the_vae_of_one_sample(sampling):
    draw = drawn()
    loss = objectives.beta_tcvae(draw, alpha=1, beta=1, gamma=1, sampling=sampling, dataset_size=50)
    q = Normal(draw.posterior.mean, draw.posterior.log_scale.exp())
    rate = (q.log_prob(draw.z) - Normal(0, 1).log_prob(draw.z)).sum(1)
    torch.testing.assert_close(loss, (draw.distortion + rate).mean())


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_beta_tcvae_weighs_each_term(sampling):
    """With q(z) and q(z_j) from the weights that chen2018 writes down, of B of N images."""
    N, M = 50, B - 1
    draw = drawn()
    q = Normal(draw.posterior.mean, draw.posterior.log_scale.exp())
    weights = torch.full((B, B), 1 / (N * B), dtype=torch.float64)
    if sampling == "mss":  # 1/N on the own posterior, (N - M)/(N M) on one other, 1/M on the rest
        eye = torch.eye(B, dtype=torch.float64)
        following = eye.roll(1, dims=1)
        weights = eye / N + following * (N - M) / (N * M) + (1 - eye - following) / M
    density = q.log_prob(draw.z[:, None]).exp()  # (sample, posterior, latent)
    log_q = (weights * density.prod(2)).sum(1).log()
    log_q_j = (weights[:, :, None] * density).sum(1).log()
    terms = [
        q.log_prob(draw.z).sum(1) - log_q,
        log_q - log_q_j.sum(1),
        (log_q_j - Normal(0, 1).log_prob(draw.z)).sum(1),
    ]
    for k, name in enumerate(("alpha", "beta", "gamma")):
        shares = {"alpha": 0, "beta": 0, "gamma": 0} | {name: 3}
        loss = objectives.beta_tcvae(draw, **shares, sampling=sampling, dataset_size=N)
        torch.testing.assert_close(loss, draw.distortion.mean() + 3 * terms[k].mean())


# Orthogonal columns, and the deterministic ELBO


def test_orthogonality_penalty_of_a_linear_decoder():
    draw = drawn(decoder="linear")
    W = draw.vae.decoder[0].weight
    gram = W.T @ W
    mass = (gram - gram.diagonal().diag()).norm() / gram.norm()
    plain = objectives.beta_vae(draw, beta=2)
    torch.testing.assert_close(objectives.orthogonal(draw, beta=2, weight=9), plain + 9 * mass)


@EACH
@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_deterministic_elbo_has_the_hessian_and_its_gauss_newton_part(likelihood, posterior):
    draw = drawn(likelihood, pixel_scale=1.5, posterior=posterior)
    mean, covariance = draw.posterior.mean, draw.posterior.scale_tril @ draw.posterior.scale_tril.mT
    hessians, parts = [], []
    for z, x in zip(mean, draw.x, strict=True):

        def decode(z):
            return draw.vae.decode(z[None])

        def distortion(output, x=x):
            return 1.5 * objectives.distortion(likelihood, output, x[None])[0]

        hessians.append(hessian(lambda z, D=distortion, f=decode: D(f(z)))(z))
        J = jacrev(decode)(z).flatten(0, 3)
        _, bend = objectives.derivatives(likelihood, decode(z)[0], x)  # tested above
        parts.append(1.5 * J.T @ (bend.reshape(-1, 1) * J))
    at_mean = draw.distortion_of(draw.vae.decode(mean))
    for curvature, H in (("hessian", hessians), ("gauss_newton", parts)):
        expected = at_mean + (torch.stack(H) * covariance).sum((1, 2)) / 2
        seen = objectives.second_order_distortion(draw, curvature=curvature)
        torch.testing.assert_close(seen, expected)
        loss = objectives.deterministic(draw, beta=2, curvature=curvature) - 2 * draw.rate.mean()
        torch.testing.assert_close(loss, expected.mean())


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_deterministic_elbo_of_a_linear_decoder_is_the_expectation(posterior):
    draw = drawn(decoder="linear", posterior=posterior)
    seen = objectives.second_order_distortion(draw, curvature="hessian")
    torch.testing.assert_close(seen, expectation(draw, lambda draw: draw.distortion))
