"""Render a plan in a process of its own, so that its cost can be told.

usage: python benchmarks/rendering/render_plan.py PLAN DEST [JOBS]

Prints the report as a line of JSON.
"""

from __future__ import annotations

import json
import sys

from bpmsync.planner.plan import load_plan
from bpmsync.render.job import MixOptions, render_mix


def main() -> None:
    """Render, and tell."""
    plan, destination, jobs = (*sys.argv[1:], "2")[:3]
    report = render_mix(load_plan(plan), destination, MixOptions(jobs=int(jobs)))
    told = {
        "lufs": report.loudness.integrated_lufs,
        "dbtp": report.loudness.true_peak_dbtp,
        "decoded_dbtp": report.decoded_dbtp,
        "fades": [leg.fade_steps for leg in report.legs],
        "ways": [leg.way for leg in report.legs],
    }
    print(json.dumps(told))


if __name__ == "__main__":  # its workers import it, too
    main()
