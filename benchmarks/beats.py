"""How often, how exactly and at what cost bpmsync and its peers find the beat of real music.

usage: python benchmarks/beats.py [--manifest FILE] [--scorer FILE] [--tracker NAME ...] [--only N]
                                  [--envs FOLDER] [--out FOLDER] [--reuse]

One run installs bpmsync's peers (librosa, aubio, Essentia, Mixxx's analyser), each in an
environment of its own under --envs, hands every track of the manifest to each tracker in turn,
and prints

    1  accuracy, offset, CPU seconds per minute of audio and peak memory of each tracker
    2  the metrical level at which each counts
    3  bpmsync beside the best peer on each kind of music
    4  how far bpmsync's confidence can be believed
    5  bpmsync's ten worst tracks, with the reason for each
    6  what was aimed at, and what was reached

The manifest is that of the corpus that BPMSYNC_TEST_CORPUS names (default: ../shared/corpus
beside the repository); the scorer, a program that judges beats by the truth, is by default
tools/score_beats.py beside that corpus. Estimates are left in --out, one JSON object a line; with
--reuse those of the peers are taken from there. A peer that cannot be installed is a row that
says why.

CPU seconds are those of tracking; decoding is told beside it, but for Mixxx's analyser, which
decodes and finds key and loudness in the same pass. librosa and bpmsync load with their own
loaders, aubio and Essentia get sound from PyAV: the one reads WAV only, the other m4a 23 ms late.
Trackers take turns on every track, so that what else the machine does meets all of them alike.
The start is what a process spends before it is at its usual pace, compiled code being there; the
peak of memory is that of the process, the largest of its tracks in it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs
from beats_confidence import confidence_lines
from beats_peers import OURS, TRACKERS, Peer, PeerError, environment_python
from beats_reasons import worst_table
from beats_scores import Estimates, accuracy_table, group_table, level_table, load_scorer
from beats_targets import target_table


def default_corpus() -> Path:
    """Return the folder of the corpus."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    return Path(os.environ.get("BPMSYNC_TEST_CORPUS") or beside)


def parsed() -> argparse.Namespace:
    """Return the options, the files that they name being there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    envs = platformdirs.user_cache_path("bpmsync") / "benchmarks"
    out = Path(tempfile.gettempdir()) / "bpmsync-beats"
    scorer = default_corpus().parent / "tools" / "score_beats.py"
    parser.add_argument("--manifest", type=Path, default=default_corpus() / "manifest.csv")
    parser.add_argument("--scorer", type=Path, default=scorer)
    parser.add_argument("--tracker", action="append", choices=TRACKERS, help="default: all of them")
    parser.add_argument("--envs", type=Path, default=envs, help="where environments are made")
    parser.add_argument("--out", type=Path, default=out, help="where the estimates are left")
    parser.add_argument("--only", type=int, default=1, metavar="N", help="every Nth track")
    parser.add_argument("--reuse", action="store_true", help="the peers' estimates of an earlier run")
    options = parser.parse_args()
    if not options.manifest.is_file():
        parser.error(f"no manifest {options.manifest}: name one, or a corpus in BPMSYNC_TEST_CORPUS")
    if not options.scorer.is_file():
        parser.error(f"no scorer {options.scorer}: name one with --scorer")
    return options


def collect(tracks: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Estimates]:
    """Return what each tracker found, or why it could not be asked."""
    options.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Estimates] = {}
    with ExitStack() as stack:
        running = {}
        for name in options.tracker or TRACKERS:
            earlier = _earlier(name, tracks, options.out) if options.reuse and name != OURS else None
            if earlier is not None:
                found[name] = earlier
                continue
            try:
                running[name] = _started(name, tracks[0], options, stack)
                label = _label(name, running[name].version)
                found[name] = Estimates(name, label, {}, running[name].start_s)
            except PeerError as error:
                failure = f"not installed: {error}"
                found[name] = Estimates(name, TRACKERS[name].label, {}, failure=failure)
        for number, track in enumerate(tracks, start=1):
            print(f"\r{number} of {len(tracks)}", end="", file=sys.stderr, flush=True)
            for name, peer in running.items():
                line = peer.ask(options.manifest.parent / track["path"])
                told = {"path": track["path"], "duration_s": float(track["duration_s"])}
                found[name].lines[track["path"]] = told | line
        print(file=sys.stderr)
    for name in running:
        _keep(name, found[name], options.out)
    return found


def _started(name: str, track: dict[str, Any], options: argparse.Namespace, stack: ExitStack) -> Peer:
    """Return a running tracker that has everything compiled and loaded."""
    python = environment_python(name, options.envs)
    file, log = options.manifest.parent / track["path"], options.out / f"{name}.log"
    with Peer(TRACKERS[name], python, log) as compiling:  # its memory is not that of later runs
        compiling.ask(file)
    peer = stack.enter_context(Peer(TRACKERS[name], python, log))
    first, second = (peer.ask(file) for _ in range(2))
    # What a tracker loads with its first file belongs to its start
    peer.start_s += max(
        sum(first.get(cost, 0.0) - second.get(cost, 0.0) for cost in ("decode_s", "cpu_s")), 0.0
    )
    return peer


def _label(name: str, version: str) -> str:
    title, _, licence = TRACKERS[name].label.rpartition(" (")
    return f"{title} {version} ({licence}"


def _keep(name: str, estimates: Estimates, out: Path) -> None:
    head = {"label": estimates.label, "start_s": estimates.start_s}
    lines = [json.dumps(line | head) + "\n" for line in estimates.lines.values()]
    (out / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def _earlier(name: str, tracks: list[dict[str, Any]], out: Path) -> Estimates | None:
    """Return the estimates of an earlier run; None if they miss a track."""
    file = out / f"{name}.jsonl"
    if not file.is_file():
        return None
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    known = {line["path"]: line for line in lines}
    if not all(track["path"] in known for track in tracks):
        return None
    wanted = {track["path"]: known[track["path"]] for track in tracks}
    return Estimates(name, lines[0]["label"], wanted, lines[0]["start_s"])


def main() -> None:
    """Run all trackers and print what they are worth."""
    options = parsed()
    try:
        scorer = load_scorer(options.scorer)
    except ImportError as error:
        sys.exit(f"the scorer needs {error.name} (pip install -e '.[dev]')")
    tracks = scorer.read_truth(options.manifest)[:: options.only]
    found = collect(tracks, options)
    answered = [one for one in found.values() if one.failure is None]
    print(f"{len(tracks)} tracks of {options.manifest}\n")
    print(accuracy_table(scorer, tracks, list(found.values())))
    print(f"\n{level_table(tracks, answered)}")
    ours = found.get(OURS)
    if ours in answered:
        peers = [one for one in answered if one is not ours]
        print(f"\n{group_table(scorer, tracks, ours, peers)}")
        print("\n" + "\n".join(confidence_lines(scorer, tracks, ours)))
        print(f"\n{worst_table(scorer, tracks, ours, peers)}")
        print(f"\n{target_table(scorer, tracks, ours, peers)}")


if __name__ == "__main__":
    main()
