import pytest
import torch

from betascan.core.device import gpus, resolve_device
from betascan.core.errors import TrainingError


def test_auto_is_a_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [resolve_device(name) for name in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [resolve_device(name) for name in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(TrainingError, match="set device to auto or cpu"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("visible", "names"), [("", []), ("-1", []), ("2,GPU-7f", ["2", "GPU-7f"])]
)
def test_gpus_that_a_process_may_not_see_are_none(monkeypatch, visible, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus() == names
