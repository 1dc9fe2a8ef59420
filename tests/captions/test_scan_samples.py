"""The folders in `samples/sources` are understood as their `expected.json` says."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from importer.captions.finding import Finding
from importer.captions.scan import scan

SOURCES = Path(__file__).parents[2] / "samples" / "sources"
TOOLS = sorted(path.name for path in SOURCES.iterdir())


def told(finding: Finding, folder: Path) -> dict[str, Any]:
    """A finding as `expected.json` writes it: without what is unknown."""
    plain = {field.name: getattr(finding, field.name) for field in fields(finding)}
    for name, value in plain.items():
        if isinstance(value, Path):
            plain[name] = value.relative_to(folder).as_posix()
        elif isinstance(value, datetime):
            plain[name] = value.isoformat()
    return {name: value for name, value in plain.items() if value is not None}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_as_a_tool_leaves_it(tool: str) -> None:
    folder = SOURCES / tool / "source"
    found = scan(folder)
    expected = json.loads((SOURCES / tool / "expected.json").read_text(encoding="utf-8"))
    assert found.unreadable == ()
    by_path = sorted(
        (told(finding, folder) for finding in found.findings),
        key=lambda each: (each["path"].split("/"), each.get("video_id", "")),
    )
    assert by_path == expected
    again = scan(folder, found.seen)
    assert (again.read, again.findings, again.files) == (0, found.findings, found.files)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_scan_leaves_a_folder_as_it_was(tool: str) -> None:
    def state() -> dict[str, tuple[int, int]]:
        paths = (path for path in (SOURCES / tool).rglob("*") if path.is_file())
        return {path.as_posix(): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}

    before = state()
    scan(SOURCES / tool / "source")
    assert state() == before
