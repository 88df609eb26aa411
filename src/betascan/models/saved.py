"""Trained models on disk, readable by `torch.load(weights_only=True)`."""

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from betascan.config.vae import Run
from betascan.core.errors import DataError
from betascan.core.files import staged
from betascan.models.vae import Vae

State = dict[str, Tensor]


@dataclass(frozen=True)
class Saved:
    """A trained model: the states of least validation loss and of the end.

    `step`s are the updates after which they stood; facts hold what the model card says.
    """

    run: Run
    channels: int
    best: State
    final: State
    facts: dict[str, Any]

    def vae(self, state: Literal["best", "final"] = "best") -> Vae:
        """Return the model, ready for use."""
        vae = Vae(self.run.model, self.channels)
        vae.load_state_dict(getattr(self, state))
        return vae.eval().requires_grad_(False)


def save(saved: Saved, path: Path) -> None:
    """Write a trained model; the same model gives the same bytes."""
    contents = {**vars(saved), "run": saved.run.model_dump()}
    write_torch(contents, path)


def load(path: Path | str) -> Saved:
    """Read a model of `save`; DataError where it is missing or damaged."""
    contents = read_torch(Path(path))
    try:
        return Saved(**{**contents, "run": Run.model_validate(contents["run"])})
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path} is no trained model of this version: train it again") from None


def write_torch(contents: dict[str, Any], path: Path) -> None:
    """Write a dict of tensors and plain values, complete or not at all."""
    buffer = io.BytesIO()  # in which the archive has no name of its own
    torch.save(contents, buffer)
    with staged(path) as temporary, temporary.open("wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        os.fsync(file.fileno())


def read_torch(path: Path) -> dict[str, Any]:
    """Read a dict of `write_torch` onto the CPU; DataError where it is missing or damaged."""
    if not path.exists():
        raise DataError(f"{path} is missing: run again to have it made")
    try:
        with zipfile.ZipFile(path) as archive:
            whole = archive.testzip() is None  # torch itself compares no checksums
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises half a dozen kinds on a damaged file
        raise DataError(f"{path} is damaged: delete it and run again") from None
    if not (whole and isinstance(contents, dict)):
        raise DataError(f"{path} is damaged: delete it and run again")
    return contents
