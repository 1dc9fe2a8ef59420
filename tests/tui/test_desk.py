"""The archive on the desk of the screens."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from importer.cli import cli
from importer.errors import UserError
from importer.model import Edit, Long, Photos, Route
from importer.records.style import Names, Overflow
from importer.settings import load
from tui.desk import Desk

CHOICES = {
    "to": "maker.test",
    "pds": "https://pds.test",
    "destinations": ("bluesky", "spark"),
    "long": Long.TRIM,
    "photos": Photos.FIRST,
    "overflow": Overflow.TRUNCATE,
    "names": Names.LINK,
    "gates": False,
    "pace": 7,
    "upload": Route.DIRECT,
    "video_service": "https://video.test",
    "encoder": "software",
    "limit": 3,
    "handles": None,
    "quote_gates": True,
    "provenance": False,
    "langs": ("en", "pt-BR"),
    "retry_seconds": 0.5,
}


def test_the_line_for_later_says_all_that_was_chosen(tmp_path: Path) -> None:
    """Whoever gives it gets the settings of the screens."""
    folder = tmp_path / "Ada's posts.tokaway"
    config = tmp_path / "my own.toml"
    config.write_text("tries = 9\n", encoding="utf-8")
    choices = CHOICES | {"config": config}
    desk = Desk(folder, choices)
    words = shlex.split(desk.command)
    variables = dict(word.split("=", 1) for word in words[: words.index("tokaway")])
    arguments = words[words.index("run") + 1 :]
    given = cli.commands["run"].make_context("run", arguments).params
    assert given["path"] == folder
    assert given["wait"] is False
    flags = {name: given[name] for name in choices if name in given}
    told = load(flags, archive=folder, environ=variables)
    assert told == desk.settings() and told.tries == 9


def test_an_archive_on_a_disk_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "disk" / "ada.tokaway"
    with pytest.raises(UserError, match="There is no archive"):
        Desk(folder, {}).edit([Edit("20240131T235959", caption="Lost")])
    assert not folder.exists()
