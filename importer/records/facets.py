"""Hashtags, links and @names of a caption: where they are, and the facets that say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import regex

Feature = dict[str, Any]

TAG = "app.bsky.richtext.facet#tag"
LINK = "app.bsky.richtext.facet#link"
# The lexicon's limits of a tag.
_MAX_GRAPHEMES, _MAX_BYTES = 64, 640
_GRAPHEME = regex.compile(r"\X")
# TikTok's user names: letters, digits, underscores and periods, 2 to 24 of them, no period last.
_NAME = regex.compile(
    r"(?<![A-Za-z0-9_.@/])@([A-Za-z0-9_][A-Za-z0-9_.]{0,22}[A-Za-z0-9_])(?![A-Za-z0-9_])"
)
# Without one of these there is neither hashtag nor link.
_MAY_HOLD = regex.compile(r"[#\uff03]|://|[A-Za-z0-9]\.[A-Za-z0-9]")
# TikTok ends a hashtag where the next one begins.
_TAGS = regex.compile(r"(?<!\S)[#\uff03]\S+")
_GLUED = regex.compile(r"(?<=[^\s#\uff03])[#\uff03](?=[^\s#\uff03])")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, in characters, that means something; no `feature` for plain text."""

    start: int
    end: int
    feature: Feature | None

    @property
    def tag(self) -> str:
        """The hashtag it is, empty if it is none."""
        return str(self.feature["tag"]) if self.feature and self.feature["$type"] == TAG else ""


def spans(text: str, name: Callable[[str], Feature | None] = lambda _: None) -> tuple[Span, ...]:
    """Hashtags, links and @names in their order; none lies within another.

    `name` says what an @name becomes. By itself it stays text: a TikTok name has no DID, and a
    mention would notify a stranger.
    """
    found = [*_tags_and_links(text), *_names(text, name)]
    found.sort(key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def names(text: str) -> list[str]:
    """The names of TikTok that a text holds, each as often as it does."""
    return _NAME.findall(text)


def facets(text: str, found: Sequence[Span], start: int, end: int) -> tuple[dict[str, Any], ...]:
    """The facets of the stretch of a text from `start` to `end`, with UTF-8 byte ranges in it."""
    made: list[dict[str, Any]] = []
    for span in found:
        feature = span.feature
        if feature is None or span.start < start or span.end > end:
            continue
        if span.tag and not _fits(span.tag):  # servers refuse the whole record
            continue
        first = len(text[start : span.start].encode())
        last = first + len(text[span.start : span.end].encode())
        made.append({"index": {"byteStart": first, "byteEnd": last}, "features": [feature]})
    return tuple(made)


def link_facet(text: str, link: str) -> dict[str, Any]:
    """The facet of a page that a text names last."""
    first = len(text[: text.rindex(link)].encode())
    index = {"byteStart": first, "byteEnd": first + len(link.encode())}
    return {"index": index, "features": [{"$type": LINK, "uri": link}]}


def _fits(tag: str) -> bool:
    return len(tag.encode()) <= _MAX_BYTES and len(_GRAPHEME.findall(tag)) <= _MAX_GRAPHEMES


def _tags_and_links(text: str) -> list[Span]:
    if not _MAY_HOLD.search(text):
        return []
    # Imported here: the SDK's generated models take a second to load.
    from atproto_client.utils.facet_detection import detect_facets

    # A space that is not in the text keeps glued tags apart without moving what follows.
    apart = _TAGS.sub(lambda tags: _GLUED.sub(r"\x00\g<0>", tags[0]), text)
    shown = apart.replace("\x00", " ")
    moved = _Offsets(shown, apart)
    made: list[Span] = []
    for facet in detect_facets(shown):
        written = facet.model_dump(by_alias=True, exclude_none=True, mode="json")
        feature = written["features"][0]
        if feature["$type"] not in (TAG, LINK):
            continue
        if feature.get("tag", "").startswith("$"):
            # A price or a meme on TikTok, hardly ever a stock.
            continue
        index = written["index"]
        made.append(Span(moved[index["byteStart"]], moved[index["byteEnd"]], feature))
    return made


class _Offsets:
    """From bytes of a text that was spread out to characters of the text it was."""

    def __init__(self, shown: str, apart: str) -> None:
        self._characters: dict[int, int] = {}
        at = character = 0
        for letter, mark in zip(shown, apart, strict=True):
            self._characters[at] = character
            at += len(letter.encode())
            character += mark != "\x00"
        self._characters[at] = character

    def __getitem__(self, at: int) -> int:
        return self._characters[at]


def _names(text: str, name: Callable[[str], Feature | None]) -> list[Span]:
    return [Span(match.start(), match.end(), name(match[1])) for match in _NAME.finditer(text)]


def pieces(text: str, found: Sequence[dict[str, Any]]) -> list[tuple[str, Feature | None]]:
    """A record's text cut at its facets, each piece with what it leads to."""
    raw, at = text.encode(), 0
    cut: list[tuple[str, Feature | None]] = []
    for facet in found:
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if at < start:
            cut.append((raw[at:start].decode(), None))
        cut.append((raw[start:end].decode(), facet["features"][0]))
        at = end
    if at < len(raw):
        cut.append((raw[at:].decode(), None))
    return cut
