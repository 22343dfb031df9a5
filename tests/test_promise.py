"""What is promised of a rendered run is what the benchmarks measured."""

from __future__ import annotations

import math
import re

from bpmsync.cli.promise import LANDING_MS, PROMISE, STEPS_RIGHT_PERCENT, TEMPO_RIGHT_PERCENT
from conftest import ROOT

BENCHMARKS = (ROOT / "benchmarks" / "README.md").read_text("utf-8")


def rows(script: str) -> list[dict[str, str]]:
    """Return every row of the tables under the heading of a script, by column."""
    match = re.search(rf"^## {re.escape(script)}$(.*?)(?=^## |\Z)", BENCHMARKS, re.MULTILINE | re.DOTALL)
    assert match, f"benchmarks/README.md has no heading {script}"
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", match[1], re.MULTILINE):
        heads, _, *lines = (
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()
        )
        found += [dict(zip(heads, line, strict=True)) for line in lines]
    return found


def test_the_map_is_as_right_as_measured() -> None:
    ours = [row for row in rows("beats.py") if row.get("tracker", "").startswith("bpmsync") and "SL30" in row]
    assert len(ours) == 1
    assert (float(ours[0]["SL30"]), float(ours[0]["Run1"])) == (STEPS_RIGHT_PERCENT, TEMPO_RIGHT_PERCENT)


def test_beats_land_as_near_as_measured() -> None:
    ours = [
        float(row["p95 ms"])
        for row in rows("render.py")
        if "p95 ms" in row and row.get("engine", "bpmsync") == "bpmsync"
    ]
    assert len(ours) >= 10
    assert math.ceil(max(ours)) == LANDING_MS


def test_the_promise_has_the_figures_and_the_readme_has_the_promise() -> None:
    for figure in (f"{LANDING_MS} ms", f"{STEPS_RIGHT_PERCENT} %", f"{TEMPO_RIGHT_PERCENT} %"):
        assert figure in PROMISE
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert PROMISE in readme
