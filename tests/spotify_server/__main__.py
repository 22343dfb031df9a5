"""Run the stand-in by hand: ``python -m tests.spotify_server`` from the project's root."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from .demo import demo_catalogue, listed_catalogue
from .server import SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .messages import Exchange

__all__ = ["main"]

_FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.spotify_server",
        description="A stand-in for Spotify on this computer: nothing leaves it, and nothing is kept.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 for a free one (default)")
    parser.add_argument("--music", type=Path, default=_FIXTURES / "audio", help="folder whose songs it has")
    parser.add_argument("--songs", type=Path, default=_FIXTURES / "songs.csv", help="more songs that it has")
    parser.add_argument("--legacy", action="store_true", help="answer as older apps are answered")
    parser.add_argument("--deny", action="store_true", help="say no to the log-in")
    parser.add_argument("--no-premium", action="store_true", help="refuse every call: no Premium")
    parser.add_argument("--not-listed", action="store_true", help="refuse every call: not on the app's list")
    parser.add_argument("--json-log", type=Path, metavar="FILE", help="write each exchange as a line of JSON")
    return parser.parse_args(arguments)


def _log_to(path: Path | None, exchange: Exchange) -> None:
    """Note an exchange; tokens and codes are in neither place."""
    print(f"{exchange.method} {exchange.path} {exchange.status or 'no answer'}", file=sys.stderr, flush=True)
    if path is not None:
        told = exchange.path.startswith("/v1")
        line = {
            "method": exchange.method,
            "path": exchange.path,
            "query": dict(exchange.query) if told else None,
            "body": exchange.body if told else None,
            "status": exchange.status,
        }
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until Ctrl-C."""
    options = _options(arguments)
    writing = threading.Lock()

    def note(exchange: Exchange) -> None:
        with writing:
            _log_to(options.json_log, exchange)

    songs = (*demo_catalogue(options.music), *listed_catalogue(options.songs))
    server = SpotifyServer(songs, legacy=options.legacy, port=options.port, on_exchange=note)
    server.account(premium=not options.no_premium, listed=not options.not_listed, denies=options.deny)
    try:
        with server:
            print(f"A stand-in for Spotify with {len(songs)} tracks: {server.url}")
            print("In another terminal, next:")
            print(f"  bpmsync spotify login --server {server.url} --client-id demo")
            print("Ctrl-C ends it, and forgets everything.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
