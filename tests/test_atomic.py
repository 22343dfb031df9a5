"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bpmsync.atomic import replacing, write_atomically
from bpmsync.errors import DecodeError, ExportError

if TYPE_CHECKING:
    from pathlib import Path


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "ü\n\r\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xbc\n\r\n"


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "long old content")
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - names are wanted


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot write"):
        write_atomically(tmp_path / "none" / "a", "x")


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ExportError, match="cannot write"):
        write_atomically(tmp_path / "a", "x")
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - names are wanted


@pytest.mark.skipif(os.name == "nt", reason="limits on file sizes are POSIX")
def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    old = tmp_path / "a"
    old.write_bytes(b"old")
    code = (
        "import resource, signal, sys\n"
        "from bpmsync.atomic import write_atomically\n"
        "from bpmsync.errors import ExportError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_atomically(sys.argv[1], b'x' * 5000)\n"
        "except ExportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(old)], capture_output=True, text=True, check=True)
    assert "untouched" in done.stdout
    assert old.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - names are wanted


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted


def test_what_the_block_wrote_is_there_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "mix.mp3").write_bytes(b"old")
    with replacing(tmp_path / "mix.mp3") as part:
        assert part == tmp_path / f".mix.mp3.{os.getpid()}.part"
        assert part.read_bytes() == b""
        part.write_bytes(b"new")
        assert (tmp_path / "mix.mp3").read_bytes() == b"old"
    assert (tmp_path / "mix.mp3").read_bytes() == b"new"
    assert files(tmp_path) == ["mix.mp3"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_ends_the_block_leaves_the_old_file_alone(tmp_path: Path, stop: type[BaseException]) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(stop), replacing(tmp_path / "a") as part:  # noqa: PT012 - it is the block that fails
        part.write_bytes(b"new")
        raise stop
    assert files(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_errors_of_the_system_are_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(ExportError, match=r"cannot write .*a: No space left .*untouched"):  # noqa: SIM117
        with replacing(tmp_path / "a"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert files(tmp_path) == ["a"]


def test_errors_of_ours_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="damaged"), replacing(tmp_path / "a"):
        raise DecodeError(tmp_path / "song.mp3", "damaged")
    assert files(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is closed to such a user")
def test_a_folder_closed_to_us_is_known_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ExportError, match="Permission"), replacing(tmp_path / "a"):
            pytest.fail("the block was begun")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="no place where nobody can write")  # noqa: PTH110
def test_a_place_closed_to_all_is_known_before_the_work() -> None:
    with pytest.raises(ExportError, match="cannot write /proc/self/a: "), replacing("/proc/self/a"):
        pytest.fail("the block was begun")


@pytest.mark.parametrize("name", ["none/a", "folder", "x" * 300])
def test_a_place_that_cannot_be_is_known_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match="cannot write"), replacing(tmp_path / name):
        pytest.fail("the block was begun")
    assert files(tmp_path) == ["folder"]


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    kept = [
        f".a.{os.getppid()}.part",  # it lives
        f".b.{gone.pid}.part",  # another file's
        f".a.b.{gone.pid}.part",
        ".a..part",
        ".a.-1.part",
        ".a.12x.part",
        ".a.0.part",
        ".a.part",
        f"a.{gone.pid}.part",
    ]
    for name in [*kept, f".a.{gone.pid}.part", f".a.{10**30}.part"]:
        (tmp_path / name).write_bytes(b"half")
    write_atomically(tmp_path / "a", "new")
    assert files(tmp_path) == sorted([*kept, "a"])


def test_signs_that_patterns_know_are_only_signs(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f".[ab]*.{gone.pid}.part", f".ab.{gone.pid}.part"):
        (tmp_path / name).write_bytes(b"half")
    write_atomically(tmp_path / "[ab]*", "new")
    assert files(tmp_path) == [f".ab.{gone.pid}.part", "[ab]*"]


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_writer_that_is_killed_leaves_one_part_which_the_next_one_removes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    code = (
        "import sys\n"
        "from bpmsync.atomic import replacing\n"
        "with replacing(sys.argv[1]) as part, part.open('wb') as file:\n"
        "    file.write(b'x' * 100_000)\n"
        "    print('written', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    left = []
    for _ in range(2):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "a")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdin is not None
        with writer.stdout, writer.stdin:
            assert writer.stdout.readline() == b"written\n"
            writer.kill()
            writer.wait()
        assert (tmp_path / "a").read_bytes() == b"old"
        left = [f".a.{writer.pid}.part", "a"]
        assert files(tmp_path) == left  # never more than one
    write_atomically(tmp_path / "a", "new")
    assert files(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_ctrl_c_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from bpmsync.atomic import replacing\n"
        "with replacing(sys.argv[1]) as part:\n"
        "    part.write_bytes(b'x')\n"
        "    print('written', flush=True)\n"
        # A signal that comes just before a long sleep is heeded after it
        "    for _ in range(1200):\n"
        "        time.sleep(0.05)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert writer.stdout is not None
    with writer.stdout:
        assert writer.stdout.readline() == b"written\n"
        writer.send_signal(signal.SIGINT)
        assert writer.wait() != 0
    assert files(tmp_path) == []
