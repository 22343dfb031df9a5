"""A library of our own whose beats are known to the sample: what whole mixes are measured with.

Each song is a band of the fixtures on beats that we chose: steady, wandering within 2 %, swung, at
half the tempo or in three, some between held chords without a beat. On every true beat there
is a wooden click besides, at a pitch that no other song has: in a mix of several songs it tells
which beat of which song is heard where, also while two of them sound together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

import tempi
from band import GROUPS, Band
from make_fixtures import truth_of, write_sound
from players import Arrangement, play_bar
from styles import STYLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RATE", "SONGS", "Made", "Song", "click_of", "make_song", "read_truth", "song_path", "write_song"]

RATE = 44_100
LATER_S = 0.4  # until the first beat where no chord is held before it
LOUDEST = 0.97
CLICK_DECAY_S = 0.010
CLICK_S = 0.05
CLICK_LEVEL = 0.2  # re the loudest sample of the band
LOWEST_CLICK_HZ = 2_100.0
CLICK_STEP = 1.04
CLICK_ORDER = 7  # neighbours in the list are far apart in pitch


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """What one file of the library is to be.

    Parameters
    ----------
    title
        Of the file, too.
    style
        A name in `styles.STYLES`.
    bpm
        Its mean tempo.
    seconds
        Length of the sound.
    drift
        How far the tempo wanders, as a share of it; never more than 2.5 times that.
    held_s
        Seconds of held chords without a beat before and after the song.
    level_db
        Its loudest sample re full scale.
    drive
        How far the sum is pressed into a soft limiter, 0 to 1: little leaves high peaks.
    """

    title: str
    style: str
    bpm: float
    seconds: float
    drift: float = 0.0
    held_s: tuple[float, float] = (0.0, 0.0)
    level_db: float = -0.3
    drive: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The sound of a song and its truth.

    Parameters
    ----------
    sound
        float32, shape (2, frames).
    beats
        Times in s, each on a sample.
    bar_positions
        The number of each beat in its bar, from 1.
    """

    sound: NDArray[np.float32]
    beats: NDArray[np.float64]
    bar_positions: NDArray[np.int64]


SONGS = (
    Song(title="Kerb", style="ska", bpm=162.2, seconds=162, level_db=-4.0, drive=0.1),
    Song(title="Two Stairs at Once", style="boom bap", bpm=81.9, seconds=189, level_db=-1.0, drive=0.6),
    Song(title="Towpath", style="house", bpm=164.5, seconds=205, held_s=(10.0, 0.0), drive=0.5),
    Song(title="Long Fence", style="train", bpm=165.6, seconds=173, drift=0.008, level_db=-8.0, drive=0.0),
    Song(title="Umbrella Stand", style="swing", bpm=166.8, seconds=184, level_db=-6.0, drive=0.0),
    Song(title="Heel and Toe", style="one drop", bpm=83.0, seconds=178, held_s=(0.0, 9.0), level_db=-3.0),
    Song(title="Unlit", style="hard dance", bpm=168.2, seconds=194, held_s=(12.0, 8.0), drive=0.6),
    Song(title="Wet Leaves", style="live", bpm=167.5, seconds=167, drift=0.007, level_db=-6.0, drive=0.1),
    Song(title="Three Corners", style="waltz", bpm=169.4, seconds=162, level_db=-6.0, drive=0.0),
    Song(title="Second Wind", style="drum and bass", bpm=170.1, seconds=200, drive=0.4),
    Song(title="Loose Change", style="funk", bpm=85.6, seconds=178, level_db=-2.0, drive=0.2),
    Song(title="Blue Gate", style="shuffle", bpm=171.2, seconds=173, level_db=-5.0, drive=0.1),
    Song(title="Nobody's Dog", style="live", bpm=172.0, seconds=162, drift=0.008, level_db=-2.0),
    Song(title="Sodium Lamps", style="house", bpm=172.8, seconds=211, held_s=(9.0, 14.0), drive=0.5),
    Song(title="Slow Hands", style="boom bap", bpm=86.8, seconds=173, level_db=-2.0, drive=0.1),
    Song(title="Underpass", style="drum and bass", bpm=173.9, seconds=194, level_db=-0.5, drive=0.35),
    Song(title="Square Wheel", style="rock waltz", bpm=175.0, seconds=167, level_db=-3.0),
    Song(title="Ballast", style="hard dance", bpm=175.8, seconds=189, held_s=(0.0, 11.0), drive=0.5),
    Song(title="Sunday Shift", style="swing", bpm=176.9, seconds=178, level_db=-8.0, drive=0.0),
    Song(title="Hop Over", style="three three two", bpm=88.6, seconds=184, level_db=-1.5, drive=0.4),
    Song(title="Past the Weir", style="ska", bpm=178.0, seconds=162, level_db=-5.0, drive=0.1),
    Song(title="Short Cut", style="live", bpm=178.8, seconds=167, drift=0.006, level_db=-7.0, drive=0.0),
    Song(title="Bright Side", style="fast rock", bpm=181.0, seconds=173, level_db=-0.3, drive=0.4),
    Song(title="Last Light", style="metal", bpm=183.2, seconds=178, level_db=-0.3, drive=0.6),
)
"""Two dozen songs for a run from 160 to 184 steps/min."""


def song_path(folder: Path, number: int) -> Path:
    """Return where the song of that number in `SONGS` lies."""
    return folder / f"{number + 1:02d} {SONGS[number].title}.flac"


def click_of(number: int, sample_rate: int = RATE) -> NDArray[np.float64]:
    """Return the click of the song of that number, its attack on the first sample, loudest 1."""
    t = np.arange(round(CLICK_S * sample_rate)) / sample_rate
    hertz = LOWEST_CLICK_HZ * CLICK_STEP ** (number * CLICK_ORDER % len(SONGS))
    fade = np.minimum(1.0, (CLICK_S - t) / 0.01)
    return np.cos(2.0 * np.pi * hertz * t) * np.exp(-t / CLICK_DECAY_S) * fade


def make_song(song: Song, number: int, *, seed: int = 0) -> Made:
    """Return a song; the same numbers always give the same samples.

    Parameters
    ----------
    song
        What it is to be.
    number
        Decides the pitch of its click.
    seed
        Of everything that is drawn: patterns, instruments, players' errors, the wandering tempo.
    """
    style = STYLES[song.style]
    style = replace(style, kits=tuple(kit for kit in style.kits if kit))  # all have drums
    rng = np.random.default_rng([seed, number])
    start_s, end_s = song.held_s[0] + LATER_S, song.seconds - song.held_s[1]
    if song.drift:
        beats = tempi.drifting(rng, song.bpm, end_s, start_s=start_s, depth=song.drift)
    else:
        beats = tempi.steady(song.bpm, end_s, start_s=start_s)
    beats = beats[: len(beats) // style.beats_per_bar * style.beats_per_bar]
    human_s = float(rng.uniform(*style.human_ms)) / 1000.0
    band = Band(beats, song.seconds, RATE, rng=rng, human_s=human_s)
    # Every bar has its beat: what is beatless is held, and not in the truth
    plan = replace(Arrangement.draw(style, rng), intro_bars=0, dropped=0.0)
    _play(band, plan, rng, song)
    places = np.rint(beats * RATE).astype(int)
    sound = _recorded(band, plan, rng, song)
    _add_clicks(sound, places, click_of(number))
    sound *= np.float32(LOUDEST * 10.0 ** (song.level_db / 20.0) / np.abs(sound).max())
    return Made(sound, places / RATE, np.arange(len(beats)) % style.beats_per_bar + 1)


def _play(band: Band, plan: Arrangement, rng: np.random.Generator, song: Song) -> None:
    """Play the bars with a beat, and held chords over whole bars before and after them."""
    size = plan.style.beats_per_bar
    bars = len(band.beats) // size
    bar_s = size * 60.0 / song.bpm
    before, after = (int(held_s / bar_s) for held_s in song.held_s)
    for bar in range(-before, bars + after):
        play_bar(band, plan, rng, bar=bar, first=bar * size, held=not 0 <= bar < bars)


def _recorded(band: Band, plan: Arrangement, rng: np.random.Generator, song: Song) -> NDArray[np.float32]:
    """Return both channels: the band heard from two places in a room."""
    levels = rng.uniform(0.8, 1.2, len(GROUPS))
    room = float(rng.uniform(0.05, 0.4))
    pumps = np.array(plan.pumps) if plan.style.pump and plan.pumps else None
    places = np.array([[1.0, 1.0, 1.3, 0.7], [1.0, 1.0, 0.7, 1.3]])
    return np.stack(
        [
            band.mix(
                dict(zip(GROUPS, (levels * place).tolist(), strict=True)),
                pump_at=pumps,
                room=room,
                drive=song.drive,
                dull_hz=12_000.0,
                hiss_db=-84.0,
            )
            for place in places
        ]
    )


def _add_clicks(sound: NDArray[np.float32], places: NDArray[np.int64], click: NDArray[np.float64]) -> None:
    stroke = (CLICK_LEVEL * click).astype(np.float32)
    for place in places:
        end = min(place + len(stroke), sound.shape[1])
        sound[:, place:end] += stroke[: end - place]


def write_song(folder: Path, number: int, *, seed: int = 0) -> Path:
    """Write a song of `SONGS` and its truth beside it, and return where."""
    song = SONGS[number]
    made = make_song(song, number, seed=seed)
    path = song_path(folder, number)
    write_sound(path, made.sound, RATE)
    lines = [f"{beat:.6f}\t{place}\n" for beat, place in zip(made.beats, made.bar_positions, strict=True)]
    truth_of(path).write_text("".join(lines), encoding="utf-8", newline="\n")
    _tag(path, song, number)
    return path


def _tag(path: Path, song: Song, number: int) -> None:
    import mutagen

    tags = mutagen.File(path)
    artist = f"The {song.style.title()} Players"
    given = {"title": song.title, "artist": artist, "album": "Steps", "tracknumber": str(number + 1)}
    for key, value in (given | {"genre": STYLES[song.style].genre}).items():
        tags[key] = value
    tags.save()


def read_truth(audio: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the true beats of a song in s, and the number of each in its bar."""
    rows = np.loadtxt(truth_of(audio), ndmin=2)
    return rows[:, 0], rows[:, 1].astype(np.int64)
