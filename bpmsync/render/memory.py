"""How large blocks of memory come and go: without the system, where its C library can learn it.

Sound is worked on in arrays of about a megabyte that live for a moment. glibc asks the system for
each of them and gives it back, zeroed pages and all, which takes a tenth of a mix's time, until it
has seen a block of that size freed; from then on it keeps what is twice as large
(mallopt(3), M_MMAP_THRESHOLD). Elsewhere this does nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["keep_blocks"]

_LARGEST: Final = 31 << 20  # it learns up to 32 MiB


def keep_blocks() -> None:
    """Let the C library of this process keep blocks of memory for the next array."""
    np.empty(_LARGEST, np.uint8)
