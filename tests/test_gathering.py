"""What TikTok's pages say comes to the posts, is kept, and is not asked for twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.errors import Unreachable, UserError
from importer.gathering import Gathered, gather_pages
from importer.model import ExportPost, Kind, Privacy, Profile
from tests.captions.page_server import (
    LISTING,
    PROFILE,
    Answer,
    Asked,
    PageServer,
    Waits,
    instead_of_tiktok,
    post,
    video_page,
)

NEWEST = 40
TIKTOK = "https://www.tiktok.com"


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    with instead_of_tiktok(tmp_path / "server", monkeypatch) as server:
        yield server


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Every second post of the profile, and one that is not on it."""
    dates = [post(number)["createTime"] for number in range(2, NEWEST + 1, 2)]
    with Archive.create(tmp_path / "creator.tokaway") as made:
        made.absorb(
            [
                ExportPost(datetime.fromtimestamp(at, UTC), 0, Kind.VIDEO, Privacy.EVERYONE, ())
                for at in (*dates, 1_600_000_000)
            ]
        )
        made.set_profile(Profile(user_name="some.one"))
        yield made


def gather(archive: Archive, *links: str, stop: Waits | None = None) -> Gathered:
    said: list[str] = []
    return gather_pages(archive, None, links, None, stop or Waits(), said.append)


def captions(archive: Archive) -> dict[str, str | None]:
    return {found.caption: found.caption_source for found in archive.posts() if found.caption}


def test_a_profile_gives_its_captions(pages: PageServer, archive: Archive) -> None:
    gathered = gather(archive)
    assert (gathered.findings, gathered.matched, gathered.captions) == (40, 20, 20)
    assert gathered.by_rule == {"date": 20}
    assert captions(archive) == {
        f"Caption {number} #first": "TikTok page" for number in range(2, NEWEST + 1, 2)
    }


def test_what_was_read_is_not_lost_when_the_page_breaks_off(
    pages: PageServer, archive: Archive
) -> None:
    asked = 0

    def breaking(request: Asked) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 2:
            return Answer("Slow down", 429)
        del pages.answers[LISTING]
        answer = pages.listing(int(request.query["cursor"][0]))
        pages.answers[LISTING] = breaking
        return answer

    pages.answers[LISTING] = breaking
    with pytest.raises(Unreachable) as raised:
        gather(archive)
    assert raised.value.exit_code == 6
    assert "What was read before is kept: 8 of 15 posts" in raised.value.text
    assert raised.value.hint
    assert len(captions(archive)) == 8
    del pages.answers[LISTING]
    assert gather(archive).captions == 12
    assert len(captions(archive)) == 20


def test_stopped_half_way_it_keeps_what_it_has(pages: PageServer, archive: Archive) -> None:
    class StopAtSecondPage(Waits):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            if pages.paths.count(LISTING) == 1:
                self.set()
            return self.is_set()

    gathered = gather(archive, stop=StopAtSecondPage())
    assert (gathered.findings, len(captions(archive))) == (15, 8)


def test_given_posts_are_read_once(pages: PageServer, archive: Archive) -> None:
    links = [TIKTOK + video_page(pages.posts[place]) for place in (0, 2)]
    assert gather(archive, *links).captions == 2
    before = len(pages.asked)
    assert gather(archive, *links).matched == 2
    assert len(pages.asked) == before
    assert PROFILE not in pages.paths


def test_a_given_post_that_is_gone_does_not_hold_up_the_others(
    pages: PageServer, archive: Archive
) -> None:
    gone = TIKTOK + video_page(post(99))
    gathered = gather(archive, gone, TIKTOK + video_page(pages.posts[0]))
    assert gathered.captions == 1
    (complaint,) = gathered.unreadable
    assert gone in complaint or post(99)["id"] in complaint


def test_a_profile_that_refuses_is_told_in_one_sentence(
    pages: PageServer, archive: Archive
) -> None:
    pages.posts.clear()
    with pytest.raises(UserError) as raised:
        gather(archive)
    assert raised.value.code == "empty"
    assert raised.value.text.count(".") <= 2 + raised.value.text.count("some.one")
    assert captions(archive) == {}


def test_without_a_name_nothing_is_asked(pages: PageServer, archive: Archive) -> None:
    archive.set_profile(Profile(bio="Nameless"))
    with pytest.raises(UserError) as raised:
        gather(archive)
    assert raised.value.code == "no_user_name"
    assert pages.asked == []
