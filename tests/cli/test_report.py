"""`report.html`: what went where, what did not and why; safe to open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.model import Account, Milestone, Privacy, Trouble
from importer.report import write_report
from tests.posts import ACCOUNT, DID, NOW, bring_to, current, exported, record_of

EVIL = "<script>alert(1)</script> & [b] \"quoted\" 'too' ✓"


class Page(HTMLParser):
    """The tags, links and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: dict[str, str] = {}
        self.rows: list[str] = []
        self._href: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append("")
        self._href = dict(attributes).get("href") if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1] += data
        if self._href:
            self.links[self._href] = data
            self._href = None


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "creator.tokaway") as made:
        yield made


def page(archive: Archive) -> Page:
    return Page(write_report(archive, NOW).read_text(encoding="utf-8"))


def test_captions_reasons_and_names_are_text_and_never_code(archive: Archive) -> None:
    archive.absorb([exported(title=EVIL), exported(1)])
    archive.set_account(Account(DID, "<script>x</script>.test", "https://pds.test/<script>"))
    second = archive.posts()[1]
    archive.note_failed(second, Trouble("gone", EVIL, f"hint {EVIL}"))
    shown = page(archive)
    assert "script" not in shown.tags
    assert EVIL in shown.rows[1]
    assert EVIL in shown.rows[2] and f"hint {EVIL}" in shown.rows[2]


def test_published_posts_are_listed_with_where_they_are_seen(archive: Archive) -> None:
    archive.absorb([exported(title="Rye"), exported(1, title="Oats")])
    archive.set_account(ACCOUNT)
    published = bring_to(archive, archive.posts()[0].id, Milestone.PUBLISHED)
    verified = bring_to(archive, archive.posts()[1].id, Milestone.VERIFIED)
    shown = page(archive)
    for post, row in ((published, shown.rows[1]), (verified, shown.rows[2])):
        record = record_of(post)
        link = f"https://bsky.app/profile/maker.test/post/{record.rkey}"
        assert shown.links[link] == record.uri
        assert post.caption in row and record.uri in row
    assert "2024-01-31 23:59:59 UTC" in shown.rows[1] and "verified 20" not in shown.rows[1]
    assert "verified 2026-11-23 12:00:00 UTC" in shown.rows[2]


def test_what_was_left_out_or_failed_says_why_and_what_to_do(archive: Archive) -> None:
    archive.absorb([exported(privacy=Privacy.ONLY_YOU), exported(1)])
    failed = archive.posts()[1]
    archive.note_failed(failed, Trouble("gone", "No longer there.", "Request a fresh export."))
    shown = page(archive)
    assert "skipped" in shown.rows[1] and "Only you could see it" in shown.rows[1]
    assert "--include-private" in shown.rows[1]
    assert "failed" in shown.rows[2]
    assert "No longer there. Request a fresh export." in shown.rows[2]
    assert not shown.links


def test_an_archive_without_posts_has_a_report_too(archive: Archive) -> None:
    assert len(page(archive).rows) == 1


def test_a_new_report_takes_the_place_of_the_old_one_in_one_move(archive: Archive) -> None:
    write_report(archive, NOW)
    archive.absorb([exported(title="New")])
    path = write_report(archive, NOW)
    assert "New" in path.read_text(encoding="utf-8")
    assert [found.name for found in archive.folder.glob("report*")] == ["report.html"]


def test_a_report_that_cannot_be_put_in_place_leaves_nothing_half_made(archive: Archive) -> None:
    (archive.folder / "report.html").mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(archive, NOW)
    assert [found.name for found in archive.folder.glob("report*")] == ["report.html"]


def test_a_retried_post_is_listed_without_its_old_trouble(archive: Archive) -> None:
    archive.absorb([exported()])
    post = archive.posts()[0]
    archive.note_failed(post, Trouble("gone", "No longer there."))
    archive.put_back(current(archive, post.id))
    assert "No longer there." not in page(archive).rows[1]
