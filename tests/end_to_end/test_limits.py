"""More posts than the real server allows in an hour: foreseen, waited for, never refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image

from importer.archive.ledger import Ledger
from importer.archive.store import Archive
from importer.demo.local_pds import LocalPds
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.errors import BudgetEmpty
from importer.events import Event, Forecasted, StepFailed, Waiting
from importer.media.ffmpeg import find
from importer.media.photos import probe_photo
from importer.model import Account, ExportPost, Kind, Milestone, Post, Privacy, Role
from importer.pds.budget import Budget
from importer.pds.credentials import Password
from importer.pds.limits import read_limits
from importer.pds.repo import Repo
from importer.pds.session import Session
from importer.pds.xrpc import Server
from importer.records.destinations import USUAL, limits, named
from importer.records.style import Style
from importer.settings import Settings
from importer.stages.place import describe, post_folder
from importer.stages.tools import Tools
from tests.breaking_proxy import BreakingProxy

POSTS = 500
PASSWORD = "hunter2-hunter2"
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
# Ours and the server's counts may differ by what is in hand when a window ends.
ERROR = 0.1


@dataclass
class World:
    """A clock of ours, and a server whose limits end when it is started again."""

    pds: LocalPds
    now: datetime = START

    def clock(self) -> datetime:
        return self.now

    def wait(self, until: datetime) -> None:
        """An hour or a day passes: the limits of the reference PDS live in its memory."""
        self.now = until
        self.pds.stop()
        self.pds.start()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with LocalPds(tmp_path / "pds", rate_limits=True) as pds:
        yield World(pds)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Posts of one small photo each, prepared, whose comments, duets and stitches were closed."""
    with Archive.create(tmp_path / "maker.tokaway") as archive:
        closed = ExportPost(
            FIRST, 0, Kind.PHOTO, Privacy.EVERYONE, (), allow_comments=False, allow_duets=False
        )
        archive.absorb(
            [replace(closed, posted_at=FIRST + timedelta(hours=hour)) for hour in range(POSTS)]
        )
        for number, post in enumerate(archive.posts()):
            _prepare(archive, post, number)
        yield archive


def _prepare(archive: Archive, post: Post, number: int) -> None:
    path = post_folder(archive.folder, post.id) / "original-00.jpeg"
    Image.new("RGB", (8, 8), (number % 256, number // 256, 7)).save(path, "JPEG")
    file = describe(Role.ORIGINAL, archive.folder, path, probe_photo(path))
    archive.note_fetched(post, [file])
    archive.note_prepared(post, [replace(file, role=Role.PREPARED)])


def test_an_import_larger_than_an_hours_points(
    world: World, archive: Archive, tmp_path: Path
) -> None:
    account = world.pds.create_account("maker.test", PASSWORD)
    settings = Settings(pace=0, quote_gates=True, wait=False, keep_prepared=True, publish_jobs=2)
    events: list[Event] = []
    calls: list[int] = []
    forecast: list[Forecasted] = []
    finished = None
    ledger = Ledger(tmp_path / "state")
    for _ in range(4):
        with (
            BreakingProxy(world.pds.url) as line,
            httpx.Client(verify=False) as http,
        ):
            tools = _tools(line, account, settings, ledger, http, world)
            outcome = run(archive, tools, settings, events.append, Stop(), world.clock)
            calls += [call.status or 0 for call in line.calls()]
            tools.repo.server.close()
        forecast += [event for event in events if isinstance(event, Forecasted)][:1]
        if outcome.exit_code == 0:
            finished = world.now
            break
        assert isinstance(outcome.error, BudgetEmpty), outcome
        assert outcome.exit_code == 75
        world.wait(outcome.error.until)
    ledger.close()
    assert finished
    assert archive.counts()[Milestone.PUBLISHED] == POSTS
    records = world.pds.list_records(account.did, "app.bsky.feed.post")
    assert len(records) == POSTS
    # Not one request was refused that could have been kept back.
    assert 429 not in calls
    failed = [event for event in events if isinstance(event, StepFailed)]
    assert {event.code for event in failed} <= {"budget"}
    assert not [event for event in events if isinstance(event, Waiting)]
    # Nine points a post, 4,000 an hour: it takes one hour more than no time at all.
    promised = forecast[0].finish_at - START
    took = finished - START
    assert took > timedelta(minutes=55)
    assert abs(promised - took) <= ERROR * took
    assert "records" in forecast[0].limit


def _tools(
    line: BreakingProxy,
    account: Account,
    settings: Settings,
    ledger: Ledger,
    http: httpx.Client,
    world: World,
) -> Tools:
    server = Server(line.url, threading.Event())
    session = Session(server, account.handle, Password(PASSWORD))
    session.sign_in()
    server.budget = Budget(ledger, "pds", account.did, headroom=settings.headroom, now=world.clock)
    return Tools(
        account=account,
        repo=Repo(session, account.did),
        limits=limits(read_limits(server), named(USUAL)),
        ffmpeg=find(),
        http=http,
        now=world.clock,
        style=Style(quote_gates=True),
        budget=server.budget,
    )
