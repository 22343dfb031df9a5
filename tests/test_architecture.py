"""The house keeps its shape: directions of import, sizes, docstrings and declared names."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = sorted((ROOT / "bpmsync").rglob("*.py"))
LONGEST_MODULE = 400
FORBIDDEN_EVERYWHERE = {"print", "breakpoint"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def assigned(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def public_names(tree: ast.Module) -> set[str]:
    """Return what a module defines, at its top level, under a public name."""
    named = {node.name for node in tree.body if isinstance(node, Definition)}
    named |= {name for node in tree.body for name in assigned(node)}
    return {name for name in named if not name.startswith("_")}


def imported_names(tree: ast.Module) -> set[str]:
    """Return what a module imports at its top level, which it may pass on."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def declared_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and "__all__" in (getattr(t, "id", "") for t in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def is_accessory(node: Definition) -> bool:
    """Whether another definition of the same name carries the docstring."""
    marks = {"overload", "override", "setter"}
    return any(
        isinstance(mark, ast.Name | ast.Attribute)
        and (mark.id if isinstance(mark, ast.Name) else mark.attr) in marks
        for mark in node.decorator_list
    )


def test_imports_run_downwards_and_foreign_libraries_stay_in_their_places(tmp_path: Path) -> None:
    run = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=sys.argv[1]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", run, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_one_sittings_reading(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST_MODULE


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_names_are_declared_and_described(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a module opens with the convention it works in"
    silent = [
        name
        for name, node in public_definitions(tree.body)
        if not ast.get_docstring(node) and not is_accessory(node)
    ]
    assert not silent, "public names without a docstring"
    declared = declared_names(tree)
    if path.name == "__init__.py":
        return  # what a package passes on is checked where it is made
    assert declared is not None or not public_names(tree), "public names, but no __all__"
    assert not public_names(tree) - set(declared or ()), "public, but not in __all__"
    passed_on = set(declared or ()) - public_names(tree)
    assert not passed_on - imported_names(tree), "in __all__, but not there"


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent.name != "cli"], ids=name_of)
def test_nothing_below_the_command_line_prints(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & FORBIDDEN_EVERYWHERE
