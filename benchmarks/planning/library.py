"""Libraries of any size, made of numbers: what planners are measured with.

Tempi lie as they do in collections of popular music, in a broad hump around 120 BPM with peaks
where dance music is made; songs last 3 to 5 minutes, artists have from one song to hundreds, and a few
files have no beat at all. Each file has a row with all its beats, as a scan would have left it,
so that opening such a library costs what it costs a user. Equal numbers give equal rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.library.rows import DETECTION_COLUMNS
from bpmsync.library.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.library.database import Transaction

__all__ = ["make_big_library"]

# Tempo in BPM, its spread, and the share of songs around it
_TEMPI = (
    (118.0, 22.0, 0.50),
    (128.0, 2.0, 0.14),
    (90.0, 8.0, 0.14),
    (140.0, 4.0, 0.08),
    (172.0, 6.0, 0.09),
    (75.0, 6.0, 0.05),
)
_SLOWEST, _FASTEST = 50.0, 215.0
_NO_BEAT = 0.02
_IN_THREE = 0.05
_OF_A_PERSON = 0.03
_JITTER_US = 1500.0
_GENRES = ("Rock", "Pop", "Electronic", "Hip-Hop", "Metal", "Jazz", "Folk", "Soul", "Punk", "Audiobook")
_GENRE_SHARES = (0.26, 0.22, 0.16, 0.1, 0.08, 0.06, 0.05, 0.04, 0.02, 0.01)
_SONGS_OF_AN_ALBUM = 11


def make_big_library(path: Path | str, count: int, seed: int = 0) -> None:
    """Write a library of `count` files, all different recordings; what was there is replaced.

    Parameters
    ----------
    path : Path or str
        The library file.
    count : int
        How many files.
    seed : int
        Equal numbers give equal rows. A larger library begins with other songs than a smaller.
    """
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    with Store(path) as store, store.database.transaction() as change:
        for song in _songs(count, np.random.default_rng([seed, count])):
            _write(change, song)
        # Whoever opens the library next works out what planning asks of each file
        change.run("DELETE FROM derived")
    Store(path).close()


def _songs(count: int, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    centre, spread, share = (np.array(column) for column in zip(*_TEMPI, strict=True))
    kind = random.choice(len(_TEMPI), size=count, p=share)
    bpm = np.clip(random.normal(centre[kind], spread[kind]), _SLOWEST, _FASTEST)
    duration_s = np.clip(random.lognormal(np.log(225.0), 0.3, count), 45.0, 1200.0)
    # A few artists have much of the music, most have little
    artist = (count**0.75 * random.power(0.6, count)).astype(int)
    genre = random.choice(_GENRES, size=count, p=_GENRE_SHARES)
    # How certain a tracker is: mostly, with a tail of doubt
    confidence = random.beta(6.0, 1.3, count)
    for number in range(count):
        yield {
            "number": number,
            "audio_hash": f"b2:{random.bytes(16).hex()}",
            "duration_s": round(float(duration_s[number]), 6),
            "bpm": float(bpm[number]),
            "artist": int(artist[number]),
            "genre": str(genre[number]),
            "confidence": float(confidence[number]),
            "in_three": bool(random.random() < _IN_THREE),
            "beat": bool(random.random() >= _NO_BEAT),
            "tapped": bool(random.random() < _OF_A_PERSON),
            "random": random,
        }


def _write(change: Transaction, song: dict[str, Any]) -> None:
    number, audio_hash, duration_s = song["number"], song["audio_hash"], song["duration_s"]
    change.run("INSERT INTO audio VALUES (?, ?, 0.0)", audio_hash, duration_s)
    artist, album = f"Artist {song['artist']:05d}", f"Album {number // _SONGS_OF_AN_ALBUM:05d}"
    file = {
        "path": f"/music/{artist}/{album}/{number:06d}.mp3",
        "size": int(duration_s * 32_000),
        "mtime_ns": 1_700_000_000_000_000_000 + number,
        "audio_hash": audio_hash,
        "title": f"Song {number:06d}",
        "artist": artist,
        "album": album,
        "genre": song["genre"],
        "year": 1960 + number % 65,
        "other": json.dumps({"encoder": "LAME3.100", "comment": "x" * 40}),
    }
    change.upsert("files", file, ("path",))
    detection = {"audio_hash": audio_hash, "constraint_key": "", **_detection(song)}
    change.upsert("detections", detection, ("audio_hash", "constraint_key"))
    if song["tapped"]:
        said = {"audio_hash": audio_hash, "constraint_key": f"tempo={song['bpm']:.3f}"}
        said |= {"tempo_bpm": song["bpm"], "shift_beats": "0", "ignored": 0}
        change.upsert("overrides", said, ("audio_hash",))


def _detection(song: dict[str, Any]) -> dict[str, Any]:
    random: np.random.Generator = song["random"]
    plain = dict.fromkeys(DETECTION_COLUMNS) | {
        "engine": "bpmsync",
        "version": "2",
        "readings": "[]",
        "confidence": 0.0,
        "usable": "[]",
        "level_db": round(float(random.normal(-14.0, 4.0)), 3),
        "energy": float(random.beta(3.0, 2.5)),
        "bar_confidence": 0.0,
        "salience": 0.0,
        "sections": "[]",
    }
    if not song["beat"]:
        return plain | {"failure": "no beat"}
    beats, usable = _beats(song), _usable(song)
    per_bar = 3 if song["in_three"] else 4
    return plain | {
        "first_us": int(beats[0]),
        "deltas_us": np.diff(beats).astype("<u4").tobytes(),
        "downbeats": np.arange(0, len(beats), per_bar).astype("<u4").tobytes(),
        "beats_per_bar": per_bar,
        "readings": json.dumps([["1", 0.7], ["1/2", 0.2], ["2", 0.1]]),
        "confidence": song["confidence"],
        "usable": json.dumps(usable),
        "bar_confidence": 0.8,
        "salience": 0.6,
        "sections": json.dumps([round(share * song["duration_s"], 6) for share in (0.1, 0.35, 0.6, 0.85)]),
    }


def _beats(song: dict[str, Any]) -> np.ndarray:
    # Microseconds per beat: 60e6 us/min over beats/min
    interval = 60e6 / song["bpm"]
    count = max(2, int(song["duration_s"] * 1e6 / interval) - 2)
    jitter = song["random"].normal(0.0, _JITTER_US, count)
    return np.rint(250_000 + np.arange(count) * interval + jitter).astype(np.int64)


def _usable(song: dict[str, Any]) -> list[list[float]]:
    """Return where the beat is clear: nearly all of most songs, in one stretch or in two."""
    lead, tail, split = song["random"].random(3)
    start, end = 0.06 * lead * song["duration_s"], (1 - 0.06 * tail) * song["duration_s"]
    spans = [[start, end]] if split < 0.8 else [[start, 0.45 * end], [0.55 * end, end]]  # noqa: PLR2004
    return [[round(a, 6), round(b, 6)] for a, b in spans]
