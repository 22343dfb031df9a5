"""A person's word on songs whose match is doubtful: which version is it, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import clean
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.export.spotify.finding import Search
    from bpmsync.export.spotify.memory import MatchMemory
    from bpmsync.export.spotify.values import CatalogueTrack, Match, Song

__all__ = ["review_matches"]

_MOST_SHOWN = 6


def review_matches(matches: Sequence[Match], search: Search, memory: MatchMemory) -> list[Match]:
    """Return the matches with a person's word on each doubtful one; answers are kept at once."""
    from bpmsync.export.spotify.finding import find_match, remember_person
    from bpmsync.export.spotify.values import Grade

    reviewed = list(matches)
    doubtful = [number for number, match in enumerate(matches) if match.grade is Grade.ASK]
    for count, number in enumerate(doubtful, start=1):
        # Memory keeps the best candidate only, and a person should see them all
        match = find_match(matches[number].song, search)
        candidates = [*([match.found] if match.found else []), *match.others][:_MOST_SHOWN]
        _show(match, candidates, f"{count} of {len(doubtful)}")
        answer = _ask(len(candidates))
        if answer == "q":
            break
        if answer:
            chosen = None if answer == "n" else candidates[int(answer) - 1]
            reviewed[number] = remember_person(match.song, chosen, memory)
    return reviewed


def _show(match: Match, candidates: Sequence[CatalogueTrack], place: str) -> None:
    click.echo(f"\n{place}: {_line(match.song)}", err=True)
    click.echo(f"    {clean(match.reason)}", err=True)
    for number, track in enumerate(candidates, start=1):
        off_s = track.duration_s - match.song.duration_s
        click.echo(f"  {number}  {_clock(track.duration_s)} ({off_s:+.0f} s)  {clean(track.name)}", err=True)
        click.echo(f"           {clean(track.album)}", err=True)


def _line(song: Song) -> str:
    album = f"  [{song.album}]" if song.album else ""
    return clean(f"{_clock(song.duration_s)}  {song.name}{album}")


def _clock(seconds: float) -> str:
    from bpmsync.timeline.durations import format_clock

    return format_clock(float(round(seconds)))


def _ask(candidates: int) -> str:
    """Return a number as text, "n" (none of these), "q" (ask no more) or "" (leave it)."""
    known = {*(str(number) for number in range(1, candidates + 1)), "n", "q", ""}
    while True:
        answer = _answer(f"which is it? 1-{candidates}, n none of these, Enter leave it, q ask no more")
        if answer.strip().lower() in known:
            return answer.strip().lower()
        click.echo(f"{clean(answer)!r} is no answer", err=True)


def _answer(question: str) -> str:
    try:
        return str(click.prompt(question, default="", show_default=False, err=True))
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            raise
        msg = (
            "nobody answers here: run it in a terminal, or leave --review out; nothing was made or changed, "
            "and answers so far are kept"
        )
        raise BpmsyncError(msg) from error
