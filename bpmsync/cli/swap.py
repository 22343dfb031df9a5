"""``bpmsync swap``: another song for one leg of a plan, and the rest fitted around it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.places import places_for
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, last_words, write_playlist, writing_options

if TYPE_CHECKING:
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.store import Store
    from bpmsync.planner.legs import Plan

__all__ = ["command"]


@click.command("swap")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("leg", type=click.IntRange(min=1))
@click.option("--with", "other", metavar="TRACK", help="This song; without it, the one that fits best.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the new plan there; without it, in place of the old one, which stays as PLAN.before.",
)
@writing_options
@json_option
@common_options
@pass_session
def command(
    session: Session,
    /,
    plan: Path,
    leg: int,
    *,
    other: str | None,
    output: Path | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Play another song as leg LEG of PLAN (1 is the first); all others stay, in their order.

    The playlist beside the plan is written anew, if there is one.
    """
    from bpmsync.cli.export import read_any_plan
    from bpmsync.planner.around import replace_leg
    from bpmsync.planner.plan import plan_to_json

    old = read_any_plan(plan)
    writing = Writing.take(options)
    places = places_for(output or plan)
    playlist = places.plan.name.removesuffix(".plan.json") + ".m3u8"
    if output is None and old.mode == "native" and places.plan.with_name(playlist).exists():
        places = places_for(places.plan.with_name(playlist))
    places.refuse_foreign(force=writing.force)
    with session.open_store() as store:
        shelf, only = _music(store, old, other)
        new = replace_leg(old, leg - 1, shelf, only=only)
    if output is None:
        from bpmsync.atomic import write_atomically

        write_atomically(plan.with_name(f"{plan.name}.before"), plan.read_text(encoding="utf-8"))
    write_playlist(new, places, writing)
    if as_json:
        click.echo(plan_to_json(new, beside=places.plan.parent), nl=False)
        return
    _tell(session, old, new, leg)
    session.say(f"wrote {clean(str(places.playlist or places.plan))}")
    if places.playlist is not None:
        session.say(last_words(new))


def _music(store: Store, plan: Plan[Any], other: str | None) -> tuple[Shelf, list[int] | None]:
    """Return the shelf to choose from, and the rows that are meant where one song was named."""
    from bpmsync.cli.resolve import find_track
    from bpmsync.errors import BpmsyncError
    from bpmsync.library.shelving import load_shelf

    imported = any(not leg.track.has_file for leg in plan.legs)
    wanted = None if other is None else find_track(store, other, imported=imported)
    shelf = load_shelf(store, imported=imported, is_there=os.path.exists)
    if not len(shelf):
        msg = "there is no music to choose from: bpmsync scan FOLDER fills the library"
        raise BpmsyncError(msg)
    if wanted is None:
        return shelf, None
    if wanted.audio_hash not in shelf.audio_hash:
        msg = f"{wanted.name} cannot be played: its file is gone, or another copy of the song is used"
        raise BpmsyncError(msg)
    return shelf, [shelf.audio_hash.index(wanted.audio_hash)]


def _tell(session: Session, old: Plan[Any], new: Plan[Any], leg: int) -> None:
    was, now = old.legs[leg - 1].track, new.legs[min(leg, len(new.legs)) - 1].track
    click.echo(f"leg {leg}: {clean(now.name)} instead of {clean(was.name)}")
    left_out = len(old.legs) - len(new.legs)
    if left_out > 0:
        names = ", ".join(clean(one.track.name) for one in old.legs[-left_out:])
        session.say(f"no room any more at the end of the run: {names}")
