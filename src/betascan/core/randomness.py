"""Random streams keyed by purpose, independent of what else runs in the same process."""

import zlib

import numpy as np


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the random generator of one purpose.

    The same arguments give the same numbers in every process, so that work can be cut into jobs,
    interrupted and resumed without changing the results.

    Parameters
    ----------
    seed : int
        Seed of the run.
    purpose : str
        Name of the purpose, for example "scan/noise".
    index : int
        Number of the stream among several, for example the epoch.
    """
    key = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index])
    return np.random.Generator(np.random.SFC64(key))
