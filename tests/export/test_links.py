"""What a link leads to and until when, from the URL alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.export import links
from importer.model import Link, LinkKind

VIDEO = (
    "https://video-useast5.tiktokv.us/storage/v1/tos-useast5-ve-0068c001-tx/oABC?a=1233"
    "&mime_type=video_mp4&x-tos-algorithm=v2&x-tos-expires=1767225600&x-tos-signature=s1"
)
IMAGE = (
    "https://p16-ttdyd-sign-sg.ibyteimg.com/tos-alisg-i-photomode-sg/0a1b~tplv-noop.jpeg"
    "?rk3s=0&x-expires=1764600000&x-signature=x"
)


def only(url: str) -> Link:
    link = links.classify(url)
    assert link is not None
    return link


def test_an_own_video_says_when_it_expires() -> None:
    link = only(VIDEO)
    assert link.kind == LinkKind.VIDEO
    assert link.expires_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert link.video_id is None


def test_the_key_outlives_the_signature_and_the_host() -> None:
    again = VIDEO.replace("useast5.tiktokv.us", "va.tiktokv.com").replace("=s1", "=s2")
    assert only(again).key == only(VIDEO).key
    assert len(only(VIDEO).key) == 16
    assert only(VIDEO.replace("oABC", "oABD")).key != only(VIDEO).key


def test_a_bare_host_is_told_apart_by_its_query() -> None:
    assert only("https://example.com/?v=1").key != only("https://example.com/?v=2").key


def test_an_image_of_a_photo_post() -> None:
    link = only(IMAGE)
    assert (link.kind, link.expires_at) == (
        LinkKind.IMAGE,
        datetime.fromtimestamp(1764600000, UTC),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://www.tiktokv.com/share/video/7559000000000000000/",
        "https://www.tiktok.com/@some.one/video/7559000000000000000?is_from_webapp=1",
        "https://www.tiktok.com/@some.one/photo/7559000000000000000",
        "https://www.tiktok.com/embed/v2/7559000000000000000",
        "https://m.tiktok.com/v/7559000000000000000.html",
    ],
)
def test_a_page_link_has_the_id(url: str) -> None:
    link = only(url)
    assert link.kind == LinkKind.PAGE
    assert (link.key, link.video_id) == ("page:7559000000000000000", "7559000000000000000")


def test_a_page_on_a_foreign_host_is_no_tiktok_page() -> None:
    assert only("https://nottiktok.com/share/video/7559000000000000000/").kind == LinkKind.VIDEO


def test_a_short_link_is_a_page_without_an_id() -> None:
    link = only("https://vm.tiktok.com/ZM8abc/")
    assert (link.kind, link.video_id) == (LinkKind.PAGE, None)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://cdn.example/a.webp", LinkKind.IMAGE),
        ("https://cdn.example/a.mp4", LinkKind.VIDEO),
        ("https://cdn.example/a", LinkKind.VIDEO),
        ("https://cdn.example/a~tplv-noop.jpeg?x=1", LinkKind.IMAGE),
    ],
)
def test_an_unknown_host_is_judged_by_the_ending(url: str, kind: LinkKind) -> None:
    assert only(url).kind == kind


def test_a_wrapped_link_is_unwrapped() -> None:
    wrapped = "https://www.tiktok.com/redirect?redirect_url=https%3A%2F%2Fvideo-va.tiktokv.com%2Fo1"
    assert only(wrapped).url == "https://video-va.tiktokv.com/o1"
    assert only("https://a.example/x.mp4?redirect_url=javascript:x").url.startswith("https://a.")


@pytest.mark.parametrize(
    "text", ["", "N/A", "ftp://example.com/x", "https://", "http://[", "//x", "http://a:99999/"]
)
def test_what_is_no_url_is_no_link(text: str) -> None:
    assert links.split(text) == ()


def test_a_photo_post_has_a_link_a_line() -> None:
    assert len(links.split(f"{IMAGE}\n{IMAGE}\r\n N/A {VIDEO}")) == 3


@pytest.mark.parametrize("value", ["", "x", "-1", "1e9", "99999999999", "17672256001767225600"])
def test_an_unreadable_expiry_is_none(value: str) -> None:
    assert links.expiry(f"https://video-va.tiktokv.com/o?x-tos-expires={value}") is None


def test_rehost_keeps_the_object_and_the_query() -> None:
    later = datetime(2030, 5, 6, tzinfo=UTC)
    moved = links.rehost(VIDEO, "http://127.0.0.1:8080/media/", later)
    assert moved.startswith("http://127.0.0.1:8080/media/oABC?a=1233&mime_type=video_mp4&")
    assert moved.endswith("&x-tos-signature=s1")
    assert links.expiry(moved) == later
    assert only(moved).kind == LinkKind.VIDEO
    assert links.expiry(links.rehost(IMAGE, "http://127.0.0.1:8080", later)) == later


@given(st.text())
def test_any_text_is_a_link_or_none(text: str) -> None:
    link = links.classify(text)
    assert link is None or link.url


@given(st.text())
def test_any_end_of_a_url_is_survived(text: str) -> None:
    links.split("https://www.tiktok.com/" + text)
    links.split("https://" + text)
