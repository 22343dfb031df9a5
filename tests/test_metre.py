"""The ways to count the same music: where their beats lie, and that they compete fairly."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import Heard, Times, chords, drums, hear
from bpmsync.beats import metre
from bpmsync.beats.metre import EVIDENCE, Count, Harmony, choose_count, counted_beats, weigh_counts

COUNTS = st.sampled_from(metre._COUNTS)
AS_TRACKED = Count(Fraction(1), 0)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Times, float]:
    """Regular beats in frames, and the last frame of the sound, up to four beats later."""
    period = draw(st.floats(20.0, 80.0))
    first = draw(st.floats(0.0, 3 * period))
    beats = first + period * np.arange(draw(st.integers(9, 60)), dtype=np.float64)
    return beats, float(beats[-1]) + draw(st.floats(0.0, 4 * period))


@given(lines())
def test_beats_counted_as_they_were_tracked_are_the_same_line_to_both_ends(line: tuple[Times, float]) -> None:
    beats, last = line
    counted = counted_beats(beats, AS_TRACKED, last)
    period = float(np.diff(beats).mean())
    start = int(np.argmin(np.abs(counted - beats[0])))
    np.testing.assert_allclose(counted, beats[0] + period * (np.arange(len(counted)) - start), atol=1e-6)
    assert set(np.round(beats, 4)) <= set(np.round(counted, 4))
    assert counted[0] < period + 1e-6
    assert counted[-1] > last - period - 1e-6


@given(lines(), COUNTS)
def test_a_count_has_ratio_times_as_many_beats_on_the_lattice(
    line: tuple[Times, float], count: Count
) -> None:
    beats, last = line
    counted = counted_beats(beats, count, last)
    period = float(np.diff(beats).mean())
    assert (np.diff(counted) > 0).all()
    assert counted[0] >= 0
    assert counted[-1] <= last
    np.testing.assert_allclose(np.diff(counted), period / float(count.ratio), rtol=1e-6)
    assert abs(len(counted) - last / period * float(count.ratio)) <= 1.0001
    places = (counted - beats[0]) / period * 24 - count.place
    step = 24 / float(count.ratio)
    np.testing.assert_allclose(places / step, np.round(places / step), atol=1e-5)


@given(
    seed=st.integers(0, 10_000),
    count=COUNTS,
    beats=st.integers(9, 80),
)
def test_beats_that_drift_are_counted_between_their_neighbours(seed: int, count: Count, beats: int) -> None:
    tracked = 10 + np.cumsum(np.random.default_rng(seed).uniform(35, 65, beats))
    counted = counted_beats(tracked, count, float(tracked[-1]))
    assert (np.diff(counted) > 0).all()
    inner = counted[(counted >= tracked[0]) & (counted <= tracked[-1])]
    where = np.interp(inner, tracked, np.arange(len(tracked)))
    step = float(1 / count.ratio)
    np.testing.assert_allclose(np.diff(where), step, atol=1e-6)


def test_every_count_is_another_one() -> None:
    """No two counts share tempo and phase, and each place lies before the count's next beat."""
    counts = metre._COUNTS
    assert counts[0] == AS_TRACKED
    assert len(set(counts)) == len(counts)
    assert all(0 <= count.place < 24 / count.ratio for count in counts)


TIMES = np.arange(0.4, 39.0, 0.5)


@cache
def rock() -> Heard:
    """Return drums on every beat, a thump on the first of four, chords that change with it."""
    bars = chords(TIMES[::4], 40.0, (110.0, 146.8, 98.0, 130.8))
    return hear(drums(TIMES, 40.0) + bars)


def choose(heard: Heard, seconds: Times, *, only_phase: bool = False) -> metre.Counted:
    beats = heard.frames(seconds)
    return choose_count(heard.onsets, heard.tempo, heard.harmony, beats, only_phase=only_phase)


TRACKED = {
    "on the beat": TIMES,
    "off the beat": TIMES[:-1] + 0.25,
    "twice": np.arange(0.4, 39.0, 0.25),
    "half": TIMES[::2],
    "three for two": np.arange(0.4, 39.0, 1 / 3),
    "two for three": np.arange(0.4, 39.0, 0.75),
}


@pytest.mark.parametrize("name", TRACKED)
def test_readings_are_a_posterior_over_tempi_that_holds_the_chosen_one(name: str) -> None:
    counted = choose(rock(), TRACKED[name])
    shares = [reading.probability for reading in counted.readings]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert Fraction(1) in {reading.ratio for reading in counted.readings}
    assert len({reading.ratio for reading in counted.readings}) == len(shares)


@pytest.mark.parametrize("name", TRACKED)
def test_plain_music_is_counted_on_its_drums_however_it_was_tracked(name: str) -> None:
    heard, tracked = rock(), TRACKED[name]
    counted = choose(heard, tracked)
    beats = counted_beats(heard.frames(tracked), counted.count, 4000.0) * heard.onsets.frame_s
    bpm = 60 / float(np.median(np.diff(beats)))
    assert min(abs(bpm / level - 1) for level in (60, 120, 240)) < 0.001
    shared = TIMES if bpm < 130 else np.arange(0.4, 39.0, 0.25)
    assert np.abs(beats[:, None] - shared[None, :]).min(axis=1)[2:-2].max() < 0.01


def test_a_person_who_knows_the_tempo_leaves_only_the_phase() -> None:
    counted = choose(rock(), TRACKED["off the beat"], only_phase=True)
    assert counted.count == Count(Fraction(1), 12)
    assert [reading.ratio for reading in counted.readings] == [Fraction(1)]


@settings(max_examples=10)
@given(rows=st.integers(2, 12))
def test_a_track_of_a_few_beats_is_counted_as_it_was_tracked_or_at_what_fits(rows: int) -> None:
    heard = rock()
    beats = heard.frames(TIMES[:rows])
    counts, evidence = weigh_counts(heard.onsets, heard.tempo, heard.harmony, beats)
    assert evidence.shape == (len(counts), len(EVIDENCE))
    assert np.isfinite(evidence).all()
    counted = choose_count(heard.onsets, heard.tempo, heard.harmony, beats)
    assert counted.count in counts or counted.count == AS_TRACKED
    # Four beats are the fewest that say anything.
    assert all(
        (rows - 1) * float(count.ratio) - count.place * float(count.ratio) / 24 >= 3 - 1e-6
        for count in counts
    )


@given(seconds=st.lists(st.floats(-1, 50), min_size=1, max_size=20))
def test_changes_of_harmony_are_looked_up_between_blocks(seconds: list[float]) -> None:
    changes = np.random.default_rng(1).random(401)
    harmony = Harmony(changes, 0.5, 0.1, 0.0)
    found = harmony.changes_at(np.array(seconds))
    assert ((found >= changes.min()) & (found <= changes.max())).all()
    assert harmony.changes_at(np.array([0.1 * 7]))[0] == pytest.approx(changes[7])


def test_chords_are_tonal_drums_are_not_and_both_tell_when_they_begin() -> None:
    # Frames of 46 ms tell semitones apart only an octave above the bass.
    ringing = hear(chords(TIMES[::4], 40.0, (440.0, 587.3))).harmony
    beaten = hear(drums(TIMES, 40.0)).harmony
    assert ringing.tonal > 0.8
    assert beaten.tonal < 0.2
    assert beaten.begin_s == pytest.approx(0.4, abs=0.01)
    on_bars = ringing.changes_at(TIMES[4:-4:4]).mean()
    assert on_bars > 5 * ringing.changes_at(TIMES[6:-4:4]).mean()
