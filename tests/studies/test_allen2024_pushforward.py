"""Components of a push-forward where they are known, and operations that can be counted."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from dag import PROJECT

from betascan.config.vae import Run
from betascan.metrics.dependence import distance_correlation
from betascan.studies.allen2024 import operations, tables
from betascan.studies.allen2024.image_judges import MARGIN_DEPENDENCE
from betascan.studies.allen2024.pushforward import components, draw, mean_dependence, recovered
from betascan.workflow.config import load

MANY = torch.from_numpy(np.random.default_rng(0).standard_normal((400, 2)))
Z = MANY[:60]
Q = torch.linalg.qr(torch.tensor([[1.0, 0.4], [-0.3, 1.0]], dtype=torch.float64))[0]


def cylinder(z):
    """A circle of radius 3 and a line: C1 and C2 hold, though the images of a latent turn."""
    return torch.stack([3 * z[:, 0].cos(), 3 * z[:, 0].sin(), z[:, 1]], 1)


def warped(z):
    """C1 and C2 hold, and singular values change with their latent."""
    return torch.stack([2 * z[:, 0].sinh(), z[:, 1] + z[:, 1] ** 3 / 30], 1)


def cone(z):
    """Orthogonal columns (C1) whose lengths depend on the other latent (not C2)."""
    return z[:, :1].exp() * torch.stack([(z[:, 1] / 2).cos(), (z[:, 1] / 2).sin()], 1)


def swirl(z):
    """An ellipse whose axes turn with the radius (not C1)."""
    x, y = z[:, 0], z[:, 1] / 2
    turn = x**2 + y**2
    return torch.stack([turn.cos() * x - turn.sin() * y, turn.sin() * x + turn.cos() * y], 1)


def sorted_by_size(lengths):
    return lengths[:, np.argsort(-lengths.std(0))]


@pytest.mark.parametrize(
    ("decoder", "expected"),
    [
        (cylinder, [3 * Z[:, 0], Z[:, 1]]),
        (warped, [2 * Z[:, 0].sinh(), Z[:, 1] + Z[:, 1] ** 3 / 30]),
    ],
)
def test_a_component_is_the_length_of_the_way_along_its_own_latent(decoder, expected):
    lengths = sorted_by_size(components(decoder, Z, steps=32))
    for one, wanted in zip(lengths.T, expected, strict=True):
        sign = np.sign((one * wanted.numpy()).sum())
        np.testing.assert_allclose(sign * one, wanted, rtol=1e-3, atol=1e-3)


def test_a_linear_decoder_has_the_components_of_its_singular_vectors():
    W = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    _, S, Vt = np.linalg.svd(W.numpy(), full_matrices=False)
    lengths = sorted_by_size(components(lambda z: z @ W.T, Z))
    np.testing.assert_allclose(np.abs(lengths), np.abs(Z.numpy() @ Vt.T * S), rtol=1e-4)


@pytest.mark.parametrize("decoder", [cylinder, warped])
def test_rotated_latents_have_the_same_components(decoder):
    turned = components(lambda z: decoder(z @ Q.T), Z @ Q)
    np.testing.assert_allclose(np.abs(turned), np.abs(components(decoder, Z)), atol=1e-5)


def test_components_are_independent_where_the_conditions_of_theorem_2_hold_and_nowhere_else():
    for decoder in (cylinder, warped):
        assert abs(mean_dependence(components(decoder, MANY))) < MARGIN_DEPENDENCE
    for decoder in (cone, swirl):
        assert mean_dependence(components(decoder, MANY)) > 3 * MARGIN_DEPENDENCE


def test_the_dependence_is_that_of_sizes_where_one_component_scales_another():
    z = np.random.default_rng(0).standard_normal((400, 2))
    scaled = np.column_stack([z[:, 0], z[:, 1] * (1 + np.abs(z[:, 0]))])
    signed = distance_correlation(scaled[:, [0]], scaled[:, [1]])
    assert mean_dependence(scaled) > signed + 0.01
    assert mean_dependence(scaled) == distance_correlation(*np.abs(scaled.T)[:, :, None])


def test_the_dependence_is_a_mean_over_pairs():
    z = np.random.default_rng(0).standard_normal((300, 2))
    same = np.column_stack([z, z[:, 0]])
    assert mean_dependence(same) == pytest.approx(1 / 3, abs=0.02)


def test_latents_that_are_confused_are_not_recovered():
    z = np.random.default_rng(0).standard_normal((500, 2))
    assert recovered(z, -2 * z + 1) == pytest.approx(1)
    assert recovered(z, np.abs(z)) < 0.05
    assert recovered(z, np.column_stack([z[:, 0], np.ones(500)])) == pytest.approx(1 / 2)


def test_codes_have_the_variance_of_their_prior_and_its_shape():
    gaussian, laplace = (draw(prior, 20_000, 1, 0).numpy() for prior in ("gaussian", "laplace"))
    assert gaussian.var() == pytest.approx(1, abs=0.05)
    assert laplace.var() == pytest.approx(1, abs=0.05)
    assert np.abs(laplace).mean() == pytest.approx(math.sqrt(0.5), abs=0.02)
    assert np.abs(gaussian).mean() == pytest.approx(math.sqrt(2 / math.pi), abs=0.02)


def small_run(posterior):
    images = load(yaml.safe_load((PROJECT / "config.yaml").read_text())).allen2024.images
    run = images.run(images.variant(decoder="linear", posterior=posterior), 0)
    model = run.model.model_copy(update={"encoder": "mlp", "size": 32, "width": 7, "latents": 4})
    training = run.training.model_copy(update={"batch_size": 5})
    return run.model_copy(update={"model": model, "training": training})


@pytest.mark.parametrize(("posterior", "outputs"), [("diagonal", 8), ("full", 14)])
def test_operations_are_those_of_the_matrix_products(posterior, outputs):
    inner = 7 * 7 + 7 * outputs + 4 * 3072  # layers whose inputs have a gradient too
    expected = 2 * 5 * (2 * 3072 * 7 + 3 * inner)
    assert operations.count_step(small_run(posterior), channels=3) == expected


def test_a_table_of_operations_has_a_row_a_data_set_and_kind(tmp_path):
    runs = {name: json.loads(small_run(name).model_dump_json()) for name in ("diagonal", "full")}
    operations.operations(tmp_path / "table.csv", {"dsprites": 1, "shapes3d": 3}, runs)
    table = pd.read_csv(tmp_path / "table.csv").set_index(["dataset", "cell"])["operations"]
    assert table["Shapes3D", "full"] == operations.count_step(Run.model_validate(runs["full"]), 3)
    assert table["dSprites", "diagonal"] < table["Shapes3D", "diagonal"]


def test_instability_is_the_share_of_the_way_that_leads_upwards():
    assert tables.instability(pd.Series([9.0, 5.0, 6.0, 3.0])) == pytest.approx(1 / 8)
    assert tables.instability(pd.Series([9.0, 5.0, 3.0])) == 0
    assert np.isnan(tables.instability(pd.Series([9.0])))
