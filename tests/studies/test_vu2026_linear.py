from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.core.files import write_npz
from betascan.core.machine import processor_flags
from betascan.linear_vae.compiler import NATIVE, WIDTHS, NoKernelError, announce_fallback
from betascan.studies.vu2026 import adamw, linear_solver
from betascan.studies.vu2026.adamw import AdamW
from betascan.studies.vu2026.fixed_point import FixedPoint, sweep
from betascan.studies.vu2026.linear_data import Data, information, negative_log_likelihood
from betascan.studies.vu2026.linear_solver import Cells, Starts
from betascan.studies.vu2026.linear_tables import published
from betascan.theory import lambda_beta
from betascan.workflow.config import load

torch.set_num_threads(1)
RNG_OFFSETS = {50: 0, 100: 163827}
ADAMW = {"lr": 1e-3, "weight_decay": 0.01, "clip": 1.0}


def authors_data(observed):
    return Data.draw(observed, 5, 0.05, 42, RNG_OFFSETS[observed])


def small(observed=9, latents=3, factors=2):
    return Data.draw(observed, factors, 0.05, 1, 0), Starts.draw(observed, latents, 3, 0)


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
    assert linear.adamw.model_dump() == ADAMW
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


@cache
def with_torch_optim(sizes, beta, lam, iterations):
    """Least loss and its likelihood of one model, by torch.optim and the textbook's formulas."""
    data, starts = small(*sizes)
    n, m = starts.decoder[0].shape
    Y = torch.from_numpy(data.covariance)
    A, B = (torch.tensor(x[0], requires_grad=True) for x in (starts.decoder, starts.encoder))
    C, U = (torch.zeros(k, k, dtype=torch.float64, requires_grad=True) for k in (m, n))
    parameters = [A, B, C, U]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
    kept = (torch.inf, torch.nan)
    for _ in range(iterations):
        root_W = C.tril(-1) + torch.diag(C.diagonal().exp())
        root_Z = U.triu(1) + torch.diag(U.diagonal().exp())
        W, Z = root_W @ root_W.T, root_Z.T @ root_Z
        K = B @ Y @ B.T + W
        residual = Y - A @ B @ Y - (A @ B @ Y).T + A @ K @ A.T
        nll = (torch.logdet(2 * torch.pi * Z) + torch.trace(torch.linalg.solve(Z, residual))) / 2
        rate = (torch.trace(K) - m - torch.logdet(W)) / 2
        loss = nll + beta * rate + lam * torch.trace(residual)
        kept = min(kept, (loss.item(), nll.item()))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
    return kept


def refuse(*args, **constants):
    raise NoKernelError("this test does without")


@pytest.mark.parametrize("target", ["native", *WIDTHS, "torch"])
@pytest.mark.parametrize("sizes", [(9, 3, 2), (16, 4, 5), (29, 10, 3)])
def test_adamw_is_torchs(target, sizes):
    flags = {"native": NATIVE, "torch": None, **WIDTHS}[target]
    if target in WIDTHS and target not in processor_flags():
        pytest.skip(f"needs a processor with {target}")
    data, starts = small(*sizes)
    cells = Cells.grid([1, 4], [0, 2], 1)
    solver = AdamW(data, cells, starts, 150, **ADAMW, target=flags)
    assert ("kernel" in solver.engine) == (target != "torch")
    solver.run(progress=False)
    ends = [
        with_torch_optim(sizes, beta, lam, 150)
        for beta, lam in zip(cells.beta, cells.lam, strict=True)
    ]
    np.testing.assert_allclose(solver.state["best"][:, :2], ends, rtol=1e-9)


def test_without_a_compiler_adamw_takes_the_same_steps(monkeypatch, capsys):
    data, starts = small()
    cells = Cells.grid([1, 4], [0, 2], 3)
    fast = AdamW(data, cells, starts, 300, **ADAMW)
    monkeypatch.setattr(adamw, "compiled", refuse)
    announce_fallback.cache_clear()
    slow = AdamW(data, cells, starts, 300, **ADAMW)
    assert slow.engine == "torch"
    (line,) = capsys.readouterr().err.splitlines()
    assert "times slower: this test does without" in line
    for solver in (fast, slow):
        solver.run(progress=False)
    for name in ("theta", "best"):
        np.testing.assert_allclose(fast.state[name], slow.state[name], rtol=1e-9, atol=1e-12)


def test_a_collapsed_model_converges_at_the_entropy():
    data, starts = small()
    solver = AdamW(data, Cells.grid([8], [0], 3), starts, 20_000, **ADAMW)
    solver.run(progress=False)
    assert not solver.state["active"].any()
    nll, B, W = solver.encoders
    np.testing.assert_allclose(nll, data.entropy, atol=1e-3)
    assert (information(B, W, data) < 1e-4).all()


SOLVERS = {
    "fixed_point": lambda *given: FixedPoint(*given, max_half_steps=1600, tolerance=1e-12),
    "adamw": lambda *given: AdamW(*given, 4000, **ADAMW),
}


def counted(solver, blocks=np.inf):
    """Have a solver note its blocks, and be killed after so many."""
    advance, blocks_run = solver.advance, []

    def counting(count):
        if len(blocks_run) == blocks:
            raise KeyboardInterrupt
        blocks_run.append(count)
        advance(count)

    solver.advance = counting
    return blocks_run


@pytest.mark.parametrize("method", SOLVERS)
def test_a_killed_run_goes_on_to_the_same_bytes(method, tmp_path, monkeypatch):
    data, starts = small()
    monkeypatch.setattr(linear_solver, "CHECKPOINT_SECONDS", 0)
    checkpoint = tmp_path / "checkpoint.npz"
    whole, cut, again = (
        SOLVERS[method](data, Cells.grid([1, 4], [2], 3), starts) for _ in range(3)
    )
    blocks = counted(whole)
    whole.run(progress=False)
    counted(cut, 2)
    with pytest.raises(KeyboardInterrupt):
        cut.run(checkpoint, progress=False)
    left = counted(again)
    again.run(checkpoint, progress=False)
    assert len(left) == len(blocks) - 2 > 0
    for name, array in whole.state.items():
        assert again.state[name].tobytes() == array.tobytes(), name


def test_adamw_goes_on_with_another_engine(tmp_path, monkeypatch):
    data, starts = small()
    monkeypatch.setattr(linear_solver, "CHECKPOINT_SECONDS", 0)
    checkpoint, cells = tmp_path / "checkpoint.npz", Cells.grid([1, 4], [2], 1)
    whole, cut, again = (
        AdamW(data, cells, starts, 1300, **ADAMW, target=target)
        for target in (NATIVE, None, NATIVE)
    )
    whole.run(progress=False)
    counted(cut, 1)
    with pytest.raises(KeyboardInterrupt):
        cut.run(checkpoint, progress=False)
    left = counted(again)
    again.run(checkpoint, progress=False)
    assert left == [300]
    np.testing.assert_allclose(again.state["best"], whole.state["best"], rtol=1e-6, atol=1e-9)


def test_another_runs_checkpoint_is_left_alone(tmp_path):
    data, starts = small()
    cells, checkpoint = Cells.grid([4], [2], 3), tmp_path / "checkpoint.npz"
    one = FixedPoint(data, cells, starts, 40, 1e-9)
    write_npz(checkpoint, one.state, identity="another", done=20, seconds=0.0)
    one.run(checkpoint, progress=False)
    assert (one.state["steps"] == 20).all()


def test_a_start_does_not_depend_on_the_others():
    few, many = (Starts.draw(9, 3, count, 0) for count in (2, 5))
    np.testing.assert_array_equal(few.encoder, many.encoder[:2])
    data, cells = small()[0], Cells.grid([4], [2], 1)
    alone = AdamW(data, cells, few, 50, **ADAMW)
    together = AdamW(data, Cells.grid([1, 4], [0, 2], 5), many, 50, **ADAMW)
    for solver in (alone, together):
        solver.run(progress=False)
    same = (together.cells.beta == 4) & (together.cells.lam == 2) & (together.cells.start == 0)
    np.testing.assert_array_equal(together.state["best"][same], alone.state["best"])
