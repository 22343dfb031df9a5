"""The ramp's options and the settings: what they mean together, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.cli.options import DURATION, PERCENT, SPM, RampChoice, chosen_ramp, ramp_options
from bpmsync.cli.rise import Rise, rise_of
from bpmsync.cli.settings import option_names, read_config
from bpmsync.cli.table import CommandEntry, load_entry, runnable
from bpmsync.cli.text import clean, shorten
from bpmsync.errors import ConfigError, ParameterError
from bpmsync.timeline.ramp import Ramp

if TYPE_CHECKING:
    from pathlib import Path


@click.command("probe")
@ramp_options
@click.pass_context
def probe(ctx: click.Context, /, **options: Any) -> RampChoice:  # noqa: ANN401
    choice = chosen_ramp(ctx, options)
    assert not options
    return choice


def choose(*args: str, **settings: object) -> RampChoice:
    choice = probe.main(
        [*args], standalone_mode=False, default_map=settings, auto_envvar_prefix="BPMSYNC_PROBE"
    )
    assert isinstance(choice, RampChoice)
    return choice


@pytest.mark.parametrize(
    ("args", "knots"),
    [
        (["--spm", "172", "--duration", "30m"], ((0, 172), (1800, 172))),
        (["--from", "162", "--to", "168"], ((0, 162), (2400, 168))),
        (["--count", "40", "--to", "168"], ((0, 160), (2400, 168))),
        (
            ["--from", "162", "--to", "168", "--warm-up", "5m", "--cool-down", "5:00"],
            ((0, 162), (300, 162), (2100, 168), (2400, 162)),
        ),
        (["--ramp", "160@0 170@10:00 184@40:00"], ((0, 160), (600, 170), (2400, 184))),
        (["--ramp", "2x(176/3:00 164/2:00)"], None),
    ],
)
def test_each_way_to_say_a_ramp(args: list[str], knots: tuple[tuple[float, float], ...] | None) -> None:
    ramp = choose(*args).ramp
    assert knots is None or ramp.knots == knots
    assert ramp.duration_s > 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "count your right foot"),
        ([], "--count 40"),
        (["--baseline", "160"], "count your right foot"),
        (["--to", "168"], "--from 162"),
        (["--from", "162"], "--to 168"),
        (["--count", "40"], "--to 166"),
        (["--from", "160", "--count", "40", "--to", "168"], "--count 40 stands in for --from"),
        (["--spm", "172", "--from", "160"], "two ramps"),
        (["--spm", "172", "--ramp", "160@0 170@10:00"], "two ramps"),
        (["--spm", "172", "--warm-up", "5m"], "--warm-up goes with --from"),
        (["--ramp", "160@0 170@10:00", "--cool-down", "5m"], "--cool-down goes with --from"),
        (["--ramp", "160@0 170@10:00", "--duration", "40m"], "leave --duration out"),
        (["--spm", "172", "--duration", "0s"], "--duration is zero"),
        (["--spm", "172", "--duration", "40"], "a number needs its unit"),
        (["--spm", "86"], None),
        (["--spm", "abc"], "not a cadence"),
        (["--spm", "400"], "outside 60-300"),
        (["--spm", "nan"], "outside 60-300"),
        (["--count", "12"], "15<=x<=75"),
    ],
)
def test_what_is_no_ramp_is_a_usage_error_that_says_what_to_type(args: list[str], words: str | None) -> None:
    if words is None:
        assert choose(*args).ramp.highest_spm == 86
        return
    with pytest.raises(click.UsageError) as caught:
        choose(*args)
    assert words.lower() in caught.value.format_message().lower()


@pytest.mark.parametrize("text", ["nonsense", "0:00@160", "160@0", "160@0 170/3:00", "", "160@0 170@10"])
def test_nonsense_ramp_text_shows_the_right_form(text: str) -> None:
    with pytest.raises(ParameterError, match=r"160@0"):
        choose("--ramp", text)


def test_a_stronger_source_takes_the_whole_shape() -> None:
    assert choose("--spm", "172", from_spm=160, to_spm=170).ramp.lowest_spm == 172
    assert choose("--ramp", "160@0 170@10:00", duration="30m").ramp.duration_s == 600
    assert choose("--count", "41", from_spm=160, to_spm=170).ramp.knots[0] == (0, 164)
    assert choose("--to", "168", from_spm=160).ramp.knots == ((0, 160), (2400, 168))


def test_the_environment_is_between_the_command_line_and_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BPMSYNC_PROBE_DURATION", "20m")
    monkeypatch.setenv("BPMSYNC_PROBE_BASELINE", "158")
    choice = choose("--spm", "172", duration="10m", baseline=150)
    assert (choice.ramp.duration_s, choice.baseline_spm) == (1200, 158)
    assert choose("--spm", "172", "--duration", "5m").ramp.duration_s == 300


@pytest.mark.parametrize(("text", "value"), [("4%", 0.04), (" 8 %", 0.08), ("0%", 0), ("2.5%", 0.025)])
def test_a_percentage(text: str, value: float) -> None:
    assert PERCENT.convert(text, None, None) == pytest.approx(value)


@pytest.mark.parametrize("text", ["4", "0.04", "%", "101%", "-1%", "nan%", "4%%", 4])
def test_what_is_no_percentage(text: object) -> None:
    with pytest.raises(click.BadParameter, match="4%"):
        PERCENT.convert(text, None, None)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for kind in (PERCENT, SPM, DURATION):
        try:
            assert kind.convert(text, None, None) >= 0
        except click.BadParameter:
            continue


def test_the_rise_counts_from_the_runners_own_number() -> None:
    ramp = Ramp(((0, 165), (600, 176)))
    assert rise_of(ramp, 162).summary == "top 176 spm, 8.6 % above your 162"
    assert "the ramp's first value, 165" in rise_of(ramp, None).summary
    assert "--baseline" in rise_of(ramp, None).summary


@pytest.mark.parametrize(
    ("top", "count", "words"),
    [
        (162, 0, "which is your 162"),
        (150, 0, "7.4 % below your 162"),
        (170, 0, "4.9 % above your 162"),
        (172, 1, "6.2 % above"),
        (180, 2, "11.1 % above"),
    ],
)
def test_above_five_and_above_ten_percent_there_is_more_to_say(top: float, count: int, words: str) -> None:
    rise = Rise(top, 162, is_own=True)
    assert words in rise.summary
    assert len(rise.notices) == count
    if count:
        assert "would be 170 spm" in rise.notices[0]
    if count > 1:
        assert rise.notices[1].startswith("warning: ")


@given(st.floats(60, 300), st.floats(60, 300))
def test_the_value_named_as_five_percent_is_within_five_percent(top: float, base: float) -> None:
    rise = Rise(top, base, is_own=True)
    for line in rise.notices[:1]:
        gentle = float(line.split(" would be ")[1].removesuffix(" spm"))
        assert Rise(gentle, base, is_own=True).percent <= 5 + 1e-6


@given(st.text())
def test_clean_text_stays_on_one_line_and_cannot_drive_a_terminal(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
    assert len(cleaned.splitlines()) <= 1
    assert len(shorten(text, 10)) <= 10


def config(folder: Path, text: str) -> Any:  # noqa: ANN401
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(str(path))


def test_a_config_file_is_clicks_default_map(tmp_path: Path) -> None:
    settings = config(tmp_path, 'baseline = 162\ndb = "my.db"\n[playlist]\nfrom = 160\nmax-off = "5%"\n')
    assert settings.default_map["playlist"] == {"baseline": 162, "from_spm": 160, "max_off": "5%"}
    assert settings.default_map["plan"] == {"baseline": 162}
    assert settings.common == {"db": tmp_path / "my.db"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[playlist]\nmax-of = 3", "max-off"),
        ("[playlst]\n", "playlist"),
        ("basline = 3", "baseline"),
        ("xyz = 3", "known: "),
        ("db = 3", "a text in quotes"),
        ('quiet = "yes"', "true or false"),
        ("not toml", "not TOML"),
        ("\x00", "not TOML"),
    ],
)
def test_a_setting_that_nothing_knows_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config(tmp_path, text)


def test_a_config_file_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no config file"):
        read_config(str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="cannot read"):
        read_config(str(tmp_path))


def test_without_a_config_file_nothing_is_set() -> None:
    settings = read_config(None)
    assert not settings.exists
    assert settings.default_map == {}


@pytest.mark.parametrize("entry", [entry for _, entry in runnable()], ids=lambda entry: entry.name)
def test_every_option_has_one_name_in_the_config_file(entry: CommandEntry) -> None:
    names = option_names(load_entry(entry))
    assert len(names) == len({option.name for option in names.values()})
