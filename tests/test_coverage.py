"""Which cadences a library serves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.coverage import cadence_bands
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


@given(st.lists(st.floats(60, 260), max_size=20), st.sampled_from([1.0, 2.5, 5.0, 7.0]))
def test_no_minute_is_lost_or_doubled(bpms: list[float], width: float) -> None:
    library = [track(str(i), bpm, 120.0) for i, bpm in enumerate(bpms)]
    bands = cadence_bands(library, NativeOptions(), width_spm=width, from_spm=60, to_spm=280)
    once = sum(band.once_min for band in bands)
    assert once == pytest.approx(2.0 * len(bpms))


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_bands_need_a_width(width: float) -> None:
    with pytest.raises(ParameterError):
        cadence_bands([], width_spm=width)
