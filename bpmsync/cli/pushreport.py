"""What a push found and did, as a table for eyes and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.text import clean, counted

if TYPE_CHECKING:
    from bpmsync.cli.pushing import PushReport
    from bpmsync.cli.session import Session
    from bpmsync.export.spotify.choosing import Choice

__all__ = ["LAST_WORDS", "print_push", "push_document"]

LAST_WORDS = "in Spotify: turn off Shuffle, Smart Shuffle, Automix and Crossfade"


def print_push(session: Session, report: PushReport, *, table: bool) -> None:
    """Print the rows on stdout, and on stderr what was done and what to do next."""
    from bpmsync.cli.output import print_table
    from bpmsync.timeline.durations import format_clock

    selection = report.selection
    if table:
        columns = (">#", "song", ">length", "match", ">off", "note")
        print_table(columns, [_cells(n, choice) for n, choice in enumerate(selection.choices, start=1)])
    for choice in selection.replaced:
        if choice.leg is not None and choice.unmatched is not None:
            missing = f"{clean(choice.unmatched.song.name)} ({clean(choice.unmatched.reason)})"
            session.say(f"{clean(choice.leg.track.name)} stands in for {missing}")
    for choice in selection.holes:
        click.echo(f"left out: {clean(choice.match.song.name)}: {clean(choice.match.reason)}", err=True)
    if selection.holes:
        lost = format_clock(float(round(selection.lost_s)))
        doubtful = any(choice.match.grade.value == "ask" for choice in selection.holes)
        asks = "--review asks about doubtful ones, " if doubtful else ""
        click.echo(
            f"{len(selection.holes)} of {len(selection.choices)} songs are missing, {lost} of music: "
            f"{asks}bpmsync spotify link names the right version",
            err=True,
        )
    session.say(_done(report))
    older = report.target.older
    if older is not None:
        words = "from another plan is left as it is; --update would change that one"
        session.say(f"a playlist {clean(older.name)} {words}")
    if report.pushed is not None:
        session.say(report.pushed.playlist.url)
        session.say(LAST_WORDS)


def _cells(number: int, choice: Choice) -> tuple[object, ...]:
    from bpmsync.timeline.durations import format_clock

    match = choice.match
    length = format_clock(float(round(match.song.duration_s)))
    off = None
    if match.found is not None:
        off = f"{round(match.found.duration_s - match.song.duration_s):+d} s"
    if choice.leg is None:
        return number, match.song.name, length, match.grade.value, off, f"left out: {match.reason}"
    return number, match.song.name, length, match.grade.value, off, _note(choice)


def _note(choice: Choice) -> str | None:
    if choice.unmatched is not None:
        return f"stands in for {choice.unmatched.song.name}"
    found = choice.match.found
    return None if found is None or found.name == choice.match.song.name else found.name


def _done(report: PushReport) -> str:
    pushed, target = report.pushed, report.target
    sent = f"{report.searches} search{'' if report.searches == 1 else 'es'}, {counted(report.calls, 'call')}"
    if pushed is None:
        return f"a dry run ({sent}): {_difference(report)}"
    name = clean(pushed.playlist.name)
    if not pushed.changed:
        return f"{name} is as the plan wants it: nothing was changed ({sent})"
    if pushed.created:
        return f"made {name} with {counted(len(report.selection.uris), 'song')}, read back and equal ({sent})"
    if not (pushed.added or pushed.removed):
        return f"gave {name} its name and description; its songs are as the plan wants them ({sent})"
    kept = len(target.rows) - pushed.removed
    return (
        f"changed {name}: {counted(pushed.added, 'row')} added, {pushed.removed} removed, {kept} left alone, "
        f"read back and equal ({sent}); bpmsync push --undo brings the old list back"
    )


def _difference(report: PushReport) -> str:
    target, wanted = report.target, report.selection.uris
    if target.playlist is None:
        return f"{clean(target.naming.name)} would be made with {counted(len(wanted), 'song')}"
    before = [row.uri for row in target.rows]
    name = clean(target.playlist.name)
    if before == list(wanted):
        return f"{name} is as the plan wants it"
    titles = {row.uri: row.title for row in target.rows}
    new = [uri for uri in wanted if uri not in titles]
    old = [clean(row.title or "a row without a title") for row in target.rows if row.uri not in set(wanted)]
    if not new and not old:
        return f"{name} would change: it has the same songs in another order, or some of them twice"
    lines = [f"{name} would change: {counted(len(new), 'new song')}, {len(old)} to go"]
    lines += [f"  - {title}" for title in old]
    names = {c.match.found.uri: c.match.found.name for c in report.selection.choices if c.match.found}
    lines += [f"  + {clean(names.get(uri, uri))}" for uri in new]
    return "\n".join(lines)


def push_document(report: PushReport) -> dict[str, Any]:
    """Return what a push found and did as JSON values."""
    pushed, target, selection = report.pushed, report.target, report.selection
    playlist = target.playlist if pushed is None else pushed.playlist
    changes = {
        "created": pushed is not None and pushed.created,
        "added": 0 if pushed is None else pushed.added,
        "removed": 0 if pushed is None else pushed.removed,
        "described": pushed is not None and pushed.described,
    }
    return {
        "playlist": None
        if playlist is None
        else {"id": playlist.id, "name": playlist.name, "url": playlist.url, "rows": playlist.total},
        "plan_id": target.naming.plan_id,
        "dry_run": pushed is None,
        "changes": changes,
        "uris": list(selection.uris),
        "songs": [_song_document(choice) for choice in selection.choices],
        "missing": len(selection.holes),
        "missing_s": round(selection.lost_s, 3),
        "saved": None if pushed is None or pushed.saved is None else str(pushed.saved),
        "searches": report.searches,
        "calls": report.calls,
    }


def _song_document(choice: Choice) -> dict[str, Any]:
    match = choice.match
    return {
        "planned": choice.planned.track.name,
        "pushed": None if choice.leg is None else choice.leg.track.name,
        "uri": None if choice.leg is None or match.found is None else match.found.uri,
        "grade": match.grade.value,
        "reason": match.reason,
        "not_pushed_because": None if choice.unmatched is None else choice.unmatched.reason,
    }
