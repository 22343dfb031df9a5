"""How well a playlist keeps its cadence, by the true tempo of real music.

usage: python benchmarks/playlist.py [--jobs N]

The music is the corpus that BPMSYNC_TEST_CORPUS names (default: ../shared/corpus beside the
repository); its manifest.csv holds the true tempi. For each engine the corpus is scanned into
a library that is thrown away, and a run from 160 to 184 spm in 20 minutes is planned with
--min-length 7s --max-off 8%. Printed for each engine:

    covered  minutes of the run under music
    mean     cadence error by the engine's own tempi, time-weighted, spm; worst: the largest
    true     the same mean by the true step tempo (the true tempo at the octave nearest to the
             planned step tempo: a runner feels no octave)
    within   entries whose true step tempo is within 4 % of their mean target, per cent
    CPU      seconds to plan
    slots    mean of taking, slot by slot, the nearest unused track, from the same detections
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.library.scan import scan_files
from bpmsync.library.store import Store
from bpmsync.planner.candidates import NativeOptions, find_candidates
from bpmsync.planner.legs import Plan, WholeLeg, leg_target, target_pieces
from bpmsync.planner.native import plan_native
from bpmsync.timeline.ramp import Ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.track import Track

ENGINES = ("bpmsync", "librosa")
RAMP = Ramp(((0, 160), (1200, 184)))
OPTIONS = NativeOptions(max_off=0.08, min_length_s=7, partial=True)
RIGHT = 0.04


@dataclass(frozen=True, slots=True)
class Scores:
    """What is printed of one engine."""

    covered_min: float
    entries: int
    mean_spm: float
    worst_spm: float
    true_mean_spm: float
    within_percent: float
    slots_mean_spm: float
    slots_within_percent: float


def default_corpus() -> Path:
    """Return the folder of the corpus."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    return Path(os.environ.get("BPMSYNC_TEST_CORPUS") or beside)


def true_tempi(corpus: Path) -> dict[str, float]:
    """Return the true tempo in BPM of each file name of the corpus."""
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["path"]).name: float(row["tempo_bpm"]) for row in csv.DictReader(file)}


def scanned(corpus: Path, engine: str, folder: Path, jobs: int | None) -> list[Track]:
    """Return the tracks of the corpus as one engine hears them."""
    with Store(folder / f"{engine}.db") as store:
        for result in scan_files([corpus / "audio"], store, engine=engine, jobs=jobs):
            if result.status == "failed":
                print(f"{engine}: {result.path}: {result.reason}")
        return store.tracks()


def slot_by_slot(tracks: Sequence[Track]) -> Plan:
    """Return the plan of somebody who takes the nearest unused track at every border."""
    left = list(find_candidates(tracks, RAMP, OPTIONS))
    legs: list[WholeLeg] = []
    now = 0.0
    while left and now < RAMP.duration_s:
        target = float(RAMP.spm_at(now))
        nearest = min(left, key=lambda c: (abs(c.spm - target), c.track.audio_hash))
        legs.append(WholeLeg(nearest.track, nearest.steps_per_beat, now))
        left = [c for c in left if c.track.audio_hash != nearest.track.audio_hash]
        now = legs[-1].end_s
    return Plan(RAMP, tuple(legs))


def true_spm(leg: WholeLeg, tempi: dict[str, float]) -> float:
    """Return the true tempo at 1, 2 or 1/2 steps per beat, whichever the plan means."""
    bpm = tempi[Path(leg.track.path).name]
    return min((bpm, 2 * bpm, bpm / 2), key=lambda spm: abs(math.log(spm / leg.native_spm)))


def true_mean_error(plan: Plan, tempi: dict[str, float]) -> float:
    """Return the time-weighted mean distance of the true step tempo from the target, in spm."""
    area = 0.0
    for leg in plan.legs:
        spm = true_spm(leg, tempi)
        # A second's worth of ramp is 0.02 spm: the middle of a 2 s piece is exact enough
        for start in range(0, math.ceil(leg.duration_s), 2):
            end = min(start + 2.0, leg.duration_s)
            for dt, first, last in target_pieces(RAMP, leg.start_s + start, leg.start_s + end):
                area += dt * abs((first + last) / 2 - spm)
    return area / plan.total_s


def share_within(plan: Plan, tempi: dict[str, float]) -> float:
    """Return the per cent of entries whose true step tempo is right."""
    right = [abs(true_spm(leg, tempi) / leg_target(leg, RAMP).mean_spm - 1) <= RIGHT for leg in plan.legs]
    return 100 * sum(right) / len(right)


def scored(tracks: Sequence[Track], tempi: dict[str, float]) -> Scores:
    """Return how well the playlist of one engine's tracks keeps the cadence."""
    plan, slots = plan_native(tracks, RAMP, OPTIONS), slot_by_slot(tracks)
    return Scores(
        covered_min=plan.covered_s / 60,
        entries=len(plan.legs),
        mean_spm=plan.mean_error_spm,
        worst_spm=plan.worst_error_spm,
        true_mean_spm=true_mean_error(plan, tempi),
        within_percent=share_within(plan, tempi),
        slots_mean_spm=slots.mean_error_spm,
        slots_within_percent=share_within(slots, tempi),
    )


def main() -> None:
    """Scan, plan and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=None)
    jobs = parser.parse_args().jobs
    corpus = default_corpus()
    tempi = true_tempi(corpus)
    heads = [
        "engine",
        "covered",
        "entries",
        "mean",
        "worst",
        "true mean",
        "within 4 %",
        "slots mean",
        "slots within",
        "CPU",
    ]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            tracks = scanned(corpus, engine, Path(folder), jobs)
        started = time.process_time()
        s = scored(tracks, tempi)
        print(
            f"| {engine} | {s.covered_min:.2f} min | {s.entries} "
            f"| {s.mean_spm:.2f} spm | {s.worst_spm:.2f} spm "
            f"| {s.true_mean_spm:.2f} spm | {s.within_percent:.1f} % | {s.slots_mean_spm:.2f} spm "
            f"| {s.slots_within_percent:.1f} % | {time.process_time() - started:.1f} s |"
        )


if __name__ == "__main__":
    main()
