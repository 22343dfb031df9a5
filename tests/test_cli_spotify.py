"""The account on the command line: the real program, the stand-in, and a script for a browser."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from account_cases import assert_silent, put_login, secrets_of
from bpmsync.cli.settings import read_config
from bpmsync.errors import ConfigError
from bpmsync.export.spotify.tokenfile import TokenFile
from command_line import Answer, bpmsync
from conftest import ROOT
from spotify_cases import recordings
from spotify_server import Fault, SpotifyServer
from spotify_server.messages import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AGREE = """\
import sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    opener.open(sys.argv[1], timeout=20).read()
except urllib.error.HTTPError:
    pass
"""


@pytest.fixture
def server() -> Iterator[SpotifyServer]:
    with SpotifyServer(recordings(20), redirects=["http://127.0.0.1/callback"]) as running:
        yield running


class Account:
    """An account folder, and the program as its owner runs it; all that was said is kept."""

    def __init__(self, server: SpotifyServer, folder: Path) -> None:
        script = folder / "browser.py"
        script.write_text(_AGREE)
        self.server = server
        self.cwd = folder
        self.folder = folder / "account"
        self.env = {
            "BPMSYNC_SPOTIFY_ACCOUNT": str(self.folder),
            "BROWSER": f"{sys.executable} {script} %s",
        }
        self.said: list[str] = []

    def __call__(self, *args: str, **env: str) -> Answer:
        # Python remembers for a whole process which browser there is
        alone = "BROWSER" in env
        answer = bpmsync("spotify", *args, cwd=self.cwd, env={**self.env, **env}, alone=alone)
        self.said += [answer.out, answer.err]
        return answer

    def log_in(self, *args: str, **env: str) -> Answer:
        return self("login", "--client-id", "demo", "--server", self.server.url, *args, **env)

    def paste(self, what: str) -> Answer:
        """Log in without a browser; ADDRESS, CODE and STATE in `what` are what the browser got."""
        with subprocess.Popen(
            [sys.executable, "-m", "bpmsync", "-v", "spotify", "login", "--no-browser", "--client-id", "demo",
             "--server", self.server.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.cwd,
            env={**os.environ, **self.env, "PYTHONPATH": str(ROOT)},
        ) as running:  # fmt: skip
            assert running.stderr is not None
            begun = ""
            while not (address := re.search(r"http://\S+/authorize\S+", begun)):
                line = running.stderr.readline()
                assert line, begun
                begun += line
            query = dict(parse_qsl(urlsplit(address[0]).query))
            reply = self.server.accounts.authorize(query)
            end = reply.headers["Location"]
            code = re.findall(r"code=([^&]*)", end)[0]
            text = what.replace("ADDRESS", end).replace("CODE", code).replace("STATE", query["state"])
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(text)
            running.stdin.close()
            out, err = running.stdout.read(), running.stderr.read()
        self.said += [out, begun + err]
        return Answer(running.returncode, out, begun + err)


@pytest.fixture
def account(server: SpotifyServer, tmp_path: Path) -> Iterator[Account]:
    """Whatever a test lets the program say, no token may be in it."""
    given = Account(server, tmp_path)
    yield given
    if secrets_of(server):
        assert_silent(server, *given.said)


def test_from_nothing_to_a_log_in_and_back(account: Account) -> None:
    assert account("status").status == 1
    answer = account.log_in("-v")
    assert (answer.status, answer.out) == (0, "logged in as Ro Runner\n")
    assert "/authorize?" in answer.err
    assert account.log_in("-q").status == 0

    file = account.folder / "token.json"
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(account.folder.stat().st_mode) == 0o700
    told = account("status", "-v")
    assert told.status == 0
    assert "Ro Runner (runner)" in told.out
    known = json.loads(account("status", "--json").out)
    assert known["logged_in"]
    assert (known["id"], known["client_id"]) == ("runner", "demo")
    assert known["scopes"] == [
        "playlist-modify-private",
        "playlist-modify-public",
        "playlist-read-private",
    ]
    assert 178 <= known["days_left"] <= 184
    assert known["server"] == f"{account.server.url}/v1/"

    assert account("logout", "-v").status == 0
    assert not file.exists()
    assert "spotify.com/account/apps" in account.said[-1]
    assert account("logout").status == 0
    gone = account("status", "--json")
    assert gone.status == 1
    assert json.loads(gone.out)["logged_in"] is False
    assert "bpmsync spotify login" in gone.err


def test_the_client_id_and_the_place_are_remembered_and_come_from_anywhere(account: Account) -> None:
    where = ("--server", account.server.url)
    assert account("login", *where, BPMSYNC_SPOTIFY_CLIENT_ID="shortenv").status == 0
    assert json.loads(account("status", "--json").out)["client_id"] == "shortenv"
    assert account("login", *where).status == 0, "the last log-in's client id serves again"
    assert account("login", *where, BPMSYNC_SPOTIFY_LOGIN_CLIENT_ID="longenv").status == 0
    assert json.loads(account("status", "--json").out)["client_id"] == "longenv"
    config = account.cwd / "config.toml"
    config.write_text(f'account = "{account.cwd / "other"}"\n[spotify.login]\nclient-id = "fromfile"\n')
    del account.env["BPMSYNC_SPOTIFY_ACCOUNT"]
    answer = bpmsync("--config", config, "spotify", "login", *where, cwd=account.cwd, env=account.env)
    assert answer.status == 0
    assert TokenFile(account.cwd / "other").load().client_id == "fromfile"


@pytest.mark.parametrize(
    "what",
    ["ADDRESS\n", "CODE\n", "code=CODE&state=STATE\n", "  http://127.0.0.1/callback?code=CODE&state=STATE"],
)
def test_without_a_browser_the_answer_is_pasted(account: Account, what: str) -> None:
    answer = account.paste(what)
    assert answer.status == 0, answer.err
    assert answer.out == "logged in as Ro Runner\n"
    assert "http://127.0.0.1/callback" in answer.err


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("", "nothing was pasted"),
        ("http://127.0.0.1/callback?code=CODE&state=wrong\n", "does not belong to this log-in"),
        ("http://127.0.0.1/callback?error=access_denied&state=STATE\n", "choose Agree"),
        ("madeup\n", "Invalid authorization code"),
        ("Zeitgefühl\n", "does not belong to this log-in"),
    ],
)
def test_a_wrong_paste_is_refused(account: Account, what: str, words: str) -> None:
    answer = account.paste(what)
    assert answer.status == 1
    assert words in answer.err
    assert not (account.folder / "token.json").exists()


@pytest.mark.parametrize("about", [{"LC_ALL": "C"}, {"PYTHONUTF8": "1"}])
def test_a_paste_that_is_no_text_is_refused(account: Account, about: dict[str, str]) -> None:
    words = ("spotify", "login", "--no-browser", "--client-id", "demo", "--server", account.server.url)
    pasted = b"\xff\xfe?code=1&state=\xff\n"
    answer = bpmsync(*words, cwd=account.cwd, env={**account.env, **about}, stdin=pasted)
    assert answer.status == 1
    assert "does not belong to this log-in" in answer.err


def test_a_denial_and_a_browser_that_never_answers(account: Account) -> None:
    account.server.account("runner", denies=True)
    denied = account.log_in("-v")
    assert denied.status == 1
    assert "choose Agree" in denied.err
    silent = account.log_in("--timeout", "1s", BROWSER="true")
    assert silent.status == 1
    for words in ("within 1 s", "--no-browser", "Invalid redirect URI", "exactly http://127.0.0.1/callback"):
        assert words in silent.err
    assert not (account.folder / "token.json").exists()


def test_a_client_id_that_spotify_does_not_know_is_explained(account: Account) -> None:
    account.server.accounts.clients = {"another"}
    answer = account.log_in("--timeout", "1s")
    assert answer.status == 1
    assert "INVALID_CLIENT" in answer.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "redirect URI exactly http://127.0.0.1/callback"),
        (["--client-id", "not an id"], "32 letters and digits"),
        (["--client-id", "demo", "--server", "http://example.com"], "http://127.0.0.1:PORT"),
        (["--client-id", "demo", "--port", "0"], "range"),
    ],
)
def test_a_log_in_that_cannot_begin_says_what_to_type(account: Account, args: list[str], words: str) -> None:
    answer = account("login", *args)
    assert answer.status == 2
    assert words in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("about", "words"), [({"premium": False}, "Premium"), ({"listed": False}, "User Management")]
)
def test_a_log_in_that_may_do_nothing_says_why(account: Account, about: dict[str, bool], words: str) -> None:
    account.server.account("runner", **about)
    answer = account.log_in()
    assert answer.status == 1
    assert words in answer.err
    told = account("doctor", "-v")
    assert told.status == 1
    assert words in told.out
    account.server.account("runner")
    assert "not known" in account("status").out


def test_help_says_first_what_cannot_be_pushed(account: Account) -> None:
    for args in (("--help",), ("login", "--help")):
        words = " ".join(account(*args).out.split())
        assert "no longer gives apps a song's tempo" in words
        assert "bpmsync coverage first" in words
    assert account("logn").status == 2
    assert "did you mean login?" in account.said[-1]


def test_a_log_in_for_less_than_is_needed_is_refused(account: Account) -> None:
    put_login(account.server, account.folder, scopes=["playlist-read-private"])
    told = account("status")
    assert told.status == 1
    assert "does not cover playlist-modify-private" in told.err
    assert account("doctor").status == 1


def test_a_consent_that_ends_or_has_ended_is_told(account: Account) -> None:
    now = account.server.clock()
    put_login(account.server, account.folder, consented_at=now - 175 * 86400)
    soon = account("status")
    assert soon.status == 0
    assert "gives six months more" in soon.err
    put_login(account.server, account.folder, consented_at=now - 200 * 86400, lasts_s=0)
    over = account("status", "--json")
    assert over.status == 1
    assert json.loads(over.out)["days_left"] == 0
    told = account("doctor")
    assert told.status == 1
    assert "six months" in told.out


# --- doctor


def test_the_doctor_finds_a_healthy_account_and_leaves_no_trace(account: Account) -> None:
    put_login(account.server, account.folder)
    answer = account("doctor", "--json", "-v")
    assert answer.status == 0
    found = json.loads(answer.out)
    assert found["ok"]
    assert [one["step"] for one in found["steps"]] == [
        "log-in", "renewal", "account", "search", "create", "add", "read back", "clock", "clean up",
    ]  # fmt: skip
    made = account.server.calls("POST", "/me/playlists")
    assert [one.body["public"] for one in made] == [False]
    assert len(account.server.calls("DELETE", "/me/library")) == 1
    assert not followed(account.server)


def followed(server: SpotifyServer) -> list[str]:
    """Return the names of the playlists that are still in the account."""
    from spotify_cases import Caller

    with Caller(server) as call:
        return [one["name"] for one in call("GET", "/me/playlists").json()["items"]]


@pytest.mark.parametrize(
    ("fault", "method", "path", "step"),
    [
        ("403", "GET", "/search", "search"),
        ("applied, but 503", "POST", "/me/playlists", "create"),
        ("500", "POST", "/me/playlists", "create"),
        ("applied, but cut", "POST", "/playlists/*/items", "add"),
        ("403", "POST", "/playlists/*/items", "add"),
        ("quota exceeded", "GET", "/playlists/*/items", "read back"),
    ],
)
def test_the_doctor_names_the_step_that_fails_and_cleans_up(
    account: Account, fault: str, method: str, path: str, step: str
) -> None:
    put_login(account.server, account.folder)
    account.server.faults.script(fault, method=method, path=path)
    answer = account("doctor", "--json")
    assert answer.status == 1
    failed = [one for one in json.loads(answer.out)["steps"] if not one["ok"]]
    assert [one["step"] for one in failed] == [step]
    assert ":" in failed[0]["words"]
    assert followed(account.server) == []


def test_the_doctor_sees_a_clock_that_is_wrong(account: Account) -> None:
    put_login(account.server, account.folder)
    reply = Reply(403, {"error": {"status": 403, "message": "No"}}, {"Date": "Tue, 01 Jan 2036 00:00:00 GMT"})
    account.server.faults.script(Fault("later", reply=reply, sound=True), path="/search")
    answer = account("doctor")
    assert answer.status == 1
    assert re.search(r"failed  clock: this computer's clock is \d+ days behind", answer.out)


def test_the_doctor_says_when_it_cannot_clean_up(account: Account) -> None:
    put_login(account.server, account.folder)
    account.server.faults.script("403", method="DELETE", path="/me/library", onwards=True)
    answer = account("doctor")
    assert answer.status == 1
    assert "failed  clean up: " in answer.out
    assert "delete it yourself" in answer.out


def test_the_doctor_sees_who_is_not_logged_in(account: Account) -> None:
    answer = account("doctor")
    assert answer.status == 1
    assert answer.out.startswith("failed  log-in: nobody is logged in")
    assert not account.server.requests


# --- settings


def test_settings_of_a_groups_commands_are_known_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'account = "a"\n[spotify.login]\nclient-id = "abc"\naccount = "b"\n'
        '[spotify.doctor]\nmax-wait = "5s"\n'
    )
    settings = read_config(str(path)).default_map
    assert settings["spotify"]["login"] == {"client_id": "abc", "account": "b"}
    assert settings["spotify"]["doctor"] == {"max_wait": "5s", "account": "a"}
    assert settings["spotify"]["logout"] == {"account": "a"}
    shown = {
        (one["command"], one["setting"]): one
        for one in json.loads(bpmsync("--config", path, "config", "--json", cwd=tmp_path).out)["settings"]
    }
    assert shown["spotify login", "client-id"]["value"] == "abc"
    assert shown["spotify login", "client-id"]["source"] == "config file"
    assert shown["spotify logout", "account"]["value"] == "a"
    for name in ("BPMSYNC_SPOTIFY_CLIENT_ID", "BPMSYNC_SPOTIFY_LOGIN_CLIENT_ID"):
        answer = bpmsync("config", "--json", "--changed", cwd=tmp_path, env={name: "xyz"})
        one = next(one for one in json.loads(answer.out)["settings"] if one["setting"] == "client-id")
        assert (one["command"], one["value"], one["source"]) == ("spotify login", "xyz", "environment")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[spotify.login]\nclient-di = "x"', r"unknown key in \[spotify.login\] 'client-di' .*client-id"),
        ("[spotify.logn]\n", "did you mean login"),
        ('[spotify]\nclient-id = "x"', r"unknown key in \[spotify\]"),
        ('[spotify]\nlogin = "x"', r"written \[spotify.login\]"),
        ("[spotfy.login]\n", "did you mean spotify"),
    ],
)
def test_a_misspelt_setting_of_a_group_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_config(str(path))


def complete(words: str) -> Any:  # noqa: ANN401 - what the shell is told
    probe = (
        "import sys\nfrom bpmsync.cli.main import cli\n"
        "try: cli.main(prog_name='bpmsync')\nexcept SystemExit: pass\n"
        "print(*(m for m in sys.modules if '.' not in m))"
    )
    count = len(words.split(" ")) - 1
    env = {"PYTHONPATH": str(ROOT), "_BPMSYNC_COMPLETE": "bash_complete", "COMP_WORDS": words,
           "COMP_CWORD": str(count)}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT, env=env
    ).stdout.splitlines()


def test_completion_of_the_group_loads_nothing_heavy() -> None:
    told = complete("bpmsync spotify lo")
    assert told[:2] == ["plain,login", "plain,logout"]
    assert not {"spotipy", "requests", "filelock", "numpy", "rich", "sqlite3"} & set(told[-1].split())
