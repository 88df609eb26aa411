"""Which device a computation runs on."""

import os
import shutil
import subprocess

from betascan.core.errors import TrainingError


def gpus() -> list[str]:
    """Return CUDA's names for the GPUs that this process sees, without importing torch."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        visible = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        return [name for name in visible if name not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return [str(number) for number, _ in enumerate(listed.stdout.splitlines())]


def resolve_device(name: str) -> str:
    """Return the device that "auto", "cpu" or "cuda" stands for on this machine.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}
        Device named in the configuration. torch, which takes seconds to import, is not imported for
        "cpu".

    Returns
    -------
    {"cpu", "cuda"}

    Raises
    ------
    TrainingError
        For "cuda" if there is none.
    """
    if name == "cpu":
        return "cpu"
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise TrainingError(
            "device cuda was asked for and there is none: set device to auto or cpu"
        )
    return "cuda" if available else "cpu"
