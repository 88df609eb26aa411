import math
from inspect import unwrap
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import multivariate_normal, norm
from torch.utils._python_dispatch import TorchDispatchMode

from betascan.metrics import MetricError
from betascan.metrics import total_correlation as tc
from betascan.metrics.total_correlation import elbo_samples, elbo_terms, log_aggregate


def posteriors(seed, n, latents, dtype=torch.float64):
    rng = torch.Generator().manual_seed(seed)
    mean = torch.randn(n, latents, generator=rng, dtype=dtype)
    log_variance = torch.randn(n, latents, generator=rng, dtype=dtype) - 1
    z = mean + torch.exp(log_variance / 2) * torch.randn(n, latents, generator=rng, dtype=dtype)
    return z, mean, log_variance


def test_exact_by_hand():
    """Two posteriors, N(-1, 1/4) and N(1, 1), in one dimension, at z = 0.5 drawn from the first."""

    def density(z, mean, sigma):
        return math.exp(-((z - mean) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))

    first, second, prior = density(0.5, -1, 0.5), density(0.5, 1, 1), density(0.5, 0, 1)
    aggregate = (first + second) / 2
    args = [[0.5]], [[-1.0], [1.0]], [[math.log(0.25)], [0.0]]
    mi, correlation, kl = elbo_terms(*map(torch.tensor, args), dataset_size=2)
    assert mi.item() == pytest.approx(math.log(first / aggregate), abs=1e-6)
    assert correlation.item() == pytest.approx(0, abs=1e-6)
    assert kl.item() == pytest.approx(math.log(aggregate / prior), abs=1e-6)
    other = elbo_terms(*map(torch.tensor, args), dataset_size=2, index=torch.tensor([1]))
    assert other[0].item() == pytest.approx(math.log(second / aggregate), abs=1e-6)


def test_total_correlation_by_hand():
    """Means at (-3, -3) and (3, 3), narrow: q(z_1) q(z_2) has four places, q(z) has two."""
    mean = torch.tensor([[-3.0, -3.0], [3.0, 3.0]])
    mi, correlation, kl = elbo_terms(mean, mean, torch.full((2, 2), -4.0), dataset_size=2)
    assert mi.item() == pytest.approx(math.log(2), abs=1e-5)
    assert correlation.item() == pytest.approx(math.log(2), abs=1e-5)
    assert (mi + correlation + kl).item() == pytest.approx(4 + 9, abs=1e-5)


def test_exact_equals_a_double_loop():
    z, mean, log_variance = posteriors(0, 30, 3)
    log_q, log_q_j = log_aggregate(z, mean, log_variance, -math.log(30))
    deviations = (log_variance / 2).exp().numpy()
    for b in range(30):
        densities = norm.pdf(z[b].numpy(), mean.numpy(), deviations)
        assert log_q[b].item() == pytest.approx(math.log(densities.prod(axis=1).mean()))
        np.testing.assert_allclose(log_q_j[b], np.log(densities.mean(axis=0)))


def test_a_single_posterior_for_all_has_no_information():
    mean = torch.tensor([0.5, -1.0]).repeat(50, 1)
    log_variance = torch.tensor([-0.4, 0.3]).repeat(50, 1)
    z = mean + torch.exp(log_variance / 2) * torch.randn(50, 2)
    mi, correlation, kl = elbo_samples(z, mean, log_variance, dataset_size=50).T
    np.testing.assert_allclose(mi, 0, atol=1e-5)
    np.testing.assert_allclose(correlation, 0, atol=1e-5)
    assert kl.abs().min() > 1e-4


@pytest.fixture(scope="module")
def gaussian():
    """Posteriors whose aggregate is a correlated Gaussian: means on rotated normal quantiles."""
    noise = 0.35
    quantiles = ndtri((np.arange(80) + 0.5) / 80) * math.sqrt(1 - noise)
    grid = np.stack(np.meshgrid(quantiles, quantiles), axis=-1).reshape(-1, 2)
    mixing = np.array([[1.0, 0.0], [1.2, 1.6]])
    mean = grid @ mixing.T
    covariance = (1 - noise) * mixing @ mixing.T + noise * np.eye(2)
    log_variance = np.full_like(mean, math.log(noise))
    z = mean + math.sqrt(noise) * np.random.default_rng(0).normal(size=mean.shape)
    return z, mean, log_variance, covariance


def test_exact_approaches_the_closed_form(gaussian):
    z, mean, log_variance, covariance = gaussian
    some = np.random.default_rng(1).choice(len(z), 500, replace=False)
    args = torch.from_numpy(z[some]), torch.from_numpy(mean), torch.from_numpy(log_variance)
    terms = elbo_samples(*args, dataset_size=len(mean), index=torch.from_numpy(some)).numpy()
    log_q = multivariate_normal(cov=covariance).logpdf(z[some])
    log_q_j = norm.logpdf(z[some], scale=np.sqrt(np.diag(covariance))).sum(axis=1)
    conditional = norm.logpdf(z[some], mean[some], np.exp(log_variance[some] / 2)).sum(axis=1)
    prior = norm.logpdf(z[some]).sum(axis=1)
    expected = np.column_stack([conditional - log_q, log_q - log_q_j, log_q_j - prior])
    np.testing.assert_allclose(terms.mean(axis=0), expected.mean(axis=0), atol=0.01)
    assert np.median(np.abs(terms - expected)) < 0.005


def test_exact_has_the_closed_form_information(gaussian):
    z, mean, log_variance, covariance = gaussian
    mi, correlation, kl = elbo_terms(z, mean, log_variance, dataset_size=len(mean))
    log_det = np.linalg.slogdet(covariance)[1]
    assert mi.item() == pytest.approx((log_det - log_variance[0].sum()) / 2, abs=0.05)
    log_marginals = np.log(np.diag(covariance)).sum()
    assert correlation.item() == pytest.approx((log_marginals - log_det) / 2, abs=0.03)
    assert kl.item() == pytest.approx(np.trace(covariance) / 2 - 1 - log_marginals / 2, abs=0.1)


def averaged(method, n, batch):
    """Mean of the estimate of q(z) and q(z_1) over every minibatch that holds z's posterior."""
    z, mean, log_variance = posteriors(3, n, 2)
    estimates = []
    for others in permutations(range(1, n), batch - 1):
        members = [0, *others]
        weights = (
            tc.stratified_log_weights(torch.tensor([0]), batch, n)
            if method == "mss"
            else -math.log(n * batch)
        )
        log_q, log_q_j = log_aggregate(z[:1], mean[members], log_variance[members], weights)
        estimates.append([log_q.exp().item(), log_q_j[0, 0].exp().item()])
    densities = norm.pdf(*(a.numpy() for a in (z[0], mean, (log_variance / 2).exp())))
    exact = np.column_stack([densities.prod(axis=1), densities[:, 0]])
    return np.mean(estimates, axis=0), exact


@pytest.mark.parametrize(("n", "batch"), [(5, 2), (5, 3), (6, 4), (5, 5)])
def test_stratified_sampling_is_unbiased_over_all_minibatches(n, batch):
    mean, exact = averaged("mss", n, batch)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize(("n", "batch"), [(5, 2), (6, 4), (5, 5)])
def test_weighted_sampling_is_biased_low_as_derived(n, batch):
    mean, exact = averaged("mws", n, batch)
    first, others = exact[0], exact[1:].mean(axis=0)
    np.testing.assert_allclose(mean, (first + (batch - 1) * others) / (n * batch), rtol=1e-12)
    assert (mean < exact.mean(axis=0)).all()


def test_weighted_sampling_of_the_whole_set_is_low_by_log_n():
    z, mean, log_variance = posteriors(4, 40, 3)
    exact = elbo_samples(z, mean, log_variance, dataset_size=40)
    mws = elbo_samples(z, mean, log_variance, method="mws", dataset_size=40)
    shift = torch.tensor([1, 3 - 1, -3]) * math.log(40)
    np.testing.assert_allclose(mws - exact, shift.expand(40, 3), atol=1e-9)


def test_stratified_weights():
    weights = tc.stratified_log_weights(torch.arange(4), 4, 100).exp()
    np.testing.assert_allclose(weights.sum(dim=1), 1)
    np.testing.assert_allclose(weights.diagonal(), 1 / 100)  # not column 0
    np.testing.assert_allclose(weights[[0, 1, 2, 3], [1, 2, 3, 0]], (100 - 3) / (100 * 3))
    np.testing.assert_allclose(weights[0, 2:], 1 / 3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["exact", "mws", "mss"]))
def test_the_terms_sum_to_the_kl_and_do_not_care_for_order(seed, method):
    z, mean, log_variance = posteriors(seed, 12, 3)
    size = 12 if method == "exact" else 100
    terms = elbo_samples(z, mean, log_variance, method=method, dataset_size=size)
    log_q = norm.logpdf(*(a.numpy() for a in (z, mean, (log_variance / 2).exp()))).sum(axis=1)
    np.testing.assert_allclose(
        terms.sum(dim=1), log_q - norm.logpdf(z.numpy()).sum(axis=1), atol=1e-9
    )
    rng = np.random.default_rng(seed)
    latents, signs = rng.permutation(3), torch.from_numpy(rng.choice([-1.0, 1.0], 3))
    other = ((z * signs)[:, latents], (mean * signs)[:, latents], log_variance[:, latents])
    changed = elbo_samples(*other, method=method, dataset_size=size)
    np.testing.assert_allclose(changed, terms, atol=1e-9)
    subset = rng.permutation(12)[:5]
    index = torch.from_numpy(subset)
    named = elbo_samples(
        z[index], mean, log_variance, method=method, dataset_size=size, index=index
    )
    np.testing.assert_allclose(named, terms[index], atol=1e-9)


def test_the_kl_is_the_analytic_one_in_expectation():
    z, mean, log_variance = posteriors(6, 20_000, 2)
    rows = torch.arange(len(z)) % 50
    mean, log_variance = mean[:50], log_variance[:50]
    z = mean[rows] + torch.exp(log_variance[rows] / 2) * torch.randn(
        len(z), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    kl = (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=1).mean().item() / 2
    terms = elbo_terms(z, mean, log_variance, dataset_size=50, index=rows)
    assert sum(terms).item() == pytest.approx(kl, abs=0.03)
    assert 0 < terms[0] < math.log(50)
    assert terms[1] > 0


@pytest.mark.parametrize("method", ["exact", "mws", "mss"])
def test_gradients(method):
    args = [a.requires_grad_() for a in posteriors(7, 5, 2)]

    def terms(*tensors):
        return elbo_terms(*tensors, method=method, dataset_size=5 if method == "exact" else 50)

    assert torch.autograd.gradcheck(terms, args)


def test_chunks_change_nothing(monkeypatch):
    z, mean, log_variance = posteriors(8, 50, 3)
    whole = elbo_samples(z, mean, log_variance, dataset_size=50)
    monkeypatch.setitem(tc.CHUNK, "cpu", 7 * 50)
    mss = elbo_samples(z, mean, log_variance, method="mss", dataset_size=99)
    np.testing.assert_allclose(elbo_samples(z, mean, log_variance, dataset_size=50), whole)
    monkeypatch.setitem(tc.CHUNK, "cpu", 1)
    again = elbo_samples(z, mean, log_variance, method="mss", dataset_size=99)
    np.testing.assert_allclose(again, mss)


class Largest(TorchDispatchMode):
    """Keeps the size of the largest tensor that an operation returns."""

    size = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.size = max(self.size, result.numel())
        return result


def test_memory_stays_bounded():
    z, mean, log_variance = posteriors(9, 4000, 6)
    with Largest() as largest:
        elbo_terms(z, mean, log_variance, dataset_size=4000)
    assert 100_000 < largest.size <= tc.CHUNK["cpu"]  # all pairs at once are 96 million


def test_single_precision_and_extreme_variances():
    z, mean, log_variance = posteriors(10, 100, 4)
    log_variance[:, 0], z[:, 0] = -14.0, mean[:, 0] + 1e-3
    log_variance[:, 1] = 0.0
    wide = elbo_terms(z, mean, log_variance, dataset_size=100)
    narrow = elbo_terms(z.float(), mean.float(), log_variance.float(), dataset_size=100)
    assert all(torch.isfinite(a) for a in (*wide, *narrow))
    for a, b in zip(wide, narrow, strict=True):
        assert a.item() == pytest.approx(b.item(), abs=1e-2)


def test_nan_in_nan_out():
    z, mean, log_variance = posteriors(11, 5, 2)
    z[0, 0] = math.nan
    assert all(torch.isnan(term) for term in elbo_terms(z, mean, log_variance, dataset_size=5))


Z, MEAN, LOG_VARIANCE = posteriors(12, 6, 2)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((Z, MEAN, LOG_VARIANCE), {"dataset_size": 9}, "posteriors of all 9 data, not 6"),
        ((Z, MEAN, LOG_VARIANCE), {"method": "mws", "dataset_size": 5}, "6 is larger than .* 5"),
        ((Z, MEAN, LOG_VARIANCE), {"method": "iw", "dataset_size": 9}, "or mss_as_coded, not 'iw'"),
        ((Z[:1], MEAN[:1], LOG_VARIANCE[:1]), {"method": "mss", "dataset_size": 9}, "at least two"),
        ((Z, MEAN[:5], LOG_VARIANCE), {"dataset_size": 5}, r"must be \(B, D\)"),
        ((Z[:, :1], MEAN, LOG_VARIANCE), {"dataset_size": 6}, "z has 1 latents"),
        ((Z, MEAN[:5], LOG_VARIANCE[:5]), {"dataset_size": 5}, "index must name one of 5"),
        ((Z, MEAN, LOG_VARIANCE), {"dataset_size": 6, "index": [0] * 5 + [6]}, "index must name"),
    ],
)
def test_one_clear_line_for_what_cannot_be_estimated(args, options, message):
    untyped = unwrap(elbo_samples)  # of the type check in tests
    with pytest.raises(MetricError, match=message):
        untyped(*args, **options)
