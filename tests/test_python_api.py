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
_THEIRS = (
    *("importer/cli*.py", "importer/*command*.py"),
    *("importer/batch/table.py", "importer/batch/telling.py"),
    *("importer/asking.py", "importer/completion.py", "importer/*console.py", "importer/doctor.py"),
    *("importer/demo/demo.py", "tui/**/*.py"),
)
FRONT_ENDS = sorted(module for pattern in _THEIRS for module in ROOT.glob(pattern))
# What front ends have from each other: words, questions, flags, tables, and the time.
AMONG_THEM = (
    *("asking", "batch.table", "batch.telling", "cli_examples", "cli_flags", "clock", "commands"),
    *(
        "completion",
        "console",
        "doctor",
        "live_console",
        "run_commands",
        "server_commands",
        "wording",
    ),
    # A server and an export to try everything with are not the engine's work.
    *("demo.demo", "demo.ground"),
    # What cron, systemd and launchd are told is the affair of the command that tells them.
    "schedule_entries",
)
# How the command line prints is asked of the settings before anything else works.
ITS_OWN = {("importer.settings", "talk")}


def imported(module: Path) -> Iterator[tuple[str, str]]:
    """The rooms and the names that a module takes from them."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def test_front_ends_use_nothing_that_programs_cannot() -> None:
    public = [getattr(tokaway, name) for name in tokaway.__all__]
    wanted = {
        (room, name)
        for module in FRONT_ENDS
        for room, name in imported(module)
        if room.startswith("importer.") and room.removeprefix("importer.") not in AMONG_THEM
    }
    assert len(wanted) > 150
    hidden = {
        f"{room}.{name}"
        for room, name in wanted - ITS_OWN
        if not any(getattr(importlib.import_module(room), name) is one for one in public)
    }
    assert hidden == set()


def test_no_front_end_is_left_out_of_the_border() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["name"]: one for one in project["tool"]["importlinter"]["contracts"]}
    held = set(contracts["Front ends do by the public surface what they do"]["source_modules"])
    modules = {".".join(module.relative_to(ROOT).with_suffix("").parts) for module in FRONT_ENDS}
    assert {one for one in modules if not one.startswith("tui.")} | {"tui"} == held


def test_all_that_is_public_is_there_once() -> None:
    assert sorted(set(tokaway.__all__)) == sorted(tokaway.__all__)
    assert all(hasattr(tokaway, name) for name in tokaway.__all__)


def test_the_page_names_no_function_that_is_not_public() -> None:
    page = PAGE.read_text(encoding="utf-8")
    functions = set(re.findall(r"`(\w+)\(", page)) - {"run"}
    assert functions and functions <= set(tokaway.__all__)
    types = set(re.findall(r"`([A-Z]\w+[a-z]\w*)`", page)) - {"None"}
    assert types and types <= set(tokaway.__all__)
