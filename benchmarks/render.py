"""How well beats land, attacks survive and the stereo image stays, for every stretching engine.

usage: python benchmarks/render.py [--corpus FOLDER] [--every N] [--seconds S] [--skip-peers]

Clicks and drums of our own, at +-13 % and on a ramp from 172 to 184 steps/min with a source that
drifts by 2 %, then real music (grade A of the corpus that BPMSYNC_TEST_CORPUS names, its truth as
the grid, every Nth piece) at -8, -4, +4, +8 and +12.5 %. Printed for every engine that is installed:

    p95 ms     of the landing error at the beats that have a clear attack, all pieces together
    kept       median of the attacks' peak strength, output over source
    between    the same of attacks half-way between beats, where there are any: hats, as a rule
    image dB   how much the power of left - right against left + right changed, at worst
    x          seconds of source made per second of CPU, all processes

At the end: whether ours is ahead of every other engine on landing in every row, and of librosa's on
attacks and image.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rendering.engines import OURS, Engine, engines
from rendering.landing import land, side_share
from rendering.material import RATE, Piece, clicks, drums, ramped, real_pieces, steady

from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PERCENTS = (-8.0, -4.0, 4.0, 8.0, 12.5)
_MONO_DB = -60.0


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    corpus = Path(os.environ.get("BPMSYNC_TEST_CORPUS") or beside)
    parser.add_argument("--corpus", type=Path, default=corpus)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each piece")
    parser.add_argument("--skip-peers", action="store_true")
    return parser.parse_args()


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its finished children."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def onto(piece: Piece, percent: float) -> TimeMap:
    """Return the map of a piece's beats onto an even cadence that is so much faster."""
    beats = piece.beats_s
    return TimeMap(beats, np.arange(len(beats)) * np.mean(np.diff(beats)) / (1 + percent / 100))


def measured(engine: Engine, jobs: Iterable[tuple[Piece, TimeMap]]) -> tuple[str, ...]:
    """Return the figures of an engine over all jobs."""
    errors, kept, between, image, cost, length = [], [], [], [0.0], 0.0, 0.0
    for piece, timemap in jobs:
        started = cpu_s()
        sound = engine(piece.sound, timemap, RATE)
        cost += cpu_s() - started
        length += float(np.ptp(timemap.source_s))
        landing = land(piece.sound, sound, RATE, timemap.source_s, timemap.out_s - timemap.out_s[0])
        errors.append(landing.errors_ms)
        kept.append(landing.kept)
        halves = [(times[:-1] + times[1:]) / 2 for times in (timemap.source_s, timemap.out_s)]
        between.append(land(piece.sound, sound, RATE, halves[0], halves[1] - timemap.out_s[0]).kept)
        first, last = np.rint(timemap.source_s[[0, -1]] * RATE).astype(int)
        before = side_share(piece.sound[:, first:last])
        if before > _MONO_DB:
            image.append(abs(side_share(sound) - before))
    every = np.abs(np.concatenate(errors))
    told = [f"{np.percentile(every, 95):.2f}"]
    told += [middle_of(np.concatenate(ratios)) for ratios in (kept, between)]
    return *told, f"{max(image):.2f}", f"{length / cost:.0f}", str(len(every))


def middle_of(ratios: np.ndarray) -> str:
    """Return the median as text; clicks have nothing between beats."""
    return f"{np.median(ratios):.3f}" if len(ratios) else "-"


def jobs_of(options: argparse.Namespace) -> Iterator[tuple[str, list[tuple[Piece, TimeMap]]]]:
    """Yield each kind of job by name."""
    for make in (clicks, drums):
        even, drifting = make(steady(172, options.seconds)), make(steady(172, options.seconds, drift=0.02))
        for percent in (-13.0, 13.0):
            yield f"{even.name} {percent:+g} %", [(even, onto(even, percent))]
        ramp = TimeMap(drifting.beats_s, ramped(drifting.beats_s, 172, 184))
        yield f"{even.name} 172 to 184, drift", [(drifting, ramp)]
    if not (options.corpus / "manifest.csv").is_file():
        print(f"no corpus at {options.corpus}: no real music", file=sys.stderr)
        return
    pieces = [shortened(piece, options.seconds) for piece in real_pieces(options.corpus, every=options.every)]
    for percent in PERCENTS:
        yield f"{len(pieces)} real {percent:+g} %", [(piece, onto(piece, percent)) for piece in pieces]


def shortened(piece: Piece, seconds: float) -> Piece:
    """Return the first part of a piece."""
    beats = piece.beats_s[piece.beats_s <= piece.beats_s[0] + seconds]
    return Piece(piece.name, piece.sound[:, : round((beats[-1] + 1) * RATE)], beats)


def main() -> None:
    """Measure and print."""
    options = parsed()
    rivals = {name: engine for name, engine in engines().items() if name == OURS or not options.skip_peers}
    heads = ("music", "engine", "p95 ms", "kept", "between", "image dB", "x", "attacks")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    warm_up = drums(steady(172, 3))
    for engine in rivals.values():  # what is loaded once costs a mix nothing
        measured(engine, [(warm_up, onto(warm_up, 8))])
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, jobs in jobs_of(options):
        for rival, engine in rivals.items():
            rows[name, rival] = measured(engine, jobs)
            print(f"| {name} | {rival} | {' | '.join(rows[name, rival])} |", flush=True)
    print_verdict(rows)


def print_verdict(rows: dict[tuple[str, str], tuple[str, ...]]) -> None:
    """Tell in which rows another engine is as good as ours, of those that are not ours."""
    peers = {key: row for key, row in rows.items() if not key[1].startswith(OURS)}
    landing, kept, image = (0, 1), (1, -1), (3, 1)  # column, and which way is worse
    for what, (column, worse), against in (
        ("landing", landing, ""),
        ("attacks", kept, "librosa"),
        ("image", image, "librosa"),
    ):
        # Sound that is the same on both sides says nothing of the image
        judged = {
            key: row
            for key, row in peers.items()
            if against in key[1] and (row[column], rows[key[0], OURS][column]) != ("0.00", "0.00")
        }
        behind = [
            f"{name} ({rival})"
            for (name, rival), row in judged.items()
            if worse * float(row[column]) <= worse * float(rows[name, OURS][column])
        ]
        told = f"not ahead: {', '.join(behind)}" if behind else "ahead in all"
        print(f"{what}, against {against or 'every other engine'}: {told} of {len(judged)} comparisons")


if __name__ == "__main__":
    main()
