"""How well songs meet their recordings in a catalogue, on the labelled set of the tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from matching_cases import HALVES, cases, measure, table


def main() -> None:
    """Print one table for each half of the set, and what was missed."""
    for half in HALVES:
        results = measure(case for case in cases() if case.half == half)
        print(f"\n{half}:\n\n{table(results)}\n")
        for result in results:
            if result.label == "wrong" or (result.case.findable and result.label != "right"):
                print(f"- {result.case.song.name}: {result.match.grade}, {result.match.reason}")


if __name__ == "__main__":
    main()
