"""Cues: what is said, when, and how the music makes room for it."""

from __future__ import annotations

import zipfile
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.audio.limiter import CEILING_DBTP, limit_peaks
from bpmsync.errors import ConfigError, ParameterError
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.render.cues import DUCK_DB, Cue, CueLayer, CueSounds, schedule_cues
from bpmsync.render.cueschedule import DUCK_S, forbidden_spans, ramp_changes, warm_up_end_s
from bpmsync.render.cuetexts import find_theme, format_themes, load_themes
from bpmsync.timeline.ramp import Ramp
from bpmsync.timeline.ramptext import parse_ramp
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path

RATE = 8_000
TEXTS = ("One.", "Two.", "Three.")
RATIOS = [Fraction(1), Fraction(2), Fraction(1, 2)]


def plan_over(
    ramp: Ramp, beats: list[tuple[int, Fraction, int]], *, downbeats: bool = True
) -> Plan[WarpedLeg]:
    """Return legs of so many bars, one after another, a hole of so many steps behind each."""
    legs, step = [], 0
    for number, (bars, ratio, hole) in enumerate(beats):
        song = track(f"t{number}", 170.0 / float(ratio), 900.0, first_downbeat=4 if downbeats else None)
        legs.append(WarpedLeg(song, 4, 4 + 4 * bars, ratio, step))
        step = legs[-1].last_step + hole
    return Plan(ramp, tuple(legs), mode="stretch")


def phrase_starts(leg: WarpedLeg, ramp: Ramp, bars: int) -> np.ndarray:
    per_bar = 4 * leg.steps_per_beat
    return ramp.time_of(leg.first_step + np.arange(0, leg.steps, int(bars * per_bar)))


@given(
    knots=st.lists(st.tuples(st.floats(30, 900), st.floats(150, 190), st.booleans()), min_size=1, max_size=5),
    legs=st.lists(
        st.tuples(st.integers(24, 200), st.sampled_from(RATIOS), st.sampled_from([0, 0, 0, 40])),
        min_size=2,
        max_size=12,
    ),
    fade=st.sampled_from([0, 4, 16]),
    longest_s=st.floats(0.5, 15),
    downbeats=st.booleans(),
)
@settings(max_examples=150)
def test_no_cue_where_none_may_be_and_each_on_a_phrase(
    knots: list[tuple[float, float, bool]],
    legs: list[tuple[int, Fraction, int]],
    fade: int,
    longest_s: float,
    *,
    downbeats: bool,
) -> None:
    points, second = [(0.0, 160.0)], 0.0
    for length_s, spm, jump in knots:
        second += length_s
        points += [(second, points[-1][1]), (second, spm)] if jump else [(second, spm)]
    plan = plan_over(Ramp(tuple(points)), legs, downbeats=downbeats)
    ramp, fades = plan.ramp, (fade,) * (len(plan.legs) - 1)
    cues = schedule_cues(plan, TEXTS, fades=fades, longest_s=longest_s)
    assert schedule_cues(plan, TEXTS, fades=fades, longest_s=longest_s) == cues
    assert [cue.second for cue in cues] == sorted(cue.second for cue in cues)
    said = [cue for cue in cues if cue.kind == "theme"]
    assert [cue.text for cue in said] == [TEXTS[i % 3] for i in range(len(said))]
    for cue in said:
        start, end = cue.second - DUCK_S + 1e-9, cue.second + longest_s + DUCK_S - 1e-9
        assert start >= warm_up_end_s(ramp) >= 180
        assert end <= ramp.duration_s - 60
        # The rule once more, in words of its own: within one leg, clear of its borders and fades
        (home,) = (leg for leg in plan.legs if leg.start_s(ramp) <= cue.second < leg.end_s(ramp))
        i = plan.legs.index(home)
        came_in = fades[i - 1] if i and plan.legs[i - 1].last_step == home.first_step else 0
        assert start >= float(ramp.time_of(home.first_step + came_in)) + 3
        assert end <= home.end_s(ramp) - 3
        assert all(abs(cue.second - mark.second) >= 3 for mark in cues if mark.kind == "change")
        assert np.abs(phrase_starts(home, ramp, 4) - cue.second).min() < 1e-6
        if np.abs(phrase_starts(home, ramp, 8) - cue.second).min() > 1e-6:
            due = round(cue.second / 300) * 300
            closed = forbidden_spans(plan, fades=fades)
            closed += tuple((m.second - 3, m.second + 3) for m in cues if m.kind == "change")
            near = [t for leg in plan.legs for t in phrase_starts(leg, ramp, 8) if abs(t - due) <= 20]
            assert all(
                any(t - DUCK_S < e - 1e-9 and t + longest_s + DUCK_S > s + 1e-9 for s, e in closed)
                for t in near
            )
    assert all(abs(cue.second - round(cue.second / 300) * 300) <= 60 for cue in said)
    assert all(two.second - one.second >= 180 for one, two in pairwise(said))


def test_an_hour_has_a_sentence_every_five_minutes_on_a_phrase_of_eight_bars() -> None:
    plan = plan_over(parse_ramp("160@0 160@10:00 178@60:00"), [(160, Fraction(1), 0)] * 17)
    assert plan.legs[-1].end_s(plan.ramp) > 3600
    cues = schedule_cues(plan, TEXTS, fades=(16,) * 16)
    assert (cues[0].kind, cues[0].text) == ("change", "faster")
    assert 600 <= cues[0].second < 600.4
    said = [cue.second for cue in cues if cue.kind == "theme"]
    assert len(said) == 10
    assert np.allclose(said, np.arange(600, 3301, 300), atol=21)


def test_a_run_too_short_for_a_cue_has_none() -> None:
    plan = plan_over(parse_ramp("170@0 170@5:00"), [(250, Fraction(1), 0)])
    assert schedule_cues(plan, TEXTS) == ()


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("170@0 170@40:00", []),
        ("160@0 170@40:00", []),
        ("160@0 160@10:00 170@20:00 170@30:00 160@40:00", ["10:faster", "20:even", "30:slower"]),
        ("2x(176/3:00 164/2:00)", ["3:slower", "5:faster", "8:slower"]),
        ("160@0 162@20:00 180@30:00", ["20:faster"]),
        ("160@0 165@10:00 171@20:00 176@30:00", []),
        ("160@0 160@10:00 160.5@10:01 160@20:00", []),
        ("160@0 160@10:00 175@10:05 175@20:00 160@20:05 160@30:00", ["10:faster", "20:slower"]),
    ],
)
def test_a_chime_marks_a_change_of_the_ramp(text: str, changes: list[str]) -> None:
    ramp = parse_ramp(text)
    found = ramp_changes(ramp)
    assert [f"{cue.second / 60:.0f}:{cue.text}" for cue in found] == changes
    for cue in found:  # on a step, not before the change
        assert float(ramp.steps_at(cue.second)) % 1 == pytest.approx(0, abs=1e-5) or float(
            ramp.steps_at(cue.second)
        ) % 1 == pytest.approx(1, abs=1e-5)


def test_the_warm_up_lasts_as_long_as_the_first_value() -> None:
    assert warm_up_end_s(parse_ramp("160@0 160@10:00 170@30:00")) == 600
    assert warm_up_end_s(parse_ramp("160@0 160@2:00 170@30:00")) == 180
    assert warm_up_end_s(parse_ramp("160@0 170@30:00")) == 180
    assert warm_up_end_s(parse_ramp("170@0 170@30:00")) == 180
    assert warm_up_end_s(Ramp(((400.0, 160.0), (2000.0, 170.0)))) == 400


def test_cues_need_a_stretched_plan_and_a_text() -> None:
    native = Plan(parse_ramp("170@0 170@9:00"), (WholeLeg(track("n", 170.0), Fraction(1), 0.0),))
    with pytest.raises(ParameterError, match="native plan"):
        schedule_cues(native, TEXTS)  # type: ignore[arg-type]  # the very mistake
    with pytest.raises(ParameterError, match="0 texts"):
        schedule_cues(plan_over(parse_ramp("170@0 170@9:00"), [(9, Fraction(1), 0)]), ())


def layer_of(lengths: list[int], seconds: list[float], rate: int = RATE) -> CueLayer:
    rng = np.random.default_rng(3)
    cues = tuple(Cue(second, "theme", "x") for second in seconds)
    return CueLayer(cues, tuple(rng.uniform(-0.5, 0.5, n).astype(np.float32) for n in lengths), rate)


def mixed(layer: CueLayer, music: np.ndarray, cuts: list[int]) -> np.ndarray:
    edges = [0, *sorted(cuts), music.shape[1]]
    return np.concatenate([layer.apply(music[:, a:b], a) for a, b in pairwise(edges)], axis=1)


@given(
    cuts=st.lists(st.integers(0, 10 * RATE), max_size=20),
    second=st.floats(0, 9.9),
    length=st.integers(1, 3 * RATE),
)
@settings(max_examples=50)
def test_however_the_mix_is_cut_the_same_bytes_come_out(cuts: list[int], second: float, length: int) -> None:
    music = np.random.default_rng(1).uniform(-1, 1, (2, 10 * RATE)).astype(np.float32)
    music[:, ::7] = -0.0  # a zero with a sign stays one, too
    before = music.copy()
    layer = layer_of([length, 100], [second, second + 20])
    whole = mixed(layer, music, [])
    assert mixed(layer, music, cuts).tobytes() == whole.tobytes()
    assert music.tobytes() == before.tobytes()
    first, fade = round(second * RATE), round(DUCK_S * RATE)
    away = np.ones(music.shape[1], bool)
    away[max(0, first - fade) : first + length + fade] = False
    assert whole[:, away].tobytes() == music[:, away].tobytes()


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_the_music_steps_back_smoothly_by_eight_decibels(rate: int) -> None:
    silent = CueLayer((Cue(1.0, "theme", "x"),), (np.zeros(rate, np.float32),), rate)
    gain = silent.apply(np.ones((2, 3 * rate), np.float32), 0)[0]
    steepest = (1 - 10 ** (DUCK_DB / 20)) * np.pi / 2 / round(DUCK_S * rate)
    assert np.abs(np.diff(gain)).max() <= steepest * 1.001
    assert np.abs(np.diff(gain, n=2)).max() <= steepest * np.pi / round(DUCK_S * rate) + 1e-6
    assert 20 * np.log10(gain[rate : 2 * rate]) == pytest.approx(DUCK_DB, abs=1e-4)
    assert gain[0] == gain[-1] == 1
    assert gain[rate - round(DUCK_S * rate) - 1] == 1 > gain[rate - round(DUCK_S * rate) + 9]


def test_a_layer_of_a_plan_plays_each_cue_at_its_second() -> None:
    plan = plan_over(parse_ramp("160@0 160@10:00 170@12:00 170@20:00"), [(120, Fraction(1), 0)] * 8)
    sounds = tuple(np.full(n, 0.1, np.float32) for n in (800, 1600, 2400))
    layer = CueLayer.of(plan, CueSounds(TEXTS, sounds, RATE, "chime"), fades=(16,) * 7)
    assert [cue.text for cue in layer.cues] == ["faster", "One.", "even", "Two."]
    assert [len(sound) for sound in layer.sounds][1::2] == [800, 1600]
    for cue, sound in zip(layer.cues, layer.sounds, strict=True):
        first = round(cue.second * RATE)
        heard = layer.apply(np.zeros((2, 2 * RATE), np.float32), first - 1000)
        assert np.array_equal(heard[0, 1000 : 1000 + len(sound)], sound)
        assert not heard[:, :1000].any()
        assert not heard[:, 1000 + len(sound) :].any()


def test_cue_and_music_together_leave_the_limiter_nothing_to_do() -> None:
    rate = 44_100
    loudest = 10 ** ((CEILING_DBTP - 0.02) / 20)
    t = np.arange(3 * rate) / rate
    music = np.tile((loudest * np.sin(2 * np.pi * 440 * t)).astype(np.float32), (2, 1))
    plan = plan_over(parse_ramp("160@0 160@10:00 170@12:00 170@20:00"), [(120, Fraction(1), 0)] * 8)
    voice = (0.53 * np.sin(2 * np.pi * 300 * t[:rate])).astype(np.float32)  # the loudest a voice may be
    layer = CueLayer.of(plan, CueSounds(("x",), (voice,), rate, "speech"))
    for cue in layer.cues:
        both = layer.apply(music, round(cue.second * rate) - rate)
        limited = np.concatenate(list(limit_peaks([both], rate)), axis=1)
        assert np.abs(limited - both).max() < 0.05


def test_the_shipped_texts_are_short_and_say_nothing_of_how_a_foot_lands() -> None:
    themes = load_themes()
    assert {"shoulders", "posture", "quiet-feet", "arms", "breathing"} <= set(themes)
    texts = [text for theme in themes.values() for text in theme]
    assert len(set(texts)) == len(texts)
    forbidden = ("heel", "toe", "forefoot", "midfoot", "strike", "land", "injur", "heal", "pain", "pronat")
    for text in texts:
        assert len(text.split()) <= 12, text
        assert not any(word in text.lower() for word in forbidden), text


def test_own_texts_add_and_replace(tmp_path: Path) -> None:
    own = tmp_path / "cues.toml"
    assert load_themes(own) == load_themes()
    own.write_text('hips = ["Hips high.", " Hips loose. "]\narms = ["Arms."]\n', "utf-8")
    themes = load_themes(own)
    assert (themes["hips"], themes["arms"]) == (("Hips high.", "Hips loose."), ("Arms.",))
    assert themes["gaze"] == load_themes()["gaze"]
    assert "hips\n  Hips high.\n  Hips loose.\n" in format_themes(themes)
    assert "quiet-feet\n  Listen to your steps." in format_themes(themes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("arms = [", "not TOML"),
        ("arms = 'One.'", "list of sentences"),
        ("arms = []", "list of sentences"),
        ("arms = ['One.', 2]", "list of sentences"),
        ("arms = ['One.', '  ']", "list of sentences"),
        ('arms = ["One\\nTwo"]', "list of sentences"),
        (f"arms = ['{'long ' * 41}']", "list of sentences"),
        ("Arms = ['One.']", "cannot name a theme"),
        ("list = ['One.']", "cannot name a theme"),
        ("[arms]\ntext = 'One.'", "list of sentences"),
    ],
)
def test_own_texts_that_are_none_name_their_file(tmp_path: Path, text: str, words: str) -> None:
    own = tmp_path / "cues.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words) as caught:
        load_themes(own)
    assert str(own) in str(caught.value)


def test_own_texts_that_cannot_be_read_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "cues.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot read"):
        load_themes(tmp_path / "cues.toml")


def test_a_theme_is_found_as_people_write_it() -> None:
    themes = load_themes()
    assert find_theme(themes, "Quiet  Feet") == find_theme(themes, "quiet_feet") == themes["quiet-feet"]
    with pytest.raises(ParameterError, match="did you mean shoulders"):
        find_theme(themes, "shoulder")
    with pytest.raises(ParameterError, match="there are shoulders, posture, quiet-feet, arms"):
        find_theme(themes, "xyz")


def test_the_texts_are_in_the_wheel(tmp_path: Path, root: Path) -> None:
    hatchling = pytest.importorskip("hatchling.builders.wheel")
    (built,) = hatchling.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        shipped = archive.read("bpmsync/render/cues.toml")
    assert shipped == (root / "bpmsync" / "render" / "cues.toml").read_bytes()
