"""Every message that the program has for people, by its code, read from the code itself."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from importer import errors
from importer.errors import TokawayError

ROOT = Path(__file__).parents[1]
HOLE = "…"
"""Stands in a message for what is filled in."""
_ERRORS = {
    kind.__name__: kind.default_code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, TokawayError)
}
_TOLD = ("Notice", "Trouble")


def messages() -> Mapping[str, set[str]]:
    """The texts of each code; empty ones for codes whose texts come from elsewhere."""
    trees = [
        ast.parse(module.read_text(encoding="utf-8"))
        for module in sorted((ROOT / "importer").rglob("*.py"))
    ]
    words = dict(pair for tree in trees for pair in _constants(tree))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tree in trees:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for code, text in _told(call, words):
                found[code] |= set(_texts(text))
    return found


def _told(call: ast.Call, words: Mapping[str, str]) -> Iterator[tuple[str, ast.expr | None]]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    first, second = (*call.args[:2], None, None)[:2]
    given = next((one.value for one in call.keywords if one.arg == "code"), None)
    if name in _TOLD or name == "_refused":
        code, text = (second, first) if name == "_refused" else (first, second)
        if known := _word(code, words):
            yield known, text
    elif known := _word(given, words):
        yield known, first
    elif given is None and name in _ERRORS:
        yield _ERRORS[name], first


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that stand for a text, such as `CODE_NEEDED`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                    yield target.id, node.value.value


def _word(node: ast.expr | None, words: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return words.get(node.id, "") if isinstance(node, ast.Name) else ""


def _texts(node: ast.expr | None) -> Iterator[str]:
    for one in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
        yield _text(one)


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return HOLE
