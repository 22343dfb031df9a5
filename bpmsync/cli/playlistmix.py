"""``bpmsync playlist --render``: from a folder of music to one sound file with every beat on a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bpmsync.cli.explaining import explanation_document, print_explanation
from bpmsync.cli.planoptions import PlanWishes
from bpmsync.cli.renderoptions import RENDER_ONLY, RenderWishes, refuse_render_words
from bpmsync.cli.stretching import refuse_other_mode
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from bpmsync.cli.making import Made
    from bpmsync.cli.options import RampChoice
    from bpmsync.cli.planning import Filters
    from bpmsync.cli.rendering import Rendered, RenderTarget
    from bpmsync.cli.rise import Rise
    from bpmsync.cli.scanning import ScanSummary
    from bpmsync.cli.session import Session
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.render.values import MixOptions

__all__ = ["MixWishes", "refuse_other_product"]

_NO_PLAYLIST = "--render makes one sound file and no playlist: "
_NOT_RENDERED = {
    "output": f"{_NO_PLAYLIST}the file that it names is all there is, and -o has nothing to name",
    "copy": f"{_NO_PLAYLIST}--copy would copy untouched songs (bpmsync render --split makes a folder)",
    "push": f"{_NO_PLAYLIST}Spotify plays songs at their own tempo, so --push goes without it",
    "relative": f"{_NO_PLAYLIST}there are no entries to write relative or absolute",
    "prefix": f"{_NO_PLAYLIST}there are no entries for --prefix to begin",
    "bom": f"{_NO_PLAYLIST}there is nothing for --bom to begin",
}
_RENDERED_ONLY = {
    name: f"--{name.replace('_', '-')} needs --render: untouched songs are played as they are"
    for name in RENDER_ONLY
}


def refuse_other_product(ctx: click.Context, *, render: bool) -> None:
    """Refuse what was typed for a playlist where a mix is wanted, and the other way round.

    Raises
    ------
    click.UsageError
        If there is such an option.
    """
    refuse_render_words(ctx, _NOT_RENDERED if render else _RENDERED_ONLY)
    refuse_other_mode(ctx, stretch=render, by="--render")


@dataclass(frozen=True, slots=True)
class MixWishes:
    """What is to be rendered from a folder, where to, and how.

    Parameters
    ----------
    target : RenderTarget
        The mix, its plan and perhaps its CUE sheet.
    limits : StretchOptions
        Of the plan.
    asked : PlanWishes
        What the plan has to hold and how good it has to be.
    filters : Filters
        Which tracks may be planned.
    sound : MixOptions
        How it is rendered.
    svg : Path or None
        Where the picture of the plan goes.
    dry_run : bool
        Show the plan only.
    as_json : bool
        One document on stdout.
    """

    target: RenderTarget
    limits: StretchOptions
    asked: PlanWishes
    filters: Filters
    sound: MixOptions
    svg: Path | None
    dry_run: bool
    as_json: bool

    @classmethod
    def take(
        cls,
        ctx: click.Context,
        session: Session,
        dest: Path,
        options: dict[str, Any],
        *,
        jobs: int | None,
        svg: Path | None,
        dry_run: bool,
        as_json: bool,
    ) -> MixWishes:
        """Take the options out of what a command was given, and refuse before the scan what cannot be.

        Raises
        ------
        ParameterError
            If an option or the ending of the file is none.
        ExportError
            If a file that bpmsync did not make is in the way.
        """
        from bpmsync.cli.planning import Filters
        from bpmsync.cli.rendering import mix_target
        from bpmsync.cli.stretching import take_stretch_options

        force, asked = options.pop("force"), PlanWishes.take(options)
        wishes = cls(
            target=mix_target(dest, with_plan=True),
            limits=take_stretch_options(ctx, options, asked.weights),
            asked=asked,
            filters=Filters.take(options),
            sound=RenderWishes.take(session, options).mix_options(jobs=jobs),
            svg=None if dry_run else svg,
            dry_run=dry_run,
            as_json=as_json,
        )
        if not dry_run:
            wishes.target.refuse_foreign(force=force)
        return wishes

    def make(self, session: Session, folder: Path, summary: ScanSummary, choice: RampChoice) -> ExitStatus:
        """Plan from a folder that was scanned, show and render; return what the command ends with.

        Raises
        ------
        PlanError
            If the music does not cover the ramp.
        RenderError, ExportError
            If it cannot be rendered or written; what was there is untouched.
        """
        import datetime as dt

        from bpmsync.cli.making import Job, make_plan, remember
        from bpmsync.cli.music import Music
        from bpmsync.cli.rendering import render_to
        from bpmsync.cli.renderreport import print_rendered
        from bpmsync.cli.rise import rise_of, warn_of_rise
        from bpmsync.cli.stretching import report_stretched

        with session.open_store() as store:
            self.target.refuse_library(store)
            job = Job(Music(self.filters, folder=folder), choice.ramp, self.limits, self.asked)
            made = make_plan(session, store, job)
        plan = made.plan
        self.target.refuse_sources(plan)
        rise = rise_of(choice.ramp, choice.baseline_spm)
        report_stretched(plan, rise, table=not self.as_json, svg=self.svg)
        if made.explanation is not None and not self.as_json:
            print_explanation(plan, made.explanation)
        done = None if self.dry_run else render_to(session, plan, self.target, self.sound)
        if self.as_json:
            self._print_document(made, done, rise, summary)
        if done is not None:
            remember(session, plan, at=dt.datetime.now(dt.UTC))
            print_rendered(session, done, table=not self.as_json, planned=True)
        else:
            session.say("a dry run: nothing was written")
        warn_of_rise(rise)
        return ExitStatus.SOME_FAILED if summary.failed else ExitStatus.DONE

    def _print_document(self, made: Made, done: Rendered | None, rise: Rise, summary: ScanSummary) -> None:
        import json

        from bpmsync.cli.output import print_json
        from bpmsync.cli.renderreport import rendered_document
        from bpmsync.planner.plan import plan_to_json

        print_json(
            {
                "playlist": None,
                "plan_file": None if done is None else str(self.target.plan),
                "render": None if done is None else rendered_document(done),
                "scan": summary.as_json(),
                **rise.as_json(),
                "explain": explanation_document(made.explanation) if made.explanation else None,
                "plan": json.loads(plan_to_json(made.plan, beside=self.target.folder)),
            }
        )
