"""Which cadences a library serves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.coverage import cadence_bands, run_parts
from bpmsync.planner.ranges import StretchOptions
from bpmsync.timeline.ramp import Ramp
from planner_cases import track


def test_minutes_fall_into_the_band_of_their_step_tempo() -> None:
    library = [
        track("one", 171.0, 120.0),
        track("two", 86.0, 180.0),
        track("half", 346.0, 240.0),
        track("copy", 171.0, 120.0, audio_hash="b2:one"),
        track("waltz", 346.0, 240.0, beats_per_bar=3),
        track("talk", 171.0, genre="Audiobook"),
        track("off", 171.0, ignore=True),
    ]
    bands = {band.from_spm: band for band in cadence_bands(library)}
    band = bands[170.0]
    assert (band.once_min, band.twice_min, band.half_min) == (2.0, 3.0, 4.0)
    assert (band.total_min, band.tracks, band.to_spm) == (9.0, 3, 175.0)
    assert sum(b.total_min for b in bands.values()) == 9.0


def test_an_empty_library_has_empty_bands() -> None:
    bands = cadence_bands([], width_spm=20)
    assert [(b.from_spm, b.to_spm, b.total_min) for b in bands] == [
        (140, 160, 0),
        (160, 180, 0),
        (180, 200, 0),
    ]


@settings(max_examples=40)
@given(st.lists(st.floats(60, 260), max_size=12), st.sampled_from([1.0, 2.5, 5.0, 7.0]))
def test_no_minute_is_lost_or_doubled(bpms: list[float], width: float) -> None:
    library = [track(str(i), bpm, 120.0) for i, bpm in enumerate(bpms)]
    bands = cadence_bands(library, NativeOptions(), width_spm=width, from_spm=60, to_spm=280)
    once = sum(band.once_min for band in bands)
    assert once == pytest.approx(2.0 * len(bpms))


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_bands_need_a_width(width: float) -> None:
    with pytest.raises(ParameterError):
        cadence_bands([], width_spm=width)


@pytest.mark.parametrize("options", [NativeOptions(), StretchOptions()])
@settings(max_examples=30)
@given(
    bpms=st.lists(st.floats(60, 260), max_size=8),
    low=st.integers(100, 200),
    limits=st.lists(st.floats(0.001, 0.2), min_size=1, max_size=3).map(sorted),
)
def test_a_band_has_what_reaches_one_of_its_cadences(
    options: NativeOptions | StretchOptions, bpms: list[float], low: int, limits: list[float]
) -> None:
    library = [track(str(i), bpm, 120.0, beats_per_bar=3) for i, bpm in enumerate(bpms)]
    (band,) = cadence_bands(library, options, width_spm=5, from_spm=low, to_spm=low + 5, limits=limits)

    def reaches(spm: float, limit: float) -> bool:
        if isinstance(options, StretchOptions):
            return spm * (1 + limit) >= low and spm * (1 - limit) <= low + 5
        return low * (1 - limit) <= spm <= (low + 5) * (1 + limit)

    for limit, minutes, count in zip(limits, band.within_min, band.within_tracks, strict=True):
        # The tempo of a grid is that of its median interval, on whole microseconds
        tempi = [one.detection.tempo_bpm or 0.0 for one in library]
        serving = sum(any(reaches(bpm * ratio, limit) for ratio in (1, 2)) for bpm in tempi)
        assert count == serving
        assert minutes == pytest.approx(2.0 * serving)
    assert list(band.within_min) == sorted(band.within_min)


def test_stretched_plans_use_the_longest_steady_part_of_files() -> None:
    song = track("song", 170.0, 240.0, usable=((10.0, 70.0), (80.0, 230.0)))
    library = [song, replace(track("imported", 170.0), path="")]
    (native,) = cadence_bands(library, width_spm=20, from_spm=160, to_spm=180)
    (stretched,) = cadence_bands(library, StretchOptions(), width_spm=20, from_spm=160, to_spm=180)
    assert native.total_min == pytest.approx(440 / 60)
    assert native.tracks == 2
    assert (stretched.total_min, stretched.tracks) == (2.5, 1)
    assert stretched.limits == (0.04, 0.08, 0.12)


def test_parts_of_a_run_share_the_music_of_one_cadence() -> None:
    shelf = Shelf.of([track("a", 170.0, 300.0), track("b", 85.0, 300.0), track("c", 150.0, 300.0)])
    parts = run_parts(shelf, Ramp.constant(170, duration_s=1200), NativeOptions())
    assert [(part.start_s, part.end_s) for part in parts] == [(0, 300), (300, 600), (600, 900), (900, 1200)]
    assert {(part.music_min, part.needed_min, part.tracks, part.for_each) for part in parts} == {
        (10.0, 20.0, 2, 0.5)
    }
    hilly = Ramp.linear(150, 170, duration_s=1800, warm_up_s=300, cool_down_s=300)
    parts = run_parts(shelf, hilly, NativeOptions())
    assert (parts[0].low_spm, parts[0].high_spm, parts[0].tracks) == (150, 150, 1)
    # From 150 to 156 spm, 4 % more, takes three tenths of the rise, and of the way back
    assert parts[0].needed_min == pytest.approx(5 + 0.3 * 20 + 0.3 * 5)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(60, 250), st.floats(20, 900)), min_size=1, max_size=8),
    st.sampled_from([NativeOptions(), StretchOptions()]),
)
def test_the_parts_of_a_run_tile_it(
    pieces: list[tuple[float, float]], options: NativeOptions | StretchOptions
) -> None:
    ramp = Ramp.steady_pieces(pieces)
    parts = run_parts(Shelf.of([track("a", 170.0)]), ramp, options)
    assert parts[0].start_s == 0
    assert parts[-1].end_s == ramp.duration_s
    assert all(one.end_s == other.start_s for one, other in pairwise(parts))
    for part in parts:
        assert part.low_spm - 1e-9 <= part.mean_spm <= part.high_spm + 1e-9
        assert part.needed_min >= (part.end_s - part.start_s) / 60 - 1e-9
        assert part.needed_min <= ramp.duration_s / 60 + 1e-9
    empty = run_parts(Shelf.of([]), ramp, options)
    assert [part.music_min for part in empty] == [0.0] * len(parts)
