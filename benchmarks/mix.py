"""How well a whole mix keeps its steps, how it sounds at the joints, and what it costs.

usage: python benchmarks/mix.py [--library FOLDER] [--minutes M] [--formats mp3,flac,...] [--jobs N]
                                [--keep FOLDER] [--detected]

The songs of `make_library.py` (made now, unless FOLDER holds them) are planned stretched for a run
from 160 to 184 steps/min, their truth as the grid, and rendered to each format in a process of its
own. What is written is decoded by the ffmpeg program where there is one, and measured:

    steps    the clicks that each song has on its true beats, at a pitch of its own, are found by a
             matched filter, also where two songs sound together (`rendering/hearing.py`)
    landing  heard second less the second of the step that the beat belongs to, ms: p95 of all, of
             the first and the last minute, and how far the medians of these two are apart; *map*: less
             the second that our map says, which differs where the grid is not the truth
    attacks  the same of the music's own attacks, by the likeness of source and mix around every beat
             where one song sounds alone (`rendering/landing.py`)
    changes  steps from 16 before each change of music to 16 after its fade: wanted and heard of either
             song; lost: none heard; added: heard where none should be
    LUFS, dBTP  of the decoded file; the target is -14, the limit -1.0 (lossy: -0.5)
    joint    the largest first difference within 50 ms of where any fade begins or ends, over the
             99.99th percentile of the whole mix
    x        seconds of mix per second of CPU, all processes together; MiB: their largest memory at once

With --detected the songs are planned once more with the beats that bpmsync's own engine finds, and
the true beats are looked for in that mix.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rendering.costs import Cost, run_measured
from rendering.landed import Changes, LegHeard, count_changes, hear_attacks, hear_legs
from rendering.library import SONGS, read_truth, song_path, write_song
from rendering.sounding import decoded, joint_steps, level_of

from bpmsync.audio.decode import identify
from bpmsync.beats.detection import Detection
from bpmsync.library.analysis import analyse_file
from bpmsync.library.track import Tags, Track
from bpmsync.planner.fades import fades_of
from bpmsync.planner.plan import load_plan, save_plan
from bpmsync.planner.stretch import StretchOptions, plan_stretch
from bpmsync.timeline.grid import BeatGrid
from bpmsync.timeline.ramp import Ramp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bpmsync.planner.legs import Plan, WarpedLeg

FROM_SPM, TO_SPM = 160.0, 184.0
MINUTE_S = 60.0
SHOWN = 8
CHILD = Path(__file__).resolve().parent / "rendering" / "render_plan.py"
HEADS = ("format", "landing p50", "p95", "max", "map p95", "first min", "last min", "apart", "attacks p95")
HEADS += ("beats heard", "changes", "lost", "added", "LUFS", "dBTP", "joint", "x", "MiB", "minutes")


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, help="where the songs are, or are to be")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--formats", default="mp3,flac,m4a,opus,wav")
    parser.add_argument("--jobs", type=int, default=2, help="of the renderer")
    parser.add_argument("--keep", type=Path, help="where plans and mixes stay; thrown away by default")
    parser.add_argument("--detected", action="store_true", help="also with the beats that our engine finds")
    return parser.parse_args()


def true_track(path: Path) -> Track:
    """Return a song whose grid is its truth."""
    beats, places = read_truth(path)
    grid = BeatGrid(beats, np.flatnonzero(places == 1), int(places.max()))
    sound = identify(path)
    found = Detection(
        "truth", "1", grid=grid, confidence=1.0, usable=((beats[0], beats[-1]),), bar_confidence=1.0
    )
    return Track(str(path), sound.audio_hash, sound.duration_s, Tags(title=path.stem[3:]), found)


def found_tracks(paths: Sequence[Path]) -> Iterator[Track]:
    """Yield the songs as bpmsync's own engine hears them."""
    for path in paths:
        entry = analyse_file(str(path))
        if entry.detection is None or entry.detection.grid is None:
            print(f"{path.name}: no beat found", file=sys.stderr)
            continue
        yield Track(str(path), entry.audio_hash, entry.duration_s, entry.tags, entry.detection)


def p95(errors: NDArray[np.float64]) -> float:
    """Return what 95 of 100 errors are below, whatever their sign; nan for none."""
    return float(np.percentile(np.abs(errors), 95)) if len(errors) else float("nan")


def landing_row(heard: Sequence[LegHeard], length_s: float) -> list[str]:
    """Return the figures of landing as text."""
    step, second, mapped = (
        np.concatenate([getattr(leg, name) for leg in heard]) for name in ("step_s", "heard_s", "mapped_s")
    )
    there = np.isfinite(second)
    step, second, mapped = step[there], second[there], mapped[there]
    errors = 1000 * (second - step)
    first, last = errors[step < MINUTE_S], errors[step >= length_s - MINUTE_S]
    apart = abs(np.median(first) - np.median(last)) if len(first) and len(last) else float("nan")
    figures = [np.median(np.abs(errors)), p95(errors), np.abs(errors).max(), p95(1000 * (second - mapped))]
    return [f"{value:.2f}" for value in (*figures, p95(first), p95(last), apart)]


def steps_row(heard: Sequence[LegHeard], changes: Changes) -> list[str]:
    """Return the counts as text."""
    found = sum(int(np.isfinite(leg.heard_s).sum()) for leg in heard)
    wanted = sum(len(leg.heard_s) for leg in heard)
    counted = f"{changes.heard}/{changes.wanted} at {changes.changes}"
    return [f"{found}/{wanted}", counted, str(len(changes.lost)), str(len(changes.added))]


def joints_of(plan: Plan[WarpedLeg], fades: Sequence[int]) -> list[float]:
    """Return the run seconds at which a fade begins or ends."""
    steps = [(leg.last_step, leg.last_step + fade) for leg, fade in zip(plan.legs[:-1], fades, strict=False)]
    return plan.ramp.time_of(sorted({step for pair in steps for step in pair})).tolist()


def measured(plan: Plan[WarpedLeg], mix: Path, cost: Cost, folder: Path) -> list[str]:
    """Return the row of a written mix."""
    fades = [*fades_of(plan), 0]
    sound = decoded(mix, folder)
    length_s = len(sound) / 44_100
    heard = hear_legs(plan, sound, fades)
    sources = [partial(decoded, Path(leg.track.path), folder) for leg in plan.legs]
    attacks = hear_attacks(heard, sound, sources)
    changes = count_changes(plan, heard, fades)
    level = level_of(mix)
    joint = joint_steps(sound, joints_of(plan, fades))
    tell_places("lost", changes.lost)
    tell_places("added", changes.added)
    over = sum(one > joint.rare for one in joint.joints)
    jump = f"{max(joint.joints, default=0.0) / joint.rare:.2f} ({over} of {len(joint.joints)} over)"
    costs = [f"{length_s / cost.cpu_s:.1f}", f"{cost.peak_mib:.0f}", f"{cost.wall_s / 60:.1f}"]
    row = [*landing_row(heard, length_s), f"{p95(attacks):.2f}", *steps_row(heard, changes)]
    return [mix.name, *row, f"{level.lufs:.1f}", f"{level.dbtp:.1f}", jump, *costs]


def tell_places(what: str, seconds: Sequence[float]) -> None:
    """Name the first places that should not be."""
    if seconds:
        shown = ", ".join(f"{second:.2f}" for second in seconds[:SHOWN])
        print(f"{what} at {shown} s{' ...' if len(seconds) > SHOWN else ''}", file=sys.stderr)


def print_plan(plan: Plan[WarpedLeg], what: str) -> None:
    """Tell what is rendered."""
    worst = max(leg.worst_stretch_percent(plan.ramp) for leg in plan.legs)
    covered = f"{plan.covered_s / 60:.1f} of {plan.duration_s / 60:.0f} min"
    print(
        f"\n{what}: {len(plan.legs)} legs, {covered}, fades {fades_of(plan)}, stretch up to {worst:.2f} %\n"
    )


def render_and_print(
    tracks: Sequence[Track], options: argparse.Namespace, folder: Path, *, what: str
) -> None:
    """Plan, render to each format, and print a row for each."""
    ramp = Ramp(((0, FROM_SPM), (options.minutes * 60, TO_SPM)))
    saved = folder / f"{what}.plan.json"
    save_plan(plan_stretch(tracks, ramp, StretchOptions(partial=what != "truth")), saved)
    plan = load_plan(saved)
    print_plan(plan, what)
    print(f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|")
    wanted = options.formats.split(",")
    for suffix in wanted if what == "truth" else wanted[:1]:
        mix = folder / f"{what}.{suffix}"
        cost = run_measured([sys.executable, str(CHILD), str(saved), str(mix), str(options.jobs)])
        print(f"| {' | '.join(measured(plan, mix, cost, folder))} |", flush=True)
        told = json.loads(cost.told)
        print(f"{mix.name}: the renderer says {told}", file=sys.stderr)
        for raw in folder.glob("*.f32"):
            raw.unlink()


@contextmanager
def folder_of(kept: Path | None) -> Iterator[Path]:
    """Yield a folder that stays if a name is given."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def main() -> None:
    """Make what is missing, render, and print."""
    options = parsed()
    with folder_of(options.keep) as folder:
        library = options.library or folder / "library"
        library.mkdir(parents=True, exist_ok=True)
        paths = [song_path(library, number) for number in range(len(SONGS))]
        for number, path in enumerate(paths):
            if not path.exists():
                write_song(library, number)
        render_and_print([true_track(path) for path in paths], options, folder, what="truth")
        if options.detected:
            render_and_print(list(found_tracks(paths)), options, folder, what="detected")


if __name__ == "__main__":
    main()
