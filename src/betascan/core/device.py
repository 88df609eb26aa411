"""Which device a computation runs on."""

from betascan.core.errors import TrainingError


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
        For "cuda" where there is none.
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
