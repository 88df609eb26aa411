"""AdamW on the Gaussian data of vu2026, and what both solvers do when they are killed."""

from functools import cache

import numpy as np
import pytest
import torch
from vu2026_models import small

from betascan.core.files import write_npz
from betascan.core.machine import processor_flags
from betascan.linear_vae.compiler import NATIVE, WIDTHS, NoKernelError, announce_fallback
from betascan.studies.vu2026 import adamw, linear_solver
from betascan.studies.vu2026.adamw import AdamW
from betascan.studies.vu2026.fixed_point import FixedPoint
from betascan.studies.vu2026.linear_data import information
from betascan.studies.vu2026.linear_solver import Cells, Starts

torch.set_num_threads(1)
ADAMW = {"lr": 1e-3, "weight_decay": 0.01, "clip": 1.0}


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
