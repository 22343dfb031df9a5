"""What a scan costs, everything included, beside what it could cost at least and librosa's cost.

usage: python benchmarks/scanning.py [--corpus FOLDER] [--only N] [--rounds N] [--envs FOLDER]
                                     [--transcode mp3|opus ...] [--skip-hour] [--skip-workers]

The music is the audio of the corpus that BPMSYNC_TEST_CORPUS names (default: ../shared/corpus
beside the repository), as it is and, with --transcode, as the ffmpeg program makes it in a
temporary folder. Printed, each with what is aimed at and whether it is met:

    CPU per minute of audio    of a scan: decoding, packet hash, tags, beat, saving. Beside it
                               that of decoding alone, and of librosa.load + beat_track
    an hour in one file        an mp3 of joined excerpts: peak memory and CPU of a fresh process
    workers                    CPU of all processes with two workers against one
    start                      CPU of a fresh process that analyses a file of five seconds,
                               compiled code being there

The rivals are processes that take turns file by file; each file counts with the least CPU of its
rounds, for on a shared machine other work only ever adds. A ratio is that of the sums; the median
of the ratios of single files stands beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
from beats_peers import Peer, PeerError, Tracker, environment_python
from beats_scores import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).resolve().parent
_SUFFIXES = {".mp3", ".m4a", ".ogg", ".opus", ".flac", ".wav"}
_ENCODERS = {"mp3": ("libmp3lame", "192k"), "opus": ("libopus", "128k")}
SCAN, DECODE, LIBROSA = "scan", "decode", "librosa"
OURS = (SCAN, DECODE)
MOST_OF_LIBROSA = 0.65
MOST_OF_DECODING = {"mp3": 2.5, "opus": 1.7}
MOST_HOUR_MIB = 350.0
MOST_WORKERS_PERCENT = 5.0
MOST_START_S = 1.5
_HOUR_S, _SHORT_S = 3600, 5

Row = tuple[str, str, str, str]


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    beside = _HERE.parents[1] / "shared" / "corpus"
    corpus = Path(os.environ.get("BPMSYNC_TEST_CORPUS") or beside)
    envs = platformdirs.user_cache_path("bpmsync") / "benchmarks"
    parser.add_argument("--corpus", type=Path, default=corpus)
    parser.add_argument("--only", type=int, default=1, metavar="N", help="every Nth file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=envs, help="where librosa's environment is made")
    parser.add_argument("--transcode", action="append", choices=_ENCODERS, default=[])
    parser.add_argument("--skip-hour", action="store_true")
    parser.add_argument("--skip-workers", action="store_true")
    options = parser.parse_args()
    if not (options.corpus / "audio").is_dir():
        parser.error(f"no music in {options.corpus}/audio: name a corpus in BPMSYNC_TEST_CORPUS")
    if shutil.which("ffmpeg") is None:
        parser.error("the ffmpeg program is needed: it makes the files that the corpus lacks")
    return options


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)  # noqa: S607


def transcoded(files: list[Path], kind: str, folder: Path) -> list[Path]:
    """Return the files in another format."""
    folder.mkdir()
    codec, rate = _ENCODERS[kind]
    made = [folder / f"{file.stem}.{kind}" for file in files]
    for file, other in zip(files, made, strict=True):
        ffmpeg("-i", str(file), "-vn", "-c:a", codec, "-b:a", rate, str(other))
    return made


def seconds_of(file: Path) -> float:
    """Return the length of a file."""
    from bpmsync.audio.decode import identify

    return identify(file).duration_s


def least_cpu(files: list[Path], rivals: dict[str, Peer], rounds: int) -> dict[str, np.ndarray]:
    """Return the least CPU seconds of each rival on each file, shape (files,)."""
    spent = {name: np.full(len(files), np.inf) for name in rivals}
    for peer in rivals.values():
        peer.ask(files[0])
    for turn in range(rounds):
        for number, file in enumerate(files):
            print(f"\rround {turn + 1}, file {number + 1} of {len(files)} ", end="", file=sys.stderr)
            for name, peer in rivals.items():
                answer = peer.ask(file)
                if "error" in answer:  # a failure is cheap, and no figure
                    sys.exit(f"{name} failed on {file}: {answer['error']}")
                spent[name][number] = min(spent[name][number], answer["cpu_s"] + answer["decode_s"])
    print(file=sys.stderr)
    return spent


def cost_rows(title: str, kind: str, files: list[Path], spent: dict[str, np.ndarray]) -> list[Row]:
    """Return what a scan of these files costs, alone and beside its rivals."""
    minutes = np.array([seconds_of(file) for file in files]) / 60
    told = ", ".join(f"{name} {1000 * cost.sum() / minutes.sum():.0f}" for name, cost in spent.items())
    rows: list[Row] = [(f"{title}: ms of CPU per minute", "", told, "")]
    if LIBROSA in spent:
        rows.append(_ratio(f"{title}: scan / librosa", spent[SCAN], spent[LIBROSA], MOST_OF_LIBROSA))
    rows.append(_ratio(f"{title}: scan / decoding", spent[SCAN], spent[DECODE], MOST_OF_DECODING.get(kind)))
    return rows


def _ratio(name: str, ours: np.ndarray, theirs: np.ndarray, most: float | None) -> Row:
    ratio, middle = ours.sum() / theirs.sum(), float(np.median(ours / theirs))
    return _row(name, ratio, most, f"{ratio:.2f} (median {middle:.2f})")


def _row(name: str, reached: float, most: float | None, told: str) -> Row:
    aim = "" if most is None else f"at most {most:g}"
    return name, aim, told, "" if most is None else ("yes" if reached <= most else "NO")


def hour_of(files: list[Path], folder: Path) -> Path:
    """Return an mp3 of an hour, made of the files one after the other, again and again."""
    pieces, length_s = [], 0.0
    for file in files:
        # Alike in rate and channels, so that they can be joined as they are
        pieces.append(folder / f"piece-{len(pieces)}.mp3")
        ffmpeg("-i", str(file), "-vn", "-ar", "44100", "-ac", "2", "-b:a", "128k", str(pieces[-1]))
        length_s += seconds_of(file)
        if length_s >= _HOUR_S:
            break
    listed, hour = folder / "hour.txt", folder / "hour.mp3"
    rounds = math.ceil(_HOUR_S / length_s)
    listed.write_text("".join(f"file '{p.name}'\n" for p in pieces) * rounds, encoding="utf-8")
    ffmpeg("-f", "concat", "-i", str(listed), "-t", str(_HOUR_S), "-c", "copy", str(hour))
    return hour


def hour_rows(files: list[Path], folder: Path) -> list[Row]:
    """Return what an mp3 of an hour costs a fresh process."""
    hour = hour_of(files, folder)
    with _peer(SCAN, Path(sys.executable), folder) as peer:
        answer = peer.ask(hour)
    if "error" in answer:
        return [("an hour in one file", "", answer["error"], "NO")]
    cpu = answer["cpu_s"] + answer["decode_s"]
    minutes = seconds_of(hour) / 60
    peak = answer["peak_mib"]
    return [
        _row(f"{minutes:.0f} minutes of mp3: peak MiB", peak, MOST_HOUR_MIB, f"{peak:.0f}"),
        ("the same: ms of CPU per minute", "", f"{1000 * cpu / minutes:.0f}", ""),
    ]


def worker_rows(folders: list[Path], rounds: int, start_s: float) -> list[Row]:
    """Return what a second worker costs, by the CPU of all processes."""
    spent: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for jobs, costs in spent.items():
            command = [sys.executable, str(_HERE / "peers" / "scan_folder.py"), str(jobs)]
            done = subprocess.run([*command, *map(str, folders)], capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            if told["failed"]:
                sys.exit(f"a scan failed on {told['failed']} of {told['files']} files")
            costs.append(told["cpu_s"])
    one, two = min(spent[1]), min(spent[2])
    more = 100 * (two / one - 1)
    without = 100 * ((two - 2 * start_s) / (one - start_s) - 1)
    shown = f"{more:+.1f} % ({one:.1f} and {two:.1f} s; {without:+.1f} % without their start)"
    return [_row("two workers against one", more, MOST_WORKERS_PERCENT, shown)]


def start_rows(short: Path, folder: Path, rounds: int) -> tuple[float, list[Row]]:
    """Return the CPU seconds that a worker needs until its first file is done."""
    least = np.inf
    for _ in range(max(rounds, 3)):
        with _peer(SCAN, Path(sys.executable), folder) as peer:
            answer = peer.ask(short)
            if "error" in answer:
                sys.exit(f"{SCAN} failed on {short}: {answer['error']}")
            least = min(least, peer.start_s + answer["cpu_s"] + answer["decode_s"])
    return least, [_row("start of a worker, s", least, MOST_START_S, f"{least:.2f}")]


def _peer(name: str, python: Path, folder: Path) -> Peer:
    return Peer(Tracker(name, name), python, folder / f"{name}.log")


def measured(options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Yield the rows of the table as they are known."""
    audio = options.corpus / "audio"
    files = sorted(file for file in audio.iterdir() if file.suffix in _SUFFIXES)[:: options.only]
    yield from rival_rows(files, options, folder)
    short = folder / "short.mp3"
    ffmpeg("-i", str(files[-1]), "-t", str(_SHORT_S), "-c:a", "libmp3lame", str(short))
    start_s, start = start_rows(short, folder, options.rounds)
    yield from start
    if not options.skip_hour:
        yield from hour_rows(files, folder)
    if not options.skip_workers:
        folders = [audio, *(folder / kind for kind in options.transcode)]
        yield from worker_rows(folders, options.rounds, start_s)


def rival_rows(files: list[Path], options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Yield what a scan costs beside its rivals, in every format that was asked for."""
    with ExitStack() as stack:
        rivals = {name: stack.enter_context(_peer(name, Path(sys.executable), folder)) for name in OURS}
        try:
            librosa = _peer(LIBROSA, environment_python(LIBROSA, options.envs), folder)
            rivals[LIBROSA] = stack.enter_context(librosa)
        except PeerError as error:
            yield "librosa", "", f"not installed: {error}", ""
        yield from cost_rows("corpus", "", files, least_cpu(files, rivals, options.rounds))
        for kind in options.transcode:
            print(f"making {kind}", file=sys.stderr)
            made = transcoded(files, kind, folder / kind)
            yield from cost_rows(f"as {kind}", kind, made, least_cpu(made, rivals, options.rounds))


def main() -> None:
    """Measure and print."""
    options = parsed()
    print(table(["figure", "aim", "reached", "met"], []), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(options, Path(folder)):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
