"""vu2026's linear study: the authors' data, its optimum, and the alternating updates."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from snakemake.utils import update_config
from vu2026_models import small

from betascan.core.errors import ConfigError
from betascan.studies.vu2026.fixed_point import FixedPoint, sweep
from betascan.studies.vu2026.linear_data import Data, negative_log_likelihood
from betascan.studies.vu2026.linear_solver import Cells, Starts
from betascan.studies.vu2026.linear_tables import published
from betascan.theory import lambda_beta
from betascan.workflow.config import load

torch.set_num_threads(1)
RNG_OFFSETS = {50: 0, 100: 163827}


def authors_data(observed):
    return Data.draw(observed, 5, 0.05, 42, RNG_OFFSETS[observed])


def test_the_papers_protocol():
    papers = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
    linear = load(papers).vu2026.linear
    cells = published()
    assert set(linear.betas) == set(cells["beta"])
    assert set(linear.lambdas) == set(cells["lambda"])
    assert {size.observed: size.rng_offset for size in linear.sizes().values()} == RNG_OFFSETS
    budgets = [(size.max_half_steps, size.iterations) for size in linear.sizes().values()]
    assert budgets == [(50_000, 30_000), (100_000, 50_000)]
    assert (linear.starts, linear.model.latents, linear.model.data.factors) == (50, 10, 5)
    assert linear.adamw.model_dump() == {"lr": 1e-3, "weight_decay": 0.01, "clip": 1.0}
    assert [lam for part in linear.parts() for lam in part] == list(linear.lambdas)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"betas": [4, 8]}, "needs beta 1"), ({"small": {"observed": 100}}, "fewer observed")],
)
def test_what_cannot_be_compared_is_refused(change, message):
    papers = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
    update_config(papers["vu2026"]["linear"], change)
    with pytest.raises(ConfigError, match=message):
        load(papers)


def test_the_covariances_are_the_authors():
    printed = {
        50: [0.43708611, 0.95564288, 0.75879455, 0.63879264, 0.24041678],
        100: [0.11419421, 0.75324452, 0.53446799, 0.17704321, 0.756607],
    }
    for observed, variances in printed.items():
        np.testing.assert_allclose(authors_data(observed).variances, variances, atol=5e-9)


def test_the_closed_form_is_what_they_published():
    """All likelihoods at beta > 1 of the alternating updates, 40 cells, to their rounding."""
    cells = published().query("metric == 'recon' and method == 'fixed_point' and beta > 1")
    assert len(cells) == 40
    for observed, of_size in cells.groupby("n"):
        spectrum, beta, lam = authors_data(observed).spectrum, of_size["beta"], of_size["lambda"]
        optimum = lambda_beta.negative_log_likelihood(spectrum, beta, lam, 10)
        np.testing.assert_allclose(optimum, of_size["published"], atol=7e-4)


@pytest.mark.parametrize("observed", [50, 100])
def test_alternating_updates_end_where_they_published(observed):
    data, starts = authors_data(observed), Starts.draw(observed, 10, 2, 0)
    cells = Cells.grid([16, 32], [0, 2], 2)
    solver = FixedPoint(data, cells, starts, max_half_steps=2000, tolerance=1e-6)
    solver.run(progress=False)
    assert not solver.state["active"].any()
    cells_of = published().query("metric == 'recon' and method == 'fixed_point'")
    expected = cells_of[cells_of["n"] == observed].set_index(["beta", "lambda"])["published"]
    expected = [expected[cell] for cell in zip(cells.beta, cells.lam, strict=True)]
    np.testing.assert_allclose(solver.encoders[0], expected, atol=1e-3)


def objective(B, W, A, Z, beta, lam, data):
    """The three terms from the joint Gaussian of x, y and what the decoder makes of x."""
    Y = data.covariance
    K, cross = B @ Y @ B.T + W, B @ Y
    residual = Y - A @ cross - cross.T @ A.T + A @ K @ A.T
    log_density = np.linalg.slogdet(2 * np.pi * Z)[1] + np.trace(np.linalg.solve(Z, residual))
    rate = (np.trace(K) - len(W) - np.linalg.slogdet(W)[1]) / 2
    return log_density / 2 + beta * rate + lam * np.trace(residual)


def test_no_encoder_near_the_updated_one_is_better():
    data, starts = small()
    beta, lam, W = 3.0, 0.7, np.diag([0.5, 1.0, 2.0])
    B = 0.3 * starts.encoder[0]
    new_B, new_W, At = (
        x[0] for x in sweep(B[None], W[None], np.array([beta]), np.array([lam]), data)
    )
    A, Y = At.T, data.covariance
    Z = Y - Y @ B.T @ np.linalg.solve(B @ Y @ B.T + W, B @ Y)  # of y given x
    least = objective(new_B, new_W, A, Z, beta, lam, data)
    random = np.random.default_rng(0)
    for _ in range(50):
        step = 1e-3 * random.normal(size=W.shape)
        other_B = new_B + 1e-3 * random.normal(size=B.shape)
        assert objective(other_B, new_W, A, Z, beta, lam, data) > least
        assert objective(new_B, new_W + step @ step.T, A, Z, beta, lam, data) > least
        assert objective(B, W, A + 1e-3 * random.normal(size=A.shape), Z, beta, lam, data) > (
            objective(B, W, A, Z, beta, lam, data)
        )
    np.testing.assert_allclose(
        negative_log_likelihood(B[None], W[None], data),
        objective(B, W, A, Z, 0, 0, data),
        rtol=1e-12,
    )
