"""A scan finds what is new, decodes nothing twice, and loses nothing however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from mutagen import id3, wave

from bpmsync.beats import engines
from bpmsync.beats.detection import Constraint
from bpmsync.errors import LibraryError, ParameterError
from bpmsync.library.pool import WorkerPool
from bpmsync.library.scan import (
    ScanResult,
    analyse_file,
    find_music,
    identify_file,
    prune_missing,
    scan_files,
)
from bpmsync.library.store import Store
from bpmsync.library.track import Override
from library_cases import detection, entry, make_wav

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights on Windows")
needs_posix = pytest.mark.skipif(sys.platform != "linux", reason="such names and rights exist on Linux only")


class Counting(Executor):
    """Runs each task at once in this process, and counts what was run."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.constraints: list[Constraint] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        self.calls[fn.__name__] += 1
        if "constraint" in kwargs:
            self.constraints.append(kwargs["constraint"])
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - a future carries whatever happens
            future.set_exception(error)
        return future


class Misbehaving(WorkerPool):
    """A pool whose worker dies, or sleeps, instead of reading certain files."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        name = Path(args[0]).name
        if name.startswith("dies"):
            return super().submit(os._exit, 3)
        if name.startswith("hangs"):
            return super().submit(time.sleep, 3600)
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed, name in enumerate(("a.wav", "b.wav", "sub/c.wav")):
        (folder / name).parent.mkdir(exist_ok=True)
        make_wav(folder / name, seed=seed)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "library.db") as opened:
        yield opened


def scan(
    folder: Path,
    store: Store,
    executor: Executor | None = None,
    **options: Any,  # noqa: ANN401 - any option
) -> dict[str, ScanResult]:
    results = list(scan_files([folder], store, executor=executor or Counting(), **options))
    assert len(results) == len({r.path for r in results}), "one result per file"
    return {Path(r.path).name: r for r in results}


def statuses(results: dict[str, ScanResult]) -> dict[str, str]:
    return {name: result.status for name, result in results.items()}


def retitle(path: Path, title: str) -> None:
    opened: Any = wave.WAVE(path)
    if opened.tags is None:
        opened.add_tags()
    opened.tags.add(id3.TIT2(encoding=3, text=title))
    opened.save()


# --- the walk ----------------------------------------------------------------------------


def test_only_music_is_found(tmp_path: Path) -> None:
    for name in (
        "a.mp3",
        "B.FLAC",
        "list.m3u8",
        "cover.jpg",
        ".hidden.mp3",
        ".trash/c.mp3",
        "x/d.opus",
        "notes",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1234")
    found = find_music([tmp_path])
    assert [Path(f.path).relative_to(tmp_path).as_posix() for f in found] == ["B.FLAC", "a.mp3", "x/d.opus"]
    assert all(f.size == 4 and f.mtime_ns == Path(f.path).stat().st_mtime_ns for f in found)


@needs_links
def test_links_lead_to_each_file_once(tmp_path: Path) -> None:
    inside, outside = tmp_path / "music", tmp_path / "other"
    (inside / "z").mkdir(parents=True)
    outside.mkdir()
    (inside / "z" / "real.mp3").write_bytes(b"1")
    (outside / "far.mp3").write_bytes(b"2")
    (inside / "a-link.mp3").symlink_to(inside / "z" / "real.mp3")
    (inside / "b-link").symlink_to(inside / "z")
    (inside / "circle").symlink_to(inside)
    (inside / "out").symlink_to(outside)
    (inside / "out2").symlink_to(outside)
    (inside / "dangling").symlink_to(inside / "nowhere")
    found = [Path(f.path).relative_to(inside).as_posix() for f in find_music([inside, inside / "z"])]
    assert found == ["out/far.mp3", "z/real.mp3"]


def test_a_file_that_is_named_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    odd = tmp_path / "song.bin"
    odd.write_bytes(b"1")
    assert [f.path for f in find_music([odd, odd])] == [str(odd)]


def test_a_missing_folder_is_the_callers_mistake(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ParameterError, match="nowhere"):
        list(scan_files([tmp_path / "nowhere"], store))


# --- what is decoded, and what is not ----------------------------------------------------


def test_a_first_scan_finds_all_and_a_second_decodes_nothing(music: Path, store: Store) -> None:
    assert set(statuses(scan(music, store)).values()) == {"new"}
    tracks = store.tracks()
    assert [Path(t.path).name for t in tracks] == ["a.wav", "b.wav", "c.wav"]
    again = Counting()
    assert set(statuses(scan(music, store, again)).values()) == {"unchanged"}
    assert not again.calls
    assert store.tracks() == tracks


def test_a_thousand_unchanged_files_are_not_opened(tmp_path: Path, store: Store) -> None:
    for number in range(1000):
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(b"x")
    version = engines.engine_version("bpmsync")
    found = detection(version=version)
    for number, file in enumerate(find_music([tmp_path])):
        base = entry(file.path, f"b2:{number}", found=found)
        store.save(type(base)(*file, base.audio_hash, base.duration_s, base.tags, found))
    again = Counting()
    results = list(scan_files([tmp_path], store, executor=again))
    assert Counter(r.status for r in results) == {"unchanged": 1000}
    assert not again.calls


def test_a_moved_file_is_recognised(music: Path, store: Store) -> None:
    scan(music, store)
    before = {t.audio_hash: t.id for t in store.tracks()}
    store.set_override(store.tracks()[0].audio_hash, Override(ignore=True))
    (music / "a.wav").rename(music / "sub" / "renamed.wav")
    again = Counting()
    results = scan(music, store, again)
    assert statuses(results) == {"renamed.wav": "moved", "b.wav": "unchanged", "c.wav": "unchanged"}
    assert again.calls == {"identify_file": 1}
    assert {t.audio_hash: t.id for t in store.tracks()} == before
    assert [t.override.ignore for t in store.tracks() if t.path.endswith("renamed.wav")] == [True]


def test_a_retagged_file_is_recognised(music: Path, store: Store) -> None:
    scan(music, store)
    said = Override(ignore=True)
    before = store.tracks()[0]
    store.set_override(before.audio_hash, said)
    retitle(music / "a.wav", "Another title")
    again = Counting()
    assert statuses(scan(music, store, again))["a.wav"] == "retagged"
    assert again.calls == {"identify_file": 1}
    after = store.tracks()[0]
    assert (after.tags.title, after.id, after.override) == ("Another title", before.id, said)
    assert after.detection == before.detection


def test_a_copy_shares_what_is_known(music: Path, store: Store) -> None:
    scan(music, store)
    shutil.copy(music / "a.wav", music / "copy.wav")
    again = Counting()
    assert statuses(scan(music, store, again))["copy.wav"] == "new"
    assert again.calls == {"identify_file": 1}
    first, *_, second = store.tracks_by_hash(store.tracks()[0].audio_hash)
    assert first.detection == second.detection


def test_another_recording_at_the_same_path_is_new_sound(music: Path, store: Store) -> None:
    scan(music, store)
    store.set_override(store.tracks()[0].audio_hash, Override(ignore=True))
    make_wav(music / "a.wav", seed=99, seconds=4)
    again = Counting()
    assert statuses(scan(music, store, again))["a.wav"] == "changed"
    assert again.calls == {"identify_file": 1, "analyse_file": 1}
    assert not store.tracks()[0].override


def test_two_files_that_swap_names_keep_their_own(music: Path, store: Store) -> None:
    scan(music, store)
    hashes = {Path(t.path).name: t.audio_hash for t in store.tracks()}
    make_wav(music / "a.wav", seed=0, seconds=5)  # so that sizes differ
    scan(music, store)
    hashes["a.wav"] = store.tracks()[0].audio_hash
    (music / "a.wav").rename(music / "t")
    (music / "b.wav").rename(music / "a.wav")
    (music / "t").rename(music / "b.wav")
    again = Counting()
    scan(music, store, again)
    assert again.calls["analyse_file"] == 0
    now = {Path(t.path).name: t.audio_hash for t in store.tracks()}
    assert (now["a.wav"], now["b.wav"]) == (hashes["b.wav"], hashes["a.wav"])


def test_a_newer_engine_looks_again_and_keeps_to_what_was_said(
    music: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(music, store)
    said = Override(Constraint(tempo_bpm=60.0))
    corrected = store.tracks()[0]
    store.set_override(corrected.audio_hash, said)
    first = Counting()
    assert statuses(scan(music, store, first))["a.wav"] == "changed", "nobody has looked under the constraint"
    assert first.constraints == [said.constraint]
    monkeypatch.setitem(engines._VERSIONS, "bpmsync", "next")
    again = Counting()
    assert set(statuses(scan(music, store, again)).values()) == {"changed"}
    assert again.calls == {"analyse_file": 3}
    assert sorted(c.key() for c in again.constraints) == ["", "", said.constraint.key()]
    assert store.tracks()[0].override == said
    assert set(statuses(scan(music, store)).values()) == {"unchanged"}


def test_a_correction_outlives_its_file(music: Path, store: Store) -> None:
    scan(music, store)
    said = Override(Constraint(tempo_bpm=60.0))
    audio_hash = store.tracks()[0].audio_hash
    store.set_override(audio_hash, said)
    kept = music.parent / "a.wav"
    (music / "a.wav").rename(kept)
    prune_missing(store, [music])
    assert store.tracks_by_hash(audio_hash) == []
    kept.rename(music / "back.wav")
    again = Counting()
    scan(music, store, again)
    assert again.constraints == [said.constraint]
    assert [t.override for t in store.tracks_by_hash(audio_hash)] == [said]


def test_a_dry_run_opens_and_saves_nothing(music: Path, store: Store) -> None:
    dry = Counting()
    assert set(statuses(scan(music, store, dry, dry_run=True)).values()) == {"new"}
    assert store.tracks() == []
    scan(music, store)
    (music / "a.wav").rename(music / "renamed.wav")
    make_wav(music / "b.wav", seed=50, seconds=4)
    assert statuses(scan(music, store, dry, dry_run=True)) == {
        "renamed.wav": "moved",
        "b.wav": "changed",
        "c.wav": "unchanged",
    }
    assert not dry.calls
    assert {Path(t.path).name for t in store.tracks()} == {"a.wav", "b.wav", "c.wav"}


# --- what goes wrong with one file -------------------------------------------------------


def test_broken_files_fail_alone_and_are_not_tried_twice(music: Path, store: Store) -> None:
    (music / "text.mp3").write_text("milk, eggs, bread")
    (music / "empty.flac").touch()
    results = scan(music, store)
    assert sorted(n for n, r in results.items() if r.status == "failed") == ["empty.flac", "text.mp3"]
    assert all(r.reason for r in results.values() if r.status == "failed")
    again = Counting()
    assert scan(music, store, again)["text.mp3"] == results["text.mp3"], "reported again, not read again"
    assert not again.calls
    make_wav(music / "text.mp3", seed=5)
    assert scan(music, store)["text.mp3"].status == "new"
    assert len(store.tracks()) == 4


@needs_posix
def test_names_that_no_playlist_can_carry_fail_with_their_reason(music: Path, store: Store) -> None:
    source = (music / "a.wav").read_bytes()
    (music / "two\nlines.wav").write_bytes(source)
    Path(os.fsdecode(os.fsencode(music) + b"/caf\xe9.wav")).write_bytes(source)
    results = scan(music, store)
    assert "line break" in str(results["two\nlines.wav"].reason)
    assert "UTF-8" in str(results["caf\udce9.wav"].reason)
    assert Counter(statuses(results).values()) == {"new": 3, "failed": 2}


@needs_posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_tried_again(music: Path, store: Store) -> None:
    (music / "a.wav").chmod(0)
    assert scan(music, store)["a.wav"].status == "failed"
    (music / "a.wav").chmod(0o600)
    assert scan(music, store)["a.wav"].status == "new"


def test_a_file_that_vanishes_fails_and_is_tried_again(music: Path, store: Store) -> None:
    class Vanishing(Counting):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
            Path(args[0]).rename(args[0] + ".bak") if args[0].endswith("a.wav") else None
            return super().submit(fn, *args, **kwargs)

    assert scan(music, store, Vanishing())["a.wav"].status == "failed"
    backup = music / "a.wav.bak"
    backup.rename(music / "a.wav")
    assert scan(music, store)["a.wav"].status == "new"


def test_a_worker_that_dies_fails_only_its_own_file(music: Path, store: Store) -> None:
    make_wav(music / "dies.wav", seed=10)
    with Misbehaving(2) as pool:
        results = scan(music, store, pool, jobs=2)
    assert statuses(results) == {"a.wav": "new", "b.wav": "new", "c.wav": "new", "dies.wav": "failed"}
    assert "died" in str(results["dies.wav"].reason)


def test_a_worker_that_hangs_is_given_up_and_replaced(tmp_path: Path, store: Store) -> None:
    stuck, good = tmp_path / "stuck", tmp_path / "good"
    stuck.mkdir()
    good.mkdir()
    make_wav(stuck / "hangs.wav", seed=11)
    make_wav(good / "a.wav", seed=12)
    with Misbehaving(1) as pool:
        results = scan(stuck, store, pool, jobs=1, file_timeout_s=1)
        assert results["hangs.wav"].status == "failed"
        assert "1 s" in str(results["hangs.wav"].reason)
        assert statuses(scan(good, store, pool, jobs=1)) == {"a.wav": "new"}


def test_worker_processes_find_what_this_process_finds(music: Path, store: Store) -> None:
    results = list(scan_files([music], store, jobs=2))
    assert Counter(r.status for r in results) == {"new": 3}
    for track in store.tracks():
        alone = analyse_file(track.path)
        assert track.detection == alone.detection
        assert track.audio_hash == alone.audio_hash == identify_file(track.path).audio_hash


def test_a_scan_that_is_stopped_keeps_what_is_done(music: Path, store: Store) -> None:
    results = scan_files([music], store, jobs=1)
    first = next(results)
    results.close()  # type: ignore[attr-defined]  # a generator
    assert first.path in {t.path for t in store.tracks()}
    done = len(store.tracks())
    rest = Counting()
    assert Counter(statuses(scan(music, store, rest)).values())["unchanged"] == done
    assert rest.calls["analyse_file"] == 3 - done


# --- pruning -----------------------------------------------------------------------------


def test_pruning_forgets_what_is_gone_below_its_roots_only(music: Path, store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    make_wav(elsewhere / "d.wav", seed=20)
    list(scan_files([music, elsewhere], store, executor=Counting()))
    (music / "a.wav").unlink()
    (elsewhere / "d.wav").unlink()
    assert prune_missing(store, [music], dry_run=True) == [str(music / "a.wav")]
    assert len(store.tracks()) == 4
    assert prune_missing(store, [music]) == [str(music / "a.wav")]
    assert {Path(t.path).name for t in store.tracks()} == {"b.wav", "c.wav", "d.wav"}


def test_pruning_refuses_a_root_that_is_missing_or_empty(music: Path, store: Store) -> None:
    scan(music, store)
    music.rename(music.with_name("unplugged"))
    with pytest.raises(LibraryError, match="not there"):
        prune_missing(store, [music])
    music.mkdir()
    with pytest.raises(LibraryError, match="no music"):
        prune_missing(store, [music])
    assert len(store.tracks()) == 3


# --- kill -9 -----------------------------------------------------------------------------

_SCAN = """
import sys
from bpmsync.library.scan import scan_files
from bpmsync.library.store import Store
if __name__ == "__main__":
    with Store(sys.argv[2]) as store:
        for result in scan_files([sys.argv[1]], store, jobs=2):
            if result.status != "unchanged":
                print(result.path, flush=True)
"""


@needs_posix
def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(tmp_path: Path) -> None:
    music, library = tmp_path / "music", tmp_path / "library.db"
    music.mkdir()
    for number in range(60):
        make_wav(music / f"{number}.wav", seed=number)
    reported = _scan_until(signal.SIGINT, music, library, lines=2, delay_s=0)
    with Store(library) as store:
        assert reported <= {t.path for t in store.tracks()}
        assert 2 <= len(store.tracks()) < 60


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_9_at_ten_moments_loses_no_finished_result(tmp_path: Path) -> None:
    music, library = tmp_path / "music", tmp_path / "library.db"
    music.mkdir()
    for number in range(200):
        make_wav(music / f"{number:03d}.wav", seed=number)
    luck = np.random.default_rng(9)
    reported: set[str] = set()
    for _ in range(10):
        lines, delay_s = int(luck.integers(1, 20)), float(luck.uniform(0, 0.05))
        reported |= _scan_until(signal.SIGKILL, music, library, lines=lines, delay_s=delay_s)
        with Store(library) as store:
            tracks = store.tracks()
        assert reported <= {t.path for t in tracks}
        assert all(t.detection.engine == "bpmsync" for t in tracks)
    assert 10 <= len(reported) < 200
    with Store(library) as store:
        rest = Counting()
        results = scan(music, store, rest)
        assert rest.calls["analyse_file"] <= 200 - len(reported)
        assert Counter(statuses(results).values())["failed"] == 0
        assert len(store.tracks()) == 200


def _scan_until(
    number: signal.Signals, music: Path, library: Path, *, lines: int, delay_s: float
) -> set[str]:
    """Scan in another process, stop it a moment after some results; return what it reported."""
    command = [sys.executable, "-c", _SCAN, str(music), str(library)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(lines)]
        time.sleep(delay_s)
        if number == signal.SIGINT:
            os.killpg(child.pid, number)  # as a terminal does: to the workers too
        else:
            child.send_signal(number)
        # Ends only when the workers, which share it, have ended too
        seen += child.stdout.readlines()
    assert child.returncode != 0
    return {line.rstrip("\n") for line in seen if line.endswith("\n")}
