"""What may be said of a rendered run's beats, with the figures that benchmarks/README.md has.

A test holds these figures against that page: a new measurement changes both.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LANDING_MS", "PROMISE", "STEPS_RIGHT_PERCENT", "TEMPO_RIGHT_PERCENT"]

# render.py: the worst 95th percentile of our own engine, in whole milliseconds
LANDING_MS: Final = 1
# beats.py: SL30, the true steps that the map has within 30 ms, and Run1, a tempo to run to
STEPS_RIGHT_PERCENT: Final = 88.9
TEMPO_RIGHT_PERCENT: Final = 94.1

PROMISE: Final = (
    f"19 beats in 20 land within {LANDING_MS} ms of bpmsync's beat map; the map itself is right on "
    f"{STEPS_RIGHT_PERCENT} % of test music (steps within 30 ms of the true ones; the tempo on "
    f"{TEMPO_RIGHT_PERCENT} %: benchmarks)"
)
