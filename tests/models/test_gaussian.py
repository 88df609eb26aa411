import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from betascan.models import Gaussian
from betascan.models.posterior import to_prior_support

D = 3
FAMILIES = pytest.mark.parametrize("family", ["diagonal", "full"])
means, scales = st.floats(-4, 4), st.floats(0.02, 3)


def posterior(family, seed=0, rows=5):
    torch.manual_seed(seed)
    numbers = torch.randn(rows, Gaussian.n_parameters(D, family), dtype=torch.float64)
    return Gaussian.from_encoder(numbers, D, family)


def reference(q):
    """The same distributions, of torch."""
    if q.lower is None:
        return MultivariateNormal(q.mean, torch.diag_embed((2 * q.log_scale).exp()))
    return MultivariateNormal(q.mean, scale_tril=q.lower + torch.diag_embed(q.log_scale.exp()))


def test_encoder_outputs_are_mean_then_log_variance_then_rows_of_l():
    q = Gaussian.from_encoder(torch.arange(9.0)[None], D, "full")
    assert q.mean.tolist() == [[0, 1, 2]]
    assert (2 * q.log_scale).tolist() == [[3, 4, 5]]
    assert q.lower.tolist() == [[[0, 0, 0], [6, 0, 0], [7, 8, 0]]]


@FAMILIES
def test_factor_variance_and_samples_are_those_of_the_covariance(family):
    q = posterior(family)
    covariance = reference(q).covariance_matrix
    torch.testing.assert_close(q.scale_tril @ q.scale_tril.mT, covariance)
    torch.testing.assert_close(q.variance, covariance.diagonal(dim1=1, dim2=2))
    axes = torch.eye(D, dtype=torch.float64)
    columns = [q.sample(axis.expand(5, D)) - q.mean for axis in axes]
    torch.testing.assert_close(torch.stack(columns, 2), q.scale_tril)


@FAMILIES
def test_rate_under_a_gaussian_prior(family):
    q = posterior(family)
    prior = MultivariateNormal(torch.zeros(D).double(), torch.eye(D).double())
    torch.testing.assert_close(q.rate("gaussian"), kl_divergence(reference(q), prior))


def quadrature(mean, scale, log_prior):
    """KL of N(mean, scale^2) to a prior, by integration over 12 standard deviations."""
    q = stats.norm(mean, scale)
    return quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - log_prior(z)),
        mean - 12 * scale, mean + 12 * scale, points=[0.0], limit=200,
    )[0]  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(means, scales)
def test_rate_under_a_laplace_prior(mean, scale):
    q = Gaussian(torch.tensor([[mean]]).double(), torch.tensor([[math.log(scale)]]).double(), None)
    expected = quadrature(mean, scale, stats.laplace(scale=math.sqrt(0.5)).logpdf)
    assert q.rate("laplace").item() == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_rate_of_a_full_covariance_under_a_laplace_prior():
    q = posterior("full")
    prior = stats.laplace(scale=math.sqrt(0.5))
    for row, rate in enumerate(q.rate("laplace")):
        cost = 0.0
        for mean, variance in zip(q.mean[row].tolist(), q.variance[row].tolist(), strict=True):
            marginal = stats.norm(mean, math.sqrt(variance))
            ends = mean - 12 * math.sqrt(variance), mean + 12 * math.sqrt(variance)
            cost -= quad(
                lambda z, q=marginal: q.pdf(z) * prior.logpdf(z), *ends, points=[0.0], limit=200
            )[0]
        assert rate.item() == pytest.approx(cost - reference(q).entropy()[row].item(), rel=1e-5)


@settings(deadline=None, max_examples=15)
@given(st.floats(-2, 2), st.floats(0.1, 1.0))
def test_rate_under_a_uniform_prior(mean, scale):
    """KL between the densities of u = to_prior_support(z), by integration over u."""
    q = Normal(torch.tensor(mean).double(), torch.tensor(scale).double())
    side = math.sqrt(3)

    def integrand(u):
        z = stats.norm.ppf((u / side + 1) / 2)
        log_q = stats.norm.logpdf(z, mean, scale) - math.log(2 * side) - stats.norm.logpdf(z)
        return math.exp(log_q) * (log_q + math.log(2 * side))

    ends = [side * (2 * stats.norm.cdf(mean + k * scale) - 1) for k in (-9, 0, 9)]
    ends = [min(max(end, -side * (1 - 1e-15)), side * (1 - 1e-15)) for end in ends]
    expected = sum(quad(integrand, *part, limit=300)[0] for part in pairwise(ends))
    rate = Gaussian(q.mean[None, None], q.stddev.log()[None, None], None).rate("uniform").item()
    assert rate == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_the_uniform_prior_has_unit_variance():
    z = torch.from_numpy(stats.norm.ppf((torch.arange(10_000).numpy() + 0.5) / 10_000))[:, None]
    u = to_prior_support(z, "uniform")
    assert stats.kstest(u[:, 0], stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)).cdf)[0] < 1e-3
    assert u.var().item() == pytest.approx(1, rel=1e-3)
    assert to_prior_support(z, "gaussian") is z
