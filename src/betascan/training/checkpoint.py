"""Checkpoints of a training: the last one, and the one before it should the last be damaged."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from betascan.config.vae import Run
from betascan.core.errors import DataError
from betascan.models.saved import State, read_torch, write_torch
from betascan.training.batches import ImageBatches


def identity(run: Run, pictures: ImageBatches, start: State | None) -> str:
    """Return what a checkpoint must have been made by to be resumed."""
    digest = hashlib.sha256(run.model_dump_json().encode())
    digest.update(json.dumps([pictures.facts.fingerprint, str(pictures.device)]).encode())
    for value in (start or {}).values():
        digest.update(value.cpu().numpy().tobytes())
    return digest.hexdigest()


def backup_path(path: Path) -> Path:
    """Return where the checkpoint before the last one lies."""
    return path.with_name(f"{path.name}.before")


def store(contents: dict[str, Any], path: Path, *, ended: bool) -> None:
    """Write a checkpoint and keep the one before, unless the training has ended."""
    if path.exists():
        path.replace(backup_path(path))
    write_torch(contents, path)
    if ended:
        backup_path(path).unlink(missing_ok=True)


def restore(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the last readable checkpoint that belongs to `identity`, if there is one."""
    for candidate in (path, backup_path(path)):
        if not candidate.exists():
            continue
        try:
            contents = read_torch(candidate)
        except DataError:
            print(f"betascan: {candidate} is damaged: going back behind it", file=sys.stderr)
            continue
        if contents.get("identity") == identity:
            return contents
    return None
