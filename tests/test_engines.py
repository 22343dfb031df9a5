"""How trackers are called: blocks or all at once, light to ask for, heavy things left out."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.beats import caches
from bpmsync.beats.engines import ENGINES, caches_are_cold, find_tracker

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 22_050


def clicks(seconds: float) -> NDArray[np.float32]:
    sound = np.zeros(round(seconds * RATE), np.float32)
    sound[5000 :: round(0.5 * RATE)] = 0.9
    return sound


def loaded_after(code: str) -> set[str]:
    """Return which of the heavy modules a fresh process has loaded."""
    heavy = ("librosa", "numba", "scipy", "scipy.signal", "scipy.stats", "scipy.sparse", "sklearn", "av")
    tell = f"import sys; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("engine", ["bpmsync", pytest.param("librosa", marks=pytest.mark.slow)])
def test_blocks_give_what_the_whole_gives(engine: str) -> None:
    sound = clicks(20)
    track = find_tracker(engine)
    whole = track(sound, RATE)
    assert whole.engine == engine
    assert whole.grid is not None
    assert track(iter(np.array_split(sound, 37)), RATE) == whole


@pytest.mark.parametrize("engine", ["bpmsync", pytest.param("librosa", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(3 * RATE)])
def test_blocks_are_used_up_where_there_is_no_beat(engine: str, sound: NDArray[np.float64]) -> None:
    blocks = iter(np.array_split(sound.astype(np.float32), 5))
    assert find_tracker(engine)(blocks, RATE).failure
    assert next(blocks, None) is None


def test_the_default_engine_tracks_without_what_only_others_need() -> None:
    code = (
        "import numpy as np; from bpmsync.beats.engines import find_tracker\n"
        f"sound = np.zeros({12 * RATE}, np.float32); sound[::{RATE // 2}] = 0.9\n"
        f"assert find_tracker()(sound, {RATE}).grid is not None"
    )
    assert loaded_after(code) <= {"numba", "scipy", "scipy.sparse"}


@pytest.mark.parametrize("engine", ENGINES)
def test_asking_whether_kernels_are_compiled_loads_no_compiler(engine: str) -> None:
    assert not loaded_after(f"from bpmsync.beats.engines import caches_are_cold; caches_are_cold({engine!r})")


def test_other_kernels_or_another_engine_need_another_warm_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "CACHE_FOLDER", tmp_path / "new")
    assert caches_are_cold()
    caches.mark_warm(caches.marker_path("bpmsync"))
    assert not caches_are_cold()
    assert caches_are_cold("librosa")
    beside = tmp_path / "beats"
    beside.mkdir()
    (beside / "kernels.py").write_text("changed", encoding="utf-8")
    monkeypatch.setattr(caches, "__file__", os.fspath(beside / "caches.py"))
    assert caches_are_cold()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    caches.mark_warm(tmp_path / "file" / "marker")
