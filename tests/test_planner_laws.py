"""Thousands of small libraries and runs, drawn at random: no law of planning is broken by any of them."""

from __future__ import annotations

import pytest

from planner_laws import check_cases

# Parts, so that several workers share them
_EACH = 100


@pytest.mark.parametrize("part", range(10))
def test_native_plans_keep_the_laws(part: int) -> None:
    seen = check_cases("native", range(part * _EACH, (part + 1) * _EACH))
    assert seen["whole"] > 35
    assert seen["proved"] > 20


@pytest.mark.parametrize("part", range(5))
def test_stretched_plans_keep_the_laws(part: int) -> None:
    seen = check_cases("stretch", range(part * _EACH, (part + 1) * _EACH))
    assert seen["whole"] > 20
    assert seen["proved"] > 15
