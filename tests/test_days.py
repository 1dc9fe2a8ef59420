"""`days.log`: one line a day, whatever happens on it, in the words of a person."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.days import NAME, Days, note, note_now
from importer.events import (
    Day,
    Event,
    Forecasted,
    Noticed,
    RunFinished,
    RunStarted,
    Status,
    Waiting,
)
from importer.model import Milestone, Role, Trouble
from importer.run_log import RunLog
from tests.posts import current, exported, record_of, write_file

NOON = datetime(2026, 11, 23, 12).astimezone()
EVENING = NOON.replace(hour=22)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "creator.tokaway") as made:
        made.absorb([exported(second) for second in range(4)])
        made.start_run(NOON)
        yield made


def lines(archive: Archive) -> list[str]:
    return (archive.folder / NAME).read_text(encoding="utf-8").splitlines()


def publish(archive: Archive, number: int, at: datetime) -> None:
    post = current(archive, archive.posts()[number].id)
    archive.note_fetched(post, [write_file(archive.folder, post, Role.ORIGINAL)])
    post = current(archive, post.id)
    archive.note_prepared(post, [write_file(archive.folder, post, Role.PREPARED)])
    record = replace(record_of(post, at.astimezone(UTC)), run=1)
    archive.note_published(current(archive, post.id), [record])


def started(archive: Archive, at: datetime) -> RunStarted:
    return RunStarted(at, 1, "1", str(archive.folder), "m.test", "did:plc:a", "https://pds",
                      archive.counts(), ("bluesky",))  # fmt: skip


def status(archive: Archive, at: datetime) -> Status:
    return Status(at, 1, archive.counts(), ())


def test_days_of_waiting_and_of_work_have_a_line_each(archive: Archive) -> None:
    heard: list[Event] = []
    days = Days(archive, heard.append)
    finish = NOON + timedelta(days=3)
    days.event(started(archive, NOON))
    days.event(Forecasted(NOON, 1, finish, "a limit"))
    publish(archive, 0, NOON)
    # A short wait is not worth a line, one beyond midnight is.
    days.event(Waiting(NOON, 1, "Slowly.", NOON + timedelta(minutes=5)))
    assert not (archive.folder / NAME).exists()
    tomorrow = EVENING + timedelta(hours=3)
    days.event(Waiting(EVENING, 1, "The day's share is used.", tomorrow))
    # The second day goes by at work; the run ends on the third.
    publish(archive, 1, tomorrow)
    days.event(status(archive, tomorrow))
    publish(archive, 2, tomorrow + timedelta(hours=1))
    third = tomorrow + timedelta(days=1)
    publish(archive, 3, third)
    days.event(status(archive, third))
    days.event(RunFinished(third, 1, "all_published", archive.counts(), 0))
    assert lines(archive) == [
        "2026-11-23 1 post published, 1 of 4 in all; 3 to go, finished by 2026-11-26. It goes on "
        "at 2026-11-24 01:00: The day's share is used.",
        "2026-11-24 2 posts published, 4 of 4 in all.",
        "2026-11-25 1 post published, 4 of 4 in all. Every chosen post is published.",
    ]
    told = [event for event in heard if isinstance(event, Day)]
    assert [f"{event.day} {event.text}" for event in told] == lines(archive)
    assert (told[0].published, told[0].in_all, told[0].left) == (1, 1, 3)
    assert (told[0].finish_at, told[2].finish_at) == (finish, None)
    assert isinstance(heard[-1], RunFinished)


def test_a_day_keeps_one_line_and_the_last_word(archive: Archive) -> None:
    note(archive.folder, date(2026, 11, 22), "An older day.")
    publish(archive, 0, NOON)
    for why in ("Sign in.", "The server does not answer."):
        note_now(archive, NOON, why)
    assert lines(archive) == [
        "2026-11-22 An older day.",
        "2026-11-23 1 post published, 1 of 4 in all; 3 to go. The server does not answer.",
    ]
    assert [path.name for path in archive.folder.glob(f"{NAME}*")] == [NAME]


def test_failures_are_counted(archive: Archive) -> None:
    archive.note_failed(archive.posts()[0], Trouble("gone", "It is gone.", ""))
    days = Days(archive, lambda event: None)
    days.event(started(archive, NOON))
    end = RunFinished(NOON, 1, "sign_in", archive.counts(), 3, "The server refuses.", "Sign in.")
    days.event(end)
    assert lines(archive) == [
        "2026-11-23 0 posts published, 0 of 4 in all; 3 to go; 1 failed. The server refuses. "
        "Sign in."
    ]
    assert archive.counts()[Milestone.FAILED] == 1


def test_a_name_that_is_no_text_does_not_stop_the_run(archive: Archive) -> None:
    """An archive may lie in a folder with such a name, and an error may name such a file."""
    name = os.fsdecode(b"/media/caf\xe9")
    note_now(archive, NOON, f"{name} cannot be read.")
    assert lines(archive)[-1].endswith(r"/media/caf\udce9 cannot be read.")
    RunLog(archive.folder).event(Noticed(NOON.astimezone(UTC), 1, "x", name, ""))
    (line,) = (archive.folder / "run.log").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["text"] == name
    post = archive.posts()[0]
    archive.note_failed(post, Trouble("unreadable_source", f"{name} cannot be read.", ""))
    assert current(archive, post.id).trouble == r"/media/caf\udce9 cannot be read."
