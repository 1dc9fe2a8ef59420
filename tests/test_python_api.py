"""The public surface: what front ends call is what programs can call."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import tokaway

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python.md"
# What every front end does (ARCHITECTURE.md), and how they name and choose posts.
OF_EVERY_FRONT_END = (
    *("accepting", "captions.table", "changing", "closeup", "gathering", "imports", "opening"),
    *("plans", "posters", "profiles", "report", "reviewing", "runs", "selection", "signing_in"),
    *("summary", "undoing", "updating", "verifying", "wanted"),
)
_THEIRS = ("importer/cli*.py", "importer/*command*.py", "importer/demo/demo.py", "tui/**/*.py")
FRONT_ENDS = sorted(module for pattern in _THEIRS for module in ROOT.glob(pattern))


def imported(module: Path) -> Iterator[tuple[str, str]]:
    """The rooms and the names that a module takes from them."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def test_front_ends_do_nothing_with_archives_that_programs_cannot() -> None:
    public = [getattr(tokaway, name) for name in tokaway.__all__]
    wanted = {
        (room, name)
        for module in FRONT_ENDS
        for room, name in imported(module)
        if room.removeprefix("importer.") in OF_EVERY_FRONT_END
    }
    assert len(wanted) > 30
    hidden = {
        f"{room}.{name}"
        for room, name in wanted
        if not any(getattr(importlib.import_module(room), name) is one for one in public)
    }
    assert hidden == set()


def test_no_command_is_left_out_of_the_border() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["name"]: one for one in project["tool"]["importlinter"]["contracts"]}
    held = set(contracts["Commands ask and print; they do none of the work"]["source_modules"])
    commands = {
        f"importer.{module.stem}" for module in FRONT_ENDS if module.parent.name == "importer"
    }
    assert commands <= held


def test_all_that_is_public_is_there_once() -> None:
    assert sorted(set(tokaway.__all__)) == sorted(tokaway.__all__)
    assert all(hasattr(tokaway, name) for name in tokaway.__all__)


def test_the_page_names_no_function_that_is_not_public() -> None:
    page = PAGE.read_text(encoding="utf-8")
    functions = set(re.findall(r"`(\w+)\(", page)) - {"run"}
    assert functions and functions <= set(tokaway.__all__)
    types = set(re.findall(r"`([A-Z]\w+[a-z]\w*)`", page)) - {"None"}
    assert types and types <= set(tokaway.__all__)
