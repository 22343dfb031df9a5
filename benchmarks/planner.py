"""How near plans are to the best there is, what they cost, and what others would have planned.

usage: python benchmarks/planner.py [--quick] [--only WORDS] [--most-minutes M] [--budget N]
                                    [--json FILE] [--no-cases] [--growth] [--recent]
                                    [--loading] [--library FILE] [--exact] [--exact-minutes M,...]

Libraries of 200 to 100,000 made-up songs (`planning/shelves.py`), runs of 20 to 240 minutes, linear, in
plateaus, in intervals and the standard one (an hour from 160 to 184 with 5 minutes at either end), in both
modes. Each case is planned in a process of its own, after a small plan that loads compiled code:

    cost, bound  spm^2 s (native) or %^2 s (stretch), as in the plan; gap: cost over bound, less 1
    excess       cost less bound for each second of the run, in %^2
    CPU          seconds of processor time of the plan; *songs*: of making up the songs that it read
    MiB          the largest memory of the process up to then, everything included
    silent       seconds of the run without music
    sorted       by tempo, spread over the run, and charged as it is, beyond the limit too: cost over ours
    passing      the same, but passing over what is beyond the limit: cost over ours
    nearest      always what costs least for its seconds, joins included: cost over ours
    search       random changes to that and to random starts, with --budget times our CPU: cost over ours

The others have the same songs, limits and definition of cost, and what they cannot fill is silent at the
same price. Besides, each when asked for:

    --growth     the standard run with 2,000 to 200,000 songs: CPU against N log N
    --recent     3,000 songs: how many songs a second plan shares with a first that it is to avoid
    --loading    a library of 100,000 files in the database, opened for planning (or --library FILE)
    --exact      200 songs, stretched, against an integer program with ten minutes of time
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from itertools import product
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from planning.cases import MODES, Case, measure, plan, warm_up
from planning.runs import make_run
from planning.shelves import make_shelf

from bpmsync.planner.native import Wishes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SIZES = (200, 2_000, 20_000, 100_000)
MINUTES = (20.0, 45.0, 90.0, 240.0)
SHAPES = ("linear", "plateaus", "intervals")
GROWTH = (2_000, 6_000, 20_000, 60_000, 200_000)
QUICK_SIZE, QUICK_MINUTES = 2_000, 45.0
HEADS = ("mode", "songs", "run", "legs", "silent", "cost", "bound", "gap %", "excess", "CPU s", "songs s")
OTHERS = ("sorted", "passing", "nearest", "search")
HEADS += ("MiB", *OTHERS)


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="up to 2,000 songs and 45 minutes")
    parser.add_argument("--only", default="", metavar="WORDS", help="such as native,2000,45m,linear")
    parser.add_argument("--most-minutes", type=float, default=max(MINUTES))
    parser.add_argument("--budget", type=float, default=5.0, help="of the search, times our CPU")
    parser.add_argument("--json", type=Path, help="where all figures go")
    parser.add_argument("--no-cases", action="store_true", help="only what is asked for besides")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--recent", action="store_true")
    parser.add_argument("--loading", action="store_true")
    parser.add_argument("--library", type=Path, help="made before, for --loading")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--exact-minutes", default="20,45")
    parser.add_argument("--exact-limit", type=float, default=600.0, help="seconds of the integer program")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def cases_of(options: argparse.Namespace) -> list[Case]:
    """Return the cases, the small ones first."""
    found = []
    for mode, tracks in product(MODES, SIZES):
        found += [Case(mode, tracks, minutes, shape) for minutes, shape in product(MINUTES, SHAPES)]
        found.append(Case(mode, tracks, 60.0, "standard"))
    most = QUICK_MINUTES if options.quick else options.most_minutes
    wanted = {word for word in options.only.split(",") if word}
    return [
        case
        for case in found
        if case.minutes <= most and (case.tracks <= QUICK_SIZE or not options.quick) and wanted <= case.words
    ]


def measured_apart(case: Case, budget: float) -> dict[str, Any]:
    """Return the figures of a case, measured in a process of its own."""
    told = json.dumps(asdict(case))
    command = [sys.executable, str(Path(__file__).resolve()), "--case", told, "--budget", str(budget)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return asdict(case) | {"error": done.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row_of(figures: dict[str, Any]) -> list[str]:
    """Return the figures of a case as text."""
    run = f"{figures['minutes']:g} min {figures['shape']}"
    head = [figures["mode"], f"{figures['tracks']:,}", run]
    if "error" in figures:
        return [*head, figures["error"]]
    gap = figures["gap_percent"]
    return [
        *head,
        str(figures["legs"]),
        f"{figures['uncovered_s']:.0f}",
        f"{figures['cost']:.0f}",
        f"{figures['bound']:.0f}",
        "-" if gap is None else f"{gap:.2f}",
        f"{figures['excess']:.3f}",
        f"{figures['cpu_s']:.2f}",
        f"{figures['fetch_s']:.2f}",
        f"{figures['peak_mib']:.0f}",
        *(_times(figures, name) for name in OTHERS),
    ]


def _times(figures: dict[str, Any], name: str) -> str:
    return "-" if figures[name] is None else f"{figures[name] / figures['cost']:.3f}"


def verdict(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield what the cases say together."""
    rows = [row for row in rows if "error" not in row]
    for mode, name in product(MODES, OTHERS):
        # Beyond the limit no second is silent, so that only runs without silence are compared
        same = [row for row in rows if row["mode"] == mode and not (name == OTHERS[0] and row["uncovered_s"])]
        ratios = [row[name] / row["cost"] for row in same if row[name] is not None]
        if ratios:
            behind = sum(ratio < 1 - 1e-9 for ratio in ratios)
            yield (
                f"{mode}, {name}: ours is dearer in {behind} of {len(ratios)} cases; "
                f"its cost over ours is {np.median(ratios):.3f} in the median, {min(ratios):.3f} at the least"
            )
    wrong = [row for row in rows if abs(row["recounted"] - row["cost"]) > 1e-6 * row["cost"]]
    for row in wrong:
        yield f"counted anew, {row_of(row)[:3]} costs {row['recounted']:.3f}, not {row['cost']:.3f}"
    for row in rows:
        # What is beyond the limit is no plan
        least = min((row[name] for name in OTHERS[1:] if row[name] is not None), default=row["bound"])
        if least < row["bound"] * (1 - 1e-9):
            yield f"{row_of(row)[:3]}: another plan costs {least:.1f}, the bound is {row['bound']:.1f}"


def printed(heads: Iterable[str]) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(heads)} |", flush=True)


def growth(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the figures of the standard run with more and more music."""
    named = [mode for mode in MODES if mode in options.only.split(",")]
    for mode in named or MODES:
        sizes, spent = [], []
        for tracks in GROWTH:
            figures = measured_apart(Case(mode, tracks, 60.0, "standard"), 0.0)
            printed(row_of(figures))
            yield figures
            if "error" not in figures:
                sizes.append(tracks)
                spent.append(figures["cpu_s"])
        x = np.log(np.array(sizes) * np.log(sizes))
        slope = np.polyfit(x, np.log(spent), 1)[0] if len(sizes) > 1 else float("nan")
        print(f"{mode}: CPU grows as (N log N) to the power of {slope:.2f}", flush=True)


def recent() -> Iterator[dict[str, Any]]:
    """Yield how many songs a second plan for one ramp shares with the first."""
    shelf = make_shelf(3_000)
    for mode, minutes in product(MODES, (60.0, 90.0)):
        ramp = make_run("standard", minutes, mode)
        warm_up(mode)
        first = plan(mode, shelf, ramp).plan
        played = {leg.track.audio_hash for leg in first.legs}
        second = plan(mode, shelf, ramp, wishes=Wishes(recent=[played])).plan
        again = [leg for leg in second.legs if leg.track.audio_hash in played]
        share = len(again) / len(second.legs)
        errors = first.mean_error_spm, second.mean_error_spm
        yield {"mode": mode, "minutes": minutes, "share": share, "mean_error_spm": errors}
        print(
            f"{mode}, {minutes:g} min: {100 * share:.0f} % of the second plan's {len(second.legs)} songs "
            f"are in the first; mean error {errors[0]:.3f} and {errors[1]:.3f} spm",
            flush=True,
        )


def loading(library: Path | None) -> dict[str, Any]:
    """Return what it costs to open a library of 100,000 files for planning."""
    from planning.library import make_big_library

    from bpmsync.library.shelving import load_shelf
    from bpmsync.library.store import Store

    with tempfile.TemporaryDirectory() as folder:
        if library is None:
            library = Path(folder) / "library.db"
            make_big_library(library, 100_000)
        spent = []
        for _ in range(3):
            since = process_time()
            with Store(library) as store:
                count = len(load_shelf(store))
            spent.append(process_time() - since)
    print(
        f"loading {count:,} recordings: {min(spent):.3f} s CPU ({max(spent):.3f} the first time)", flush=True
    )
    return {"recordings": count, "cpu_s": spent}


def exact(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield how our plans compare with those of an integer program."""
    from planning.exact import compare

    warm_up("stretch")
    for minutes in map(float, options.exact_minutes.split(",")):
        found = asdict(
            compare(
                make_shelf(200, in_three=0.0),
                make_run("linear", minutes, "stretch"),
                time_limit_s=options.exact_limit,
            )
        )
        yield {"minutes": minutes} | found
        printed(
            [
                f"{minutes:g} min",
                *(f"{one:.4f}" if isinstance(one, float) else str(one) for one in found.values()),
            ]
        )


def main() -> None:
    """Print the tables."""
    options = parsed()
    if options.case:
        case = Case(**json.loads(options.case))
        warm_up(case.mode)
        print(json.dumps(measure(case, budget=options.budget)))
        return
    figures: dict[str, Any] = {"cases": []}
    cases = [] if options.no_cases else cases_of(options)
    if cases or options.growth:
        printed(HEADS)
        printed(["---"] * len(HEADS))
    for case in cases:
        figures["cases"].append(measured_apart(case, options.budget))
        printed(row_of(figures["cases"][-1]))
    for line in verdict(figures["cases"]):
        print(line)
    if options.growth:
        figures["growth"] = list(growth(options))
    if options.recent:
        figures["recent"] = list(recent())
    if options.loading:
        figures["loading"] = loading(options.library)
    if options.exact:
        figures["exact"] = list(exact(options))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
