"""The pieces in all styles are what they say, and their truth is true."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_fixtures
import metres
import tempi
from beat_judge import distances, share_on_step
from metres import PIECES, Recorded
from styles import STYLES, Piece, make
from synth import SAMPLE_RATE

STEADY = sorted(name for name, style in STYLES.items() if style.tempo == "steady")


@cache
def piece_of(style: str, seed: int = 1) -> Piece:
    return make(style, seed=seed, seconds=12.0)


def named(recorded: Recorded) -> str:
    return recorded.file_name


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_piece_is_sound_with_beats_in_order_and_bars_that_count(style: str) -> None:
    piece = piece_of(style)
    assert piece.samples.dtype == np.float32
    assert piece.samples.size == pytest.approx(12 * piece.sample_rate, abs=2)
    assert 0.3 < np.abs(piece.samples).max() <= 1.0
    assert len(piece.bar_positions) == piece.beats.size
    assert piece.beats[0] >= 0
    assert np.diff(piece.beats).min() > 0.1
    counted = [after == before % piece.beats_per_bar + 1 for before, after in pairwise(piece.bar_positions)]
    # Only where a piece was cut out is a bar not counted to its end.
    assert counted.count(False) <= len(piece.cuts)
    assert len(piece.downbeats) >= 4


@pytest.mark.parametrize("style", STEADY)
@pytest.mark.parametrize("bpm", [90.0, 171.5])
def test_a_steady_piece_has_the_tempo_that_was_asked(style: str, bpm: float) -> None:
    beats = make(style, bpm=bpm, seed=2, seconds=6.0).beats
    # To a sample of the sound
    assert np.abs(np.diff(beats) - 60.0 / bpm).max() < 1.1 / 22_050


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"rubato piano"}))
def test_the_sound_rises_at_the_true_beats(style: str) -> None:
    piece = make(style, seed=4, seconds=16.0, sample_rate=SAMPLE_RATE)
    hop = piece.sample_rate // 500
    bright = np.diff(piece.samples.astype(np.float64), prepend=0.0)
    energy = np.resize(bright**2, (piece.samples.size // hop, hop)).sum(axis=1)
    rise = np.maximum(0.0, np.diff(np.log(np.convolve(energy, np.ones(4), "same") + 1e-3), prepend=0.0))
    # The same beats up to 40 ms early or late meet less of it.
    shifts_s = np.arange(-0.04, 0.0401, 0.002)
    met = [np.interp(piece.beats + shift, np.arange(rise.size) / 500, rise).mean() for shift in shifts_s]
    assert abs(shifts_s[int(np.argmax(np.convolve(met, np.ones(5), "same")))]) <= 0.012


def test_the_same_seed_is_the_same_piece_and_another_one_is_not() -> None:
    first, again, other = (make("swing", bpm=150.0, seed=seed, seconds=5.0) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_a_jump_is_where_it_says() -> None:
    piece = make("tempo jump", bpm=126.0, bpm_after=132.0, seed=3, seconds=20.0)
    (jump,) = piece.cuts
    tempi_of = 60.0 / np.diff(piece.beats)
    before = piece.beats[:-1] < jump - 0.01
    assert np.allclose(tempi_of[before], 126.0, atol=0.05)
    assert np.allclose(tempi_of[~before], 132.0, atol=0.05)
    assert distances(np.array([jump]), piece.beats[piece.downbeats])[0] < 1e-3


def test_an_edit_takes_out_what_is_not_a_whole_number_of_beats() -> None:
    piece = make("edit", bpm=150.0, seed=3, seconds=30.0)
    lengths = np.diff(piece.beats) / (60.0 / 150.0)
    odd = np.flatnonzero(np.abs(lengths - 1.0) > 0.01)
    assert odd.size == 1
    # Of 3 beats 1.37 are gone, of 2 beats as many: 1.63 or 0.63 are left.
    assert lengths[odd[0]] % 1.0 == pytest.approx(0.63, abs=0.01)
    assert piece.beats[odd[0]] < piece.cuts[0] < piece.beats[odd[0] + 1]
    assert piece.samples.size == 30 * piece.sample_rate


def test_nothing_is_struck_in_a_pause_and_the_beat_goes_on_after_it() -> None:
    piece = make("pause", bpm=128.0, seed=1, seconds=40.0)
    ((start, end),) = piece.pauses
    assert end - start == pytest.approx(12.0, abs=2.0)
    assert np.allclose(np.diff(piece.beats), 60.0 / 128.0, atol=1e-4)
    rate = piece.sample_rate
    bright = np.abs(np.diff(piece.samples))
    within = bright[round((start + 1.0) * rate) : round((end - 0.5) * rate)]
    assert within.max() < 0.5 * bright[round(end * rate) : round((end + 4.0) * rate)].max()


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000), bpm=st.floats(60.0, 200.0), depth=st.floats(0.0, 0.02), bar=st.integers(2, 7)
)
def test_beats_that_are_not_even_stay_within_what_they_promise(
    seed: int, bpm: float, depth: float, bar: int
) -> None:
    usual = 60.0 / bpm
    drifting = tempi.drifting(np.random.default_rng(seed), bpm, 40.0, start_s=0.5, depth=depth)
    assert np.abs(usual / np.diff(drifting) - 1.0).max() <= 2.5 * depth + 1e-6
    free = np.diff(
        tempi.rubato(np.random.default_rng(seed), bpm, 40.0, start_s=0.5, beats_per_bar=bar) / usual
    )
    assert free.min() >= 0.85 - 1e-6
    assert free.max() <= 1.35 + 1e-6
    speeding = tempi.speeding(bpm, 1.2 * bpm, 40.0, start_s=0.5, share=(0.3, 0.6))
    assert np.all(np.diff(np.diff(speeding)) < 1e-9)
    for beats in (drifting, speeding):
        assert beats[0] == 0.5
        assert beats[-1] < 39.5 <= beats[-1] + 2.0 * usual


@pytest.mark.parametrize("recorded", PIECES, ids=named)
def test_the_files_hold_the_pieces_of_the_script(recorded: Recorded) -> None:
    path = metres.FOLDER / recorded.file_name
    piece = recorded.play()
    heard = make_fixtures.decode(path, SAMPLE_RATE)[: piece.samples.size]
    # Opus keeps the likeness of a sound, not its samples.
    likeness = np.corrcoef(heard, piece.samples[: heard.size])[0, 1]
    assert likeness > 0.9
    truth = np.loadtxt(make_fixtures.truth_of(path), ndmin=2)
    assert np.abs(truth[:, 0] - piece.beats).max() < 0.002
    assert truth[:, 1].astype(int).tolist() == list(piece.bar_positions)


def test_the_folder_holds_the_script_s_files_alone_and_is_small() -> None:
    made = {piece.file_name for piece in PIECES}
    truths = {make_fixtures.truth_of(metres.FOLDER / name).name for name in made}
    assert {path.name for path in metres.FOLDER.iterdir()} == made | truths
    assert sum(path.stat().st_size for path in metres.FOLDER.iterdir()) < 2_500_000


@given(shift=st.floats(-0.2, 0.2))
def test_the_judge_counts_steps_that_are_near(shift: float) -> None:
    truth = np.arange(0.5, 30.0, 0.4)
    if abs(abs(shift) - 0.03) > 1e-9:
        # Wherever the beats are moved, the first and the last are near their own alone.
        found = share_on_step(truth, truth + shift)
        assert found == pytest.approx(1.0 if abs(shift) < 0.03 else 0.0, abs=0.02)
    # Half and double the tempo are the same steps; three for two are not.
    assert share_on_step(truth, truth[::2]) > 0.98
    assert share_on_step(truth, np.arange(0.5, 30.0, 0.2)) == 1.0
    assert share_on_step(truth, np.arange(0.5, 30.0, 0.6)) < 0.5
