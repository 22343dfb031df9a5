"""The sound of one leg, made in a process of its own: decoded, stretched, measured, set aside.

What is made waits in a file of frames until the mix reads it, because its gain is known only when
all of it has been measured: a stretch takes some tenths of a decibel, and the limiter takes some
more where attacks are much louder than the rest.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from bpmsync.audio.decode import open_audio
from bpmsync.audio.limiter import limit_peaks
from bpmsync.audio.loudness import Loudness, LoudnessMeter, gain_to
from bpmsync.audio.stretch import choose_way, find_stretcher
from bpmsync.errors import DecodeError, RenderError
from bpmsync.render.memory import keep_blocks
from bpmsync.render.scratch import CHANNELS, FrameReader, write_frames
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpmsync.audio.source import Sound

__all__ = ["VoiceSound", "VoiceTask", "render_voice"]

# Silence this long is a beat that nobody hears
_MOST_LOST_S = 0.25
# Peaks this much above the ceiling are few: what the limiter takes of them is not heard as loudness
_DEEP_DB = 2.0
# Beyond that a limiter is heard; more is nearer the wanted loudness than anybody can tell
_MOST_FOR_LIMITER_DB = 6.0
_NEAR_LU = 0.25
_TRIES = 3
_READ = 65_536


@dataclass(frozen=True, slots=True)
class VoiceTask:
    """What a worker has to make.

    Parameters
    ----------
    path : str
        The music.
    timemap : TimeMap
        From file seconds to run seconds.
    parts : tuple of (int, int)
        Frames of the run that are wanted, in order: first, and one after the last.
    whole : bool
        Whether the parts are all that is heard of the leg; else its loudness is that of its
        source, so that an excerpt is as loud as in the mix.
    sample_rate : int
        In Hz.
    stretcher : str
        Name of the engine.
    loudness_lufs, ceiling_dbtp : float
        What the leg is brought to, and where the limiter will work.
    scratch : str
        File for the sound, as `bpmsync.render.scratch.write_frames` writes it.
    """

    path: str
    timemap: TimeMap
    parts: tuple[tuple[int, int], ...]
    whole: bool
    sample_rate: int
    stretcher: str
    loudness_lufs: float
    ceiling_dbtp: float
    scratch: str


@dataclass(frozen=True, slots=True)
class VoiceSound:
    """What a worker has made.

    Parameters
    ----------
    scratch : str
        File with the sound, not yet amplified.
    gain_db : float
        What brings it to the wanted loudness.
    loudness : Loudness
        As measured, before the gain; its peak is that of the samples.
    way : {"copy", "varispeed", "vocoder"}
        How it was stretched.
    """

    scratch: str
    gain_db: float
    loudness: Loudness
    way: Literal["copy", "varispeed", "vocoder"]


def render_voice(task: VoiceTask, *, check: Callable[[], None] = lambda: None) -> VoiceSound:
    """Make the sound of one leg.

    Parameters
    ----------
    task : VoiceTask
        What to make.
    check : callable
        Called every now and then; may raise to stop.

    Raises
    ------
    DecodeError
        If the music cannot be decoded, or a part of it that is to be heard is lost.
    RenderError
        If there is no room for the sound.
    """
    keep_blocks()
    try:
        made = itertools.chain.from_iterable(_part(task, part) for part in task.parts)
        frames = sum(last - first for first, last in task.parts)
        loudness = _measured(_checked(write_frames(task.scratch, frames, made), check), task)
    except OSError as error:
        msg = (
            f"no room for the sound of {task.path} between stretch and mix: {error.strerror or error} "
            f"in {Path(task.scratch).parent} (TMPDIR names another folder)"
        )
        raise RenderError(msg) from error
    if not task.whole:
        loudness = _measured(_source(task), task)
    return VoiceSound(task.scratch, _gain_db(task, loudness), loudness, choose_way(task.timemap))


def _part(task: VoiceTask, part: tuple[int, int]) -> Iterator[Sound]:
    """Yield the frames of one part, stretched."""
    first, last = part
    rate = task.sample_rate
    timemap = _around(task.timemap, first / rate, last / rate)
    stretch = find_stretcher(task.stretcher)
    skipped = first - round(timemap.out_s[0] * rate)
    left = last - first
    for block in stretch(_decoded(task, timemap), timemap, sample_rate=rate):
        wanted = block[:, max(0, skipped) :][:, :left]
        skipped -= block.shape[1]
        left -= wanted.shape[1]
        if wanted.shape[1]:
            yield wanted
        if not left:
            return
    if left:  # a frame or two, where the map ends between two
        yield np.zeros((CHANNELS, left), np.float32)


def _around(timemap: TimeMap, first_s: float, last_s: float) -> TimeMap:
    """Return the part of a map that plays a range of the run, a beat longer on either side."""
    first = max(0, int(np.searchsorted(timemap.out_s, first_s, side="right")) - 2)
    last = min(len(timemap.out_s), int(np.searchsorted(timemap.out_s, last_s)) + 2)
    return TimeMap(timemap.source_s[first:last], timemap.out_s[first:last])


def _decoded(task: VoiceTask, timemap: TimeMap) -> Iterator[Sound]:
    """Yield the file from its second 0 on; silence where sound was lost is no music."""
    source = open_audio(task.path, sample_rate=task.sample_rate, channels=2, longest_s=math.inf, hashed=False)
    first_s, last_s = float(timemap.source_s[0]), float(timemap.source_s[-1])
    lost_before_s = 0.0
    for block in source.blocks():
        if source.duration_s <= first_s:
            lost_before_s = source.lost_s
        lost_s = source.lost_s - lost_before_s
        if lost_s > _MOST_LOST_S:
            reason = (
                f"{lost_s:.1f} s of it are damaged between {first_s:.0f} and {last_s:.0f} s, where the plan "
                "plays it: replace the file, or plan without it (--exclude)"
            )
            raise DecodeError(task.path, reason)
        yield block


def _source(task: VoiceTask) -> Iterator[Sound]:
    """Yield what the leg plays of its file, as it is there."""
    first, last = (round(second * task.sample_rate) for second in task.timemap.source_s[[0, -1]])
    at = 0
    source = open_audio(task.path, sample_rate=task.sample_rate, channels=2, longest_s=math.inf, hashed=False)
    for block in source.blocks():
        yield block[:, max(0, first - at) : max(0, last - at)]
        at += block.shape[1]
        if at >= last:
            return


def _checked(blocks: Iterable[Sound], check: Callable[[], None]) -> Iterator[Sound]:
    for block in blocks:
        check()
        yield block


def _measured(blocks: Iterable[Sound], task: VoiceTask) -> Loudness:
    meter = LoudnessMeter(task.sample_rate, between=False)
    for _ in meter.through(blocks):
        pass
    return meter.loudness


def _gain_db(task: VoiceTask, loudness: Loudness) -> float:
    gain_db = gain_to(task.loudness_lufs, loudness)
    if not task.whole or loudness.true_peak_dbtp + gain_db < task.ceiling_dbtp + _DEEP_DB:
        return gain_db
    highest_db = gain_db + _MOST_FOR_LIMITER_DB
    for _ in range(_TRIES):
        limited = _measured(_limited(task, gain_db), task)
        more_db = gain_to(task.loudness_lufs, limited)
        gain_db = min(gain_db + more_db, highest_db)
        if abs(more_db) < _NEAR_LU:
            break
    return gain_db


def _limited(task: VoiceTask, gain_db: float) -> Iterator[Sound]:
    """Yield what was set aside as it will be after gain and limiter."""
    factor = np.float32(10 ** (gain_db / 20))
    with contextlib.closing(FrameReader(task.scratch)) as reader:
        louder = (block * factor for block in reader.blocks(_READ))
        yield from limit_peaks(louder, task.sample_rate, ceiling_dbtp=task.ceiling_dbtp)
