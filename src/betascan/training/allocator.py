"""The C library's allocator, told to keep what a training frees."""

import ctypes
import platform

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # glibc's malloc.h


def keep_memory() -> None:
    """Let this process re-use freed memory instead of handing it back to the system.

    By default every activation of every step comes as pages that the system must clear first,
    which can cost as much as the arithmetic. To be called before anything large is allocated;
    does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    library.mallopt(_TOP_PAD, 256 << 20)
