"""The file of a batch: what it may say, and what is told of a mistake in it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from importer.batch.file import BatchFile, Bounds, read_batch
from importer.errors import UserError
from importer.model import Kind, Long
from importer.selection import EVERYTHING, Selection
from importer.settings import load

WHOLE = """
[batch]
jobs = 2
turn = 10
prepare_jobs = 3

[defaults]
pace = 50
long = "trim"
destination = ["spark"]
since = 2024-01-31

[[creators]]
export = "exports/anna.zip"
to = "@anna.example.com"
password_file = "secrets/anna.txt"
source = "videos"

[[creators]]
name = "ben"
archive = "/archives/ben.tokaway"
long = "skip"
kind = "video"
match = "bread"
"""


def read(folder: Path, text: str, **flags: object) -> BatchFile:
    file = folder / "batch.toml"
    file.write_text(text, encoding="utf-8")
    return read_batch(file, flags)


def test_bounds_come_from_the_environment_the_file_or_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    creators = '[[creators]]\nexport = "a.zip"\n'
    there = {"TOKAWAY_JOBS": "3", "TOKAWAY_CLUSTER": "tcp://a:1", "TOKAWAY_STORE": "s3://b/c"}
    for name, value in there.items():
        monkeypatch.setenv(name, value)
    expected = Bounds(jobs=3, cluster="tcp://a:1", store="s3://b/c")
    assert read(tmp_path, creators).bounds == expected
    assert read(tmp_path, f"[batch]\njobs = 2\n{creators}").bounds.jobs == 2
    assert read(tmp_path, f"[batch]\njobs = 2\n{creators}", jobs=1).bounds.jobs == 1
    assert read(tmp_path, creators, cluster="tcp://d:2").bounds.cluster == "tcp://d:2"
    for wrong in ("many", "0", "-1"):
        monkeypatch.setenv("TOKAWAY_JOBS", wrong)
        with pytest.raises(UserError):
            read(tmp_path, creators)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, WHOLE)
    anna, ben = file.creators
    assert file.bounds == Bounds(jobs=2, turn=10, prepare_jobs=3)
    # Paths start from the folder of the file.
    assert anna.path == tmp_path / "exports" / "anna.zip"
    assert anna.archive == tmp_path / "exports" / "anna.tokaway"
    assert anna.settings.source == tmp_path / "videos"
    assert anna.settings.password_file == tmp_path / "secrets" / "anna.txt"
    assert (anna.name, ben.name) == ("anna.example.com", "ben")
    assert ben.path == ben.archive == Path("/archives/ben.tokaway")
    assert anna.settings.selection == Selection(since=date(2024, 1, 31))
    assert ben.settings.selection == Selection(
        since=date(2024, 1, 31), kind=Kind.VIDEO, match="bread"
    )
    hers, his = load(anna.values), load(ben.values)
    assert (hers.pace, hers.long, hers.destinations) == (50, Long.TRIM, ("spark",))
    assert (his.pace, his.long, his.to) == (50, Long.SKIP, None)


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    file = read(tmp_path, WHOLE, jobs=7, wait=False, dry_run=None, cluster="tcp://host:8786")
    assert file.bounds == Bounds(jobs=7, turn=10, prepare_jobs=3, cluster="tcp://host:8786")
    assert {load(one.values).wait for one in file.creators} == {False}


def test_without_wishes_everything_is_meant(tmp_path: Path) -> None:
    (creator,) = read(tmp_path, '[[creators]]\nexport = "a.zip"\n').creators
    assert creator.settings.selection == EVERYTHING
    assert (creator.name, creator.values) == ("a", {})


MISTAKES = {
    "[batches]\n": "Unknown table 'batches'|Did you mean 'batch'",
    "[batch]\njob = 3\n": r"Unknown setting 'job' in \[batch\]|Did you mean 'jobs'",
    "[batch]\njobs = 0\n": "jobs in .batch. must be 1 or more",
    "[batch]\njobs = 'two'\n": "has the wrong form",
    "[defaults]\npaec = 3\n": r"Unknown setting 'paec' in \[defaults\]|Did you mean 'pace'",
    "[defaults]\nto = 'a.test'\n": r"Unknown setting 'to' in \[defaults\]",
    "[[creators]]\nexport = 'a.zip'\npasword_file = 'x'\n": "creator 1|'password_file'",
    "[[creators]]\nexport = 'a.zip'\npassword = 'x'\n": "creator 1|'password_file'",
    "[[creators]]\nexport = 'a.zip'\npace = 'fast'\n": "creator 1|wrong form",
    "[[creators]]\nexport = 'a.zip'\nlong = 'longer'\n": "creator 1|wrong form",
    "[[creators]]\nexport = 'a.zip'\nsince = 'spring'\n": "creator 1|setting since",
    "[[creators]]\nexport = 7\n": "creator 1|no path",
    "[[creators]]\nto = 'a.test'\n": "Creator 1 names neither|export = FILE.zip",
    "[creators]\nexport = 'a.zip'\n": "names no creators|\\[\\[creators\\]\\]",
    "creators = ['a.zip']\n": "no table|\\[\\[creators\\]\\]",
    "batch = 3\n": "batch is no table",
    "": "names no creators|\\[\\[creators\\]\\]",
    "[[creators]]\nexport='a.zip'\n[[creators]]\nexport='b.zip'\nname='a'\n": "2 creators|name a",
    "[[creators]]\nexport='a.zip'\n[[creators]]\narchive='a.tokaway'\nname='b'\n": "archive",
    "[[creators]\n": "cannot be read|Mend the line",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    told = f"{caught.value.text} {caught.value.hint}"
    for part in MISTAKES[text].split("|"):
        assert re.search(part, told), told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_batch(tmp_path / "none.toml", {})
