"""What TikTok's pages may do instead of showing captions, and what the user hears of it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.captions import online
from importer.captions.finding import Finding
from importer.errors import Refused, StepError, TryLater, UserError
from tests.captions.page_server import (
    EMBED,
    LISTING,
    PROFILE,
    Answer,
    Asked,
    PageServer,
    Waits,
    check_page,
    ids,
    page,
    photos,
    post,
    post_page,
    profile_page,
    trouble,
    trust,
    video_page,
)


def read(stop: Waits, **more: Any) -> list[Finding]:
    return list(online.profile("some.one", stop=stop, clock=stop.clock, **more))


def test_a_post_whose_own_page_fails_keeps_what_the_listing_said(
    pages: PageServer, stop: Waits
) -> None:
    poor = [{"id": item["id"], "createTime": item["createTime"]} for item in pages.posts[:2]]
    pages.answers[LISTING] = Answer({"itemList": poor, "hasMorePrevious": False})
    pages.answers[video_page(poor[0])] = post_page(None, 10216)
    findings = read(stop)
    assert [finding.caption for finding in findings] == [None, "Caption 39 #first"]
    assert findings[0].posted_at and findings[0].author == "some.one"


def test_pages_of_posts_that_all_fail_are_not_asked_on_and_on(
    pages: PageServer, stop: Waits
) -> None:
    poor = [{"id": item["id"]} for item in pages.posts]
    pages.answers[LISTING] = Answer({"itemList": poor, "hasMorePrevious": False})
    for item in poor:
        pages.answers[video_page(item)] = Answer("", 403)
    given, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (len(given), error.code) == (2, "blocked")
    assert len(pages.asked) == 5


@pytest.mark.parametrize(
    "url",
    ["https://example.com/video/7559000000000000000", "not a link", "https://vm.tiktok.com/ZMabc/"],
)
def test_links_to_no_single_post(pages: PageServer, stop: Waits, url: str) -> None:
    with pytest.raises(UserError) as raised:
        online.posts([url], stop=stop)
    assert raised.value.code == "page_link" and raised.value.hint
    assert pages.tunnels == []


@pytest.mark.parametrize("name", ["", "@", "some one", "some/one", "a?b", "ünal", "x" * 100])
def test_names_of_no_account(pages: PageServer, stop: Waits, name: str) -> None:
    with pytest.raises(UserError) as raised:
        online.profile(name, stop=stop)
    assert raised.value.code == "user_name" and raised.value.hint
    assert pages.tunnels == []


def test_trouble_of_one_post_is_told_and_the_next_is_asked(pages: PageServer, stop: Waits) -> None:
    urls = [f"https://www.tiktok.com{video_page(item)}" for item in pages.posts[:6]]
    for item, status in zip(pages.posts, (10216, 10204, 10204, 0, 10204), strict=False):
        if status:
            pages.answers[video_page(item)] = post_page(None, status)
    told: list[tuple[str, str]] = []
    findings = list(
        online.posts(
            urls,
            stop=stop,
            clock=stop.clock,
            on_trouble=lambda url, error: told.append((url, error.code)),
        )
    )
    assert ids(findings) == [pages.posts[3]["id"], pages.posts[5]["id"]]
    codes = ["private", "blocked", "blocked", "blocked"]
    assert told == list(zip([*urls[:3], urls[4]], codes, strict=True))


@pytest.mark.parametrize(("answer", "count"), [(post_page(None, 10204), 3), (Answer("", 429), 1)])
def test_trouble_of_all_posts_ends_it(
    pages: PageServer, stop: Waits, answer: Answer, count: int
) -> None:
    for item in pages.posts:
        pages.answers[video_page(item)] = answer
    urls = [f"https://www.tiktok.com{video_page(item)}" for item in pages.posts]
    told: list[str] = []
    findings = online.posts(
        urls, stop=stop, clock=stop.clock, on_trouble=lambda url, error: told.append(url)
    )
    given, error = trouble(findings)
    assert (given, type(error)) == ([], TryLater)
    assert (len(told), len(pages.asked)) == (count - 1, count)


POSTS_TROUBLE = [
    (post_page(None, 10204), TryLater, "blocked"),
    (post_page(None, 10216), Refused, "private"),
    (post_page(None, 10222), Refused, "private"),
    (post_page({"isContentClassified": True}), Refused, "private"),
    (Answer("", 302, {"Location": "/login"}), Refused, "private"),
    (post_page(None, 10231), Refused, "gone"),
    (post_page({}), Refused, "gone"),
    (Answer("", 404), Refused, "gone"),
    (Answer("", 410), Refused, "gone"),
    (Answer("", 403), TryLater, "blocked"),
    (Answer("", 429), TryLater, "rate_limited"),
    (Answer("", 503), TryLater, "unreachable"),
    (Answer("", 0), TryLater, "unreachable"),
    (Answer("x", 200, {"Content-Length": "9000"}), TryLater, "unreachable"),
    (Answer(""), TryLater, "page_unreadable"),
    (Answer("<html>Please wait...</html>"), TryLater, "page_unreadable"),
    (check_page(), TryLater, "page_unreadable"),
    (check_page(2_000_000), TryLater, "page_unreadable"),
    (Answer(page({"__DEFAULT_SCOPE__": {"new": 1}})), Refused, "gone"),
    (Answer(page({"new": 1})), TryLater, "page_unreadable"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), POSTS_TROUBLE)
def test_what_may_happen_to_a_post(
    pages: PageServer, stop: Waits, answer: Answer, kind: type[StepError], code: str
) -> None:
    pages.answers["/login"] = Answer("<html>Log in</html>")
    pages.answers[video_page(pages.posts[1])] = answer
    urls = [f"https://www.tiktok.com{video_page(item)}?_r=secret" for item in pages.posts[:3]]
    given, error = trouble(online.posts(urls, stop=stop, clock=stop.clock))
    assert ids(given) == [pages.posts[0]["id"]]
    assert (type(error), error.code) == (kind, code)
    assert f"@some.one/video/{pages.posts[1]['id']}" in error.text
    assert "secret" not in error.text


PROFILE_TROUBLE = [
    (profile_page(0), Refused, "empty"),
    (profile_page(0, 10222), Refused, "private"),
    (profile_page(0, 10202, None), Refused, "gone"),
    (Answer("", 404), Refused, "gone"),
    (Answer("", 403), TryLater, "blocked"),
    (Answer("", 429), TryLater, "rate_limited"),
    (Answer("", 503), TryLater, "unreachable"),
    (Answer("", 0), TryLater, "unreachable"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), PROFILE_TROUBLE)
def test_what_may_happen_to_a_profile(
    pages: PageServer, stop: Waits, answer: Answer, kind: type[StepError], code: str
) -> None:
    pages.answers[PROFILE] = answer
    given, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (given, type(error), error.code) == ([], kind, code)
    assert "@some.one" in error.text


def test_a_profile_whose_pages_have_changed(pages: PageServer, stop: Waits) -> None:
    pages.answers[PROFILE] = pages.answers[EMBED] = Answer("<html>Brand new</html>")
    given, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (given, type(error), error.code) == ([], TryLater, "page_unreadable")


def test_the_name_of_an_account_is_no_reason(pages: PageServer, stop: Waits) -> None:
    pages.answers["/@private.login"] = pages.answers["/embed/@private.login"] = Answer("new")
    _, error = trouble(online.profile("private.login", stop=stop, clock=stop.clock))
    assert error.code == "page_unreadable"


def test_a_profile_that_lists_nothing(pages: PageServer, stop: Waits) -> None:
    pages.answers[LISTING] = Answer({"itemList": [], "hasMorePrevious": False})
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (type(error), error.code) == (Refused, "empty")


def test_a_profile_whose_posts_are_all_private(pages: PageServer, stop: Waits) -> None:
    pages.answers[LISTING] = Answer({"itemList": [], "hasMorePrevious": True})
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (type(error), error.code) == (Refused, "private")


def test_a_profile_of_photo_posts_only(pages: PageServer, stop: Waits) -> None:
    pages.posts = [photos(2), photos(1)]
    assert [finding.caption for finding in read(stop)] == ["Photos 2", "Photos 1"]


LISTING_TROUBLE = [
    (Answer(""), "page_unreadable"),
    (Answer("<html>Please wait...</html>"), "page_unreadable"),
    (Answer([1, 2]), "empty or more"),
    (Answer({"itemList": [{"id": ["odd"]}], "hasMorePrevious": True}), "page_unreadable"),
    (Answer("", 403), "blocked"),
    (Answer("", 404), "gone"),
    (Answer("", 429), "rate_limited"),
    (Answer("", 500), "unreachable"),
    (Answer("", 0), "unreachable"),
]


@pytest.mark.parametrize(("answer", "code"), LISTING_TROUBLE)
def test_a_listing_that_breaks_off_keeps_what_was_read(
    pages: PageServer, stop: Waits, answer: Answer, code: str
) -> None:
    def listing(asked: Asked) -> Answer:
        return pages.listing(int(asked.query["cursor"][0])) if len(pages.asked) == 2 else answer

    pages.answers[LISTING] = listing
    if code == "empty or more":
        assert len(read(stop)) == 15
        return
    given, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert ids(given) == [item["id"] for item in pages.posts[:15]]
    assert error.code == code


def test_a_listing_that_goes_in_circles_ends(pages: PageServer, stop: Waits) -> None:
    pages.answers[LISTING] = lambda asked: pages.listing(1 << 60)
    given, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert (len(given), error.code) == (15, "page_unreadable")
    assert len(pages.asked) < 8


def test_odd_items_of_a_listing(pages: PageServer, stop: Waits) -> None:
    odd: list[Any] = [
        post(5) | {"id": "words"},
        post(4) | {"createTime": 10**30, "desc": ["no text"], "video": None, "music": []},
        post(3) | {"author": None},
        post(2) | {"author": "../Plain/name", "video": {"duration": "13"}},
        post(1) | {"author": "Plain.name"},
    ]
    pages.answers[LISTING] = Answer({"itemList": odd, "hasMorePrevious": False})
    pages.answers[video_page(odd[1])] = post_page(None, 10216)
    third, second, first, last = read(stop)
    assert (third.posted_at, third.caption, third.seconds) == (None, None, None)
    assert (second.author, second.caption) == ("some.one", "Caption 3 #first")
    assert (first.author, first.seconds) == ("some.one", 13.0)
    assert last.author == "plain.name"


def test_a_short_trouble_of_the_server_passes(pages: PageServer, stop: Waits) -> None:
    bad = [Answer("", 0), Answer("", 503)]
    pages.answers[LISTING] = lambda asked: (
        bad.pop() if bad else pages.listing(int(asked.query["cursor"][0]))
    )
    assert len(read(stop, pace_seconds=1)) == 40
    assert stop.waited == [1, 3, 9, 1, 1]


def test_a_trouble_that_passed_explains_nothing_later(pages: PageServer, stop: Waits) -> None:
    bad = [Answer("", 503)]
    pages.answers[PROFILE] = lambda asked: bad.pop() if bad else Answer("new")
    pages.answers[EMBED] = Answer("new")
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert error.code == "page_unreadable"


@pytest.mark.parametrize(("status", "requests"), [(429, 1), (503, 3), (0, 3)])
def test_no_other_page_is_asked_when_tiktok_wants_rest(
    pages: PageServer, stop: Waits, status: int, requests: int
) -> None:
    pages.answers[PROFILE] = Answer("", status)
    trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert pages.paths == [PROFILE] * requests


def test_a_pause_that_tiktok_names_is_passed_on(pages: PageServer, stop: Waits) -> None:
    pages.answers[LISTING] = Answer("", 429, {"Retry-After": "Wed, 21 Oct 2037 07:28:00 GMT"})
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert isinstance(error, TryLater)
    assert error.at == datetime(2037, 10, 21, 7, 28, tzinfo=UTC)


def test_nobody_listens(pages: PageServer, stop: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, error.unreachable) == ("unreachable", True, True)


def test_a_certificate_that_is_not_tiktoks(
    pages: PageServer, stop: Waits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = PageServer(folder)
    trust(other, monkeypatch)
    other._http.server_close()
    _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert error.code == "unreachable"
    assert pages.asked == []


def test_without_a_browser_to_pass_for_the_hint_says_how_to_get_one(
    pages: PageServer, stop: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yt_dlp import YoutubeDL

    pages.answers[PROFILE] = Answer("", 403)
    for available in (False, True):
        if available:
            monkeypatch.setattr(
                YoutubeDL, "_parse_impersonate_targets", lambda self, target: (None, None)
            )
        else:
            monkeypatch.setattr(
                YoutubeDL, "_impersonate_target_available", lambda self, target: False
            )
        _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock))
        assert ("yt-dlp[curl-cffi]" in error.hint) is not available


def test_nothing_is_printed(
    pages: PageServer, stop: Waits, capfd: pytest.CaptureFixture[str]
) -> None:
    read(stop)
    pages.answers[PROFILE] = Answer("", 403)
    trouble(online.profile("some.one", stop=stop, clock=stop.clock))
    assert capfd.readouterr() == ("", "")
