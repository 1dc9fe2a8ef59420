"""What a batch shows: the table of a terminal, and the page over all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console as RichConsole

from importer.archive.store import Archive
from importer.batch.file import BatchFile, read_batch
from importer.batch.report import report_beside, write_batch_report
from importer.batch.standing import Finished, Standing
from importer.batch.table import Table
from importer.batch.telling import Lines, listener_for, tell_end
from importer.console import PlainConsole
from importer.events import RunFinished, RunStarted, StepStarted
from importer.live_console import LiveConsole
from importer.model import Milestone, Stage
from importer.summary import summarise
from tests.posts import ACCOUNT, NOW, bring_to, exported

HOSTILE = "[red]<b>x</b>"


@pytest.fixture
def file(tmp_path: Path) -> BatchFile:
    names = ("anna", "ben", "carla", "dora")
    rows = [f'[[creators]]\nname = "{one}"\nexport = "{one}.zip"\n' for one in names]
    (tmp_path / "many.toml").write_text("".join(rows), encoding="utf-8")
    return read_batch(tmp_path / "many.toml", {})


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    with Archive.create(tmp_path / "anna.tokaway") as archive:
        archive.absorb([exported(second) for second in range(3)])
        bring_to(archive, archive.posts()[0].id, Milestone.PUBLISHED)
        yield archive


def drawn(table: Table, rows: int) -> str:
    out = StringIO()
    RichConsole(file=out, width=100).print(table.picture(rows))
    return out.getvalue()


def test_the_table_shows_who_does_what(file: BatchFile, archive: Archive) -> None:
    console = LiveConsole()
    table = listener_for(console, file)
    assert isinstance(table, Table)
    counts = archive.counts()
    started = RunStarted(NOW, 1, "1", "a", "h", ACCOUNT.did, ACCOUNT.pds, counts, ("bluesky",))
    table.event("carla", started)
    table.event("carla", StepStarted(NOW, 1, "20240131T235959", Stage.PREPARE))
    table.event("anna", started)
    table.event("anna", RunFinished(NOW, 1, "turn_over", counts, 0))
    table.rests(Standing("ben", file.path, "budget_empty", 75, "Used up.", until=NOW))
    console.close()
    lines = drawn(table, 10).splitlines()
    assert [line.split()[0] for line in lines] == ["creator", "carla", "ben", "anna", "dora"]
    assert "at work" in lines[1] and "1/3" in lines[1] and "prepare 20240131T235959" in lines[1]
    assert "waits" in lines[2] and "until 2026-11-23" in lines[2]
    assert "later" in lines[3]
    table.ended(Standing("dora", file.path, "fault", 70, "It is broken. " * 9))
    console.close()
    lines = drawn(table, 10).splitlines()
    # What is long is cut, and nothing beside it.
    assert "published  failed" in lines[0] and lines[-1].startswith("dora ") and "…" in lines[-1]
    assert "done " in lines[-1] and all(len(line) <= 100 for line in lines)
    table.ended(Standing("carla", file.path, "fault", 70, HOSTILE))
    console.close()
    assert "[red]<b>x</b>" in drawn(table, 10)
    assert drawn(table, 2).splitlines()[-1] == "… and 2 creators more"


def test_the_page_tells_of_everybody_those_first_who_need_somebody(
    file: BatchFile, archive: Archive
) -> None:
    summary = summarise(archive, NOW)
    well = Standing("anna", archive.folder, "all_published", 0, summary=summary)
    well = replace(well, report=archive.folder / "report.html")
    waits = Standing("ben", file.path.with_name("ben"), "budget_empty", 75, "Used up.")
    waits = replace(waits, until=NOW + timedelta(hours=1))
    wrong = Standing("carla", file.path.with_name("c"), "bad", 2, HOSTILE, "Mend <it>.")
    path = write_batch_report(Finished(file.path, (well, waits, wrong)), NOW)
    assert path == report_beside(file.path) == file.path.with_name("many-report.html")
    page = path.read_text(encoding="utf-8")
    assert page.index(">ben<") < page.index(">carla<") < page.index(">anna<")
    assert "1 of 3 published" in page
    assert 'href="anna.tokaway/report.html"' in page
    assert "2026-11-23 13:00:00 UTC" in page
    assert "Mend &lt;it&gt;." in page and "<b>x" not in page
    assert [one.name for one in file.path.parent.glob("*.part")] == []


def test_who_was_stopped_is_not_called_unwell(
    file: BatchFile, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = (("anna", "all_published", 0), ("ben", "interrupted", 130), ("carla", "bad", 2))
    standings = tuple(Standing(one, file.path, word, code) for one, word, code in ends)
    tell_end(PlainConsole(quiet=False), Finished(file.path, standings))
    assert "1 of 3 creators done, 1 interrupted, 1 not well." in capsys.readouterr().out


def test_lines_begin_with_the_creator(
    file: BatchFile, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Lines(PlainConsole(quiet=False))
    lines.note("anna", "read")
    lines.rests(Standing("ben", file.path, "budget_empty", 75, "Used up.", until=NOW))
    lines.ended(Standing("carla", file.path, "bad", 2, "It is broken.", "Mend it."))
    told = capsys.readouterr()
    assert told.err.splitlines()[0] == "anna: read"
    assert told.err.splitlines()[1].startswith("ben waits until 2026-11-23")
    assert told.out.splitlines() == ["carla: It is broken.", "  → Mend it."]
