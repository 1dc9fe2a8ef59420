"""What `config` does: shows which settings are in force, and where each was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from importer.console import Console
from importer.events import jsonable
from importer.layers import Found, Origin
from importer.settings import NAMES, SECRETS, Settings, load_with_origins

_UNSET = Found(None, Origin.DEFAULT)


def config(console: Console, archive: Path | None, flags: Mapping[str, Any]) -> int:
    """Show every setting as a run of this archive with these flags would have it.

    Returns:
        The exit code.
    """
    settings, found = load_with_origins(flags, archive=archive)
    rows = []
    for name in NAMES:
        at, value = found.get(name, _UNSET), shown(settings, name)
        console.result(
            "setting",
            {"setting": name, "value": value, "from": at.origin.value, "place": at.place},
        )
        where = at.origin if at.origin in (Origin.DEFAULT, Origin.FLAG) else at.place
        rows.append((name, _written(value), str(where)))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, text, where in rows:
        console.line(f"{name:{widths[0]}}  {text:{widths[1]}}  {where}")
    return 0


def shown(settings: Settings, name: str) -> Any:
    """A setting as it may be shown: of the address of a secret only the kind is told."""
    value = getattr(settings, name)
    if name in SECRETS:
        return [f"{one.partition('://')[0]}://…" if "://" in one else "…" for one in value]
    return jsonable(value)


def _written(value: Any) -> str:
    """A value as it would stand in a settings file."""
    return "(not set)" if value is None else json.dumps(value, ensure_ascii=False)
