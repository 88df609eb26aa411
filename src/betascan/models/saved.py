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
from betascan.core.files import reading, staged
from betascan.models.vae import Vae

State = dict[str, Tensor]
"""A state dict: parameters by name."""


@dataclass(frozen=True)
class Saved:
    """A trained model.

    Attributes
    ----------
    run : Run
        How it was trained.
    channels : int
        Number of channels of its images.
    best, final : dict of Tensor
        State dicts at the least validation loss, and at the end.
    facts : dict
        What its card also says.
    """

    run: Run
    channels: int
    best: State
    final: State
    facts: dict[str, Any]

    def vae(self, state: Literal["best", "final"] = "best") -> Vae:
        """Return the model for evaluation, without gradients.

        Parameters
        ----------
        state : {"best", "final"}
            Which of its states.
        """
        vae = Vae(self.run.model, self.channels)
        vae.load_state_dict(getattr(self, state))
        return vae.eval().requires_grad_(False)


def save(saved: Saved, path: Path) -> None:
    """Write a trained model; the same model gives the same bytes.

    Parameters
    ----------
    saved : Saved
        The model.
    path : Path
        File to write, which ``torch.load(weights_only=True)`` can also read.
    """
    contents = {**vars(saved), "run": saved.run.model_dump()}
    write_torch(contents, path)


def load(path: Path | str) -> Saved:
    """Read a model that `save` wrote.

    Parameters
    ----------
    path : Path or str
        File to read.

    Raises
    ------
    DataError
        If it is missing, damaged, or not a trained model.
    """
    contents = read_torch(Path(path))
    try:
        return Saved(**{**contents, "run": Run.model_validate(contents["run"])})
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path} is no trained model of this version: train it again") from None


def write_torch(contents: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values, complete or not at all.

    Parameters
    ----------
    contents : dict
        May be nested. The same contents give the same bytes.
    path : Path
        File to write.

    Raises
    ------
    DataError
        If the disk is full.
    """
    buffer = io.BytesIO()  # as a file, the archive would contain its name
    torch.save(contents, buffer)
    with staged(path) as temporary, temporary.open("wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        os.fsync(file.fileno())


def read_torch(path: Path) -> dict[str, Any]:
    """Read what `write_torch` wrote, onto the CPU.

    Parameters
    ----------
    path : Path
        File to read.

    Raises
    ------
    DataError
        As `betascan.core.files.reading`.
    """
    with reading(path):
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch itself does not verify checksums
                raise ValueError("a checksum is wrong")
        contents = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(contents, dict):
            raise TypeError("it holds something else")
    return contents
