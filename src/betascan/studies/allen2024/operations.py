"""What a training step costs, in counted operations, which are the same on every machine."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from betascan.config.vae import Run
from betascan.core.files import write_csv
from betascan.objectives import ForwardPass, loss
from betascan.studies.allen2024.tables import DATASETS
from betascan.training.loop import build_networks


def count_step(run: Run, channels: int) -> int:
    """Return the floating-point operations of a training step, forward and backward.

    Those of matrix products and convolutions; of images in any number, as weights decide nothing.

    Parameters
    ----------
    run : Run
        Networks, objective and size of a minibatch.
    channels : int
        Number of channels of the images.
    """
    batch, size = run.training.batch_size, run.model.size
    vae, discriminator = build_networks(run, channels)
    x, noise = torch.zeros(batch, channels, size, size), torch.zeros(batch, run.model.latents)
    forward = ForwardPass(vae, x, noise, run.likelihood)
    with FlopCounterMode(display=False) as counter:
        loss(forward, run.objective, dataset_size=batch, discriminator=discriminator).backward()
    return int(counter.get_total_flops())


def operations(table: Path, channels: dict[str, int], runs: dict[str, dict[str, Any]]) -> None:
    """Count the operations of a step of each run.

    Parameters
    ----------
    table : Path
        Written: dataset, cell, operations.
    channels : dict
        Number of channels of the images, by data set.
    runs : dict
        `betascan.config.vae.Run` as plain values, by name of the variant.
    """
    rows = [
        {"dataset": DATASETS[dataset], "cell": cell}
        | {"operations": count_step(Run.model_validate(values), count)}
        for dataset, count in channels.items()
        for cell, values in runs.items()
    ]
    write_csv(pd.DataFrame(rows), table)
