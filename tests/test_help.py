"""Asking for help costs nothing: it imports no heavy library, opens no library and reads no settings."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import click
import pytest

import bpmsync
from bpmsync.cli.main import cli
from bpmsync.cli.table import COMMANDS, command_names, load_entry, runnable
from conftest import ROOT

HEAVY = {
    "numpy", "librosa", "numba", "scipy", "spotipy", "requests", "rapidfuzz", "filelock", "mutagen", "av",
    "soxr", "sqlite3", "rich",
}  # fmt: skip
RUNNABLE = {" ".join(words): entry for words, entry in runnable()}
_PROBE = """
import contextlib, io, json, sys
from bpmsync.cli.main import main
with contextlib.redirect_stdout(io.StringIO()) as out:
    status = main(json.loads(sys.argv[1]))
print(json.dumps([status, sorted(name for name in sys.modules if "." not in name), out.getvalue()]))
"""


def loaded_by(*args: str, **environment: str) -> tuple[int, set[str], str]:
    """Return the exit status, the modules loaded and the output of a command line."""
    result = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps(args)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
    )
    status, modules, output = json.loads(result.stdout)
    return status, set(modules), output


@pytest.mark.parametrize(
    "args",
    [("--help",), ("--version",), ("spotify", "--help"), *((*words, "--help") for words, _ in runnable())],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(args: tuple[str, ...]) -> None:
    status, modules, _ = loaded_by(*args)
    assert status == 0
    assert not modules & HEAVY


def test_help_of_bpmsync_imports_no_command() -> None:
    probe = (
        "import sys; from bpmsync.cli.main import main; main(['--help']); "
        "print([name for name in sys.modules if name in sys.argv])"
    )
    modules = [entry.module for entry in COMMANDS]
    result = subprocess.run(
        [sys.executable, "-c", probe, *modules],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_lists_every_command_with_its_summary() -> None:
    _, _, output = loaded_by("--help")
    for entry in COMMANDS:
        assert f"  {entry.name} " in output
        assert entry.summary.split()[0] in output


def test_help_works_where_the_settings_are_broken(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("settings")
    (home / "bpmsync").mkdir()
    (home / "bpmsync" / "config.toml").write_text("not toml")
    assert loaded_by("--help", XDG_CONFIG_HOME=str(home))[0] == 0


def test_completion_loads_nothing_heavy() -> None:
    probe = (
        "import sys, os\nfrom bpmsync.cli.main import cli\n"
        "try: cli.main(prog_name='bpmsync')\nexcept SystemExit: pass\n"
        "print(*(m for m in sys.modules if '.' not in m))"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT),
            "_BPMSYNC_COMPLETE": "bash_complete",
            "COMP_WORDS": "bpmsync pl",
            "COMP_CWORD": "1",
        },
    )
    assert "plain,playlist\nplain,plan\n" in result.stdout
    assert not set(result.stdout.splitlines()[-1].split()) & HEAVY


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_summary_in_the_table_says_what_the_command_says(name: str) -> None:
    command = load_entry(RUNNABLE[name])
    assert command.name == RUNNABLE[name].name
    assert command.help


@pytest.mark.parametrize("name", RUNNABLE)
def test_options_are_named_as_the_house_names_them(name: str) -> None:
    command = load_entry(RUNNABLE[name])
    short = {"-o", "-f", "-n", "-j", "-q", "-v", "-h", "-y"}
    for option in command.params:
        if not isinstance(option, click.Option):
            continue
        assert option.help, f"{option.opts} has no help"
        for text in (*option.opts, *option.secondary_opts):
            assert text in short or (text.startswith("--") and text == text.lower() and "_" not in text)


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project.get("version", bpmsync.__version__) == bpmsync.__version__
    assert loaded_by("--version")[2] == f"bpmsync {bpmsync.__version__}\n"


def test_python_m_bpmsync_is_the_command_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bpmsync", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.startswith("bpmsync ")


def test_the_table_and_click_agree() -> None:
    with click.Context(cli) as ctx:
        assert cli.list_commands(ctx) == command_names()
