"""`tokaway config` tells what is in force and where it was found; every command listens to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from importer.archive.store import Archive
from importer.cli import _run as program
from importer.cli import cli
from importer.model import Milestone
from importer.settings import NAMES
from tests.posts import bring_to, exported

TOKEN = "hooks.example/secret-token"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with settings of its own, beside those of the user and of the environment."""
    user = tmp_path / "user"
    user.mkdir()
    monkeypatch.setattr(platformdirs, "user_config_path", lambda _: user)
    monkeypatch.setenv("TOKAWAY_TRIES", "7")
    (user / "tokaway.toml").write_text(
        f'notify = ["jsons://{TOKEN}", "{TOKEN}"]\ntries = 3\nsince = 2024-01-31\n'
    )
    folder = tmp_path / "creator.tokaway"
    with Archive.create(folder) as made:
        made.absorb([exported()])
    (folder / "tokaway.toml").write_text('wait = false\ntries = 4\nlangs = ["nl"]\n')
    return folder


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line.pop("event") for line in lines} == {"setting"}
    return {line.pop("setting"): line for line in lines}


def test_each_setting_is_told_with_its_place(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["config", str(archive), "--json", "--pace", "9", "--until", "2024-02-01"]) == 0
    settings, own = told(capsys), str(archive / "tokaway.toml")
    assert tuple(settings) == NAMES
    user = {"from": "user file", "place": str(tmp_path / "user" / "tokaway.toml")}
    assert settings["since"] == {"value": "2024-01-31", **user}
    assert settings["wait"] == {"value": False, "from": "archive file", "place": own}
    variable = {"from": "environment", "place": "TOKAWAY_TRIES"}
    assert settings["tries"] == {"value": 7, **variable}
    assert settings["pace"] == {"value": 9, "from": "flag", "place": ""}
    assert settings["until"]["value"] == "2024-02-01"
    assert settings["buffer"] == {"value": 8, "from": "default", "place": ""}
    assert settings["notify"] == {"value": ["jsons://…", "…"], **user}
    assert program(["config", str(archive)]) == 0
    printed = capsys.readouterr().out
    assert TOKEN not in printed
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in printed.splitlines()}
    assert rows["langs"].split("  ")[0] == '["nl"]' and rows["langs"].endswith(own)
    assert rows["to"].split() == ["(not", "set)", "default"]


def test_without_an_archive_its_file_does_not_count(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["config", "--json"]) == 0
    assert told(capsys)["wait"] == {"value": True, "from": "default", "place": ""}


def test_how_to_talk_may_be_set_too(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive / "tokaway.toml"
    file.write_text("json = true\n")
    assert program(["status", str(archive)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == "status"
    monkeypatch.setenv("TOKAWAY_JSON", "false")
    assert program(["status", str(archive)]) == 0
    assert capsys.readouterr().out.startswith("Archive: ")
    # What is wrong is told as well as it can be.
    monkeypatch.setenv("TOKAWAY_JSON", "true")
    file.write_text("jsn = true\n")
    assert program(["status", str(archive)]) == 2
    error = json.loads(capsys.readouterr().out)
    assert f"'jsn' in {file}" in error["text"] and error["hint"] == "Did you mean 'json'?"


def test_a_plan_keeps_to_the_posts_that_are_set(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["plan", str(archive)]) == 0
    every = capsys.readouterr().out
    (archive / "tokaway.toml").write_text('match = "no such words"\n')
    assert program(["plan", str(archive)]) == 0
    assert "1 to publish" in every and "0 to publish" in capsys.readouterr().out


# Whose flags are settings, and what they are given; `ui` needs a terminal.
BY_SETTINGS = {
    **dict.fromkeys(("plan", "run", "status", "posts", "verify", "update"), "ARCHIVE"),
    **dict.fromkeys(("profile", "config", "schedule"), "ARCHIVE"),
    "undo": "ARCHIVE --found --yes",
    **dict.fromkeys(("login", "logout", "limits"), "maker.test"),
    "doctor": "",
}


def test_whoever_goes_by_settings_can_be_given_a_file() -> None:
    having = {
        name
        for name, command in cli.commands.items()
        if any("--config" in option.opts for option in command.params)
    }
    assert having == {*BY_SETTINGS, "ui"}


@pytest.mark.parametrize("command", BY_SETTINGS)
def test_a_file_that_is_named_counts_for_every_command(
    command: str, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("headroom = 7\n", encoding="utf-8")
    given = [word.replace("ARCHIVE", str(archive)) for word in BY_SETTINGS[command].split()]
    with Archive.open(archive) as made:
        (post,) = made.posts()
        bring_to(made, post.id, Milestone.PUBLISHED)
    # A post that is published, and edited since: there is something to do.
    assert program(["posts", str(archive), "--all", "--labels", "graphic-media"]) == 0
    for file, said in ((tmp_path / "gone.toml", "does not exist"), (mine, "headroom")):
        assert program([command, *given, "--config", str(file)]) == 2
        assert said in capsys.readouterr().err


def test_a_file_that_is_named_stands_for_that_of_the_user(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('destinations = ["spark"]\n', encoding="utf-8")
    assert program(["plan", str(archive), "--until", "2030-01-01", "--config", str(mine)]) == 0
    assert "Destination: Spark" in capsys.readouterr().out
