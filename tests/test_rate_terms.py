"""The rate taken apart: the parts of a model whose aggregate posterior is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from betascan import rate_terms


class Known:
    """A stored model whose posteriors are those of `posteriors`."""

    def __init__(self):
        self.facts = {"signature": "a"}
        self.run = type("Run", (), {"seed": 0, "model": type("Model", (), {"size": 32})})

    def vae(self):
        return None


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Measure posteriors (mean, log-variance) as if they were a model's."""

    def measure(mean, log_variance):
        monkeypatch.setattr(
            rate_terms,
            "each_model",
            lambda images, models, rows, title: [(Known(), range(len(mean)), rows[0])],
        )
        monkeypatch.setattr(
            rate_terms, "encode", lambda vae, batches, rows: (mean[rows], log_variance[rows])
        )
        row = {"signature": "a", "keys": {"dataset": "dsprites", "beta": 4}}
        path = tmp_path / "terms.csv"
        rate_terms.measure(tmp_path / "images.h5", [tmp_path / "model.pt"], [row], [path])
        return pd.read_csv(path)

    return measure


def test_a_channel_of_gaussian_noise_has_shannon_s_information(measured):
    """Means N(0, 1 - s) and variance s: the aggregate is the prior, and I = -log(s) / 2 each."""
    torch.set_num_threads(1)
    s, rng = 0.2, np.random.default_rng(0)
    mean = rng.normal(0, np.sqrt(1 - s), (20_000, 2))
    table = measured(mean, np.full_like(mean, np.log(s))).set_index("metric")
    errors = 4 * table["standard_error"] + 0.02
    assert table["value"]["information"] == pytest.approx(-np.log(s), abs=errors["information"])
    assert abs(table["value"]["total_correlation"]) < errors["total_correlation"]
    assert abs(table["value"]["dimension_wise_kl"]) < errors["dimension_wise_kl"]
    assert set(table["images"]) == {20_000}
    assert set(table["dataset"]) == {"dsprites"}


def test_separate_codes_carry_the_logarithm_of_their_number(measured):
    """300 posteriors that do not overlap, along a diagonal: I = log 300, and no more."""
    mean = np.repeat(np.linspace(-3, 3, 300)[:, None], 2, axis=1)
    table = measured(mean, np.full_like(mean, -20)).set_index("metric")
    assert table["value"]["information"] == pytest.approx(np.log(300), abs=1e-6)
    # either latent knows the other: as much again
    assert table["value"]["total_correlation"] == pytest.approx(np.log(300), rel=0.01)


def test_more_images_than_are_summed_over_are_left_out(measured, monkeypatch):
    monkeypatch.setattr(rate_terms, "POSTERIORS", 50)
    mean = np.arange(400.0).reshape(200, 2)
    table = measured(mean, np.full_like(mean, -20)).set_index("metric")
    assert set(table["images"]) == {50}
    assert table["value"]["information"] == pytest.approx(np.log(50))
