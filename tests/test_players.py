"""Every entry of a playlist with awkward names is opened by mpv, VLC and mpd themselves."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unicodedata
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from bpmsync.export.copy import copy_files
from bpmsync.export.m3u import read_m3u, vlc_misreads, write_m3u
from bpmsync.library.track import Tags
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

NAMES = (
    "#1 on the Stairs.wav",
    "#EXTM3U.wav",
    unicodedata.normalize("NFC", "Café Über.wav"),
    unicodedata.normalize("NFD", "Café Über nfd.wav"),
    "emoji 🏃🏽‍♀️.wav",
    "東京 - Москва.wav",
    'it\'s "quoted".wav',
    "100 % %41 %20.wav",
    "a&b=c?d+e;f,g.wav",
    "[brackets] (round) {curly}.wav",
    "two  spaces.wav",
    "file:x http:.wav",
    "~tilde $HOME `x`.wav",
    "-o option.wav",
    "..dots..wav",
    "l" * 200 + ".wav",
    "#folder/100%/deep.wav",
)
PLAYLISTS = ("run.m3u8", "lists/run.m3u8")
NOBODY = 65534


@pytest.fixture(scope="module")
def music() -> Iterator[Path]:
    """Make a folder of short files with awkward names, and playlists in it and below it."""
    # Not in pytest's folder, which only its owner may enter: VLC runs as somebody else
    base = Path(tempfile.mkdtemp(prefix="bpmsync-players-")).resolve()
    base.chmod(0o755)
    folder = base / "music"
    (folder / "lists").mkdir(parents=True)
    legs = []
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 2400))
        one = replace(
            track(f"t{number}", 165.0, 2.0), path=str(path), tags=Tags(title='x"\n#,y', artist=name)
        )
        legs.append(WholeLeg(one, Fraction(1), 2.0 * number))
    plan = Plan(Ramp.constant(165, duration_s=2.0 * len(NAMES)), tuple(legs))
    for playlist in PLAYLISTS:
        write_m3u(plan, folder / playlist)
        kept = tuple(leg for leg in legs if not vlc_misreads(leg.track.path))
        write_m3u(replace(plan, legs=kept), folder / f"{playlist}-vlc.m3u8")
    assert len(list(copy_files(plan, base / "copy"))) == len(NAMES)
    yield folder
    shutil.rmtree(base)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def played_by_mpv(playlist: Path) -> list[str]:
    command = [
        program("mpv"),
        "--no-config",
        "--vo=null",
        "--ao=null",
        "--ao-null-untimed",
        "--load-scripts=no",
    ]
    done = subprocess.run([*command, str(playlist)], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    # "Playing: FILE" comes before a file is opened, its audio track after
    _, *parts = done.stdout.decode().split("Playing: ")
    return [os.path.normpath(part.split("\n", 1)[0]) for part in parts if "(+) Audio" in part]


def played_by_vlc(playlist: Path, home: Path) -> list[str]:
    command = [program("cvlc"), "-vv", "--no-color", "--aout=adummy", "--no-video", "--no-media-library"]
    if os.geteuid() == 0:  # VLC refuses to run as root
        user = [program("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*user, *command]
    home.mkdir(exist_ok=True)
    home.chmod(0o777)
    done = subprocess.run(
        [*command, "--play-and-exit", str(playlist)],
        env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    log = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    urls = [line.split("`file://", 1)[1].rsplit("'", 1)[0] for line in log if "' successfully opened" in line]
    return [path for url in urls if (path := os.path.normpath(unquote(url))) != str(playlist)]


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_mpv(music: Path, playlist: str) -> None:
    assert played_by_mpv(music / playlist) == [str(music / name) for name in NAMES]


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_vlc(music: Path, playlist: str) -> None:
    wanted = [str(music / name) for name in NAMES if not vlc_misreads(name)]
    assert len(wanted) >= len(NAMES) - 5
    assert played_by_vlc(music / f"{playlist}-vlc.m3u8", music.parent / "home") == wanted


def test_a_copy_plays_everywhere(music: Path) -> None:
    playlist = music.parent / "copy" / "run.m3u8"
    wanted = [str(path) for path in read_m3u(playlist)]
    assert len(wanted) == len(NAMES)
    assert played_by_mpv(playlist) == wanted
    assert played_by_vlc(playlist, music.parent / "home") == wanted


@pytest.fixture(scope="module")
def mpd(music: Path) -> Iterator[Callable[[str], list[str]]]:
    """Start an mpd of our own on a socket of our own, and return how to send it a command."""
    state = music.parent / "mpd"
    state.mkdir()
    config = state / "mpd.conf"
    config.write_text(
        f'music_directory "{music}"\nplaylist_directory "{state}"\ndb_file "{state}/db"\n'
        f'bind_to_address "{state}/socket"\nlog_file "{state}/log"\nlog_level "notice"\n'
        'filesystem_charset "UTF-8"\nzeroconf_enabled "no"\n'
        'audio_output {\n type "null"\n name "null"\n sync "no"\n}\n',
        encoding="utf-8",
    )
    with subprocess.Popen([program("mpd"), "--no-daemon", str(config)], stderr=subprocess.DEVNULL) as server:
        try:
            with _connected(state / "socket", server) as stream:
                yield lambda command: _asked(stream, command)
        finally:
            server.terminate()


@contextlib.contextmanager
def _connected(path: Path, server: subprocess.Popen[bytes]) -> Iterator[socket.SocketIO]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        for _ in range(200):
            with contextlib.suppress(OSError):
                line.connect(str(path))
                break
            assert server.poll() is None, "mpd did not start"
            time.sleep(0.05)
        with line.makefile("rwb", buffering=0) as stream:
            assert _line(stream).startswith("OK MPD")
            yield stream


def _line(stream: socket.SocketIO) -> str:
    return bytes(stream.readline()).decode().rstrip("\n")


def _asked(stream: socket.SocketIO, command: str) -> list[str]:
    stream.write(f"{command}\n".encode())
    answer: list[str] = []
    while not answer or (answer[-1] != "OK" and not answer[-1].startswith("ACK")):
        answer.append(_line(stream))
    assert answer[-1] == "OK", answer[-1]
    return answer[:-1]


def _until(ask: Callable[[str], list[str]], done: Callable[[list[str]], bool]) -> list[str]:
    for _ in range(600):
        status = ask("status")
        if done(status):
            return status
        time.sleep(0.05)
    pytest.fail(f"mpd did not come to an end of all: {status}")


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_mpd(music: Path, mpd: Callable[[str], list[str]], playlist: str) -> None:
    mpd("update")
    _until(mpd, lambda status: not any(line.startswith("updating_db") for line in status))
    mpd("clear")
    mpd(f'load "{playlist}"')
    queue = [line.removeprefix("file: ") for line in mpd("playlistinfo") if line.startswith("file: ")]
    assert queue == list(NAMES)
    log = music.parent / "mpd" / "log"
    before = len(log.read_text(encoding="utf-8"))
    mpd("play")

    def played() -> list[str]:
        lines = log.read_text(encoding="utf-8")[before:].splitlines()
        # One entry may be told twice, when it ends and when the next begins
        return list(
            dict.fromkeys(line.split(': played "', 1)[1][:-1] for line in lines if ': played "' in line)
        )

    # On a busy machine mpd also stops for a moment between two entries
    status = _until(mpd, lambda status: "state: stop" in status and len(played()) == len(NAMES))
    assert not [line for line in status if line.startswith("error")]
    assert played() == list(NAMES)
