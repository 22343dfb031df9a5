"""Whether the click of `bpmsync listen` is on the beat of real music, measured in its sound.

usage: python benchmarks/listen.py [--tracks N]

The music is the corpus that BPMSYNC_TEST_CORPUS names (default: ../shared/corpus beside the
repository): of each of the N (10) largest groups of one genre in its manifest, the first track by
path of those whose beats are known. Each goes through `bpmsync scan` and `bpmsync listen --output`,
the whole of it. What the written sound has more than the file is clicks; their first samples are
compared with the true beats. Both are brought to 125-250 a minute first, by halving or by doubling:
a runner feels no octave. Printed for each track:

    tempo    clicks a minute over true beats a minute
    offset   median of click - true step, ms, over the clicks that are within 50 ms of one
    spread   their median distance from that median, ms
    on step  true steps with a click within 30 ms, per cent
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.audio.decode import audio_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.float64]

RATE = 44_100
SLOWEST = 125.0
NEAR_S, CLOSE_S = 0.05, 0.03
POOR = 80.0  # per cent of steps: below it a track is named
# A click begins at 0.3 of full scale or above, and is below 0.1 of it 7 ms later
LOUD, QUIET_S = 0.2, 0.015
LONGEST = "20m"  # no track is longer: the excerpt is the whole track, from its first sample


@dataclass(frozen=True, slots=True)
class Row:
    """What is printed of one track."""

    genre: str
    name: str
    tempo: float
    offset_ms: float
    spread_ms: float
    on_step_percent: float


def default_corpus() -> Path:
    """Return the folder of the corpus."""
    return Path(os.environ.get("BPMSYNC_TEST_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")


def chosen(corpus: Path, count: int) -> list[dict[str, str]]:
    """Return the manifest's first track of each of the largest genres."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["beats_file"] and row["meter_irregular"] != "yes":
                groups[row["genre"]].append(row)
    largest = sorted(groups.values(), key=lambda rows: (-len(rows), rows[0]["genre"]))[:count]
    return [min(rows, key=lambda row: row["path"]) for rows in largest]


def true_beats(corpus: Path, row: dict[str, str]) -> Times:
    """Return the beats of the annotated part, in seconds."""
    beats = np.sort(np.loadtxt(corpus / row["beats_file"], ndmin=2, usecols=0)[:, 0])
    first, last = float(row["truth_start_s"] or 0), float(row["truth_end_s"] or np.inf)
    return np.asarray(beats[(beats >= first) & (beats <= last)])


def click_times(with_clicks: NDArray[np.float32], plain: NDArray[np.float32], rate: int) -> Times:
    """Return the seconds at which clicks begin in a mix of music and clicks.

    The music is taken away at the level that leaves least of it; what then is loud after some
    milliseconds of less is the beginning of a click.
    """
    length = min(len(with_clicks), len(plain))
    mix, music = (sound[:length].astype(np.float64) for sound in (with_clicks, plain))
    power = float(music @ music)
    # Clicks are short: without the loudest tenth of what is left, the level is that of the music
    level = float(mix @ music) / power if power else 0.0
    for _ in range(4):
        left = np.abs(mix - level * music)
        kept = left <= np.quantile(left, 0.9)
        level = float(mix[kept] @ music[kept]) / max(float(music[kept] @ music[kept]), 1e-12)
    loud = np.flatnonzero(np.abs(mix - level * music) > LOUD)
    begins = np.diff(loud, prepend=-rate) > QUIET_S * rate
    return loud[begins] / rate


def as_steps(beats: Times) -> list[Times]:
    """Return the beats at 125-250 a minute: one reading, or both of every second beat."""
    tempo = 60.0 / float(np.median(np.diff(beats)))
    while tempo < SLOWEST:
        places = np.arange(2 * len(beats) - 1) / 2
        beats, tempo = np.interp(places, np.arange(len(beats)), beats), 2 * tempo
    return [beats] if tempo < 2 * SLOWEST else [beats[0::2], beats[1::2]]


def compared(genre: str, name: str, truth: Times, clicks: Times) -> Row:
    """Return how clicks lie to true beats, in the reading in which they agree best."""
    readings = [(steps, found) for steps in as_steps(truth) for found in as_steps(clicks)]
    rows = []
    for steps, found in readings:
        nearest = found[np.abs(steps[:, None] - found[None, :]).argmin(axis=1)]
        off_s = nearest - steps
        close = off_s[np.abs(off_s) <= NEAR_S]
        middle = float(np.median(close)) if len(close) else np.nan
        rows.append(
            Row(
                genre,
                name,
                float(np.median(np.diff(truth)) / np.median(np.diff(clicks))),
                1000 * middle,
                1000 * float(np.median(np.abs(close - middle))) if len(close) else np.nan,
                100 * float(np.mean(np.abs(off_s) <= CLOSE_S)),
            )
        )
    return max(rows, key=lambda row: row.on_step_percent)


def bpmsync(*args: str | Path) -> None:
    """Run the command line."""
    subprocess.run([sys.executable, "-m", "bpmsync", *map(str, args)], check=True, stderr=subprocess.DEVNULL)


def heard(corpus: Path, row: dict[str, str], folder: Path) -> Row:
    """Return how the clicks lie that `bpmsync listen` writes over a track."""
    path, library, wav = corpus / row["path"], folder / "library.db", folder / "clicks.wav"
    bpmsync("--db", library, "scan", path)
    bpmsync("--db", library, "listen", path, "--length", LONGEST, "--output", wav)
    mix, plain = (np.concatenate(list(audio_blocks(file, sample_rate=RATE))) for file in (wav, path))
    clicks = click_times(mix, plain, RATE)
    truth = true_beats(corpus, row)
    around = clicks[(clicks >= truth[0] - 1) & (clicks <= truth[-1] + 1)]
    return compared(row["genre"], path.name, truth, around)


def main() -> None:
    """Listen to the tracks and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=10, metavar="N")
    count = parser.parse_args().tracks
    corpus = default_corpus()
    print("| genre | track | tempo | offset, ms | spread, ms | on step |")
    print("| --- | --- | --- | --- | --- | --- |")
    rows = []
    for track in chosen(corpus, count):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(heard(corpus, track, Path(folder)))
        r = rows[-1]
        print(
            f"| {r.genre} | {r.name} | {r.tempo:.3f} | {r.offset_ms:+.1f} | {r.spread_ms:.1f} "
            f"| {r.on_step_percent:.0f} % |",
            flush=True,
        )
    poor = sorted((row for row in rows if row.on_step_percent < POOR), key=lambda row: row.on_step_percent)
    told = ", ".join(f"{row.name} ({row.on_step_percent:.0f} %)" for row in poor)
    print(f"\nOn step in less than {POOR:.0f} %: {told or 'none'}")


if __name__ == "__main__":
    main()
