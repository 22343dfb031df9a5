"""The library remembers the newest plans, and nothing else about them than what they played."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.library.planbook import KEPT_PLANS, PlanBook
from bpmsync.library.store import Store

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 11, 21, 7, 30, tzinfo=dt.UTC)

plans = st.tuples(
    st.sampled_from(["native", "stretch"]),
    st.sampled_from(["160-180/40m", "170/20m"]),
    st.lists(st.sampled_from(["b2:a", "b2:b", "import:c"]), max_size=3),
)


@settings(max_examples=60)
@given(st.lists(plans | st.none(), max_size=12), st.integers(0, 14))
def test_the_newest_plans_come_first_and_a_repeated_one_counts_once(
    made: list[tuple[str, str, list[str]] | None], count: int
) -> None:
    expected: list[Any] = []
    with Store(":memory:") as store:
        book = PlanBook(store)
        for minute, plan in enumerate(made):
            if plan is None:
                assert book.forget_last() is bool(expected)
                del expected[-1:]
                continue
            mode, ramp, tracks = plan
            book.record(mode, ramp, tracks, duration_s=1200.0, at=NOW + dt.timedelta(minutes=minute))
            expected += [] if expected[-1:] == [plan] else [plan]
        newest = [tuple(tracks) for _, _, tracks in reversed(expected)]
        assert book.recent(count) == newest[:count]
        assert book.recent(KEPT_PLANS) == newest


def test_of_many_plans_the_newest_stay(tmp_path: Path) -> None:
    with Store(tmp_path / "l.db") as store:
        for number in range(KEPT_PLANS + 7):
            PlanBook(store).record("native", "170/20m", [f"b2:{number}"], duration_s=1200.0, at=NOW)
    with Store(tmp_path / "l.db") as store:
        known = PlanBook(store).recent(1000)
        left = store.database.rows("SELECT count(*) AS n FROM plan_tracks")[0]["n"]
    assert known == [(f"b2:{number}",) for number in range(KEPT_PLANS + 6, 6, -1)]
    assert left == KEPT_PLANS


def test_a_plan_made_again_has_the_new_date() -> None:
    later = NOW.astimezone(dt.timezone(dt.timedelta(hours=2))) + dt.timedelta(days=1)
    with Store(":memory:") as store:
        for at in (NOW, later):
            PlanBook(store).record("native", "170/20m", ["b2:a"], duration_s=1200.0, at=at)
        (plan,) = store.database.rows("SELECT made_us, mode, ramp, duration_s FROM plans")
    assert plan == {
        "made_us": int(later.timestamp()) * 1_000_000,
        "mode": "native",
        "ramp": "170/20m",
        "duration_s": 1200.0,
    }


def test_a_moment_needs_a_time_zone() -> None:
    with Store(":memory:") as store:
        with pytest.raises(ParameterError, match="no time zone"):
            PlanBook(store).record("native", "x", [], duration_s=1.0, at=NOW.replace(tzinfo=None))
        assert PlanBook(store).recent(1) == []
