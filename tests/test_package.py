"""The public face and the package that is built from it."""

from __future__ import annotations

import ast
import email
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

import bpmsync
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def names_for_type_checkers() -> set[str]:
    tree = ast.parse((ROOT / "bpmsync" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_promised_names_are_the_same_at_run_time_and_for_type_checkers() -> None:
    assert names_for_type_checkers() == set(bpmsync.__all__)
    assert list(bpmsync.__all__) == sorted(bpmsync.__all__)


@pytest.mark.parametrize("name", bpmsync.__all__)
def test_a_promised_name_is_there_and_knows_where_it_lives(name: str) -> None:
    assert getattr(bpmsync, name).__module__.startswith("bpmsync.")
    assert name in dir(bpmsync)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="'bpmsync' has no attribute 'nonsense'"):
        _ = bpmsync.nonsense


def test_the_version_is_told_once_and_has_its_changes() -> None:
    assert "version" in PROJECT["dynamic"]
    assert f"## {bpmsync.__version__} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_importing_the_package_loads_nothing_foreign() -> None:
    code = "import sys, bpmsync; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "librosa", "click", "av", "mutagen"} & set(result.stdout.split())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, with the backend that is installed here."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = email.message_from_bytes(
            archive.read(next(name for name in names if name.endswith(".dist-info/METADATA")))
        )
    assert "bpmsync/py.typed" in names
    assert "bpmsync/cli/main.py" in names
    assert {name.split("/")[0] for name in names} == {"bpmsync", wheel.name.split("-py3")[0] + ".dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"


@pytest.mark.slow
def test_the_source_archive_can_be_tested(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py", "bpmsync/py.typed"}
    assert wanted <= names
    assert not [name for name in names if name.startswith((".git/", ".venv", "shared"))]
