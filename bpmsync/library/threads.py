"""How many threads numeric libraries may start: one (standard library only).

The work is many small steps; to wake threads for each costs several times what it does. Where
there is more than one core, processes are the parallelism. The limits hold only if they are set
before numpy is loaded.
"""

from __future__ import annotations

import os

__all__ = ["THREAD_LIMITS", "limit_threads"]

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def limit_threads() -> None:
    """Let numeric libraries start one thread, unless the environment says how many."""
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, "1")
