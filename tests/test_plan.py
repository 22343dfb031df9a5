"""Plans: what is read off them, and their JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ExportError, ParameterError, PlanError
from bpmsync.library.track import Tags
from bpmsync.planner.legs import leg_mean_error_spm, leg_target, leg_worst_error_spm
from bpmsync.planner.native import plan_native
from bpmsync.planner.plan import Plan, WholeLeg, load_plan, plan_from_json, plan_to_json, save_plan
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from bpmsync.library.track import Track

RAMP = Ramp(((0, 160), (600, 172)))


def make_plan() -> Plan:
    legs = (
        WholeLeg(track("Ä one", 162.0, 300.0, artist="Zoë"), Fraction(1), 0.0),
        WholeLeg(track("two", 84.0, 300.0), Fraction(2), 300.0),
    )
    return Plan(RAMP, legs, parameters={"max_off": 0.04}, cost=1.25, bound=1.0)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(0, 4))
    start, legs = 0.0, []
    for index in range(count):
        start += draw(st.floats(0, 30))
        rate = draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 2)]))
        name = f"{index}" + draw(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), max_size=8))
        song = track(
            name,
            draw(st.floats(60, 190)),
            draw(st.floats(3, 40)),
            beats_per_bar=draw(st.sampled_from([None, 3, 4])),
            first_downbeat=draw(st.none() | st.integers(0, 2)),
        )
        leg = WholeLeg(song, rate, start)
        legs.append(leg)
        start = leg.end_s
    ramp = Ramp(((0, draw(st.floats(100, 200))), (60, 170), (60, 150), (draw(st.floats(61, 300)), 180)))
    return Plan(ramp, tuple(legs), cost=draw(st.floats(0, 1e9)), bound=0.0, uncovered=((1.0, 2.5),))


@given(plans())
def test_json_reads_back_and_writes_again_the_same(plan: Plan) -> None:
    text = plan_to_json(plan)
    again = plan_from_json(text)
    assert plan_to_json(again) == text
    assert [leg.native_spm for leg in again.legs] == pytest.approx(
        [leg.native_spm for leg in plan.legs], abs=0.05
    )
    assert [leg.track.path for leg in again.legs] == [leg.track.path for leg in plan.legs]
    assert [leg.track.grid for leg in again.legs] == [leg.track.grid for leg in plan.legs]


def test_a_native_plan_keeps_the_bars_of_its_tracks() -> None:
    waltz = track("waltz", 165.0, beats_per_bar=3, first_downbeat=2)
    plain = track("plain", 165.0, beats_per_bar=None)
    plan = plan_native([waltz, plain], Ramp.constant(165.0, duration_s=400.0))
    legs = {leg["title"]: leg for leg in json.loads(plan_to_json(plan))["legs"]}
    assert waltz.grid is not None
    assert legs["waltz"]["downbeats"] == waltz.grid.downbeats.tolist()
    assert legs["waltz"]["downbeats"][:3] == [2, 5, 8]
    assert legs["waltz"]["beats_per_bar"] == 3
    assert (legs["plain"]["downbeats"], legs["plain"]["beats_per_bar"]) == ([], None)


@given(plans())
def test_errors_agree_with_a_fine_sampling(plan: Plan) -> None:
    for leg in plan.legs:
        times = leg.start_s + (np.arange(20000) + 0.5) / 20000 * leg.duration_s
        off = np.abs(plan.ramp.spm_at(times) - leg.native_spm)
        assert leg_mean_error_spm(leg, plan.ramp) == pytest.approx(off.mean(), abs=0.02)
        assert leg_worst_error_spm(leg, plan.ramp) >= off.max() - 1e-9
        assert leg_target(leg, plan.ramp).mean_spm == pytest.approx(plan.ramp.spm_at(times).mean(), abs=0.02)


def test_the_keys_are_those_of_the_design_in_order() -> None:
    document = json.loads(plan_to_json(make_plan()))
    assert " ".join(document) == "format mode ramp parameters cost bound gap_percent coverage legs"
    assert " ".join(document["legs"][0]) == (
        "path audio_hash title artist album isrc duration_s confidence engine steps_per_beat native_spm "
        "start_s end_s target_from_spm target_to_spm error_spm error_percent source_start_s source_end_s "
        "beats downbeats beats_per_bar usable first_beat last_beat first_step steps stretch_percent"
    )
    assert document["gap_percent"] == 25.0, "by how much the cost is above the bound"
    without = json.loads(plan_to_json(replace(make_plan(), bound=0.0)))
    assert without["gap_percent"] is None
    assert document["legs"][1]["steps_per_beat"] == "2"
    assert document["legs"][1]["target_from_spm"] == 166.0
    assert document["legs"][0]["stretch_percent"] is None
    assert document["ramp"] == {"text": "160@0 172@10:00", "knots": [[0.0, 160.0], [600.0, 172.0]]}


def test_half_a_step_per_beat_is_written_as_a_fraction() -> None:
    plan = Plan(RAMP, (WholeLeg(track("fast", 330.0), Fraction(1, 2), 0.0),))
    text = plan_to_json(plan)
    assert '"steps_per_beat": "1/2"' in text
    assert plan_from_json(text).legs[0].steps_per_beat == Fraction(1, 2)


def test_totals_and_errors_of_a_plan() -> None:
    plan = make_plan()
    assert (plan.covered_s, plan.total_s) == (600.0, 600.0)
    # 162 against 160..166 is off by (2*2/2 + 4*4/2) / 6 spm in the mean, 168 against 166..172 likewise
    assert plan.mean_error_spm == pytest.approx((2 + 8) / 6, abs=1e-4)
    assert plan.worst_error_spm == pytest.approx(4, abs=1e-3)
    assert Plan(RAMP, ()).mean_error_spm == 0.0


def test_music_beyond_the_run_covers_nothing_of_it() -> None:
    plan = Plan(RAMP, (WholeLeg(track("long", 170.0, 300.0), Fraction(1), 500.0),))
    assert plan.covered_s == 100.0


def test_paths_below_the_plan_or_beside_its_folder_are_relative(tmp_path: Path) -> None:
    inside, beside = tmp_path / "home" / "plans" / "a b" / "x.mp3", tmp_path / "home" / "music" / "y.mp3"
    outside = tmp_path / "z.mp3"
    base = make_plan().legs
    (tmp_path / "home" / "plans").mkdir(parents=True)
    target = tmp_path / "home" / "plans" / "run.plan.json"
    for path, written in ((inside, "a b/x.mp3"), (beside, "../music/y.mp3"), (outside, str(outside))):
        leg = WholeLeg(track_at(base[0], path), base[0].steps_per_beat, base[0].start_s)
        save_plan(Plan(RAMP, (leg,)), target)
        assert [leg["path"] for leg in json.loads(target.read_text("utf-8"))["legs"]] == [written]
        assert [leg.track.path for leg in load_plan(target).legs] == [str(path)]


def track_at(leg: WholeLeg, path: Path) -> Track:
    return replace(leg.track, path=str(path))


def test_a_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    leg = make_plan().legs[0]
    odd = WholeLeg(track_at(leg, tmp_path / "caf\udce9.mp3"), Fraction(1), 0.0)
    save_plan(Plan(RAMP, (odd,)), tmp_path / "p.json")
    assert load_plan(tmp_path / "p.json").legs[0].track.path == odd.track.path


def test_unknown_keys_are_ignored() -> None:
    text = plan_to_json(make_plan())
    document = json.loads(text)
    document["weather"] = "rain"
    document["legs"][0]["mood"] = "good"
    assert plan_to_json(plan_from_json(json.dumps(document))) == text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "update bpmsync"),
        ({"format": "1"}, 'no "format"'),
        ({"mode": "fixed"}, "native or stretch"),
        ({"mode": "stretch"}, "not a whole plan"),
        ({"legs": [{}]}, "missing"),
        ({"legs": [3]}, "not a whole plan"),
        ({"ramp": {"knots": []}}, "at least one knot"),
        ({"coverage": None}, "not a whole plan"),
    ],
)
def test_what_is_no_plan_is_refused(change: dict[str, object], words: str) -> None:
    document = json.loads(plan_to_json(make_plan())) | change
    with pytest.raises(PlanError, match=words):
        plan_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("beats", [1.0]),
        ("beats", [1.0, float("nan")]),
        ("duration_s", -1),
        ("duration_s", float("inf")),
        ("steps_per_beat", "1/0"),
        ("start_s", -5),
        ("start_s", "soon"),
        ("path", None),
        ("title", 7),
        ("confidence", 2),
        ("usable", [[3, 1]]),
    ],
)
def test_a_leg_that_makes_no_sense_is_refused(key: str, value: object) -> None:
    document = json.loads(plan_to_json(make_plan()))
    document["legs"][0][key] = value
    with pytest.raises(PlanError):
        plan_from_json(json.dumps(document), beside=Path("plans"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "#EXTM3U", '{"format": 1', "[" * 100_000])
def test_broken_text_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        plan_from_json(text)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot read the plan"):
        load_plan(tmp_path / "none.plan.json")
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe\xe9")
    with pytest.raises(PlanError, match=r"latin\.json"):
        load_plan(tmp_path / "latin.json")
    with pytest.raises(ExportError):
        save_plan(make_plan(), tmp_path / "no folder" / "p.json")


def test_overlapping_legs_are_refused() -> None:
    first, second = make_plan().legs
    with pytest.raises(ParameterError, match="overlap"):
        Plan(RAMP, (first, WholeLeg(second.track, second.steps_per_beat, 250.0)))
    imported = replace(second.track, path="", tags=Tags(title="Ghost", artist="Nobody"))
    with pytest.raises(ParameterError, match="legs overlap: Nobody - Ghost begins before"):
        Plan(RAMP, (first, WholeLeg(imported, second.steps_per_beat, 250.0)))
    with pytest.raises(ParameterError, match="native"):
        Plan(RAMP, (), mode="fixed")
    with pytest.raises(ParameterError):
        WholeLeg(first.track, Fraction(0), 0.0)
