"""The music of the fixtures is what its script says, and its truth is true."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import make_fixtures
import synth
from catalogue import SONGS, Song
from make_fixtures import AUDIO, TORN_TAGS, truth_of

RATE = synth.SAMPLE_RATE
WITH_BEAT = tuple(song for song in SONGS if song.bpm)
LOSSLESS = tuple(song for song in SONGS if song.file_name.endswith((".flac", ".wav", ".aiff")))
BROKEN = ("broken/cut short.mp3", "broken/empty.mp3", "broken/shopping list.mp3")


def named(song: Song) -> str:
    return song.file_name


def attack_times(sound: np.ndarray, beats: np.ndarray, *, reach_s: float = 0.03) -> np.ndarray:
    """Where the energy rises most within `reach_s` of each beat, knowing nothing of the synth."""
    hop = RATE // 1000
    bright = np.diff(sound.astype(np.float64), prepend=0.0)
    # Kick and snare weigh the same: the low end as it is, the high end by its slope.
    frames = np.resize(sound**2 + 0.5 * bright**2, (sound.size // hop, hop)).sum(axis=1)
    energy = np.log(np.convolve(frames, np.ones(4)) + 1e-3)
    rise = energy[4:] - energy[:-4]  # over 4 ms, ending 4 frames in
    found = []
    for beat in beats:
        low = max(0, round((beat - reach_s) * 1000) - 2)
        found.append((low + int(np.argmax(rise[low : low + round(2000 * reach_s)])) + 2) / 1000)
    return np.array(found)


def read_truth(song: Song) -> np.ndarray:
    return np.loadtxt(truth_of(AUDIO / song.file_name), ndmin=2)


@pytest.mark.parametrize("song", LOSSLESS, ids=named)
def test_the_script_makes_the_committed_samples_again(song: Song) -> None:
    heard = make_fixtures.decode(AUDIO / song.file_name, RATE)
    made = song.play().samples
    assert heard.size == made.size
    # One step of 16 bits: the last bit of a sine is the machine's own.
    assert np.abs(heard - made).max() <= 1.5 / 32_768


def test_the_same_song_is_the_same_samples() -> None:
    song = SONGS[3]
    assert np.array_equal(song.play().samples, song.play().samples)


@pytest.mark.parametrize("song", WITH_BEAT, ids=named)
def test_an_attack_is_heard_at_every_true_beat(song: Song) -> None:
    truth = read_truth(song)
    heard = make_fixtures.decode(AUDIO / song.file_name, RATE)
    off_s = np.abs(attack_times(heard, truth[:, 0]) - truth[:, 0])
    assert np.mean(off_s <= 0.010) >= 0.98
    assert np.median(off_s) <= 0.004


@pytest.mark.parametrize("song", WITH_BEAT, ids=named)
def test_truth_follows_the_tempo_that_was_asked(song: Song) -> None:
    times, numbers = read_truth(song).T
    tempi = 60.0 / np.diff(times)
    lowest = song.bpm * (1.0 - song.drift)
    highest = max(song.bpm * (1.0 + song.drift), song.bpm_after)
    # Four decimals of a second, read back as a tempo at 184 BPM, are 0.1 BPM.
    assert tempi.min() > lowest - 0.15
    assert tempi.max() < highest + 0.15
    assert times[0] >= max(0.0, song.intro_s)
    assert times[-1] > song.seconds - 0.1 - 2 * 60.0 / lowest
    meter = synth.GROOVES[song.groove].meter
    assert all(after == before % meter + 1 for before, after in pairwise(numbers))


@pytest.mark.parametrize("song", SONGS, ids=named)
def test_a_song_opens_and_lasts_as_long_as_it_says(song: Song) -> None:
    path = AUDIO / song.file_name
    with av.open(str(path), **TORN_TAGS) as box:
        assert len(box.streams.audio) == 1
    tags = mutagen.File(path, easy=True)
    assert tags is not None
    # Raw AAC has no header with a length: it is guessed from the bit rate.
    slack_s = 0.2 * song.seconds if path.suffix == ".aac" else 0.15
    assert tags.info.length == pytest.approx(song.seconds, abs=slack_s)


@pytest.mark.parametrize("song", [song for song in SONGS if song.title], ids=named)
def test_a_song_bears_its_title_and_artist(song: Song) -> None:
    tags = mutagen.File(AUDIO / song.file_name, easy=True)
    title, artist = ("Title", "Author") if song.file_name.endswith(".wma") else ("title", "artist")
    assert str(tags[title][0]) == song.title
    assert str(tags[artist][0]) == song.artist


def test_silence_and_noise_have_no_truth() -> None:
    beatless = [song for song in SONGS if not song.bpm]
    assert len(beatless) == 2
    assert not any(truth_of(AUDIO / song.file_name).exists() for song in beatless)


def test_the_folder_holds_what_the_script_makes_and_no_more() -> None:
    made = {song.file_name for song in SONGS} | set(BROKEN)
    truths = {truth_of(Path(song.file_name)).name for song in WITH_BEAT}
    found = {path.relative_to(AUDIO).as_posix() for path in AUDIO.rglob("*") if path.is_file()}
    assert found == made | truths | {"broken/.nomedia"}


def test_the_folder_is_small_and_its_names_are_allowed_everywhere() -> None:
    assert sum(path.stat().st_size for path in AUDIO.rglob("*")) <= 4_000_000
    for path in AUDIO.rglob("*"):
        assert not set(path.name) & set('<>:"/\\|?*')


def test_the_broken_files_are_broken() -> None:
    sizes = [(AUDIO / name).stat().st_size for name in BROKEN]
    assert sizes[1] == 0
    assert make_fixtures.decode(AUDIO / BROKEN[0], RATE).size < RATE * SONGS[0].seconds / 4
    with pytest.raises(av.FFmpegError):
        make_fixtures.decode(AUDIO / BROKEN[2], RATE)


def test_the_songs_cover_the_range_of_the_worked_example() -> None:
    # Steps a minute at one or two steps a beat.
    cadences = sorted(
        cadence
        for song in SONGS
        for cadence in (song.bpm, 2 * song.bpm)
        if 160.0 <= cadence <= 184.0 and song.seconds >= 25
    )
    assert cadences[0] <= 162.0
    assert cadences[-1] >= 183.0
    assert all(after - before <= 3.0 for before, after in pairwise(cadences))


@given(bpm=st.floats(60.0, 200.0), seconds=st.floats(2.0, 12.0), depth=st.floats(0.0, 0.03))
def test_drifting_beats_stay_within_their_depth(bpm: float, seconds: float, depth: float) -> None:
    beats = synth.drifting_beats(bpm, seconds, depth=depth)
    tempi = 60.0 / np.diff(beats)
    assert np.all(np.abs(tempi / bpm - 1.0) <= depth + 0.005)


@given(bpm=st.floats(60.0, 200.0), seconds=st.floats(0.5, 10.0))
def test_a_click_track_ticks_where_it_says(bpm: float, seconds: float) -> None:
    take = synth.click_track(bpm, seconds)
    assert take.samples.size == round(seconds * RATE)
    places = np.round(take.beats * RATE).astype(int)
    # A cosine that starts at its peak: the sample is there and the one before it is nearly silent.
    assert np.all(np.abs(take.samples[places]) > 0.5)
    assert np.all(np.abs(take.samples[places - 1]) < 0.01)
    assert take.bar_positions[:5] == (1, 2, 3, 4, 1)[: len(places)]


def test_a_drum_loop_takes_a_swing_and_a_meter() -> None:
    straight = synth.drum_loop(170, 4.0)
    swung = synth.drum_loop(170, 4.0, swing=1.0)
    jig = synth.drum_loop(90, 4.0, meter=2)
    assert np.array_equal(straight.beats, swung.beats)
    assert not np.array_equal(straight.samples, swung.samples)
    assert set(jig.bar_positions) == {1, 2}


def test_making_a_file_again_gives_the_same_bytes(tmp_path: Path) -> None:
    take = synth.drum_loop(160, 3.0)
    for suffix in make_fixtures.CODECS:
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        for path in (first, second):
            make_fixtures.encode(path, take, channels=2)
        assert first.read_bytes() == second.read_bytes(), suffix
