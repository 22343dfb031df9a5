"""The ``fields`` parameter: ``total,items(added_at,item.name)``, ``!name`` leaves one out."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["chosen_fields"]

_Tree: TypeAlias = dict[str, "_Tree"]


def chosen_fields(body: Any, fields: str | None) -> Any:  # noqa: ANN401 - any JSON
    """Return the part of `body` that `fields` names, all of it without any."""
    if not fields:
        return body
    tree, _ = _parse(fields.replace(" ", ""), 0)
    return _pick(body, tree)


def _parse(text: str, at: int) -> tuple[_Tree, int]:
    """Return the tree up to the bracket that closes it, and where that stands."""
    tree: _Tree = {}
    node, name = tree, ""
    while at < len(text) and text[at] != ")":
        sign = text[at]
        if sign == "(":
            inner, at = _parse(text, at + 1)
            node.setdefault(name, {}).update(inner)
            name = ""
        elif sign in ".,":
            if name:
                below = node.setdefault(name, {})
            node = below if sign == "." else tree
            name = ""
        else:
            name += sign
        at += 1
    if name:
        node.setdefault(name, {})
    return tree, at


def _pick(body: Any, tree: _Tree) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(body, list):
        return [_pick(one, tree) for one in body]
    if not isinstance(body, dict) or not tree:
        return body
    if next(iter(tree)).startswith("!") and all(name.startswith("!") for name in tree):
        return {key: value for key, value in body.items() if f"!{key}" not in tree}
    return {
        key: _pick(value, tree[key]) if tree[key] else value for key, value in body.items() if key in tree
    }
