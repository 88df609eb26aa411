"""The processor that this runs on."""

import platform
from functools import cache
from pathlib import Path


@cache
def _cpuinfo() -> dict[str, str]:
    """Return the fields of the first processor in Linux's /proc/cpuinfo; empty elsewhere."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    fields = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in fields}


def processor() -> str:
    """Return the model of the processor, or its architecture if nothing else is known."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """Return the instruction sets of the processor by Linux's names, such as "avx2" or "asimd".

    Empty on other systems.
    """
    fields = _cpuinfo()
    return frozenset((fields.get("flags") or fields.get("Features") or "").split())
