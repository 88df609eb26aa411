"""What allen2024 measures of trained models, and its tables, against closed forms."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.autograd.functional import hessian as slow_hessian

from betascan.config.vae import Likelihood, Model
from betascan.models import Vae
from betascan.objectives import ForwardPass, distortion
from betascan.studies.allen2024 import measure, tables


def forward_pass(decoder="convolutional", kind="gaussian", posterior="diagonal", prior="gaussian"):
    torch.manual_seed(0)
    model = Model(
        size=32, encoder="mlp", decoder=decoder, width=6, latents=3, activation="tanh",
        posterior=posterior, prior=prior,
    )  # fmt: skip
    vae = Vae(model, 1).double()
    likelihood = Likelihood(kind=kind, variance=1 if kind == "bernoulli" else 0.4)
    x = torch.rand(3, 1, 32, 32, dtype=torch.float64)
    return ForwardPass(vae, x, torch.empty(0), likelihood, pixel_scale=1.5)


def measures_of(forward, active, samples=4):
    noise = torch.Generator().manual_seed(0)
    return measure.decoder_measures(forward, measure.curvatures(forward), active, samples, noise)


def precisions_of(forward, beta, active):
    return measure.precisions(forward, measure.curvatures(forward), beta, active, torch.Generator())


@pytest.mark.parametrize("kind", ["gaussian", "bernoulli"])
def test_the_hessian_is_the_second_derivative_of_d(kind):
    forward = forward_pass(kind=kind)
    H = measure.hessian(forward)
    for one, mean, x in zip(H, forward.posterior.mean.detach(), forward.x, strict=True):

        def distortion_of(z, x=x):
            return 1.5 * distortion(forward.likelihood, forward.vae.decode(z[None]), x[None])[0]

        torch.testing.assert_close(one, slow_hessian(distortion_of, mean))


@pytest.mark.parametrize("kind", ["gaussian", "bernoulli"])
def test_gauss_newton_is_the_hessian_of_a_linear_decoder(kind):
    forward = forward_pass("linear", kind)
    mean = forward.posterior.mean.detach()
    torch.testing.assert_close(measure.gauss_newton(forward, mean), measure.hessian(forward))


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_samples_of_a_linear_decoder_are_as_expanded(posterior):
    forward = forward_pass("linear", posterior=posterior)
    measures = measures_of(forward, torch.arange(3), 4000)
    away = (measures["sampled"] - measures["hessian"]).abs() / measures["sampled_error"]
    assert away.max() < 4
    np.testing.assert_allclose(measures["hessian"], measures["gauss_newton"])


def test_measures_of_a_linear_decoder_are_those_of_its_matrix():
    forward = forward_pass("linear")
    W = forward.vae.decoder[0].weight.detach().numpy()[:, [0, 2]]
    active = torch.tensor([0, 2])
    measures = measures_of(forward, active)
    gram = W.T @ W
    off = math.sqrt(2) * gram[0, 1] / np.linalg.norm(gram)
    cosine = gram[0, 1] / np.sqrt(gram[0, 0] * gram[1, 1])
    singular = np.linalg.svd(W, compute_uv=False) * math.sqrt(1.5)
    for image in range(3):
        row = measures.loc[image]
        assert row["active"] == 2
        assert row["offdiagonal_mass"] == pytest.approx(abs(off))
        assert row["hessian_mass"] == pytest.approx(abs(off))  # H is gram, scaled
        assert row["mean_absolute_cosine"] == pytest.approx(abs(cosine))
        assert row["gradient_mass"] == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(row[["s1", "s2"]].astype(float), singular)
        assert row["log_volume"] == pytest.approx(np.log(singular).sum())
    shown = forward.vae.decode(forward.posterior.mean)
    error = 1.5 * (shown - forward.x).square().flatten(1).sum(1).detach()
    np.testing.assert_allclose(measures["squared_error"], error)


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_precisions_of_a_linear_decoder(posterior):
    forward = forward_pass("linear", posterior=posterior)
    W = forward.vae.decoder[0].weight.detach().numpy()
    entries = precisions_of(forward, 2.0, torch.tensor([0, 2]))
    assert len(entries) == 3 * (3 if posterior == "diagonal" else 6)
    right = np.eye(3) + 1.5 * W.T @ W / (2 * 0.4)
    for side in tables.SIDES:
        np.testing.assert_allclose(entries[side], right[entries["row"], entries["column"]])
    active = (entries["row"] != 1) & (entries["column"] != 1)
    assert list(entries["active"]) == list(active)
    factor = forward.posterior.scale_tril[0].detach().numpy()
    left = np.linalg.inv(factor @ factor.T)
    first = entries[entries["point"] == 0]
    np.testing.assert_allclose(first["left"], left[first["row"], first["column"]])


@pytest.mark.parametrize("changed", [{"prior": "laplace"}, {"kind": "laplace"}])
def test_there_is_no_right_side_with_a_laplace_prior_or_likelihood(changed):
    entries = precisions_of(forward_pass(**changed), 1.0, torch.arange(3))
    assert entries[list(tables.SIDES)].isna().all(axis=None)
    assert entries["left"].notna().all()


def test_collapsed_latents_have_no_measures():
    none = measures_of(forward_pass(), torch.arange(0))
    assert none[["offdiagonal_mass", "log_volume", "gradient_mass"]].isna().all(axis=None)
    one = measures_of(forward_pass(), torch.tensor([1]))
    assert one["offdiagonal_mass"].isna().all()
    np.testing.assert_allclose(one["log_volume"], np.log(one["s1"]))


# Tables


def test_the_error_of_the_identity_counts_both_halves():
    row = {"point": 0, "active": True, "expected": 0.0}
    entries = pd.DataFrame([
        {**row, "row": 0, "column": 0, "left": 3.0, "gauss_newton": 3.0},
        {**row, "row": 0, "column": 1, "left": 2.0, "gauss_newton": 0.0},
        {**row, "row": 1, "column": 1, "left": 1.0, "gauss_newton": 1.0},
        {**row, "row": 2, "column": 2, "left": 9.0, "gauss_newton": 0.0, "active": False},
    ])  # fmt: skip
    assert tables.identity_error(entries, "gauss_newton") == pytest.approx(math.sqrt(8 / 18))
    assert tables.identity_error(entries, "expected") == 1


def test_the_effective_variance_is_that_of_the_posterior():
    """|J|^2 = 6, sigma_eff^2 = 2: the precision is 1 + 3, whatever beta the training had."""
    entry = {"row": [0], "column": [0], "active": [True], "left": [4.0], "expected": [1 + 6 / 0.5]}
    assert tables.effective_variance(pd.DataFrame(entry), 0.5) == pytest.approx(2)


def test_errors_of_an_expansion():
    points = pd.DataFrame(
        {"sampled": [1.0, 3.0], "sampled_error": [0.3, 0.4], "hessian": [2.0, 3.0],
         "gauss_newton": [1.0, 1.0]}
    )  # fmt: skip
    errors = tables.expansion_errors(points)
    assert errors["taylor_hessian"] == pytest.approx(0.25)
    assert errors["taylor_gauss_newton"] == pytest.approx(0.5)
    assert errors["taylor_noise"] == pytest.approx(0.125)


@pytest.fixture
def two_models(tmp_path):
    """Files of two models in folders by signature, the second with one active latent fewer."""
    measures = {
        "aaa": measures_of(forward_pass("linear"), torch.arange(3)),
        "bbb": measures_of(forward_pass(), torch.arange(2)),
    }
    entries = precisions_of(forward_pass(), 5.0, torch.arange(3))
    for number, (signature, points) in enumerate(measures.items()):
        folder = tmp_path / signature
        folder.mkdir()
        points.to_csv(folder / "jacobian.csv", index=False)
        entries.to_csv(folder / "identity.csv", index=False)
        scores = [
            ("mig", "disentanglement_lib", 0.1 + number),
            ("active_units", "burda2016", 3 - number),
            ("mig", "denardin2025", -1),
        ]
        columns = ["metric", "convention", "value"]
        pd.DataFrame(scores, columns=columns).to_csv(folder / "scores.csv", index=False)
        (folder / "card.json").write_text(json.dumps({"last_step": 100 * (number + 1)}))
        history = pd.DataFrame({"loss": [3.0, 1.0, 2.0 + number], "rate": [9.0, 8.0, 6.0 + number]})
        history.to_csv(folder / "history.csv", index=False)
    rows = [
        {"signature": "bbb", "keys": {"dataset": "shapes3d", "seed": 4, "cell": "beta_5"}},
        {"signature": "aaa", "keys": {"dataset": "dsprites", "seed": 3, "cell": "reference"}},
    ]
    return tmp_path, rows, measures


def files(folder, name, signatures=("aaa", "bbb")):
    return [folder / signature / name for signature in signatures]


def test_a_table_has_each_model_s_own_files_whatever_their_order(two_models):
    folder, rows, measures = two_models
    variants = {"reference": {"beta": 1, "variance": 0.1}, "beta_5": {"beta": 5, "variance": 0.1}}
    tables.models(
        files(folder, "scores.csv", ["bbb", "aaa"]), files(folder, "jacobian.csv"),
        files(folder, "identity.csv", ["bbb", "aaa"]), files(folder, "card.json"),
        files(folder, "history.csv"), folder / "table.csv", rows=rows, variants=variants,
    )  # fmt: skip
    table = pd.read_csv(folder / "table.csv").set_index("dataset")
    assert list(table.index) == ["Shapes3D", "dSprites"]
    assert list(table["seed"]) == [4, 3]
    assert list(table["cell"]) == ["beta_5", "reference"]
    assert list(table["beta"]) == [5, 1]
    assert list(table["steps"]) == [200, 100]
    assert list(table["mig"]) == [1.1, 0.1]
    assert list(table["active_units"]) == [2, 3]
    assert list(table["rate"]) == [7.0, 6.0]
    assert list(table["instability"]) == pytest.approx([2 / 4, 1 / 3])
    mass = measures["aaa"]["offdiagonal_mass"].mean()
    assert table.loc["dSprites", "offdiagonal_mass"] == pytest.approx(mass)
    geometric = np.exp(np.log(measures["bbb"]["s2"]).mean())
    assert table.loc["Shapes3D", "s2"] == pytest.approx(geometric)
    assert list(table["s3"].isna()) == [True, False]
    ratio = (
        table.loc["Shapes3D", "effective_variance"] / table.loc["dSprites", "effective_variance"]
    )
    assert ratio == pytest.approx(5)  # the same entries at five times beta sigma^2


def test_a_push_forward_stands_beside_what_else_is_known_of_its_model(two_models):
    folder, rows, _ = two_models
    for signature, dependence in (("aaa", 0.1), ("bbb", 0.2)):
        keys = next(row["keys"] for row in rows if row["signature"] == signature)
        measured = keys | {"dependence": dependence, "recovered": 0.5}
        pd.DataFrame([measured]).to_csv(folder / signature / "pushforward.csv", index=False)
    known = {"dataset": "dSprites", "seed": 3, "cell": ["reference", "beta_5"], "mig": [0.7, 0.8]}
    pd.DataFrame(known).to_csv(folder / "one.csv", index=False)
    known = {"dataset": "Shapes3D", "seed": 4, "cell": ["beta_5"], "mig": 0.9}
    pd.DataFrame(known).to_csv(folder / "other.csv", index=False)
    known = [folder / "one.csv", folder / "one.csv", folder / "other.csv"]
    tables.pushforward(files(folder, "pushforward.csv"), known, folder / "table.csv")
    table = pd.read_csv(folder / "table.csv").set_index("dataset")
    assert table["dependence"].to_dict() == {"dSprites": 0.1, "Shapes3D": 0.2}
    assert table["mig"].to_dict() == {"dSprites": 0.7, "Shapes3D": 0.9}


def test_collapsed_models_are_those_without_an_active_latent(tmp_path):
    model = {"dataset": "dSprites", "cell": "a", "seed": [0, 1, 2], "active_units": [0, 1, 0]}
    for name, mig in (("one", [0.1, 0.2, 0.3]), ("other", [0.1, 0.2, 0.3])):
        pd.DataFrame({**model, "mig": mig}).to_csv(tmp_path / f"{name}.csv", index=False)
    tables.collapsed([tmp_path / "one.csv", tmp_path / "other.csv"], tmp_path / "table.csv")
    assert list(pd.read_csv(tmp_path / "table.csv")["mig"]) == [0.1, 0.3]


def test_a_model_of_two_experiments_counts_once_in_the_errors_of_the_identity(tmp_path):
    linear = {"part": ["angles", "angles", "scan"], "posterior": ["diagonal", "full", "diagonal"]}
    linear |= {"seed": 0, "identity_error": [1e-7, 2e-7, 1.0]}
    pd.DataFrame(linear).to_csv(tmp_path / "linear.csv", index=False)
    model = {"dataset": "dSprites", "cell": "reference", "seed": 0, "identity_gauss_newton": 0.3}
    model |= {"identity_expected": 0.2, "identity_hessian": np.nan}
    for name in "ab":
        pd.DataFrame([model]).to_csv(tmp_path / f"{name}.csv", index=False)
    tables.identity(
        tmp_path / "linear.csv", [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "out.csv"
    )
    errors = pd.read_csv(tmp_path / "out.csv")
    assert list(errors["relative_error"]) == [1e-7, 2e-7, 0.3, 0.2]
    assert list(errors["cell"]) == ["reference", "posterior_full", "reference", "reference"]
    assert list(errors["right"]) == ["exact", "exact", "gauss_newton", "expected"]
