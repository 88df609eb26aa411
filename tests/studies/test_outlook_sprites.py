"""outlook: what is measured of the latents of image models."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from betascan.config.vae import BetaVae, Likelihood, Model, Run, Training
from betascan.data.images import write_rendered
from betascan.metrics import mig, mutual_information
from betascan.models import Saved, Vae, save
from betascan.studies.outlook import sprites
from betascan.training.batches import ImageBatches

ROW = {"signature": "abc", "keys": {"dataset": "dsprites", "seed": 0, "beta": 4.0}}
RUN = Run(
    model=Model(
        size=32, encoder="mlp", decoder="mlp", width=8, latents=3, activation="tanh",
        posterior="diagonal", prior="gaussian",
    ),
    likelihood=Likelihood(kind="bernoulli", variance=1),
    objective=BetaVae(beta=4),
    training=Training(
        batch_size=10, lr=1e-3, epochs=1, steps=None, held_out=0, patience=None, interval=None,
        precision="float32", device="cpu", threads=1,
    ),
    seed=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The images, a model of random weights, and what is measured of it on all of them."""
    folder = tmp_path_factory.mktemp("sprites")
    write_rendered(folder / "dsprites.h5", "dsprites", images=200, seed=0)
    torch.manual_seed(0)
    vae = Vae(RUN.model, 1)
    state = {name: 3 * weights for name, weights in vae.state_dict().items()}
    saved = Saved(RUN, 1, state, state, {"signature": "abc", "temperature": 0.02})
    save(saved, folder / "model.pt")
    table = folder / "latents.csv"
    sprites.latents(folder / "dsprites.h5", [folder / "model.pt"], [table], [ROW], samples=1000)
    images = ImageBatches(Path(folder / "dsprites.h5"), 32, torch.device("cpu"))
    return images, saved.vae(), pd.read_csv(table)


def write(folder, name, table):
    table.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


@torch.no_grad()
def test_latents_are_ranked_and_know_factors(measured):
    images, vae, table = measured
    posterior = vae.encode(images[np.arange(200)])
    square, spread = posterior.mean.square().mean(0), posterior.variance.mean(0)
    fraction = (square / (square + spread)).numpy()
    order = np.argsort(-fraction)
    assert table["rank"].tolist() == [0, 1, 2, 3]
    assert table["latent"].tolist()[1:] == order.tolist()
    np.testing.assert_allclose(table["signal_fraction"][1:], fraction[order], rtol=1e-5)
    shared = mutual_information(posterior.mean.numpy(), images.factors)
    entropy = [
        -sum(p * np.log(p) for p in np.unique(column, return_counts=True)[1] / 200)
        for column in images.factors.T
    ]
    columns = [f"nmi_{name}" for name in images.facts.grid.names]
    np.testing.assert_allclose(table[columns][1:], (shared / entropy)[order], rtol=1e-6)
    assert table["mig"].unique() == pytest.approx([mig(posterior.mean.numpy(), images.factors)])
    assert table["T"].unique() == [0.02]


@torch.no_grad()
def test_pruned_latents_are_at_the_prior_mean(measured):
    images, vae, table = measured
    x = images[np.arange(200)]
    mean = vae.encode(x).mean
    for rank in range(4):
        z = torch.zeros_like(mean)
        kept = table["latent"][1 : rank + 1].astype(int).tolist()
        z[:, kept] = mean[:, kept]
        error = (torch.sigmoid(vae.decode(z)) - x).square().sum() / 200
        expected = float(error) / images.total_variance
        assert table["distortion"][rank] == pytest.approx(expected, rel=1e-5)


def test_a_spectrum_is_fitted_over_the_models_of_a_seed(tmp_path):
    T = np.array([0.05, 0.1, 0.2, 0.4])
    for number, price in enumerate(T):
        fractions = [np.nan, 1 - price / 0.5, max(1 - price / 0.25, 0), price * (price > 0.1)]
        left = [1, 0.5 + price / 10, 0.25 + price / 10, 0.25]
        pd.DataFrame(
            {"seed": 3, "beta": price, "T": price, "rank": range(4), "signal_fraction": fractions,
             "distortion": left}
        ).to_csv(tmp_path / f"{number}.csv", index=False)  # fmt: skip
    parts = [tmp_path / f"{number}.csv" for number in range(4)]
    states = {"seed": 3, "beta": T, "state": "learnt", "annealed_rate": np.nan}
    plateaus = write(tmp_path, "plateaus", pd.DataFrame(states))
    sprites.spectrum(parts, plateaus, tmp_path / "all.csv", tmp_path / "modes.csv", floor=0.1)
    modes = pd.read_csv(tmp_path / "modes.csv")
    assert modes["seed"].tolist() == [3, 3, 3]
    np.testing.assert_allclose(modes["threshold"][:2], [0.5, 0.25])
    np.testing.assert_allclose(modes["utility"][:2], [1 - 0.505, 0.505 - 0.255])
    assert modes["threshold"][2] > 0.1
    assert modes["inactive_below"].tolist() == [0, 0, 2]  # it grows with T, at 0.05 and 0.1 it is 0
    assert len(pd.read_csv(tmp_path / "all.csv")) == 16


def test_annealed_models_take_the_places_of_those_on_a_plateau(tmp_path):
    """Of four betas the second is on a plateau; the third is, too, and stays empty if annealed."""
    T = np.array([0.05, 0.1, 0.2, 0.4])
    law = {"seed": 3, "rank": 1, "distortion": 0.5}
    random = pd.DataFrame({**law, "beta": T, "T": T, "signal_fraction": [0.9, 0, 0, 0.2]})
    annealed = random.assign(start="annealed", signal_fraction=[0.5, 0.8, 0, 0.9])[1:]
    none = random.assign(rank=0, distortion=1.0)
    parts = [write(tmp_path, "a", pd.concat([none, random])), write(tmp_path, "b", annealed)]
    states = {
        "state": ["learnt", "plateau", "plateau", "learnt"],
        "annealed_rate": [np.nan, 2, 0, 3],
    }
    plateaus = write(tmp_path, "plateaus", pd.DataFrame({"seed": 3, "beta": T, **states}))
    sprites.spectrum(parts, plateaus, tmp_path / "all.csv", tmp_path / "modes.csv", floor=0.1)
    latents = pd.read_csv(tmp_path / "all.csv").query("rank == 1")
    fitted = latents[~latents["plateau"]].sort_values("T")
    assert fitted["T"].tolist() == [0.05, 0.1, 0.4]
    assert fitted["signal_fraction"].tolist() == [0.9, 0.8, 0.2]
    assert latents.loc[latents["plateau"], "T"].tolist() == [0.1, 0.2]
    assert pd.read_csv(tmp_path / "modes.csv")["threshold"].item() == pytest.approx(0.5, abs=0.01)
