"""What may still be sent: counted here, corrected by the server, shared by all runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from importer.archive.ledger import Ledger
from importer.budgets import (
    DAY,
    HOUR,
    REFERENCE,
    VIDEOS_A_DAY,
    Kind,
    Window,
    next_day,
    service_window,
)
from importer.demo.local_pds import LocalPds
from importer.errors import TryLater
from importer.pds.budget import Budget, Together
from importer.pds.credentials import Password
from importer.pds.repo import Repo, Write
from importer.pds.session import Session
from importer.pds.xrpc import Server
from importer.step import Step

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOST, DID = "pds.test", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
UPLOAD, PUT = "com.atproto.repo.uploadBlob", "com.atproto.repo.putRecord"
POST = "app.bsky.feed.post"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "state")
    yield ledger
    ledger.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Budget]


@pytest.fixture
def budget(ledger: Ledger, clock: Clock) -> Make:
    def make(host: str = HOST, did: str = DID, **more: object) -> Budget:
        return Budget(ledger, host, did, now=clock, **more)  # type: ignore[arg-type]

    return make


def headers(policy: str, left: int, resets_in: int, said: datetime = NOW) -> dict[str, str]:
    """Headers of a server whose clock need not be ours."""
    return {
        "date": format_datetime(said, usegmt=True),
        "ratelimit-limit": policy.partition(";")[0],
        "ratelimit-remaining": str(left),
        "ratelimit-reset": str(int(said.timestamp()) + resets_in),
        "ratelimit-policy": policy,
    }


def window(budget: Budget, kind: Kind, seconds: int) -> Window:
    (found,) = (one for one in budget.windows() if (one.kind, one.seconds) == (kind, seconds))
    return found


def test_until_a_video_service_says_how_many_it_takes_the_usual_number_counts(
    budget: Make, clock: Clock
) -> None:
    mine = budget()
    assert not mine.windows()
    mine.counts_videos = True
    assert mine.windows() == [Window(Kind.VIDEOS, DAY, VIDEOS_A_DAY)]
    with mine.room_for(records=1, files=0, videos=2 * VIDEOS_A_DAY):
        pass  # nothing is refused by a number that nobody said
    mine.learn_quota(videos=10, video_bytes=None)
    assert [(one.limit, one.used) for one in mine.windows()] == [(10, 0)]


def test_the_bytes_that_a_video_service_still_takes_are_not_gone_beyond(
    budget: Make, clock: Clock
) -> None:
    mine = budget()
    mine.counts_videos = True
    mine.learn_quota(videos=25, video_bytes=100_000_000)
    with mine.room_for(records=1, files=0, videos=1, video_bytes=60_000_000):
        pass
    mine.learn_quota(videos=24, video_bytes=40_000_000)
    assert window(mine, Kind.BYTES, DAY).used == 60_000_000
    with (
        pytest.raises(TryLater) as caught,
        mine.room_for(records=1, files=0, videos=1, video_bytes=41_000_000),
    ):
        raise AssertionError("no room")
    assert "the video service's daily limit (100 MB a day)" in caught.value.text
    assert caught.value.at == next_day(clock.now) and caught.value.whole_stage
    with mine.room_for(records=1, files=0, videos=1, video_bytes=40_000_000):
        pass
    clock.now = next_day(clock.now)
    # More than is ever allowed is the service's to judge.
    with mine.room_for(records=1, files=0, videos=1, video_bytes=200_000_000):
        pass


@pytest.mark.parametrize(
    ("known", "left", "held", "limit", "used"),
    [
        (None, 8, 0, 8, 0),
        (None, 0, 0, VIDEOS_A_DAY, VIDEOS_A_DAY),
        # Whether what is in hand is counted already is not told: it was eight the day before.
        (8, 8, 2, 8, 0),
        (8, 6, 2, 8, 0),
        (8, 3, 2, 5, 0),
        (8, 10, 1, 10, 0),
    ],
)
def test_what_is_left_as_a_day_begins_tells_of_how_many(
    known: int | None, left: int, held: int, limit: int, used: int, clock: Clock
) -> None:
    before = Window(Kind.VIDEOS, DAY, known) if known else None
    told = service_window(Kind.VIDEOS, before, left, held, clock.now)
    assert (told.limit, told.used, told.resets_at) == (limit, used, next_day(clock.now))


def test_what_is_under_way_counts_before_anything_is_used(budget: Make, clock: Clock) -> None:
    mine = budget()
    mine.counts_videos = True
    mine.learn_quota(videos=2, video_bytes=100)
    with mine.room_for(records=1, files=0, videos=1, video_bytes=60):
        for videos, size in ((2, 1), (1, 41)):
            with (
                pytest.raises(TryLater) as caught,
                mine.room_for(records=1, files=0, videos=videos, video_bytes=size),
            ):
                raise AssertionError("no room")
            assert caught.value.at == next_day(clock.now)


def test_bytes_are_not_counted_where_videos_go_straight_to_the_server(budget: Make) -> None:
    mine = budget()
    mine.learn_quota(videos=2, video_bytes=100)
    assert not mine.windows()


def test_without_a_word_of_limits_nothing_is_counted(budget: Make) -> None:
    mine = budget()
    mine.before(UPLOAD, None)
    mine.after(UPLOAD, {})
    assert mine.windows() == []


def test_any_answer_with_limits_brings_the_usual_ones(budget: Make) -> None:
    mine = budget(headroom=0.2)
    mine.after("com.atproto.server.describeServer", headers("3000;w=300", 2_999, 300))
    assert {(one.kind, one.seconds): one.limit for one in mine.windows()} == REFERENCE
    assert window(mine, Kind.UPLOADS, DAY).allowed == 800
    assert window(mine, Kind.REQUESTS, 300).used == 1


@pytest.mark.parametrize("name", ["policy", "remaining", "reset"])
@pytest.mark.parametrize("value", ["9" * 40, "²", "-1", ""])
def test_what_is_no_number_is_not_believed(budget: Make, name: str, value: str) -> None:
    mine, told = budget(), headers("1000;w=86400", 17, 600)
    told[f"ratelimit-{name}"] = f"{value};w=86400" if name == "policy" else value
    mine.after(UPLOAD, told)
    assert all(one.used == 0 for one in mine.windows())


def test_the_server_knows_better(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("1000;w=86400", 17, 600))
    assert window(mine, Kind.UPLOADS, DAY).used == 983
    assert window(mine, Kind.UPLOADS, DAY).resets_at == NOW + timedelta(seconds=601)
    # Sign-ins have a limit of their own over the same time.
    mine.after("com.atproto.server.createSession", headers("300;w=86400", 1, 600))
    assert window(mine, Kind.UPLOADS, DAY).used == 983


def test_a_server_whose_clock_is_wrong_is_understood(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("1000;w=86400", 17, 600, NOW - timedelta(days=400)))
    assert window(mine, Kind.UPLOADS, DAY).resets_at == NOW + timedelta(seconds=601)


def test_what_is_spent_is_known_to_the_next_run_and_to_others(
    budget: Make, tmp_path: Path, clock: Clock
) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("3000;w=300", 2_999, 300))
    mine.before(UPLOAD, None)
    mine.before(PUT, {})
    other = Ledger(tmp_path / "state")
    for did, points in ((DID, 2), ("did:plc:other", None)):
        theirs = Budget(other, HOST, did, now=clock)
        assert window(theirs, Kind.UPLOADS, DAY).used == 1
        known = [one for one in theirs.windows() if one.kind is Kind.POINTS]
        assert {one.used for one in known} == ({points} if points is not None else set())
    other.close()


def test_points_are_those_of_the_server(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("3000;w=300", 3_000, 300))
    writes = [Write("create", POST, "a", {}), Write("update", POST, "b", {})]
    body = {"writes": [one.as_json() for one in [*writes, Write("delete", POST, "c")]]}
    mine.before("com.atproto.repo.applyWrites", body)
    mine.before("com.atproto.repo.deleteRecord", {})
    mine.before("com.atproto.repo.createRecord", {})
    assert window(mine, Kind.POINTS, HOUR).used == 6 + 1 + 3


def test_no_post_begins_that_could_not_be_finished(budget: Make, clock: Clock) -> None:
    mine = budget(headroom=0.2)
    mine.after(UPLOAD, headers("1000;w=86400", 205, 600))
    with mine.room_for(records=1, files=5):
        with pytest.raises(TryLater) as caught, mine.room_for(records=1, files=1):
            raise AssertionError("no room")
        for _ in range(5):
            mine.before(UPLOAD, None)
    assert caught.value.code == "budget"
    assert caught.value.at == NOW + timedelta(seconds=601)
    assert "200 of them kept for you" in caught.value.text
    clock.now = caught.value.at
    with mine.room_for(records=1, files=30):
        mine.before(UPLOAD, None)
    assert window(mine, Kind.UPLOADS, DAY).used == 1


def test_room_that_was_not_used_is_free_again(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("1000;w=86400", 1, 600))
    for _ in range(3):
        with pytest.raises(RuntimeError), mine.room_for(records=1, files=1):
            raise RuntimeError
    with mine.room_for(records=1, files=1):
        mine.before(UPLOAD, None)


def test_the_pace_counts_published_posts_only(budget: Make, clock: Clock) -> None:
    mine = budget(paces={HOUR: 2})
    for _ in range(3):
        with pytest.raises(RuntimeError), mine.room_for(records=1, files=1):
            raise RuntimeError
    for _ in range(2):
        with mine.room_for(records=1, files=1):
            pass
    with pytest.raises(TryLater) as caught, mine.room_for(records=1, files=1):
        raise AssertionError("no room")
    assert "Tokaway's own pace (2 posts an hour)" in caught.value.text
    again = budget(paces={HOUR: 2})
    with pytest.raises(TryLater), again.room_for(records=1, files=1):
        raise AssertionError("no room")
    faster = budget(paces={HOUR: 3})
    with faster.room_for(records=1, files=1):
        pass


def test_a_gentle_start_is_a_small_first_day(budget: Make, clock: Clock) -> None:
    def publish(mine: Budget, posts: int) -> None:
        for _ in range(posts):
            with mine.room_for(records=1, files=1):
                pass

    mine = budget()
    mine.begin_gently(3, 5)
    publish(mine, 3)
    again = budget()
    again.begin_gently(3, 5)
    with pytest.raises(TryLater) as caught:
        publish(again, 1)
    assert "Tokaway's own pace (5 posts a day)" in caught.value.text
    assert caught.value.at == NOW + timedelta(days=1, seconds=1)
    clock.now = caught.value.at
    publish(again, 5)
    with pytest.raises(TryLater):
        publish(again, 1)


def test_accounts_at_work_together_keep_room_from_each_other_where_the_server_counts_by_address(
    budget: Make,
) -> None:
    together = Together()
    mine = budget(together=together)
    theirs = budget(did="did:plc:other", together=together)
    elsewhere = budget(host="other.test", together=together)
    for one in (mine, theirs, elsewhere):
        one.after(UPLOAD, headers("1000;w=86400", 3, 600))
    with mine.room_for(records=100, files=2):
        with pytest.raises(TryLater, match="uploaded files"), theirs.room_for(records=1, files=2):
            raise AssertionError("no room")
        # Points are counted by account.
        with theirs.room_for(records=1_500, files=1), elsewhere.room_for(records=1, files=3):
            pass
    with pytest.raises(TryLater), theirs.room_for(records=1, files=4):
        raise AssertionError("no room")


def test_what_is_not_needed_is_not_waited_for(budget: Make) -> None:
    mine = budget(headroom=0.2)
    # Another program, or another run, has gone beyond what we would.
    mine.after(UPLOAD, headers("1000;w=86400", 100, 600))
    mine.before("com.atproto.server.describeServer", None)
    with mine.room_for(records=1, files=0):
        pass


def test_an_answer_that_comes_late_takes_nothing_back(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("1000;w=86400", 500, 600))
    for _ in range(3):
        mine.before(UPLOAD, None)
    # Three were under way; this answer was given before two of them had arrived.
    mine.after(UPLOAD, headers("1000;w=86400", 499, 600))
    assert window(mine, Kind.UPLOADS, DAY).used == 503
    # A server that counts much less has begun anew.
    mine.after(UPLOAD, headers("1000;w=86400", 990, 600))
    assert window(mine, Kind.UPLOADS, DAY).used == 10


def test_workers_do_not_share_one_room(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("1000;w=86400", 10, 600))
    refused: list[TryLater] = []
    begun, sent = threading.Barrier(4), []

    def work() -> None:
        begun.wait()
        try:
            while True:
                with mine.room_for(records=1, files=1):
                    mine.before(UPLOAD, None)
                    sent.append(1)
        except TryLater as trouble:
            refused.append(trouble)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 10
    assert len(refused) == 4


def test_requests_wait_too(budget: Make) -> None:
    mine = budget()
    mine.after(UPLOAD, headers("3000;w=300", 1, 42))
    mine.before("com.atproto.repo.getRecord", None)
    with pytest.raises(TryLater) as caught:
        mine.before("com.atproto.repo.getRecord", None)
    assert caught.value.at == NOW + timedelta(seconds=43)
    mine.before("com.atproto.sync.getRepo", None)


def test_counts_agree_with_the_real_server(
    small_pds: LocalPds, connect: Callable[[str], Server], ledger: Ledger, tmp_path: Path
) -> None:
    """Every kind of call to a PDS with its rate limits on; its headers are the judge."""
    account = small_pds.create_account("counted.test", "hunter2-hunter2")
    server = connect(small_pds.url)
    session = Session(server, account.handle, Password("hunter2-hunter2"))
    session.sign_in()
    server.budget = mine = Budget(ledger, server.host, account.did)
    repo = Repo(session, account.did)
    path = tmp_path / "a.txt"
    path.write_bytes(b"some bytes")
    repo.upload_blob(path, "text/plain", Step())
    uploads = window(mine, Kind.UPLOADS, DAY).used
    for number in range(3):
        record = {"$type": POST, "text": str(number), "createdAt": "2024-01-01T00:00:00.000Z"}
        repo.create(POST, f"3kkc6yzpk22{number + 2}c", record)
        path.write_bytes(str(number).encode())
        repo.upload_blob(path, "text/plain", Step())
    assert window(mine, Kind.UPLOADS, DAY).used == uploads + 3
    assert window(mine, Kind.POINTS, HOUR).used == 6
    requests = window(mine, Kind.REQUESTS, 300).used
    repo.record(POST, "3kkc6yzpk222c")
    assert window(mine, Kind.REQUESTS, 300).used == requests + 1
