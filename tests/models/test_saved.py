import pytest
import torch

from betascan.config.vae import BetaVae, Likelihood, Model, Run, Training
from betascan.core.errors import DataError
from betascan.models import Saved, Vae, load, save
from betascan.models.saved import read_torch, write_torch

RUN = Run(
    model=Model(
        size=32, encoder="convolutional", decoder="convolutional", width=8, latents=2,
        activation="silu", posterior="full", prior="laplace",
    ),
    likelihood=Likelihood(kind="gaussian", variance=0.1),
    objective=BetaVae(beta=3),
    training=Training(
        batch_size=2, lr=1e-3, epochs=1.5, steps=None, held_out=0, patience=None,
        interval=None, precision="float32", device="cpu", threads=1,
    ),
    seed=4,
)  # fmt: skip


@pytest.fixture
def saved():
    torch.manual_seed(0)
    best, final = Vae(RUN.model, 3).state_dict(), Vae(RUN.model, 3).state_dict()
    return Saved(RUN, 3, best, final, {"temperature": 0.25, "best_step": 7})


def test_models_come_back(saved, tmp_path):
    save(saved, tmp_path / "model.pt")
    back = load(tmp_path / "model.pt")
    assert (back.run, back.channels, back.facts) == (RUN, 3, saved.facts)
    x = torch.rand(4, 3, 32, 32)
    for state in ("best", "final"):
        vae = Vae(RUN.model, 3)
        vae.load_state_dict(getattr(saved, state))
        again = back.vae(state)
        assert not any(p.requires_grad for p in again.parameters())
        assert torch.equal(again.encode(x).mean, vae.encode(x).mean)
        assert torch.equal(again.decode(x[:, 0, 0, :2]), vae.decode(x[:, 0, 0, :2]))


def test_the_same_model_gives_the_same_bytes(saved, tmp_path):
    paths = tmp_path / "one.pt", tmp_path / "another.pt"
    for path in paths:
        save(saved, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_files_are_readable_without_this_package(saved, tmp_path):
    save(saved, tmp_path / "model.pt")
    contents = torch.load(tmp_path / "model.pt", weights_only=True)
    assert contents["run"]["objective"] == {"kind": "beta_vae", "beta": 3}


def damage(path, way):
    contents = bytearray(path.read_bytes())
    if way == "cut":
        del contents[len(contents) // 2 :]
    elif way == "flipped":
        middle = slice(len(contents) // 2, len(contents) // 2 + 64)  # more than is padding
        contents[middle] = bytes(byte ^ 1 for byte in contents[middle])
    elif way == "empty":
        contents.clear()
    path.write_bytes(contents)


@pytest.mark.parametrize("way", ["cut", "flipped", "empty"])
def test_damage_is_reported(saved, tmp_path, way):
    path = tmp_path / "model.pt"
    save(saved, path)
    damage(path, way)
    with pytest.raises(DataError, match=r"model\.pt is damaged: delete it and run again"):
        load(path)


def test_other_files_are_refused(saved, tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(DataError, match="is missing"):
        load(path)
    torch.save([1, 2], path)
    with pytest.raises(DataError, match="damaged"):
        read_torch(path)
    write_torch({"run": RUN.model_dump()}, path)
    with pytest.raises(DataError, match="no trained model of this version"):
        load(path)
    write_torch({**vars(saved), "run": {**RUN.model_dump(), "seed": -1}}, path)
    with pytest.raises(DataError, match="no trained model of this version"):
        load(path)
