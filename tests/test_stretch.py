"""Sound that follows a time map: exact in length and place, and the same sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.audio import vocoder
from bpmsync.audio.stretch import choose_way, find_stretcher, stretch
from bpmsync.audio.varispeed import resample_along
from bpmsync.audio.vocoder import vocode
from bpmsync.errors import ParameterError
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.audio.stretch import Sound, Stretcher

RATE = 8000
WAYS = [stretch, vocode, resample_along]


def noise(seconds: float, *, channels: int = 2, rate: int = RATE) -> Sound:
    generator = np.random.default_rng(1)
    return (0.2 * generator.standard_normal((channels, round(seconds * rate)))).astype(np.float32)


def cut(sound: Sound, size: int = 65_536) -> Iterator[Sound]:
    for first in range(0, sound.shape[1], size):
        yield sound[:, first : first + size]


def heard(
    sound: Sound, timemap: TimeMap, *, way: Stretcher = stretch, rate: int = RATE, size: int = 4096
) -> Sound:
    return np.concatenate([*way(cut(sound, size), timemap, sample_rate=rate), sound[:, :0]], axis=1)


@st.composite
def maps(draw: st.DrawFn) -> TimeMap:
    steps = st.lists(st.floats(0.004, 0.9), min_size=1, max_size=6)
    source = draw(steps)
    out = draw(st.lists(st.floats(0.004, 0.9), min_size=len(source), max_size=len(source)))
    starts = draw(st.tuples(st.floats(-0.2, 1), st.floats(0, 5000)))
    return TimeMap(
        *(start + np.cumsum([0, *piece]) for start, piece in zip(starts, (source, out), strict=True))
    )


@given(maps(), st.sampled_from(WAYS), st.integers(100, 9000), st.integers(1, 3))
@settings(max_examples=120)
def test_any_map_gives_its_exact_length_and_the_same_samples_from_any_blocks(
    timemap: TimeMap, way: Stretcher, size: int, channels: int
) -> None:
    sound = noise(1.5, channels=channels)
    result = heard(sound, timemap, way=way)
    assert result.shape == (channels, round((timemap.out_s[-1] - timemap.out_s[0]) * RATE))
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(heard(sound, timemap, way=way, size=size), result)


@pytest.mark.parametrize("longest", [1, 3, 11])
def test_how_many_frames_are_made_at_once_changes_nothing(
    longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = noise(6)
    # Stretched, as it is, stretched, as it is for less than a frame, stretched
    source = np.cumsum([0, 0.8, 0.7, 1.3, 0.1, 1.2])
    timemap = TimeMap(source, np.cumsum([0, 0.9, 0.7, 1.2, 0.1, 1.3]))
    monkeypatch.setattr(vocoder, "_LONGEST_BATCH", 10_000)
    whole = heard(sound, timemap, way=vocode)
    monkeypatch.setattr(vocoder, "_LONGEST_BATCH", longest)
    np.testing.assert_allclose(heard(sound, timemap, way=vocode), whole, atol=1e-4)


@given(st.integers(0, 9000), st.floats(0, 3000), st.sampled_from(WAYS))
@settings(max_examples=40)
def test_a_map_that_moves_nothing_returns_the_source_bit_for_bit(
    start: int, out_s: float, way: Stretcher
) -> None:
    sound = noise(3)
    beats = start / RATE + np.arange(4, dtype=np.float64) * 0.5
    # Of resampling only whole samples can be asked: a fraction of one is what it is there for
    landing = round(out_s * RATE) / RATE if way is resample_along else out_s
    result = heard(sound, TimeMap(beats, beats - beats[0] + landing), way=way)
    np.testing.assert_array_equal(result, sound[:, start : start + 12_000])


def test_one_way_is_chosen_for_a_whole_leg() -> None:
    beats = 0.4 * np.arange(20, dtype=np.float64)
    assert choose_way(TimeMap(beats + 7, beats)) == "copy"
    assert choose_way(TimeMap(beats * 1.0029, beats)) == "varispeed"
    assert choose_way(TimeMap(beats * 1.0031, beats)) == "vocoder"
    drifting = np.cumsum(np.where(np.arange(20) == 11, 0.402, 0.4))
    assert choose_way(TimeMap(drifting, beats)) == "vocoder"


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    assert find_stretcher() is stretch
    with pytest.raises(ParameterError, match=r"'rubber'.*bpmsync"):
        find_stretcher("rubber")
