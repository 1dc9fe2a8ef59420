"""`report.html`: what went where, what did not and why; safe to open in a browser."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from importer.archive.store import Archive
from importer.media.poster import LONG_SIDE, POSTER_NAME
from importer.model import Account, Milestone, Post, Privacy, Role, Trouble
from importer.records.bluesky import THREADGATE
from importer.report import write_report
from tests.posts import ACCOUNT, DID, NOW, bring_to, current, exported, record_of, write_file

EVIL = "<script>alert(1)</script> & [b] \"quoted\" 'too' ✓"


class Page(HTMLParser):
    """The tags, links and words of a page, and the words and attributes of each post in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[str] = []
        self.links: dict[str, str] = {}
        self.posts: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.images: list[str] = []
        self.sources: list[str] = []
        self.script = self.words = self.policy = ""
        self._post: str | None = None
        self._href: str | None = None
        self._tag = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.tags.append(tag)
        self._tag = tag
        name = found.get("id") or ""
        if tag == "li" and name.startswith("post-"):
            self._post = name.removeprefix("post-")
            self.posts[self._post] = ""
            self.attributes[self._post] = found
        if tag == "img":
            self.images.append(found["src"] or "")
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        self.sources += [found[key] or "" for key in ("src", "srcset", "data") if key in found]
        if tag == "link":
            self.sources.append(found.get("href") or "")
        if tag == "a":
            self._href = found.get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None
        if tag == "ol":
            self._post = None
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "script":
            self.script += data
            return
        self.words += data
        if self._post:
            self.posts[self._post] += data
        if self._href:
            self.links[self._href] = self.links.get(self._href, "") + data

    def of(self, post: Post) -> str:
        """The words of a post."""
        return self.posts[post.id]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "creator.tokaway") as made:
        yield made


def keep_original(archive: Archive, post: Post) -> Path:
    """Fetch a photo of a post."""
    content = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(content, "JPEG")
    file = write_file(archive.folder, post, Role.ORIGINAL, content.getvalue())
    archive.note_fetched(post, [file])
    return archive.path(file.path)


def page(archive: Archive) -> Page:
    return Page(write_report(archive, NOW).read_text(encoding="utf-8"))


def test_captions_reasons_and_names_are_text_and_never_code(archive: Archive) -> None:
    archive.absorb([exported(title=EVIL), exported(1)])
    archive.set_account(Account(DID, "<script>x</script>.test", "https://pds.test/<script>"))
    first, second = archive.posts()
    archive.note_failed(second, Trouble("gone", EVIL, f"hint {EVIL}"))
    shown = page(archive)
    assert shown.tags.count("script") == 1 and "alert" not in shown.script
    assert EVIL in shown.of(first)
    assert EVIL in shown.of(second) and f"hint {EVIL}" in shown.of(second)
    assert "<script>x</script>.test" in shown.words and "https://pds.test/<script>" in shown.words


@pytest.mark.parametrize(
    "caption",
    [
        "]]> --> </p></li></ol></style></textarea>",
        "{{ 7 * 7 }} {% raw %} ${x}",
        "a\u202eb\u2066c\u200f\u061c",
        "tab\tand\nlines\n\nand\x07bell\x1b[31mred\x7f",
        "👨‍👩‍👧‍👦🏳️‍🌈 é́́́ שלום &amp; &#0; &lt;",
        "x" * 4_000,
    ],
)
def test_each_character_of_a_caption_is_kept(archive: Archive, caption: str) -> None:
    archive.absorb([exported(title=caption)])
    (post,) = archive.posts()
    assert post.caption in page(archive).of(post)


def test_published_posts_are_listed_with_where_they_are_seen(archive: Archive) -> None:
    archive.absorb([exported(title="Rye"), exported(1, title="Oats")])
    archive.set_account(ACCOUNT)
    published = bring_to(archive, archive.posts()[0].id, Milestone.PUBLISHED)
    verified = bring_to(archive, archive.posts()[1].id, Milestone.VERIFIED)
    shown = page(archive)
    for post in (published, verified):
        link = f"bsky.app/profile/maker.test/post/{record_of(post).rkey}"
        assert shown.links[f"https://{link}"] == link
        assert post.caption in shown.of(post) and record_of(post).uri in shown.of(post)
    assert "2024-01-31 23:59:59 UTC" in shown.of(published)
    assert "not verified" in shown.of(published)
    assert "verified 2026-11-23 12:00:00 UTC" in shown.of(verified)
    assert shown.attributes[verified.id]["data-milestone"] == "verified"


def test_gates_are_told_in_words(archive: Archive) -> None:
    archive.absorb([exported()])
    archive.set_account(ACCOUNT)
    post = bring_to(archive, archive.posts()[0].id, Milestone.PREPARED)
    record = record_of(post)
    uri = record.uri.replace(record.collection, THREADGATE)
    gate = replace(record, collection=THREADGATE, uri=uri, blob_cids=())
    archive.note_published(post, [record, gate])
    shown = page(archive)
    assert len([link for link in shown.links if link.startswith("https:")]) == 1
    assert "Nobody may reply" in shown.of(post) and uri in shown.of(post)


def test_what_was_left_out_or_failed_says_why_and_what_to_do(archive: Archive) -> None:
    archive.absorb([exported(privacy=Privacy.ONLY_YOU), exported(1)])
    private, failed = archive.posts()
    archive.note_failed(failed, Trouble("gone", "No longer there.", "Request a fresh export."))
    shown = page(archive)
    assert "left out" in shown.of(private) and "Only you could see it" in shown.of(private)
    assert "--include-private" in shown.of(private)
    assert "failed" in shown.of(failed)
    assert "No longer there." in shown.of(failed) and "Request a fresh export." in shown.of(failed)
    assert not [link for link in shown.links if not link.startswith("#")]


def test_posts_with_one_reason_are_told_together_and_found_by_it(archive: Archive) -> None:
    archive.absorb([exported(place) for place in range(30)])
    posts = archive.posts()
    for post in posts[:20]:
        archive.note_failed(post, Trouble("gone", "No longer there.", "Ask again."))
    shown = page(archive)
    assert "20 posts" in shown.words and "and 8 more" in shown.words
    (number,) = {shown.attributes[post.id]["data-reason"] for post in posts[:20]}
    assert f'data-show="{number}"' in shown.html
    assert all("data-reason" not in shown.attributes[post.id] for post in posts[20:])


def test_an_archive_without_posts_has_a_report_too(archive: Archive) -> None:
    shown = page(archive)
    assert not shown.posts and "0 posts" in shown.words


def test_the_page_asks_nothing_of_any_network(archive: Archive) -> None:
    archive.absorb([exported(title="https://example.com/x.png")])
    (post,) = archive.posts()
    keep_original(archive, post)
    shown = page(archive)
    assert len(shown.images) == 1
    assert all(source.startswith("data:") for source in shown.sources)
    assert "default-src 'none'" in shown.policy and "unsafe" not in shown.policy
    digest = b64encode(sha256(shown.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in shown.policy
    assert "@import" not in shown.html and "url(" not in shown.html


class Heard(HTMLParser):
    """What somebody who hears the page is told: headings, pictures, fields and buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language: str | None = None
        self.levels: list[int] = []
        self.pictures: list[str | None] = []
        self.labels: set[str] = set()
        self.fields: set[str] = set()
        self.targets: list[str] = []
        self.names: list[str] = []
        self.ids: list[str] = []
        self.landmarks: list[str] = []
        self.nameless = 0
        self._button: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "html":
            self.language = found.get("lang")
        if tag in {"h1", "h2", "h3", "h4"}:
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.pictures.append(found.get("alt"))
        if tag == "label":
            self.labels.add(found["for"] or "")
        if tag in {"input", "select", "textarea"}:
            self.fields.add(found.get("id") or "without a name")
        if tag in {"header", "main", "footer"}:
            self.landmarks.append(tag)
        if found.get("id"):
            self.ids.append(found["id"] or "")
        self.names += (found.get("aria-labelledby") or "").split()
        if (found.get("href") or "").startswith("#"):
            self.targets.append((found["href"] or "")[1:])
        if tag == "button":
            self._button = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self.nameless += not (self._button or "").strip()
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button += data


def test_the_page_can_be_used_without_seeing_it(archive: Archive) -> None:
    archive.absorb([exported(), exported(1), exported(2, privacy=Privacy.ONLY_YOU)])
    keep_original(archive, archive.posts()[0])
    heard = Heard(write_report(archive, NOW).read_text(encoding="utf-8"))
    assert heard.language == "en"
    assert heard.levels[0] == 1
    assert heard.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(heard.levels))
    assert len(heard.pictures) == 1
    assert all(heard.pictures)
    assert heard.fields <= heard.labels
    assert heard.landmarks == ["header", "main", "footer"]
    assert len(set(heard.ids)) == len(heard.ids)
    assert {*heard.names, *heard.targets} <= set(heard.ids)
    assert heard.nameless == 0


def test_posters_are_shown_kept_and_not_made_where_nobody_asked(archive: Archive) -> None:
    archive.absorb([exported()])
    (post,) = archive.posts()
    original = keep_original(archive, post)
    write_report(archive, NOW, make_posters=False)
    assert not original.with_name(POSTER_NAME).exists()
    (image,) = page(archive).images
    content = b64decode(image.removeprefix("data:image/webp;base64,"))
    assert content == original.with_name(POSTER_NAME).read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "WEBP" and max(picture.size) == LONG_SIDE


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
    assert "No longer there." not in page(archive).of(post)
