import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from betascan.training.allocator import keep_memory

if sys.argv[1] == "kept":
    keep_memory()
np.ones(1 << 23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(1 << 23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="tells glibc's allocator")
def test_freed_memory_is_kept():
    """The system hands out no new pages for arrays of 64 MB that follow one another."""
    faults = []
    for way in ("kept", "as usual"):
        command = [sys.executable, "-c", FAULTS, way]
        faults.append(int(subprocess.run(command, capture_output=True, check=True).stdout))
    assert faults[0] < 100 < faults[1]
