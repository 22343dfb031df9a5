"""Options that several commands share, and how their texts are read.

A cadence is in steps per minute of both feet. There is no default ramp: a number that is
not the runner's own would be a wrong training plan, so bpmsync asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bpmsync.beats.detection import PLANNED
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "DURATION",
    "NO_RAMP",
    "PERCENT",
    "SPM",
    "RampChoice",
    "chosen_ramp",
    "engine_option",
    "imported_option",
    "jobs_option",
    "json_option",
    "native_options",
    "ramp_options",
]

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_STEPS_PER_COUNT = 4  # one foot in half a minute -> both feet in a minute
_SLOWEST_SPM, _FASTEST_SPM = 60.0, 300.0

NO_RAMP = """\
at which cadence do you run? bpmsync has no default for that. Count your right foot for
30 seconds of easy running, times 4: that is your steps per minute. Then type, if you counted 40,
    --count 40 --to 168            from 160 to 168 steps per minute over --duration 40m
or  --from 162 --to 168            with the number that your watch shows
or  --spm 172                      one cadence all the way
or  --ramp "160@0 170@10:00"       any shape"""


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        from bpmsync.timeline.durations import parse_duration

        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ParameterError as error:
            self.fail(str(error), param, ctx)


class _Percent(click.ParamType[float]):
    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        if isinstance(value, float) and param is None:
            return value
        number, mark, rest = str(value).strip().partition("%")
        try:
            share = float(number) / 100
        except ValueError:
            share = -1.0
        if not mark or rest or not 0 <= share <= 1:
            self.fail(f"{value!r} is not a percentage: write it as 4% (0% to 100%)", param, ctx)
        return share


class _Spm(click.ParamType[float]):
    name = "spm"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            cadence = float(value)
        except (TypeError, ValueError):
            self.fail(
                f"{value!r} is not a cadence: write steps per minute of both feet, as in 172", param, ctx
            )
        if not _SLOWEST_SPM <= cadence <= _FASTEST_SPM:
            form = f"{_SLOWEST_SPM:g}-{_FASTEST_SPM:g} steps per minute (count both feet)"
            self.fail(f"{cadence:g} spm is outside {form}", param, ctx)
        return cadence


DURATION = _Duration()
PERCENT = _Percent()
SPM = _Spm()


@dataclass(frozen=True, slots=True)
class RampChoice:
    """The ramp that was asked for, and the runner's own cadence where it was given.

    Parameters
    ----------
    ramp : Ramp
        The target over the run.
    baseline_spm : float or None
        The runner's own cadence; None where only the ramp's first value is known.
    """

    ramp: Ramp
    baseline_spm: float | None


_SHAPES = {
    "spm": ("spm",),
    "from": ("from_spm", "to_spm", "count"),
    "ramp": ("ramp_text",),
}
_WITH_FROM_ONLY = {"warm_up": "--warm-up", "cool_down": "--cool-down"}


def ramp_options(function: _Function) -> _Function:
    """Add the ramp's options; the command calls `chosen_ramp` with what it was given."""
    for option in reversed(
        (
            click.option("--spm", type=SPM, help="One cadence all the way, steps per minute."),
            click.option("--from", "from_spm", type=SPM, help="Cadence at the start: your own."),
            click.option("--to", "to_spm", type=SPM, help="Cadence at the top."),
            click.option(
                "--count",
                type=click.IntRange(int(_SLOWEST_SPM // 4), int(_FASTEST_SPM // 4)),
                metavar="N",
                help="Steps of your right foot in 30 seconds, instead of --from.",
            ),
            click.option(
                "--ramp",
                "ramp_text",
                metavar="TEXT",
                help='As in "160@0 170@10:00" or "5x(176/3:00 164/2:00)".',
            ),
            click.option("--duration", type=DURATION, default="40m", help="Length of the run."),
            click.option(
                "--warm-up", type=DURATION, help="Hold the first cadence so long (part of the duration)."
            ),
            click.option(
                "--cool-down", type=DURATION, help="Come back to it in so long (part of the duration)."
            ),
            click.option(
                "--baseline", type=SPM, help="Your own easy cadence.  [default: the ramp's first value]"
            ),
        )
    ):
        function = option(function)
    return function


def chosen_ramp(ctx: click.Context, options: dict[str, Any]) -> RampChoice:
    """Take the ramp's options out of `options` and return what they ask for.

    Where the config file and the command line name different shapes, the stronger one is
    taken whole; two shapes from the same source are a contradiction.

    Raises
    ------
    click.UsageError
        If there is no ramp, half a ramp, or more than one.
    ParameterError
        If the ramp is none.
    """
    names = (
        *(name for shape in _SHAPES.values() for name in shape),
        "duration",
        *_WITH_FROM_ONLY,
        "baseline",
    )
    given = {name: options.pop(name) for name in names}
    shape = _chosen_shape(ctx, given)
    return RampChoice(ramp=_BUILDERS[shape](ctx, given), baseline_spm=given["baseline"])


def _strength(ctx: click.Context, name: str) -> int:
    """Larger is stronger; 0 where nobody said anything."""
    source = ctx.get_parameter_source(name)
    order = (ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE)
    return order.index(source) + 1 if source in order else 0


def _chosen_shape(ctx: click.Context, given: dict[str, Any]) -> str:
    strengths = {
        shape: max(_strength(ctx, name) if given[name] is not None else 0 for name in names)
        for shape, names in _SHAPES.items()
    }
    strongest = max(strengths.values())
    if not strongest:
        raise click.UsageError(NO_RAMP, ctx)
    chosen = [shape for shape, strength in strengths.items() if strength == strongest]
    if len(chosen) > 1:
        both = " and ".join(f"--{shape}" for shape in chosen)
        msg = f"{both} are two ramps: give one"
        raise click.UsageError(msg, ctx)
    return chosen[0]


def _steady(ctx: click.Context, given: dict[str, Any]) -> Ramp:
    from bpmsync.timeline.ramp import Ramp

    _refuse_edges(ctx, given, "--spm holds one cadence all the way")
    return Ramp.constant(given["spm"], duration_s=_run_length(ctx, given))


def _rising(ctx: click.Context, given: dict[str, Any]) -> Ramp:
    from bpmsync.timeline.ramp import Ramp

    start = _start(ctx, given)
    if start is None:
        msg = "--to needs a start: --from 162, or --count 40 (your right foot in 30 seconds, times 4)"
        raise click.UsageError(msg, ctx)
    if given["to_spm"] is None:
        msg = f"where to, from {start:g} spm? Add --to {start * 1.04:.0f}, or hold it with --spm {start:g}"
        raise click.UsageError(msg, ctx)
    return Ramp.linear(
        start,
        given["to_spm"],
        duration_s=_run_length(ctx, given),
        warm_up_s=given["warm_up"] or 0.0,
        cool_down_s=given["cool_down"] or 0.0,
    )


def _written(ctx: click.Context, given: dict[str, Any]) -> Ramp:
    from bpmsync.timeline.ramptext import parse_ramp

    _refuse_edges(ctx, given, "--ramp says everything itself")
    if _strength(ctx, "duration") >= _strength(ctx, "ramp_text"):
        msg = "--ramp has its own length: leave --duration out"
        raise click.UsageError(msg, ctx)
    ramp = parse_ramp(given["ramp_text"])
    if ramp.duration_s == 0:
        msg = f'{given["ramp_text"]!r} has no length: add where it ends, as in "160@0 170@10:00"'
        raise ParameterError(msg)
    return ramp


_BUILDERS = {"spm": _steady, "from": _rising, "ramp": _written}


def _start(ctx: click.Context, given: dict[str, Any]) -> float | None:
    by_number, by_count = given["from_spm"], given["count"]
    if by_number is None or by_count is None:
        return by_number if by_count is None else float(by_count * _STEPS_PER_COUNT)
    stronger = _strength(ctx, "count") - _strength(ctx, "from_spm")
    if stronger == 0:
        msg = f"--count {by_count} stands in for --from: give one of them"
        raise click.UsageError(msg, ctx)
    return float(by_count * _STEPS_PER_COUNT) if stronger > 0 else float(by_number)


def _run_length(ctx: click.Context, given: dict[str, Any]) -> float:
    length = float(given["duration"])
    if not length:
        msg = "--duration is zero: say how long you run, as in 40m"
        raise click.UsageError(msg, ctx)
    return length


def _refuse_edges(ctx: click.Context, given: dict[str, Any], why: str) -> None:
    for name, option in _WITH_FROM_ONLY.items():
        if given[name] is not None and _strength(ctx, name) == _strength_max(ctx):
            msg = f"{option} goes with --from and --to: {why}"
            raise click.UsageError(msg, ctx)


def _strength_max(ctx: click.Context) -> int:
    return max(_strength(ctx, name) for names in _SHAPES.values() for name in names)


def native_options(function: _Function) -> _Function:
    """Add the options of a native plan: limits and filters."""
    for option in reversed(
        (
            click.option(
                "--max-off",
                type=PERCENT,
                default="4%",
                help="How far a track's step tempo may be from the target.",
            ),
            click.option("--min-length", type=DURATION, default="1m30s", help="Shortest track."),
            click.option("--max-length", type=DURATION, default="12m", help="Longest track."),
            click.option(
                "--min-confidence",
                type=click.FloatRange(0, 1),
                default=PLANNED,
                metavar="0..1",
                help="No track whose beat is less certain.",
            ),
            click.option(
                "--include", multiple=True, metavar="QUERY", help="Only tracks that match (any of several)."
            ),
            click.option("--exclude", multiple=True, metavar="QUERY", help="No track that matches."),
            click.option("--spoken/--no-spoken", default=False, help="Audiobooks and podcasts, too."),
            click.option(
                "--partial/--no-partial",
                default=False,
                help="Leave a hole where no track fits, rather than fail.",
            ),
        )
    ):
        function = option(function)
    return function


def json_option(function: _Function) -> _Function:
    """Add --json: one document on stdout instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")(
        function
    )


def imported_option(*, default: bool) -> Callable[[_Function], _Function]:
    """Return what adds --imported/--no-imported with a default."""
    text = "Imported songs, too: only a playlist in Spotify can play them."
    return click.option("--imported/--no-imported", default=default, help=text)


def jobs_option(function: _Function) -> _Function:
    """Add -j/--jobs."""
    text = "Processes.  [default: one for each core]"
    return click.option("-j", "--jobs", type=click.IntRange(1, 512), metavar="N", help=text)(function)


def engine_option(function: _Function) -> _Function:
    """Add --engine."""
    text = "The beat tracker."
    return click.option("--engine", default="bpmsync", metavar="NAME", help=text)(function)
