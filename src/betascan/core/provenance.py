"""Where numbers come from: versions, commit, machine."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from betascan.core.files import read_json, write_json
from betascan.core.machine import processor

PACKAGES = ("numpy", "pandas", "torch", "rasterio", "scipy", "snakemake")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # an environment has only what its rules need
        return None


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parents[1]), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine() -> dict[str, Any]:
    """Return the commit (with a mark if the sources differ from it), versions and processor."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".")
    return {
        "commit": f"{commit} and uncommitted changes" if commit and changed else commit,
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
        "processor": processor(),
    }


def record(
    records: Sequence[Path],
    provenance: Path,
    *,
    scale: str,
    data: Mapping[str, Any],
    config: Mapping[str, Any],
) -> None:
    """Write what the results of scans were made from.

    Parameters
    ----------
    records : sequence of Path
        JSON of every training: device and seconds.
    provenance : Path
        JSON to write: scale, data, config, device, training_seconds, and `machine`.
    scale : str
        Name of the scale.
    data : Mapping
        Source of the data, and what identifies them.
    config : Mapping
        The study's section of the configuration.
    """
    runs = [read_json(path) for path in records]
    write_json(
        {
            "scale": scale,
            "data": data,
            "config": config,
            "device": sorted({run["device"] for run in runs}),
            "training_seconds": round(sum(run["seconds"] for run in runs)),
            **machine(),
        },
        provenance,
    )


def join(linear: Path, images: Path, provenance: Path) -> None:
    """Join the records of a document's two studies into one, under their names."""
    parts = {"linear": linear, "images": images}
    write_json({name: read_json(part) for name, part in parts.items()}, provenance)
