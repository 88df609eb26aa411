"""The minibatches of a scan and their noise: what every point is trained on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float32

from betascan.core.randomness import stream
from betascan.linear_vae.engine import Chunk
from betascan.linear_vae.layout import Layout

BLOCK = 32  # the kernel works on this many rows at a time
CHUNK = 64  # updates whose noise is drawn together: 2 MB at the paper's sizes


def whole_blocks(rows: int) -> int:
    """Round a number of rows up to a multiple of the kernel's block of 32.

    Parameters
    ----------
    rows : int
        Rows needed.

    Returns
    -------
    int
        A multiple of 32.
    """
    return -(-rows // BLOCK) * BLOCK


def chunks(
    layout: Layout,
    inputs: Float32[np.ndarray, "n input_width"],
    batch_size: int,
    seed: int,
    epoch: int,
    updates: int,
) -> Iterator[Chunk]:
    """Yield an epoch's minibatches, with order and noise determined by (seed, epoch).

    Parameters
    ----------
    layout : Layout
        How the rows are laid out.
    inputs : float32 array (n, input_width)
        Training samples, as in `Layout.inputs`.
    batch_size : int
        Samples in a minibatch; the epoch's last one may have fewer.
    seed, epoch : int
        Keys of the random streams.
    updates : int
        Maximum number of minibatches.

    Yields
    ------
    Chunk
        Up to 64 minibatches.
    """
    order = stream(seed, "scan/order", epoch).permutation(len(inputs))
    batches = np.array_split(order, range(batch_size, len(order), batch_size))[:updates]
    rows = whole_blocks(batch_size)
    for index, start in enumerate(range(0, len(batches), CHUNK)):
        part = batches[start : start + CHUNK]
        x = np.zeros((len(part), rows, layout.input_width), np.float32)
        noise = np.zeros((len(part), rows, layout.latent_width), np.float32)
        draws = stream(seed, f"scan/noise/{epoch}", index)
        for step, batch in enumerate(part):
            x[step, : len(batch)] = inputs[batch]
            shape = (len(batch), layout.latents)
            noise[step, : len(batch), : layout.latents] = draws.standard_normal(shape, np.float32)
        yield Chunk(x, noise, np.array([len(batch) for batch in part], np.int32))


def prefetched(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Draw the next chunk while the current one is processed.

    Parameters
    ----------
    chunks : iterator of Chunk
        Where they come from.

    Yields
    ------
    Chunk
        The same.
    """
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = pool.submit(next, chunks, None)
            yield chunk
