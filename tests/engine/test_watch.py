"""What was sent straight to the server is looked at: real stages, a real PDS, time that is ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from importer.archive.ledger import Ledger
from importer.archive.store import Archive
from importer.budgets import DAY
from importer.clock import utc_now
from importer.demo.local_pds import LocalPds
from importer.engine.outcome import Outcome
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.events import Event, Looked, StepStarted, Waiting
from importer.media.probe import probe
from importer.model import Milestone, Role, Stage
from importer.pds.appview import open_appview
from importer.pds.budget import Budget
from importer.pds.video_service import VideoService
from importer.pds.xrpc import Server
from importer.records.keys import record_key
from importer.report import write_report
from importer.settings import Settings
from importer.stages.place import describe, post_folder
from importer.summary import summarise
from tests.appview_stand_in import AppViewStandIn
from tests.conftest import Hurry
from tests.posts import DID, exported
from tests.stages.conftest import CLIP, Desk, desk, desk_at
from tests.video_stand_in import VideoStandIn

__all__ = ["desk", "desk_at"]
PATIENT = Settings(look_seconds=3 * 3600)
BRIEF = Settings()


@dataclass
class Cinema:
    """An archive whose posts are fetched, and those who look at what becomes of them."""

    archive: Archive
    desk: Desk
    view: AppViewStandIn
    views_url: str
    now: datetime
    events: list[Event]

    def add(self, *clips: Path) -> list[str]:
        """A fetched post for each clip; their record keys."""
        self.archive.absorb([exported(second) for second in range(len(clips))])
        posts = self.archive.posts()
        for number, (post, clip) in enumerate(zip(posts, clips, strict=True), start=1):
            path = post_folder(self.archive.folder, post.id) / "original.mp4"
            shutil.copyfile(clip, path)
            with path.open("ab") as film:  # the same clip twice is two files
                film.write(bytes([0, 0, 0, 8 + number]) + b"free" + bytes(number))
            file = describe(Role.ORIGINAL, self.archive.folder, path, probe(path))
            self.archive.note_fetched(post, [file])
        return [record_key(post.posted_at, post.ordinal) for post in posts]

    def run(self, settings: Settings = BRIEF) -> Outcome:
        """A run in which waiting takes no time, but lets it go by."""
        self.events.clear()
        stop = Stop()
        stop.draining, stop.at_once = Hurry(), Hurry()
        with open_appview(self.views_url, self.desk.pds.url, stop.at_once) as appview:
            tools = replace(self.desk.tools, appview=appview, now=lambda: self.now)
            return run(self.archive, tools, settings, self._hear, stop, lambda: self.now)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Waiting):
            self.now = max(self.now, event.until)

    def on_server(self) -> list[str]:
        return sorted(record["uri"].rpartition("/")[2] for record in self.desk.records())

    def looked(self) -> list[tuple[str, bool, Milestone]]:
        told = [event for event in self.events if isinstance(event, Looked)]
        return [(event.post, event.plays, event.milestone) for event in told]

    def published(self) -> int:
        return sum(
            isinstance(event, StepStarted) and event.stage is Stage.PUBLISH for event in self.events
        )


@pytest.fixture
def cinema(desk: Desk, pds: LocalPds, tmp_path: Path) -> Iterator[Cinema]:
    with AppViewStandIn(pds) as view, Archive.create(tmp_path / "maker.tokaway") as archive:
        archive.set_account(desk.tools.account)
        yield Cinema(archive, desk, view, view.url, utc_now(), [])


def test_what_does_not_play_is_encoded_anew_once_and_then_says_why(cinema: Cinema) -> None:
    other = CLIP.with_name("clip2.mp4")
    at_once, late, mended, never = keys = cinema.add(CLIP, CLIP, CLIP, other)
    names = [post.id for post in cinema.archive.posts()]
    view, began = cinema.view, cinema.now
    view.hidden[late], view.slow[late] = 1, 2
    view.refused[mended], view.refused[never] = 1, 2
    assert cinema.run(PATIENT) == Outcome("some_mute", 1)
    assert cinema.on_server() == keys
    assert len(view.shows(at_once)) == len(view.shows(late)) == 1
    assert len(view.shows(mended)) == len(view.shows(never)) == 2
    assert cinema.published() == 6
    assert sorted(cinema.looked()) == sorted(
        [
            (names[0], True, Milestone.PUBLISHED),
            (names[1], True, Milestone.PUBLISHED),
            (names[2], False, Milestone.PREPARED),
            (names[2], True, Milestone.PUBLISHED),
            (names[3], False, Milestone.PREPARED),
            (names[3], False, Milestone.PUBLISHED),
        ]
    )
    # Two hours of patience, and no question for each post and minute.
    assert timedelta(hours=2) < cinema.now - began < timedelta(hours=2, minutes=10)
    assert len(view.asked) <= 16
    posts = cinema.archive.posts()
    assert [post.milestone for post in posts] == [Milestone.PUBLISHED] * 4
    assert [post.trouble_code for post in posts] == [None, None, None, "does_not_play"]
    assert [post.encode for post in posts] == [False, False, True, True]
    assert "Tokaway encoded it" in (posts[3].trouble or "") and "undo" in (posts[3].hint or "")
    [reason] = summarise(cinema.archive, cinema.now).reasons
    assert (reason.milestone, reason.code, reason.posts) == (
        Milestone.PUBLISHED,
        posts[3].trouble_code,
        1,
    )
    report = write_report(cinema.archive, cinema.now, make_posters=False).read_text()
    assert "Published, but not right" in report and "its video does not play" in report
    # What was decided stays so, and nothing is asked any more.
    asked = len(view.asked)
    cinema.now += timedelta(days=30)
    assert cinema.run() == Outcome("some_mute", 1)
    assert (len(view.asked), cinema.archive.looks()) == (asked, (0, None))


def test_what_is_not_known_at_the_end_is_looked_at_by_the_next_run(cinema: Cinema) -> None:
    [key] = cinema.add(CLIP)
    view, began = cinema.view, cinema.now
    view.refused[key] = 1
    # Nobody answers: the run is not held up, and nothing is forgotten.
    view.is_down = True
    assert cinema.run() == Outcome("all_published", 0)
    assert cinema.now - began <= timedelta(seconds=BRIEF.look_seconds)
    number, at = cinema.archive.looks()
    assert number == 1 and at and at <= cinema.now
    # A run that may not wait asks what is due, and that is not the last word.
    view.is_down = False
    cinema.now += timedelta(days=1)
    stands = cinema.now
    assert cinema.run(replace(BRIEF, wait=False)) == Outcome("all_published", 0)
    assert (view.asked, cinema.now) == ([[key]], stands)
    assert cinema.run(replace(BRIEF, wait=False)) == Outcome("all_published", 0)
    assert view.asked == [[key]]
    # A day later it is: that run encodes, and is not kept by its limit.
    cinema.now += timedelta(days=1)
    assert cinema.run(replace(BRIEF, wait=False, limit=0)) == Outcome("all_published", 0)
    assert cinema.on_server() == [key]
    assert cinema.archive.looks()[0] == 1
    cinema.now += timedelta(days=1)
    assert cinema.run(replace(BRIEF, dry_run=True)).word == "dry_run"
    assert cinema.archive.looks()[0] == 1
    assert cinema.run() == Outcome("all_published", 0)
    assert [plays for _, plays, _ in cinema.looked()] == [True]
    assert len(view.shows(key)) == 2


def test_nothing_is_deleted_that_could_not_be_published_again_now(
    cinema: Cinema, tmp_path: Path
) -> None:
    [key] = cinema.add(CLIP)
    cinema.view.refused[key] = 1
    books = Ledger(tmp_path / "state")
    budget = Budget(books, "pds.test", DID, paces={DAY: 1}, now=lambda: cinema.now)
    cinema.desk = replace(cinema.desk, tools=replace(cinema.desk.tools, budget=budget))
    assert cinema.run(PATIENT) == Outcome("all_published", 0)
    assert (cinema.on_server(), len(cinema.view.shows(key))) == ([key], 1)
    cinema.now += timedelta(days=1)
    assert cinema.run() == Outcome("all_published", 0)
    assert (cinema.on_server(), len(cinema.view.shows(key))) == ([key], 2)
    books.close()


def test_what_was_edited_elsewhere_is_not_deleted(cinema: Cinema) -> None:
    [key] = cinema.add(CLIP)
    cinema.view.refused[key] = 9
    cinema.run()
    cinema.now += timedelta(days=1)
    cinema.run()
    # Seen as it was written, and edited before it could be deleted.
    [record] = cinema.desk.records()
    cinema.now += timedelta(days=1)
    looks = cinema.archive.looks_due(cinema.now, 1)
    cinema.archive.put_look(replace(looks[0], goes_back=True))
    cinema.desk.overwrite(key, record["value"] | {"text": "By me"})
    assert cinema.run() == Outcome("some_mute", 1)
    [kept] = cinema.desk.records()
    assert kept["value"]["text"] == "By me"
    [post] = cinema.archive.posts()
    assert "edited with another app" in (post.trouble or "")
    assert not list(cinema.archive.media_folder(post.id).glob("prepared*"))


def test_what_a_video_service_made_is_not_looked_at(
    cinema: Cinema, video_service: VideoStandIn, connect: Callable[[str], Server]
) -> None:
    cinema.add(CLIP)
    video_service.encodes = True
    videos = VideoService(connect(video_service.url), cinema.desk.repo, poll_seconds=0.01)
    cinema.desk = replace(cinema.desk, tools=replace(cinema.desk.tools, videos=videos))
    assert cinema.run() == Outcome("all_published", 0)
    assert (cinema.archive.looks(), cinema.view.asked) == ((0, None), [])


def test_where_no_app_view_can_see_nothing_is_asked_or_remembered(cinema: Cinema) -> None:
    """The server is on this machine, and the app view is not."""
    cinema.add(CLIP)
    began = cinema.now
    cinema.views_url = "https://app-view.test"
    assert cinema.run() == Outcome("all_published", 0)
    assert (cinema.archive.looks(), cinema.now) == ((0, None), began)
