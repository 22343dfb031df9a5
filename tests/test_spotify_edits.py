"""From the rows there are to the rows there should be: laws over many lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bpmsync.export.spotify.edits import MOST_ROWS, Add, Edit, Remove, Replace, edits_between

if TYPE_CHECKING:
    from collections.abc import Sequence

_URIS = [f"spotify:track:{number:03d}" for number in range(300)]
_ROWS = st.lists(st.sampled_from([*_URIS[:40], None, "spotify:local:a:b:c:1"]), max_size=40)
_PLANS = st.lists(st.sampled_from(_URIS[:40]), unique=True, max_size=40)
_ANY_LISTS = st.lists(st.sampled_from(_URIS[:40]), max_size=40)


def _apply(rows: Sequence[str | None], edit: Edit) -> list[str | None]:
    match edit:
        case Replace(uris):
            return list(uris)
        case Add(uris, position):
            assert position <= len(rows)
            return [*rows[:position], *uris, *rows[position:]]
        case Remove(uris):
            return [uri for uri in rows if uri not in uris]


def _is_part_in_order(part: Sequence[str | None], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(any(uri == other for other in rest) for uri in part)


@given(_ROWS, _PLANS | _ANY_LISTS)
def test_the_changes_lead_to_the_list(current: list[str | None], wanted: list[str]) -> None:
    rows = current
    for edit in edits_between(current, wanted):
        assert len(edit.uris) <= MOST_ROWS
        assert edit.uris or isinstance(edit, Replace)
        rows = _apply(rows, edit)
    assert rows == wanted


@given(_ROWS, _PLANS)
def test_on_the_way_nothing_is_doubled_or_out_of_order(current: list[str | None], wanted: list[str]) -> None:
    # After the removals the list holds only wanted rows, in their order
    rows = current
    edits = edits_between(current, wanted)
    for number, edit in enumerate(edits):
        rows = _apply(rows, edit)
        if not any(isinstance(later, Remove) for later in edits[number:]):
            assert _is_part_in_order(rows, wanted)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_beginning_is_completed_and_never_touched(have: int, total: int) -> None:
    wanted = _URIS[:total]
    beginning = wanted[:have]
    rest = wanted[len(beginning) :]
    edits = edits_between(beginning, wanted)
    assert all(isinstance(edit, Add) for edit in edits) or not beginning
    assert [uri for edit in edits for uri in edit.uris] == rest


@given(st.integers(0, 249), st.integers(0, 249))
def test_of_a_long_list_only_what_differs_is_sent(out: int, moved: int) -> None:
    wanted = [uri for number, uri in enumerate(_URIS[:250]) if number != out]
    wanted[moved % 249] = _URIS[299]
    edits = edits_between(_URIS[:250], wanted)
    assert not any(isinstance(edit, Replace) for edit in edits)
    assert sum(len(edit.uris) for edit in edits) <= 3


def test_a_long_new_list_replaces_first_and_grows_from_there() -> None:
    edits = edits_between([f"spotify:track:old{n}" for n in range(250)], _URIS[:250])
    assert edits == (
        Replace(tuple(_URIS[:100])),
        Add(tuple(_URIS[100:200]), 100),
        Add(tuple(_URIS[200:250]), 200),
    )


def test_rows_that_cannot_be_addressed_are_replaced_as_a_whole() -> None:
    assert edits_between([_URIS[0], None, _URIS[1]], _URIS[:2]) == (Replace(tuple(_URIS[:2])),)
    assert edits_between([_URIS[0], "spotify:local:x"], _URIS[:1]) == (Replace(tuple(_URIS[:1])),)


def test_a_doubled_row_is_put_right_without_touching_the_others() -> None:
    doubled = [*_URIS[:5], _URIS[3]]
    assert edits_between(doubled, _URIS[:5]) == (Remove((_URIS[3],)), Add((_URIS[3],), 3))
