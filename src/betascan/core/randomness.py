"""Random streams keyed by what they are for, never by what else runs beside them."""

import zlib

import numpy as np


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the generator of one purpose, for example ``stream(0, "scan/noise", 17)``.

    The same arguments give the same numbers in every process, so that work can be cut into
    jobs, killed and resumed without a trace in the results.
    """
    key = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index])
    return np.random.Generator(np.random.SFC64(key))
