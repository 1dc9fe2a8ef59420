"""Captions off TikTok's pages: the real yt-dlp and its real extractor against pages on loopback."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.captions import online
from importer.captions.finding import Finding, Source
from importer.model import Kind
from tests.captions.page_server import (
    CHECK_COOKIE,
    EMBED,
    LISTING,
    PROFILE,
    Answer,
    PageServer,
    Waits,
    check_page,
    ids,
    page,
    photos,
    post,
    post_page,
    video_page,
)


def read(stop: Waits, **more: Any) -> list[Finding]:
    return list(online.profile("some.one", stop=stop, clock=stop.clock, **more))


def test_a_profile_of_three_pages_comes_newest_first(pages: PageServer, stop: Waits) -> None:
    told: list[int] = []
    findings = read(stop, on_progress=told.append)
    assert ids(findings) == [item["id"] for item in pages.posts]
    newest = findings[0]
    assert newest == Finding(
        source=Source.TIKTOK_PAGE,
        path=Path("www.tiktok.com", "@some.one", "video", pages.posts[0]["id"]),
        video_id=pages.posts[0]["id"],
        posted_at=datetime.fromtimestamp(pages.posts[0]["createTime"], UTC),
        author="some.one",
        caption="Caption 40 #first",
        seconds=12.0,
    )
    assert told == list(range(1, 41))
    assert pages.paths == [PROFILE, LISTING, LISTING, LISTING]


def test_requests_are_a_pause_apart(pages: PageServer, stop: Waits) -> None:
    read(stop, pace_seconds=3.5)
    assert stop.waited == [3.5] * (len(pages.asked) - 1)


def test_time_that_the_caller_took_counts_as_pause(pages: PageServer, stop: Waits) -> None:
    findings = online.profile("some.one", stop=stop, clock=stop.clock, pace_seconds=5)
    list(itertools.islice(findings, 15))
    stop.now += 4
    next(findings)
    stop.now += 60
    list(findings)
    assert stop.waited == [5, 1]


def test_no_media_cover_or_subtitle_is_asked_for(pages: PageServer, stop: Waits) -> None:
    read(stop)
    urls = [f"https://www.tiktok.com{video_page(item)}" for item in pages.posts[:3]]
    assert len(list(online.posts(urls, stop=stop, clock=stop.clock))) == 3
    assert set(pages.tunnels) == {"www.tiktok.com"}
    assert {path.split("/")[1] for path in pages.paths} == {"@some.one", "api"}


def test_the_name_may_come_with_its_mark(pages: PageServer, stop: Waits) -> None:
    assert len(list(online.profile(" @some.one ", stop=stop, clock=stop.clock))) == 40


@pytest.mark.parametrize(
    "caption", ["", "a" * 2200, "Zwei Zeilen\n#über 🎉 @x", "  spaces stay ", "&amp; <b>"]
)
def test_a_caption_comes_whole_and_unchanged(pages: PageServer, stop: Waits, caption: str) -> None:
    pages.posts = [post(1, caption)]
    assert [finding.caption for finding in read(stop)] == [caption]


def test_half_a_character_becomes_a_sign_that_can_be_stored(pages: PageServer, stop: Waits) -> None:
    pages.posts = [post(1, "half \ud83d of it, whole \ud83d\ude00")]
    assert read(stop)[0].caption == "half \ufffd of it, whole \U0001f600"


def test_known_posts_are_left_out(pages: PageServer, stop: Waits) -> None:
    known = {item["id"] for item in pages.posts[:20]}
    told: list[int] = []
    assert ids(read(stop, known=known, on_progress=told.append)) == [
        item["id"] for item in pages.posts[20:]
    ]
    assert told == list(range(1, 21))


def test_nothing_new_is_no_trouble(pages: PageServer, stop: Waits) -> None:
    assert read(stop, known=[item["id"] for item in pages.posts]) == []


def test_a_stop_in_the_middle_ends_it_and_the_rest_comes_later(
    pages: PageServer, stop: Waits
) -> None:
    first: list[Finding] = []
    for finding in online.profile("some.one", stop=stop, clock=stop.clock):
        first.append(finding)
        if len(first) == 18:
            stop.set()
    assert len(first) == 18
    assert pages.paths == [PROFILE, LISTING, LISTING]
    stop.clear()
    rest = read(stop, known=[finding.video_id or "" for finding in first])
    assert ids(first + rest) == [item["id"] for item in pages.posts]


def test_a_stop_during_a_pause_ends_it(pages: PageServer) -> None:
    class StoppedInPause(Waits):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    assert read(StoppedInPause()) == []
    assert pages.paths == [PROFILE]


def test_a_stop_before_the_start_asks_nothing(pages: PageServer, stop: Waits) -> None:
    stop.set()
    assert read(stop) == []
    assert (
        list(online.posts([f"https://www.tiktok.com{PROFILE}/video/{'7' * 19}"], stop=stop)) == []
    )
    assert pages.tunnels == []


def test_nothing_is_asked_before_the_first_post_is_wanted(pages: PageServer, stop: Waits) -> None:
    findings = online.profile("some.one", stop=stop, clock=stop.clock)
    assert pages.tunnels == []
    next(findings)
    assert pages.paths == [PROFILE, LISTING]


@pytest.mark.parametrize("left_out", ["desc", "createTime"])
def test_what_the_listing_leaves_out_comes_from_the_posts_own_page(
    pages: PageServer, stop: Waits, left_out: str
) -> None:
    whole = pages.posts[:3]
    poor = [{key: value for key, value in item.items() if key != left_out} for item in whole]
    pages.answers[LISTING] = Answer({"itemList": poor, "hasMorePrevious": False})
    findings = read(stop, known=[whole[2]["id"]])
    assert [(f.caption, f.posted_at) for f in findings] == [
        (item["desc"], datetime.fromtimestamp(item["createTime"], UTC)) for item in whole[:2]
    ]
    assert pages.paths == [PROFILE, LISTING, video_page(whole[0]), video_page(whole[1])]


def test_a_listing_behind_the_embed_page(pages: PageServer, stop: Waits) -> None:
    """The profile's page wants a sum, the embed page names a post, whose page names the account."""
    newest = pages.posts[0]
    pages.answers[PROFILE] = check_page()
    pages.answers[video_page(newest)] = lambda asked: (
        post_page(newest) if CHECK_COOKIE in asked.cookie else check_page()
    )
    data = {"source": {"data": {EMBED: {"videoList": [{"id": newest["id"]}]}}}}
    pages.answers[EMBED] = Answer(page(data, "__FRONTITY_CONNECT_STATE__"))
    assert len(read(stop)) == 40
    assert pages.paths[:5] == [PROFILE, EMBED, video_page(newest), video_page(newest), LISTING]
    assert stop.waited == [online.PACE_SECONDS] * (len(pages.asked) - 1)


def test_single_posts_tell_more(pages: PageServer, stop: Waits) -> None:
    pages.posts = [post(2), photos(1)]
    urls = [
        f"https://www.tiktokv.com/share/video/{pages.posts[0]['id']}/",
        f"https://www.tiktok.com/@some.one/photo/{pages.posts[1]['id']}?_r=1&u_code=secret",
    ]
    video, pictures = online.posts(urls, stop=stop, clock=stop.clock)
    assert (video.kind, video.width, video.height, video.seconds) == (Kind.VIDEO, 576, 1024, 12.0)
    assert (video.caption, video.author) == ("Caption 2 #first", "some.one")
    assert (pictures.kind, pictures.caption) == (Kind.PHOTO, "Photos 1")
    assert (pictures.width, pictures.height, pictures.seconds) == (None, None, None)
    assert pages.paths == [
        video_page(pages.posts[0], "_"),
        video_page(pages.posts[1]),
    ]


def test_known_posts_and_doubles_are_not_asked(pages: PageServer, stop: Waits) -> None:
    first, second, third = (f"https://www.tiktok.com{video_page(item)}" for item in pages.posts[:3])
    told: list[int] = []
    findings = online.posts(
        [first, second, first, third],
        stop=stop,
        clock=stop.clock,
        known={pages.posts[1]["id"]},
        on_progress=told.append,
        pace_seconds=4,
    )
    assert ids(list(findings)) == [pages.posts[0]["id"], pages.posts[2]["id"]]
    assert (len(pages.asked), told, stop.waited) == (2, [1, 2], [4])


def test_yt_dlp_is_loaded_only_when_it_is_needed() -> None:
    check = "import sys, importer.captions.online; sys.exit('yt_dlp' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[2], check=True)
