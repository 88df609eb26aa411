"""Both engines, and the kernel at every width of vectors, against plain torch."""

from functools import cache

import numpy as np
import pytest
import torch
from linear_reference import cubature, model, terms

from betascan.linear_vae import kernel
from betascan.linear_vae.compiler import WIDTHS, compiled
from betascan.linear_vae.engine import Chunk, State
from betascan.linear_vae.layout import Layout
from betascan.studies.vu2026 import adamw

STEPS, LR, EPSILON, BETAS = 200, 1e-3, 1e-4, np.array([1e-4, 0.3, 4.0])
CONSTANTS = {
    kernel.SOURCE: {"FEATURES": 5, "LATENTS": 3},
    adamw.SOURCE: {"OBSERVED": 9, "LATENTS": 3, "FACTORS": 2, "NOISE": 0.05},
}


@pytest.mark.parametrize("source", CONSTANTS, ids=lambda source: source.stem)
@pytest.mark.parametrize("width", WIDTHS)
def test_vectors_are_as_wide_as_the_processors(cxx, source, width):
    built = compiled(source, WIDTHS[width], **CONSTANTS[source])
    assert built.library.vector_bytes() == {"avx512f": 64, "avx2": 32, "sse2": 16}[width]


@cache
def trained(estimator, features, latents):
    """What `Engine.train` is given, and the parameters that autograd and Adam end at."""
    counts = np.where(np.arange(STEPS) % 10 == 9, 41, 64).astype(np.int32)
    random = np.random.default_rng(features)
    layout, weights = Layout(features, latents), random.uniform(0.2, 2, features)
    x = [random.standard_normal((n, features), np.float32) for n in counts]
    noise = [random.standard_normal((n, latents), np.float32) for n in counts]
    padded = np.zeros((STEPS, 64, layout.latent_width), np.float32)
    for step, n in enumerate(counts):
        padded[step, :n, :latents] = noise[step]
    inputs = np.stack([layout.inputs(batch, 64) for batch in x])
    row = layout.initial(random)
    ends = []
    for beta in BETAS:
        p = model(layout, row)
        trainable = [array.requires_grad_() for array in p.values()]
        optimiser = torch.optim.Adam(trainable, lr=LR, eps=EPSILON)
        for batch, draws in zip(x, noise, strict=True):
            optimiser.zero_grad()
            distortion, rate = terms(
                p,
                torch.tensor(batch).double(),
                torch.tensor(draws) if estimator == "sampled" else cubature(latents),
                torch.tensor(weights),
            )
            (distortion + beta * rate).backward()
            optimiser.step()
        ends.append({name: array.detach() for name, array in p.items()})
    return layout, layout.weights(weights), row, Chunk(inputs, padded, counts), ends


@pytest.mark.parametrize("estimator", ["sampled", "analytic"])
@pytest.mark.parametrize(("features", "latents"), [(5, 3), (15, 40), (19, 32)])
def test_engines_follow_autograd_and_adam(engine, estimator, features, latents):
    layout, weights, row, chunk, ends = trained(estimator, features, latents)
    state, active = State.start(row, len(BETAS)), np.arange(len(BETAS))
    used = engine(layout, weights, estimator)
    for part in (slice(70), slice(70, STEPS)):
        cut = Chunk(chunk.x[part], chunk.noise[part], chunk.counts[part])
        used.train(state, BETAS, active, cut, LR, EPSILON)
    assert state.done == STEPS
    for end, reached in zip(ends, state.parameters, strict=True):
        # an update moves a parameter by lr and rounds it: half an ulp, 2^-25 below 1
        for name, array in model(layout, reached).items():
            torch.testing.assert_close(array, end[name], rtol=0, atol=STEPS * 2.0**-25)


@pytest.mark.parametrize(("features", "latents"), [(5, 3), (19, 32)])
def test_evaluate_is_the_expectation(engine, features, latents):
    random = np.random.default_rng(latents)
    layout, weights = Layout(features, latents), random.uniform(0.2, 2, features)
    x = random.standard_normal((5003, features), np.float32)
    rows = np.stack([layout.initial(random) for _ in range(3)])
    used = engine(layout, layout.weights(weights), "sampled")
    measured = used.evaluate(rows, layout.inputs(x, 5024), len(x))
    arguments = torch.tensor(x).double(), cubature(latents), torch.tensor(weights)
    expected = [terms(model(layout, row), *arguments) for row in rows]
    np.testing.assert_allclose(np.transpose(measured), expected, rtol=1e-6)  # 8 ulp


def test_the_kernel_leaves_the_callers_arithmetic_as_it_was(cxx):
    layout, weights, row, chunk, _ = trained("sampled", 5, 3)
    state, active = State.start(row, len(BETAS)), np.arange(len(BETAS))
    used = kernel.KernelEngine(layout, weights, "sampled", workers=1)
    used.train(state, BETAS, active, chunk, LR, EPSILON)
    used.evaluate(state.parameters, chunk.x[0], 64)
    assert np.float32(1e-40) / 2 > 0  # subnormal
