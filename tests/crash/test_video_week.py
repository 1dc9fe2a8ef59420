"""A week with a video service that takes eight videos a day, on a bad line, killed at random."""

from __future__ import annotations

import random
import secrets
from datetime import timedelta

import pytest

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Action, Kind
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.crash.conftest import MakeMortal
from tests.crash.faked_time import FakedTime
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn

VIDEOS, PHOTO_POSTS = 34, 6
# One of them each day is left to the person.
A_DAY = 7
# Kills on a day, and calls of functions of ours until each of them at the most.
KILLS, CALLS = 2, 9_000
FAULTS = (Breakage.RESET, Breakage.CUT_BODY, Breakage.DROP_ANSWER, Breakage.BAD_GATEWAY)


@pytest.mark.parametrize("is_bad", [False, True], ids=["good line", "bad line and kills"])
def test_a_week_of_seven_videos_a_day(
    make_mortal: MakeMortal,
    pds: LocalPds,
    video_service: VideoStandIn,
    tmp_path_factory: pytest.TempPathFactory,
    is_bad: bool,
) -> None:
    seed = secrets.randbits(32)
    dice = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  pytest shows it when the test fails
    staged = stage(tmp_path_factory.mktemp("week"), [Action.KEEP] * VIDEOS, photos=PHOTO_POSTS)
    sizes = sum(
        (staged.media / post.file).stat().st_size
        for post in staged.posts
        if post.kind is Kind.VIDEO
    )
    video_service.videos_a_day, video_service.part_bytes = A_DAY + 1, 8_000
    days = 0
    with (
        MediaServer(staged.media) as media,
        BreakingProxy(video_service.url) as proxy,
        FakedTime(video_service, pds) as faked,
    ):
        video_service.called = proxy.url.removeprefix("http://")
        if is_bad:
            proxy.chaos(seed, 0.05, faults=FAULTS)
        flags = ("--upload", "service", "--video-service", proxy.url, "--no-wait")
        mortal = make_mortal(staged, media, *flags)
        mortal.time = faked
        while not mortal.is_finished():
            days += 1
            assert days <= 12
            faked.pass_by(timedelta(days=1))
            for _ in range(KILLS if is_bad else 0):
                mortal.is_killed(dice, CALLS)
            for _ in range(20):
                ended = mortal.run()
                if ended.code in (0, 75) and "videos a day, 1 of them kept" in ended.err:
                    break
                if ended.code == 0:
                    break
            assert ended.code in (0, 75), ended.err
        mortal.wait_for_orphans()
        # Asked in that time: those of the days before have ended by themselves.
        left = [video_service.uploads[job] for job in video_service.open_uploads]
    # An upload whose beginning was never heard of holds its share until it expires: a day may
    # lack one by each such answer, and there is room for one in five days.
    assert days - -(-VIDEOS // A_DAY) in ((0, 1) if is_bad else (0,))
    mortal.assert_whole()
    assert not [upload for upload in left if upload.parts or not is_bad]
    assert sum(video_service.taken.values()) == VIDEOS
    if not is_bad:
        assert video_service.received <= 1.05 * sizes
