"""The README tells the truth: every command and option, the ramp texts, the pictures, the links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from bpmsync.cli.main import cli
from bpmsync.cli.table import load_entry, runnable
from bpmsync.errors import ExitStatus
from bpmsync.planner.weights import MEANINGS, Weights
from bpmsync.timeline.durations import parse_duration
from bpmsync.timeline.ramptext import parse_ramp
from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (ROOT / "README.md").read_text("utf-8")
BASH_LINES = re.findall(r"^```bash\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
SHARED = README.partition("## Options that several commands share")[2].partition("### Finding tracks")[0]


def section(name: str) -> str:
    """Return what the README says under the heading of a command."""
    match = re.search(rf"^### `{name}\b.*?(?=^##)", README, re.MULTILINE | re.DOTALL)
    assert match, f"the README has no heading for the command {name}"
    return match[0]


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from (*parameter.opts, *parameter.secondary_opts)


COMMANDS = {" ".join(words): entry for words, entry in runnable()}


def loaded(name: str) -> click.Command:
    return load_entry(COMMANDS[name])


def mentions(text: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_described(name: str) -> None:
    text = section(name) + SHARED
    long = {option for option in options(loaded(name)) if option.startswith("--")} - {"--help"}
    assert not [option for option in sorted(long) if not mentions(text, option)]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_invents_no_option(name: str) -> None:
    known = {*options(loaded(name)), "--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section(name))) <= known


def test_the_options_before_a_command_are_described() -> None:
    long = {option for option in options(cli) if option.startswith("--")} - {"--help"}
    assert not [option for option in sorted(long) if not mentions(SHARED, option)]


def test_an_option_that_is_described_for_all_exists_somewhere() -> None:
    known = {option for name in COMMANDS for option in options(loaded(name))} | set(options(cli))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SHARED)) <= known


def test_the_readme_has_no_command_that_is_not_there() -> None:
    headings = re.findall(r"^### `([a-z]+(?: [a-z]+)*)", README, re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)


def test_the_two_commands_are_one_line_each_and_come_first() -> None:
    demonstration, tests = BASH_LINES[:2]
    assert "playlist fixtures/audio --from 160 --to 184" in demonstration
    assert "mktemp -d" in demonstration
    assert tests.endswith("pytest")
    assert "\n" not in demonstration + tests


def test_safety_stands_beside_the_first_command() -> None:
    beside = README.split(BASH_LINES[0])[1].split(BASH_LINES[1])[0]
    for words in (
        "not a training run",
        "Keep your pace",
        "breathing gets hard",
        "hear traffic",
        "watch you run",
    ):
        assert words in beside


@pytest.mark.parametrize("text", re.findall(r'--ramp "([^"]+)"', README))
def test_the_ramps_of_the_readme_are_ramps(text: str) -> None:
    assert parse_ramp(text).duration_s > 0


@pytest.mark.parametrize("text", re.findall(r"--(?:duration|warm-up|cool-down) (\d\S*?)[`\s]", README))
def test_the_durations_of_the_readme_are_durations(text: str) -> None:
    assert parse_duration(text) > 0


def test_every_weight_is_described_with_its_usual_value() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| (.*) \|$", SHARED, re.MULTILINE)
    usual = Weights()
    assert told == [
        (name, f"{getattr(usual, name):g}", words.replace("^2", "²")) for name, words in MEANINGS.items()
    ]


@pytest.mark.parametrize("status", ExitStatus)
def test_every_exit_status_is_explained(status: ExitStatus) -> None:
    assert re.search(rf"^\| {int(status)} \|", README, re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)]+)\)", README))
def test_what_the_readme_links_to_is_there(link: str) -> None:
    page, _, anchor = link.partition("#")
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    assert (ROOT / page).is_file() or not page
    assert not anchor or anchor in [
        re.sub(r"[^\w-]", "", line.lower().replace(" ", "-")) for line in headings
    ]
