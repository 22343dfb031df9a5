"""Files appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bpmsync.atomic import write_atomically
from bpmsync.errors import ExportError

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
