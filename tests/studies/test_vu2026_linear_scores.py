"""Scores of linear encoders on Gaussian data, and the contraction of one mode."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from vu2026_models import small

from betascan import metrics
from betascan.studies.vu2026.fixed_point import sweep
from betascan.studies.vu2026.linear_data import (
    Data,
    disentanglement,
    information,
    squared_correlations,
)
from betascan.theory import lambda_beta

torch.set_num_threads(1)


def test_scores_are_those_of_samples():
    """Half a million samples of the model give the closed-form scores."""
    data, starts = small(observed=7)
    B, W = 0.3 * starts.encoder[0], np.diag([0.3, 0.6, 1.0])
    random = np.random.default_rng(0)
    v = random.normal(size=(500_000, 2)) * np.sqrt(data.variances)
    y = v @ data.mixing.T + np.sqrt(data.noise) * random.normal(size=(len(v), 7))
    x = y @ B.T + random.normal(size=(len(v), 3)) @ np.sqrt(W)
    sap, matched = disentanglement(squared_correlations(B[None], W[None], data)[0])
    assert sap == pytest.approx(metrics.sap_continuous(x, v), abs=3e-3)
    assert matched == pytest.approx(metrics.matched_information(x, v), abs=3e-3)


def test_information_of_all_latents_is_at_least_that_of_pairs():
    data, starts = small()
    B, W = 0.2 * starts.encoder, np.tile(np.eye(3), (3, 1, 1))
    rho2 = squared_correlations(B, W, data)
    for known, table in zip(information(B, W, data), rho2, strict=True):
        pairs = linear_sum_assignment(table, maximize=True)
        assert known >= -np.log1p(-table[pairs]).sum() / 2


def test_one_mode_contracts_as_the_law_says():
    """A single factor and one latent along it: the matrices' sweep is the scalar one."""
    data = Data(np.array([2.0]), np.eye(4)[:, :1], 1e-9)
    v, beta, lam = 2.0, 16.0, 2.0
    B, W = np.array([[[0.4, 0, 0, 0]]]), np.array([[[0.7]]])
    s, t = 0.4**2 * v / 0.7, 0.4**2 * v + 0.7
    for _ in range(4):
        B, W, _ = sweep(B, W, np.array([beta]), np.array([lam]), data)
        s, t = lambda_beta.sweep(s, t, beta, lam, v)
        np.testing.assert_allclose(B[0, 0, 0] ** 2 * v / W[0, 0, 0], s, rtol=1e-6)
        np.testing.assert_allclose(B[0, 0, 0] ** 2 * v + W[0, 0, 0], t, rtol=1e-6)
