"""Write two dozen songs of our own with their true beats: the library that mixes are measured with.

usage: python benchmarks/make_library.py FOLDER [--seed N] [--songs N] [--jobs N]

Stereo FLAC at 44.1 kHz, 2.7 to 3.5 minutes each, drums, bass, chords and melody in twelve styles;
162 to 183 BPM, or 82 to 90 for two steps per beat; four wander by up to 2 %, some swing, two are in
three, five have held chords without a beat before or after the song. Loudness and crest factor
differ as records do. Beside each file lies its truth, NAME.flac.beats: a time in s a line, then
the number of the beat in its bar. Equal numbers give equal bytes. About 5 s of CPU a song.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from rendering.library import SONGS, write_song


def main() -> None:
    """Write the songs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--songs", type=int, default=len(SONGS), help="only the first N")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write = partial(write_song, options.folder, seed=options.seed)
    with ProcessPoolExecutor(options.jobs) as pool:
        for path in pool.map(write, range(options.songs)):
            print(f"{path.stat().st_size:10d} bytes  {path.name}", flush=True)


if __name__ == "__main__":
    main()
