"""A plan as sound: every beat on its step across songs, and the same sound however it is made."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from bpmsync.audio.decode import open_audio
from bpmsync.audio.loudness import measure_loudness
from bpmsync.audio.writer import read_chapters, read_plan_text
from bpmsync.errors import DecodeError, ParameterError, PlanError, RenderError
from bpmsync.planner.fades import fades_of
from bpmsync.planner.plan import plan_from_json
from bpmsync.planner.stretch import plan_stretch
from bpmsync.render.crew import voice_sounds
from bpmsync.render.job import render_mix, render_preview, render_split
from bpmsync.render.mix import heard_parts
from bpmsync.render.scratch import FrameReader
from bpmsync.render.timeline import find_timeline
from bpmsync.render.values import MixOptions, Progress
from bpmsync.render.voices import VoiceTask, render_voice
from bpmsync.timeline.ramp import Ramp
from planner_cases import track
from render_cases import RATE, SHORT, click_song, heard_clicks, short_plan, three_songs
from test_plan_stretch import OPTIONS, SLOW_LAW, libraries, ramps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.render.timeline import Voice

ALONE = MixOptions(jobs=1)
# 16 bits with dither: what two files of the same sound may differ by
STEPS_OF_16_BITS = 4 / 32_768


def read(path: Path, rate: int = RATE) -> NDArray[np.float32]:
    return np.concatenate(list(open_audio(path, sample_rate=rate, channels=2).blocks()), axis=1)


def task_of(voice: Voice, frames: int, folder: Path) -> VoiceTask:
    return VoiceTask(
        path=voice.leg.track.path,
        timemap=voice.timemap,
        parts=((0, frames),),
        whole=True,
        sample_rate=RATE,
        stretcher="bpmsync",
        loudness_lufs=-14.0,
        ceiling_dbtp=-1.1,
        scratch=str(folder / "raw"),
    )


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Track]:
    return three_songs(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def plan(songs: list[Track]) -> Plan[WarpedLeg]:
    return short_plan(songs)


@pytest.fixture(scope="module")
def mix(plan: Plan[WarpedLeg], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mix") / "mix.wav"
    render_mix(plan, path, ALONE)
    return path


@settings(parent=SLOW_LAW, max_examples=12)
@given(libraries(most=5), ramps())
def test_voices_meet_on_the_steps_of_the_plan(library: list[Track], ramp: Ramp) -> None:
    try:
        plan = plan_stretch(library, ramp, OPTIONS)
    except PlanError:
        return
    rate = 8_000
    timeline = find_timeline(plan, sample_rate=rate)
    assert timeline.fades == fades_of(plan)
    last_s = max([leg.end_s(ramp) for leg in plan.legs] + [end for _, end in plan.uncovered])
    assert timeline.frames == round(last_s * rate)
    loudest = np.zeros(timeline.frames)
    voices = np.zeros(timeline.frames, np.int8)
    for voice, leg, border in zip(timeline.voices, plan.legs, timeline.borders, strict=True):
        assert border == round(leg.start_s(ramp) * rate)
        assert 0 <= voice.start <= voice.rises_until <= voice.falls_from <= voice.stop <= timeline.frames
        # What is heard lies within the map, every knot of which is a beat on its step
        assert voice.timemap.out_s[0] <= voice.start / rate + 1e-3
        assert voice.timemap.out_s[-1] >= voice.stop / rate - 1e-3
        gains = voice.gains(voice.start, voice.stop)
        assert gains is not None
        assert gains.min() >= 0
        assert gains.max() <= 1
        loudest[voice.start : voice.stop] += gains**2
        voices[voice.start : voice.stop] += 1
    assert voices.max() <= 2
    assert loudest.max() <= 1 + 1e-6
    for (one, following), fade, border in zip(
        itertools.pairwise(timeline.voices), timeline.fades, timeline.borders[1:], strict=True
    ):
        if fade:
            end = round(float(ramp.time_of(following.leg.first_step + fade)) * rate)
            assert (following.start, one.stop) == (border, end)
            assert loudest[border:end] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("steps", [0, 8])
def test_every_step_has_its_beat_across_all_songs(songs: list[Track], tmp_path: Path, steps: int) -> None:
    plan = short_plan(songs, options=replace(SHORT, fade_steps=steps))
    assert len(plan.legs) == 3
    render_mix(plan, tmp_path / "mix.flac", ALONE)
    heard = heard_clicks(read(tmp_path / "mix.flac"))
    due = [
        plan.ramp.time_of(np.arange(leg.first_step, leg.last_step, leg.steps_per_beat.numerator))
        for leg in plan.legs
    ]
    beats = np.concatenate(due)
    beats = beats[(beats > 0.01) & (beats < plan.legs[-1].end_s(plan.ramp) - 3)]
    nearest = heard[np.abs(heard[:, None] - beats).argmin(axis=0)]
    assert np.abs(nearest - beats).max() < 0.0003
    # None that is not due: where two songs sound, both have their beats on the steps
    every = plan.ramp.time_of(np.arange(plan.legs[-1].last_step + 1))
    assert np.abs(heard[:, None] - every).min(axis=1).max() < 0.0003


def test_a_mix_is_as_loud_as_it_should_be_and_tells_what_it_is(plan: Plan[WarpedLeg], mix: Path) -> None:
    sound = read(mix)
    loudness = measure_loudness([sound], RATE)
    assert loudness.integrated_lufs == pytest.approx(-14, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0
    assert sound.shape[1] == round(plan.legs[-1].end_s(plan.ramp) * RATE)
    text = read_plan_text(mix) or ""
    named = [replace(leg, track=replace(leg.track, path=Path(leg.track.path).name)) for leg in plan.legs]
    assert plan_from_json(text).legs == tuple(named)
    # A mix is given away: nothing in it tells where its owner keeps music
    assert str(Path(plan.legs[0].track.path).parent) not in text


def test_chapters_are_the_legs(plan: Plan[WarpedLeg], tmp_path: Path) -> None:
    seen: list[Progress] = []
    report = render_mix(plan, tmp_path / "mix.mp3", ALONE, progress=seen.append)
    chapters = read_chapters(tmp_path / "mix.mp3")
    starts = [leg.start_s(plan.ramp) for leg in plan.legs]
    assert [chapter.start_s for chapter in chapters] == pytest.approx(starts, abs=0.001)
    assert [chapter.title for chapter in chapters] == [leg.track.name for leg in plan.legs]
    assert report.decoded_dbtp is not None
    assert report.decoded_dbtp <= -0.5
    done = [one.done_s for one in seen if one.attempt == seen[-1].attempt]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total_s == pytest.approx(plan.legs[-1].end_s(plan.ramp), abs=1e-4)


def test_workers_make_the_same_bytes(plan: Plan[WarpedLeg], mix: Path, tmp_path: Path) -> None:
    render_mix(plan, tmp_path / "mix.wav", MixOptions(jobs=2))
    assert (tmp_path / "mix.wav").read_bytes() == mix.read_bytes()


def test_split_files_are_the_mix(plan: Plan[WarpedLeg], mix: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.wav" for number in range(len(plan.legs))]
    report = render_split(plan, files, ALONE)
    pieces = [read(file) for file in files]
    assert [piece.shape[1] / RATE for piece in pieces] == pytest.approx(report.durations_s, abs=1e-9)
    joined, whole = np.concatenate(pieces, axis=1), read(mix)
    assert joined.shape == whole.shape
    assert np.abs(joined - whole).max() <= STEPS_OF_16_BITS


def test_a_preview_is_what_the_mix_has_around_its_joints(
    plan: Plan[WarpedLeg], mix: Path, tmp_path: Path
) -> None:
    render_preview(plan, tmp_path / "preview.wav", ALONE)
    preview, whole = read(tmp_path / "preview.wav"), read(mix)
    timeline = find_timeline(plan, sample_rate=RATE)
    middle = (timeline.borders[1] + timeline.voices[0].stop) // 2
    first = middle - 5 * RATE
    piece = whole[:, first : first + 9 * RATE]
    assert np.corrcoef(preview[0, : piece.shape[1]], piece[0])[0, 1] > 0.98
    assert preview.shape[1] <= 2 * 10 * RATE


def test_one_leg_has_a_preview_too(songs: list[Track], tmp_path: Path) -> None:
    plan = plan_stretch(songs[:1], Ramp.constant(165, duration_s=13), SHORT)
    render_preview(plan, tmp_path / "preview.wav", ALONE)
    assert read(tmp_path / "preview.wav").shape[1] == 10 * RATE


def test_a_hole_is_silent_or_has_clicks(tmp_path: Path) -> None:
    song = click_song(tmp_path, "only", 164.0)
    plan = plan_stretch([song], Ramp.constant(164, duration_s=30), replace(SHORT, partial=True))
    ((start_s, end_s),) = plan.uncovered
    for options, beats in ((ALONE, 0), (replace(ALONE, click="missing"), 1)):
        render_mix(plan, tmp_path / "mix.wav", options)
        sound = read(tmp_path / "mix.wav")
        assert sound.shape[1] == find_timeline(plan, sample_rate=RATE).frames
        hole = sound[:, round((start_s + 0.1) * RATE) : round((end_s - 0.1) * RATE)]
        # Dither is all that there is, or a click for every step
        quiet = np.abs(hole).max() <= STEPS_OF_16_BITS
        assert quiet == (not beats)
        due = int((end_s - start_s) * 164 / 60)
        assert abs(len(heard_clicks(hole)) - beats * due) <= 1


def test_sound_that_needs_no_stretch_is_untouched(tmp_path: Path) -> None:
    song = click_song(tmp_path, "same", 165.0, level=0.2)
    plan = plan_stretch([song], Ramp.constant(165, duration_s=12), SHORT)
    timeline = find_timeline(plan, sample_rate=RATE)
    voice = timeline.voices[0]
    task = task_of(voice, 8 * RATE, tmp_path)
    made = render_voice(task)
    assert made.way == "copy"
    first = round(float(song.grid.beats[plan.legs[0].first_beat]) * RATE) if song.grid else 0
    with closing(FrameReader(tmp_path / "raw")) as reader:
        raw = reader.read(8 * RATE + 1)
    assert np.array_equal(raw, read(Path(song.path))[:, first : first + 8 * RATE])


@pytest.mark.parametrize(("spans", "parts"), [([(0, 5)], 0), ([(0, 12)], 1), ([(0, 12), (15, 99)], 2)])
def test_only_what_is_heard_is_made(plan: Plan[WarpedLeg], spans: list[tuple[int, int]], parts: int) -> None:
    voice = replace(find_timeline(plan, sample_rate=RATE).voices[0], start=10, stop=20)
    assert len(heard_parts(voice, spans)) == parts


def test_what_cannot_be_rendered_is_refused(plan: Plan[WarpedLeg], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="as many files"):
        render_split(plan, [tmp_path / "one.wav"])
    with pytest.raises(ParameterError, match="LUFS"):
        MixOptions(loudness_lufs=3)
    with pytest.raises(ParameterError, match="jobs"):
        MixOptions(jobs=0)
    with pytest.raises(ParameterError, match="no stretcher"):
        MixOptions(stretcher="nobody's")
    with pytest.raises(ParameterError, match="mp3"):
        render_mix(plan, tmp_path / "mix.xyz")
    with pytest.raises(RenderError, match="no music"):
        render_mix(replace(plan, legs=()), tmp_path / "mix.wav")
    assert not list(tmp_path.iterdir())


def test_music_that_is_gone_or_another_is_named(tmp_path: Path) -> None:
    songs = three_songs(tmp_path)
    plan = short_plan(songs)
    (tmp_path / "old.wav").write_bytes(b"old")
    Path(songs[0].path).unlink()
    Path(songs[1].path).write_bytes(Path(songs[2].path).read_bytes())
    cut = Path(songs[2].path)
    cut.write_bytes(cut.read_bytes()[:-100_000])
    with pytest.raises(RenderError) as caught:
        render_mix(plan, tmp_path / "old.wav", ALONE)
    message = str(caught.value)
    assert f"{songs[0].path} is gone" in message
    assert f"{songs[1].path} holds other sound" in message
    assert f"{songs[2].path} holds other sound" in message
    assert (tmp_path / "old.wav").read_bytes() == b"old"
    assert not list(tmp_path.glob(".*.part"))


def test_a_worker_tells_what_it_cannot_read(tmp_path: Path) -> None:
    song = click_song(tmp_path, "song", 164.0)
    plan = plan_stretch([song], Ramp.constant(165, duration_s=10), SHORT)
    voice = find_timeline(plan, sample_rate=RATE).voices[0]
    task = task_of(voice, RATE, tmp_path)
    Path(song.path).write_bytes(b"no sound at all")
    with pytest.raises(DecodeError, match=r"song\.wav"):
        list(voice_sounds([task], jobs=2))
    with pytest.raises(RenderError, match="no room"):
        render_voice(replace(task, scratch=str(tmp_path / "nowhere" / "raw")))


def test_a_stop_ends_all_and_leaves_nothing(plan: Plan[WarpedLeg], tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done_s > 1:
            raise KeyboardInterrupt

    (tmp_path / "mix.wav").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        render_mix(plan, tmp_path / "mix.wav", MixOptions(jobs=2), progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]
    assert (tmp_path / "mix.wav").read_bytes() == b"old"


def test_tracks_without_bars_and_in_three_have_fades_too() -> None:
    songs = [
        track("plain", 165.0, 60.0, confidence=1.0),
        track("waltz", 166.0, 60.0, beats_per_bar=3, first_downbeat=1, confidence=1.0),
    ]
    plan = plan_stretch(songs, Ramp.constant(165, duration_s=100), OPTIONS)
    timeline = find_timeline(plan, sample_rate=RATE)
    (fade,) = timeline.fades
    assert fade % 3 == 0 or fade % 4 == 0
    assert find_timeline(plan, sample_rate=RATE, fade_steps=0).fades == (0,)
