"""A month of an import that a timer starts once a day, with all that happens in a month."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Action
from importer.pds.kept_sessions import KeptSessions
from tests.conftest import quick_folder
from tests.crash.conftest import MakeMortal
from tests.crash.faked_time import FakedTime
from tests.crash.mortal import Mortal
from tests.moving import Signed, move
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn

# Twenty-five days of work at 24 videos a day, as one is left to the person, and two that are lost.
POSTS = int(os.environ.get("POSTS", "600"))
# Kills on a day of kills at the most, and calls of functions of ours until each of them.
KILL_DAYS, KILLS, CALLS = 4, 2, 20_000
# When the timer starts it.
AT = time(8, tzinfo=UTC)
DAY = timedelta(days=1)
# The timer starts it again when it was killed, and what a kill left open has expired by then.
AGAIN = timedelta(minutes=61)


@pytest.fixture
def elsewhere(pds: LocalPds) -> Iterator[LocalPds]:
    """A second real PDS, with the same directory of accounts."""
    with quick_folder() as folder, LocalPds(folder, plc=pds.plc_url) as server:
        yield server


class Month:
    """The person, the timer, and what happens to the import."""

    def __init__(self, mortal: Mortal, faked: FakedTime, service: VideoStandIn) -> None:
        self._mortal = mortal
        self._time = mortal.time = faked
        self._service = service
        self._first = datetime.combine(faked.now().date() + DAY, AT)
        self._state = Path()

    @property
    def today(self) -> date:
        """The day it is."""
        return self._time.now().date()

    def wake(self, day: int) -> None:
        """The hour of the timer has come."""
        self._time.pass_to(self._first + day * DAY)

    def sign_in(self) -> None:
        """The person signs in, and the session is kept."""
        mortal = self._mortal
        ended = mortal.run("login", mortal.did, "--password-file", mortal.password, "--json")
        assert ended.code == 0, ended.err
        self._state = Path(ended.lines[-1]["kept_in"]).parents[1]

    def finished_on(self, command: str, path: Path) -> date:
        """The day that `plan` or `status` foresees."""
        ended = self._mortal.run(command, path, "--json")
        assert ended.code == 0, ended.err
        (told,) = ended.named(command)
        return datetime.fromisoformat(told["finish_at"]).date()

    def goes_on(self) -> bool:
        """A run takes what the service takes that day, and says when there is more to do."""
        ended = self._mortal.run()
        assert ended.code in (0, 75), ended.out + ended.err
        if ended.code:
            assert "videos a day, 1 of them kept for you)" in ended.err
            assert f"same command again after {self.today + DAY} 00:01:00 UTC" in ended.err
        left = [self._service.uploads[job] for job in self._service.open_uploads]
        assert not [upload for upload in left if upload.parts]
        return bool(ended.code)

    def is_killed(self, dice: random.Random) -> int:
        """The machine fails once or more; returns how often."""
        kills = 0
        for _ in range(dice.randint(1, KILLS)):
            kills += self._mortal.is_killed(dice, CALLS)
            self._time.pass_by(AGAIN)
        return kills

    def session_ends(self) -> None:
        """It is ended at the server, as a new password does it, and no run can open another."""
        mortal = self._mortal
        kept = KeptSessions(self._state).load(mortal.did)
        assert kept
        with Signed(mortal.pds, kept.refresh) as somebody:
            somebody.post("server.deleteSession")
        self._fails(3, "has ended. Nothing was sent, nothing is lost. → Sign in again: tokaway")

    def is_out(self) -> None:
        """The server is away all day."""
        self._mortal.pds.stop()
        try:
            self._fails(6, "Nothing was sent.")
        finally:
            self._mortal.pds.start()

    def moves(self, new: LocalPds) -> None:
        """The person takes the account to another server, and signs in there when told to."""
        mortal, old = self._mortal, self._mortal.pds
        move(mortal.account, old, new)
        self._service.moved(new.did, new.url)
        self._fails(3, f"has moved from {old.url} to {new.url}. Nothing was sent.")
        mortal.pds = new
        self.sign_in()

    def _fails(self, code: int, words: str) -> None:
        ended = self._mortal.run()
        assert ended.code == code and words in " ".join(ended.err.split()), ended.err


def test_a_month_of_25_videos_a_day(
    make_mortal: MakeMortal,
    pds: LocalPds,
    elsewhere: LocalPds,
    video_service: VideoStandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    seed = secrets.randbits(32)
    dice = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  pytest shows it when the test fails
    folder = tmp_path_factory.mktemp("month")
    staged = stage(folder, [Action.KEEP] * POSTS, between=timedelta(hours=50))
    with (
        MediaServer(staged.media) as media,
        FakedTime(video_service, pds, elsewhere) as faked,
    ):
        mortal = make_mortal(staged, media)
        mortal.goes_by_itself(to=mortal.did, plc=pds.plc_url, video_service=video_service.url)
        month = Month(mortal, faked, video_service)
        month.wake(0)
        month.sign_in()
        foreseen = month.finished_on("plan", mortal.export)
        whole_days = (foreseen - month.today).days
        happens = dice.sample(range(1, whole_days), KILL_DAYS + 3)
        ended, out, moved, *killed = happens
        print("session, outage, move, kills:", *happens)  # noqa: T201
        # A day on which nothing may be sent puts off all others, and the next forecast says so. A
        # kill does not, as the timer starts it again; nor does a move, as the person is there.
        lost = (ended, out)
        kills, day, is_going_on = 0, 0, True
        while is_going_on:
            assert day <= whole_days + 3
            month.wake(day)
            if day - 1 in lost:
                now_foreseen = month.finished_on("status", mortal.archive)
            if day - 1 == ended:
                month.sign_in()
            if day == moved:
                month.moves(elsewhere)
            if day in killed:
                kills += month.is_killed(dice)
            if day == ended:
                month.session_ends()
            elif day == out:
                month.is_out()
            else:
                is_going_on = month.goes_on()
            day += 1
        mortal.wait_for_orphans()
        print(f"{foreseen} foreseen, {now_foreseen} later, {month.today} came; {kills} kills")  # noqa: T201
        assert abs(month.today - (foreseen + len(lost) * DAY)) <= DAY
        assert abs(month.today - now_foreseen) <= DAY
        assert kills >= KILL_DAYS // 2
        assert not video_service.open_uploads
        mortal.assert_whole()
