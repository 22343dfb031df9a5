"""A stretched plan becomes sound: one mix, a file for each leg, or a preview of its joints.

The plan's beats are final; nothing here moves them. Each leg is brought to one loudness and
follows the steps, the cross-fades keep both beats on them, a limiter holds the true peaks, and
the file takes the place of an old one only when it is whole.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.atomic import replacing
from bpmsync.audio.decode import open_audio
from bpmsync.audio.limiter import CEILING_DBTP, limit_peaks
from bpmsync.audio.loudness import LoudnessMeter, measure_true_peak
from bpmsync.audio.writer import SoundTags, encode_sound, find_format
from bpmsync.errors import ParameterError, RenderError
from bpmsync.library.interrupts import held_interrupts
from bpmsync.planner.plan import plan_to_json
from bpmsync.render.chapters import chapters_of, run_title
from bpmsync.render.clicklayer import ClickLayer
from bpmsync.render.crew import voice_sounds
from bpmsync.render.cues import CueLayer, make_cue_sounds
from bpmsync.render.memory import keep_blocks
from bpmsync.render.mix import heard_parts, mix_blocks
from bpmsync.render.scratch import scratch_folder
from bpmsync.render.sources import check_sources
from bpmsync.render.timeline import MixTimeline, find_timeline
from bpmsync.render.values import LegReport, MixOptions, MixReport, Progress
from bpmsync.render.voices import VoiceTask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from bpmsync.audio.source import Sound
    from bpmsync.audio.writer import Chapter, SoundFormat
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.render.cues import CueSounds
    from bpmsync.render.mix import Layer
    from bpmsync.render.voices import VoiceSound

__all__ = [
    "LegReport",
    "MixOptions",
    "MixReport",
    "Progress",
    "render_mix",
    "render_preview",
    "render_split",
]

# What an MP3 or M4A plays louder than what went into it must not clip either
_MOST_DECODED_DBTP = -0.5
_LOWEST_CEILING_DBTP = -9.0
_PREVIEW_S = 10.0
# Another ceiling makes other peaks: a third time would cost more than this
_CEILING_MARGIN_DB = 0.5


def render_mix(
    plan: Plan[WarpedLeg],
    destination: str | Path,
    options: MixOptions | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> MixReport:
    """Render a plan as one continuous file.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What to play.
    destination : str or Path
        An MP3, M4A, Opus, FLAC or WAV file by its ending; replaced when the new one is whole.
    options : MixOptions, optional
        How.
    progress : callable, optional
        Called a few times for each second of work.

    Raises
    ------
    ParameterError
        If the plan is not stretched or the ending is another.
    RenderError
        If music of the plan is gone, changed or damaged.
    ExportError
        If the file cannot be written. In every case what was there is untouched.
    """
    job = _Job.of(plan, options or MixOptions(), find_format(destination), progress)
    spans = ((0, job.timeline.frames),)
    return job.write([Path(destination)], spans, [job.timeline.frames], chapters_of(plan, job.timeline))


def render_split(
    plan: Plan[WarpedLeg],
    destinations: Sequence[str | Path],
    options: MixOptions | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> MixReport:
    """Render a plan as a file for each leg, which played without a gap are the mix.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What to play.
    destinations : sequence of (str or Path)
        One for each leg, of one format; a leg's file ends where the next leg begins. All are
        replaced together, when the last one is whole.
    options, progress
        As `render_mix`.

    Raises
    ------
    ParameterError, RenderError, ExportError
        As `render_mix`.
    """
    if len(destinations) != len(plan.legs):
        msg = f"{len(plan.legs)} legs need as many files, got {len(destinations)}"
        raise ParameterError(msg)
    files = [Path(one) for one in destinations]
    job = _Job.of(plan, options or MixOptions(), find_format(files[0] if files else ""), progress)
    ends = [*job.timeline.borders[1:], job.timeline.frames]
    return job.write(files, ((0, job.timeline.frames),), ends, ())


def render_preview(
    plan: Plan[WarpedLeg],
    destination: str | Path,
    options: MixOptions | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> MixReport:
    """Render ten seconds around every joint of a plan into one file.

    Parameters
    ----------
    plan, destination, options, progress
        As `render_mix`. With a single leg its beginning is rendered.

    Raises
    ------
    ParameterError, RenderError, ExportError
        As `render_mix`.
    """
    job = _Job.of(plan, options or MixOptions(), find_format(destination), progress)
    spans = _joints(job.timeline)
    total = sum(last - first for first, last in spans)
    return job.write([Path(destination)], spans, [total], ())


def _joints(timeline: MixTimeline) -> tuple[tuple[int, int], ...]:
    """Return the frames around the middle of every change of music; what touches is one span.

    Of a change that is longer than a span, as over a hole, the beginning and the end count.
    """
    half = round(_PREVIEW_S / 2 * timeline.sample_rate)
    spans: list[tuple[int, int]] = []
    for one, following in itertools.pairwise(timeline.voices):
        begins, ends = min(one.stop, following.start), max(one.stop, following.rises_until)
        for middle in (begins, ends) if ends - begins > 2 * half else ((begins + ends) // 2,):
            first, last = max(0, middle - half), min(timeline.frames, middle + half)
            if spans and first <= spans[-1][1]:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
    return tuple(spans) or ((0, min(timeline.frames, 2 * half)),)


@dataclass(frozen=True, slots=True)
class _Job:
    """One plan on its way to one or more files."""

    plan: Plan[WarpedLeg]
    options: MixOptions
    format: SoundFormat
    timeline: MixTimeline
    progress: Callable[[Progress], None]
    cues: CueSounds | None
    legs: dict[int, LegReport] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]  # holds grids

    @classmethod
    def of(
        cls,
        plan: Plan[WarpedLeg],
        options: MixOptions,
        sound_format: SoundFormat,
        progress: Callable[[Progress], None] | None,
    ) -> _Job:
        """Check all that can be known before any sound is made."""
        if plan.mode != "stretch":
            msg = "only a stretched plan can be rendered: bpmsync plan --stretch makes one"
            raise ParameterError(msg)
        if not plan.legs:
            msg = "the plan has no music to render"
            raise RenderError(msg)
        rate = options.rate_for(sound_format)
        check_sources(plan)
        timeline = find_timeline(plan, sample_rate=rate, fade_steps=options.fade_steps)
        wish = options.cues
        cues = None
        if wish is not None:
            cues = make_cue_sounds(
                wish.texts,
                rate,
                folder=wish.folder,
                speaker=wish.speaker,
                loudness_lufs=options.loudness_lufs,
            )
        return cls(plan, options, sound_format, timeline, progress or (lambda _: None), cues)

    def write(
        self,
        files: Sequence[Path],
        spans: Sequence[tuple[int, int]],
        ends: Sequence[int],
        chapters: Sequence[Chapter],
    ) -> MixReport:
        """Write the spans into files that end at the given frames; all of them, or none."""
        keep_blocks()
        rate = self.timeline.sample_rate
        ceiling = CEILING_DBTP - self.format.headroom_db
        with held_interrupts() as check, _replacing_all(files) as parts:
            for attempt in itertools.count(1):
                meter, decoded = LoudnessMeter(rate, between=False), None
                # Workers are gone before the folder that they write to
                with (
                    scratch_folder() as scratch,
                    contextlib.closing(self._mixed(spans, scratch, ceiling, check)) as mixed,
                ):
                    limited = limit_peaks(mixed, rate, ceiling_dbtp=ceiling)
                    told = self._told(meter.through(limited), ends[-1], attempt)
                    self._encode(parts, _cut(told, ends), chapters)
                if not self.format.lossy:
                    break
                decoded = max(_decoded_dbtp(part, rate, check) for part in parts)
                if decoded <= _MOST_DECODED_DBTP or ceiling <= _LOWEST_CEILING_DBTP:
                    break
                # Once more: what the codec makes louder is known now
                ceiling -= decoded - _MOST_DECODED_DBTP + _CEILING_MARGIN_DB
            check()  # the last moment at which an old file can stay
        durations = tuple((last - first) / rate for first, last in itertools.pairwise((0, *ends)))
        legs = tuple(self.legs[number] for number in sorted(self.legs))
        return MixReport(tuple(files), durations, meter.loudness, decoded, rate, legs)

    def _mixed(
        self, spans: Sequence[tuple[int, int]], scratch: Path, ceiling: float, check: Callable[[], None]
    ) -> Generator[Sound]:
        whole = spans == ((0, self.timeline.frames),)
        heard = {n: heard_parts(voice, spans) for n, voice in enumerate(self.timeline.voices)}
        tasks = {
            n: VoiceTask(
                path=self.timeline.voices[n].leg.track.path,
                timemap=self.timeline.voices[n].timemap,
                parts=parts,
                whole=whole,
                sample_rate=self.timeline.sample_rate,
                stretcher=self.options.stretcher,
                loudness_lufs=self.options.loudness_lufs,
                ceiling_dbtp=ceiling,
                scratch=str(scratch / f"{n}.f32"),
            )
            for n, parts in heard.items()
            if parts
        }
        sounds = voice_sounds(list(tasks.values()), jobs=self.options.jobs, check=check)
        with contextlib.closing(sounds):
            for block in mix_blocks(self.timeline, spans, self._noted(sounds, list(tasks)), self._layers()):
                check()
                yield block

    def _noted(self, sounds: Iterator[VoiceSound], numbers: Sequence[int]) -> Iterator[VoiceSound]:
        """Pass sounds on, and keep what there is to tell of them."""
        for number, sound in zip(numbers, sounds, strict=True):
            fade = self.timeline.fades[number] if number < len(self.timeline.fades) else 0
            self.legs[number] = LegReport(number, sound.gain_db, sound.loudness, sound.way, fade)
            yield sound

    def _layers(self) -> list[Layer]:
        """Return what is laid over the music: first what it steps back for."""
        options, timeline = self.options, self.timeline
        layers: list[Layer] = []
        if self.cues is not None:
            layers.append(CueLayer.of(self.plan, self.cues, fades=timeline.fades).apply)
        if options.click != "off":
            layers.append(
                ClickLayer.of(
                    self.plan,
                    options.click,
                    timeline.sample_rate,
                    fades=timeline.fades,
                    loudness_lufs=options.loudness_lufs,
                ).over
            )
        return layers

    def _told(self, blocks: Iterator[Sound], frames: int, attempt: int) -> Iterator[Sound]:
        rate, done = self.timeline.sample_rate, 0
        for block in blocks:
            self.progress(Progress(done / rate, frames / rate, attempt))
            yield block
            done += block.shape[1]
        self.progress(Progress(frames / rate, frames / rate, attempt))

    def _encode(
        self,
        parts: Sequence[Path],
        sounds: Iterator[tuple[int, Iterator[Sound]]],
        chapters: Sequence[Chapter],
    ) -> None:
        for number, (part, (frames, sound)) in enumerate(zip(parts, sounds, strict=True), start=1):
            encode_sound(
                part,
                self.format,
                sound,
                self.timeline.sample_rate,
                frames=frames,
                tags=self._tags(number, len(parts)),
                chapters=chapters,
                plan_text=self._plan_text(number, len(parts)),
            )

    def _plan_text(self, number: int, count: int) -> str:
        """Return the plan that a file holds, by which it is known as ours: all of it, or its leg's.

        Songs are told by their file names, since a mix is given away and folders tell of their owner;
        their hashes find them again.
        """
        legs = self.plan.legs if count == 1 else (self.plan.legs[number - 1],)
        here = Path.cwd()
        named = tuple(
            replace(leg, track=replace(leg.track, path=str(here / Path(leg.track.path).name))) for leg in legs
        )
        return plan_to_json(replace(self.plan, legs=named), beside=here)

    def _tags(self, number: int, count: int) -> SoundTags:
        run = run_title(self.plan)
        if count == 1:
            return SoundTags(title=f"Run {run}", artist="bpmsync", album="bpmsync runs", comment=run)
        track = self.plan.legs[number - 1].track
        return SoundTags(
            title=track.tags.title or track.name,
            artist=track.tags.artist or "",
            album=f"Run {run}",
            track=number,
            comment=run,
        )


def _decoded_dbtp(part: Path, rate: int, check: Callable[[], None]) -> float:
    """Return the true peak of what a file plays."""
    source = open_audio(part, sample_rate=rate, channels=2, longest_s=math.inf, hashed=False)

    def checked() -> Iterator[Sound]:
        for block in source.blocks():
            check()
            yield block

    return measure_true_peak(checked())


@contextmanager
def _replacing_all(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield a part file for each; they take their places when all are whole."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(replacing(file)) for file in files]


def _cut(blocks: Iterator[Sound], ends: Sequence[int]) -> Iterator[tuple[int, Iterator[Sound]]]:
    """Yield length and blocks of each piece that ends at the given frames, to be used up in turn."""
    stream = _Stream(blocks)
    for first, last in itertools.pairwise((0, *ends)):
        yield last - first, stream.take(last - first)
    for _ in stream.blocks:  # what measures the sound wants to see its end
        pass


@dataclass(slots=True)
class _Stream:
    blocks: Iterator[Sound]
    rest: Sound | None = None

    def take(self, frames: int) -> Iterator[Sound]:
        """Yield so many frames."""
        while frames:
            block = self.rest if self.rest is not None else next(self.blocks)
            wanted, more = block[:, :frames], block[:, frames:]
            self.rest = more if more.shape[1] else None
            frames -= wanted.shape[1]
            yield wanted
