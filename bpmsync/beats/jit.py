"""How kernels are compiled, and where they are kept, decided before the first is declared.

What numba costs a process with warm caches, in seconds of CPU: 0.2 to import, 0.4 for the first
kernel that is called (it loads what it could compile with), 0.003 for each further one.
"""

from __future__ import annotations

import os

import numba

from bpmsync.beats.caches import CACHE_FOLDER

__all__ = ["CACHE_FOLDER", "compiled", "inlined"]

if not os.environ.get("NUMBA_CACHE_DIR"):
    setattr(numba.config, "CACHE_DIR", str(CACHE_FOLDER))  # noqa: B010 - a name that types hide

compiled = numba.njit(cache=True, fastmath=False, nogil=True)
# For small functions in inner loops that are given tuples of arrays: a call would count references
inlined = numba.njit(cache=True, fastmath=False, nogil=True, inline="always")
